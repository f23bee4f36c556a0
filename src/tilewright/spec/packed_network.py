"""A trained network in a pair of files that numpy alone reads: ``NAME.json`` and ``NAME.npz``.

The JSON file says what the network is, where it comes from, and the sha256 of both files' content; the
other one holds weights at their width, thresholds, scales, and what the trained network predicted.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tilewright.errors import ArtifactError, TilewrightError
from tilewright.spec.bit_packing import (
    pack_codes,
    pack_thresholds,
    unpack_codes,
    unpack_thresholds,
)
from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.integer_network import IntegerNetwork
from tilewright.spec.network_facts import (
    describe_node,
    node_arrays,
    pairs,
    rebuild_node,
)
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.op import Arrays, Facts
from tilewright.store.arrays import read_arrays
from tilewright.store.artifact import read_bytes, read_json, sha256, write_bytes, write_json

KIND, VERSION = "packed-network", 1
KEYS = ("kind", "version", "sha256", "classes", "data", "training", "inputs", "nodes")
PREDICTIONS = "predictions"
LEARNED = "learned:"
"""What the names of learned tensors start with in the file; no node's name has a colon."""


@dataclass(frozen=True, slots=True)
class DataClaim:
    """The images that a network was tested on: name of the data set, and sha256 of pixels and labels."""

    name: str
    images: int
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class PackedNetwork:
    """A trained network, its classes, and what is claimed of it.

    predictions: class ``n`` of each test image, as the trained network gave it. training: where the
    network comes from (command, configuration, seed, seconds, accuracy, versions), as JSON. learned: the
    trained tensors that are no weights (BatchNorm, steps), by name: with them and the codes, training
    can start here.

    Raises `ArtifactError` if the parts do not fit together.
    """

    network: IntegerNetwork
    classes: tuple[str, ...]
    data: DataClaim
    predictions: npt.NDArray[np.int64]
    training: dict[str, Any]
    learned: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network.require_whole()
        outputs = self.network.output.output_shape
        if outputs != (len(self.classes), 1, 1):
            raise ArtifactError(
                f"a network of {len(self.classes)} classes must have as many outputs, not {outputs}"
            )
        if self.predictions.shape != (self.data.images,) or not all(
            0 <= one < len(self.classes) for one in np.unique(self.predictions).tolist()
        ):
            raise ArtifactError(
                f"there must be one predicted class, 0..{len(self.classes) - 1}, for each of "
                f"{self.data.images:,} images, not {self.predictions.shape}"
            )

    def save(self, stem: Path) -> None:
        """Write ``stem.npz`` and ``stem.json``, each atomically."""
        nodes = self.network.nodes
        arrays = {
            key: array
            for node in nodes
            for key, array in _narrow(describe_node(node), node_arrays(node)).items()
        }
        smallest = np.min_scalar_type(len(self.classes))
        buffer = io.BytesIO()
        learned = {f"{LEARNED}{name}": array for name, array in self.learned.items()}
        content = {**arrays, **learned, PREDICTIONS: self.predictions.astype(smallest)}
        np.savez_compressed(buffer, allow_pickle=False, **content)
        facts: Facts = {
            "kind": KIND,
            "version": VERSION,
            "classes": list(self.classes),
            "data": asdict(self.data),
            "training": self.training,
            **self.network.facts(),
        }
        write_bytes(_beside(stem, ".npz"), buffer.getvalue())
        write_json(_beside(stem, ".json"), facts | {"sha256": _digest(facts, buffer.getvalue())})

    @classmethod
    def load(cls, stem: Path) -> Self:
        """Read what `save` wrote; raises `ArtifactError` if it is missing, damaged or altered."""
        facts, arrays = _read(stem)
        origin = _beside(stem, ".json")
        try:
            nodes = tuple(rebuild_node(node, _widen(node, arrays)) for node in facts["nodes"])
            return cls(
                IntegerNetwork(nodes, tuple(facts["inputs"]), tuple(facts.get("outputs", ()))),
                tuple(facts["classes"]),
                DataClaim(**facts["data"]),
                arrays[PREDICTIONS].astype(np.int64),
                facts["training"],
                {
                    key.removeprefix(LEARNED): array
                    for key, array in arrays.items()
                    if key.startswith(LEARNED)
                },
            )
        except TilewrightError as error:
            raise ArtifactError(f"{origin} does not describe a network: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise ArtifactError(f"{origin} does not describe a network: {error!r}") from None


def find_packed(path: Path) -> Path | None:
    """Stem of the packed network at `path` (the stem itself, or one of its files), or None."""
    stem = path.with_suffix("") if path.suffix in (".json", ".npz") else path
    return stem if stem.name and _beside(stem, ".json").is_file() else None


def _read(stem: Path) -> tuple[Facts, Arrays]:
    path, arrays_path = _beside(stem, ".json"), _beside(stem, ".npz")
    facts = read_json(path)
    if not isinstance(facts, dict) or (facts.get("kind"), facts.get("version")) != (KIND, VERSION):
        raise ArtifactError(
            f"{path} must describe a {KIND}, version {VERSION}: use 'tilewright pack'"
        )
    odd = (set(facts) - {"outputs"}).symmetric_difference(KEYS)
    if odd:
        raise ArtifactError(f"{path} must have the keys {', '.join(KEYS)}; {min(odd)!r} is odd")
    content = read_bytes(arrays_path)
    stated = facts.pop("sha256")
    found = _digest(facts, content)
    if stated != found:
        raise ArtifactError(
            f"{path} and {arrays_path.name} must have sha256 {stated} together, but have {found}: "
            "one was damaged or altered; get both again"
        )
    return facts, read_arrays(content, arrays_path)


def _digest(facts: Facts, arrays: bytes) -> str:
    """Of the facts, however they are laid out, and of the arrays' file."""
    return sha256(json.dumps(facts, sort_keys=True).encode() + arrays)


def _narrow(facts: Facts, arrays: Arrays) -> Arrays:
    """The arrays of a node in as few bytes as they need."""
    name = facts["name"]
    packed: Arrays = {}
    for key, array in arrays.items():
        if key == f"{name}.weight" and "weight_format" in facts:
            packed[key] = pack_codes(array, NumberFormat.from_facts(facts["weight_format"]))
        elif key.startswith(f"{name}.thresholds."):
            packed[key] = pack_thresholds(array)
        elif key.startswith(f"{name}.direction."):
            packed[key] = array.astype(np.int8)
        else:
            packed[key] = array
    return packed


def _widen(facts: Facts, arrays: Arrays) -> Arrays:
    """The inverse of `_narrow`, for the arrays of one node among all."""
    name = facts["name"]
    wide = {key: array for key, array in arrays.items() if key.startswith(f"{name}.")}
    for key, array in wide.items():
        if key == f"{name}.weight" and "weight_format" in facts:
            sizes = ConvShape(**pairs(facts["shape"])).weight_sizes
            wide[key] = unpack_codes(array, NumberFormat.from_facts(facts["weight_format"]), sizes)
        elif key.startswith(f"{name}.thresholds."):
            wide[key] = unpack_thresholds(array)
        elif key.startswith(f"{name}.direction."):
            wide[key] = array.astype(np.int64)
    return wide


def _beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)
