"""The cores that a run's layers are simulated on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tilewright.cores import Setup
from tilewright.cores.run_list import (
    BenchRun,
    check_runnable,
    memories,
    needed_by_all,
    parameters,
)
from tilewright.errors import TilewrightError
from tilewright.vectors.manifest import read_manifest


@dataclass(frozen=True, slots=True)
class BuiltCores:
    """The `parameters` of each core, all made with this `least`."""

    cores: tuple[dict[str, int], ...]
    least: Mapping[str, int]

    @classmethod
    def of_layers(cls, folders: Iterable[Path], setup: Setup, *, is_ours: bool) -> BuiltCores:
        """One core for all layers whose bundles are in `folders`, as far as they allow it.

        Its memories hold every layer. Our core has operands for the widest codes of all layers, as one chip
        would; another one may not take narrower codes in them, and is built for each width. A bundle that is
        damaged, or that the core cannot run, is left out.
        """
        runs: list[BenchRun] = []
        for folder in folders:
            with suppress(TilewrightError):  # whoever runs it says what is wrong with it
                one = BenchRun(read_manifest(folder), setup)
                check_runnable(one)
                runs.append(one)
        least = needed_by_all(runs) if is_ours else memories(runs)
        cores: list[dict[str, int]] = []
        for one in runs:
            core = parameters([one], least)
            cores += [] if core in cores else [core]
        return cls(tuple(cores), least)

    def serve(self, one: BenchRun) -> bool:
        """Whether a bundle needs no other core, so that the layers' build runs it."""
        return parameters([one], self.least) in self.cores

    def said(self) -> tuple[str, ...]:
        """A line for each core: its size, and the widths of its operands."""
        return tuple(
            f"layers run on {core['Rows']}x{core['Cols']} PEs with activations of {core['ActBits']} and "
            f"weights of {core['WeightBits']} bits; narrower codes are widened"
            for core in self.cores
        )
