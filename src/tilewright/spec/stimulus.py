"""Input codes of the nodes for chosen samples, and the trained network's psums for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tilewright.errors import ArtifactError
from tilewright.spec.number_format import Codes
from tilewright.store.artifact import read_artifact, write_artifact
from tilewright.store.typed_json import from_json

KIND = "stimulus"


@dataclass(frozen=True, slots=True, eq=False)
class Stimulus:
    """Input codes of every node, and the sums that the training forward computed from them.

    samples: index of each sample in its data split. codes: port (`port_name`) to uint8
    ``n ic ih iw``, int8 where the format is signed. psums: node name to int64 ``n oc oh ow``, as the
    training forward computed them: a claim to be checked, never an expected value.
    """

    samples: npt.NDArray[np.int64]
    codes: dict[str, Codes]
    psums: dict[str, npt.NDArray[np.int64]]

    def save(self, stem: Path) -> None:
        """Write ``stem.safetensors`` and ``stem.json`` atomically."""
        arrays: dict[str, np.ndarray[Any, Any]] = {"samples": self.samples}
        arrays |= {f"codes.{name}": codes for name, codes in self.codes.items()}
        arrays |= {f"psums.{name}": psums for name, psums in self.psums.items()}
        write_artifact(stem, KIND, arrays, {"ports": list(self.codes), "nodes": list(self.psums)})

    @classmethod
    def load(cls, stem: Path) -> Self:
        """Read what `save` wrote; raises `ArtifactError` if it is missing, damaged or altered."""
        arrays, facts = read_artifact(stem, KIND)
        path = f"{stem}.json"
        own = {key: facts[key] for key in ("ports", "nodes") if key in facts}
        names = from_json(_Names, own, file=path)
        held = {f"codes.{name}" for name in names.ports} | {f"psums.{name}" for name in names.nodes}
        odd = (held | {"samples"}).symmetric_difference(arrays)
        if odd:
            raise ArtifactError(
                f"{path} must name what its arrays hold, but {min(odd)} is only in one of them: it was "
                "altered; run 'tilewright recover' again"
            )
        return cls(
            arrays["samples"],
            {name: arrays[f"codes.{name}"] for name in names.ports},
            {name: arrays[f"psums.{name}"] for name in names.nodes},
        )


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that the file beside the arrays states."""

    ports: tuple[str, ...]
    nodes: tuple[str, ...]
