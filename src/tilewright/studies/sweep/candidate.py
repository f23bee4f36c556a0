"""A network that is put on every array of a grid: its layers, and how accurate it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.cost import LayerOutline
from tilewright.facts import TrainFacts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import PackedNetwork, find_packed
from tilewright.studies.outlines import find_outlines


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """The layers of a network. accuracy: on its hold-out, 0..1, or None. values: of the trained axes."""

    outlines: tuple[LayerOutline, ...]
    accuracy: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    trial: int | None = None

    @property
    def weight_bits(self) -> int:
        """Bits of all weights that are stored."""
        return sum(one.stored_weights * one.weight_format.bits for one in self.outlines)

    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of all from which costs follow."""
        digest = hashlib.sha256()
        for one in self.outlines:
            digest.update(repr((one.name, one.shape, one.act_format, one.weight_format)).encode())
            digest.update(b"" if one.weight is None else one.weight.tobytes())
            if one.times > 1 or one.is_of_activations:
                digest.update(repr((one.times, one.is_of_activations)).encode())
        return digest.hexdigest()


def open_candidate(source: str | None) -> tuple[Candidate, tuple[str, ...]]:
    """The network that `source` means, as `find_outlines` takes it, with its accuracy where that is known,
    and notes on what of it is not among its layers.
    """
    outlines, _, notes = find_outlines(source)
    return Candidate(outlines, _accuracy(source)), notes


def _accuracy(source: str | None) -> float | None:
    """The accuracy on the hold-out: nothing is chosen on the test set."""
    path = Path(source or "")
    if source is None:
        return None
    stem = find_packed(path)
    if stem is not None:
        found = PackedNetwork.load(stem).training.get("holdout_accuracy")
        return float(found) if isinstance(found, int | float) else None
    run = RunFolder(path)
    if path.is_dir() and run.has_result("train"):
        return run.facts(TrainFacts).holdout_accuracy
    return None
