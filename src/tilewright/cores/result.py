"""The result of a co-simulation: counts of what was compared, and every difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Compared = Literal["psum", "output", "stored"]


@dataclass(frozen=True, slots=True)
class LaneMismatch:
    """One lane that differs.

    `what` is "psum" (put out by the core), "output" (after ReLU) or "stored" (psum read back from
    PMEM). The place is ofmap pixel `onij` = (`oh`, `ow`) in lane `col` of output tile `otile`:
    output channel `oc`, or None where the lane is beyond the last channel and must be 0. `actual`
    is a number, or text: "missing" (the core did not put it out), or the bits, where some are x.
    `time_ns` is the simulation time.
    """

    what: Compared
    oc: int | None
    oh: int
    ow: int
    otile: int
    onij: int
    col: int
    expected: int
    actual: int | str
    time_ns: int

    def __str__(self) -> str:
        channel = "unused lane" if self.oc is None else f"oc={self.oc}"
        return (
            f"{self.what} at ({channel}, oh={self.oh}, ow={self.ow}), that is otile={self.otile} "
            f"onij={self.onij} col={self.col}: expected {self.expected}, RTL has {self.actual}"
        )


@dataclass(frozen=True, slots=True)
class OverflowVector:
    """A vector written to PMEM with a sum in it that did not fit: in fold (otile, itile, kij), pixel onij.

    in_column: a sum in a PE column; in_pmem: the addition at PMEM.
    """

    otile: int
    itile: int
    kij: int
    onij: int
    in_column: bool
    in_pmem: bool

    def __str__(self) -> str:
        places = [
            name
            for name, is_there in (("a PE column", self.in_column), ("PMEM", self.in_pmem))
            if is_there
        ]
        return (
            f"a psum does not fit in {' and in '.join(places)} "
            f"(otile={self.otile}, itile={self.itile}, kij={self.kij}, onij={self.onij})"
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the core broke its protocol: in the job of output tile `otile`, at simulation time `time_ns`."""

    otile: int
    time_ns: int
    what: str

    def __str__(self) -> str:
        return f"otile={self.otile} time={self.time_ns} {self.what}"


@dataclass(frozen=True, slots=True, eq=False)
class CosimResult:
    """Verdict and cycles of one bundle on the RTL core.

    Every psum of a real output channel is compared twice: when the core puts it out
    (`psums_compared`, `psum_mismatches`), and in PMEM after the job (`stored_mismatches`); every
    output (ReLU) once. Lanes beyond the last channel are compared too: they add nothing to the
    numbers compared, but a wrong one counts in `unused_lane_mismatches`. `mismatches` locates the
    first few of all kinds.

    `tiles` is the number of folds that ran; `fold_cycles` int64, axes ``otile itile kij``, busy
    cycles of each, 0 where none ran; `cycles` the sum over all jobs, as counted job by job.
    `overflow_vectors` counts the vectors with a sum that did not fit, `overflows` names the first few; they
    are wrong only under the rule "error" (`is_overflow_wrong`).
    `faults` says where the core broke its protocol. `seconds` is wall time, with the build if there was one.
    """

    simulator: str
    version: str
    layer_name: str
    sample: int
    tiles: int
    fold_cycles: npt.NDArray[np.int64]
    cycles: int
    psums_compared: int
    psum_mismatches: int
    outputs_compared: int
    output_mismatches: int
    stored_mismatches: int
    unused_lane_mismatches: int
    mismatches: tuple[LaneMismatch, ...]
    overflow_vectors: int
    overflows: tuple[OverflowVector, ...]
    is_overflow_wrong: bool
    faults: tuple[Fault, ...]
    seconds: float

    @property
    def first_wrong_otile(self) -> int:
        """The lowest output tile that a mismatch, an overflow or a fault names; 0 if none does."""
        named = [mismatch.otile for mismatch in self.mismatches]
        named += [vector.otile for vector in self.overflows]
        named += [fault.otile for fault in self.faults]
        return min(named, default=0)

    @property
    def differ(self) -> int:
        """The count of numbers that differ, those in PMEM and in lanes beyond the last channel included."""
        put_out = self.psum_mismatches + self.output_mismatches
        return put_out + self.stored_mismatches + self.unused_lane_mismatches

    @property
    def is_exact(self) -> bool:
        """True if values were compared, none differs in any lane, all sums fit, and the protocol was kept."""
        wrong = self.differ + len(self.faults)
        wrong += self.overflow_vectors if self.is_overflow_wrong else 0
        return wrong == 0 and min(self.psums_compared, self.outputs_compared) > 0


COUNTS = (
    *(
        "tiles",
        "cycles",
        "psums_compared",
        "psum_mismatches",
        "outputs_compared",
        "output_mismatches",
    ),
    *("stored_mismatches", "unused_lane_mismatches", "overflow_vectors"),
)
"""Fields of a `CosimResult` that add up over its parts, and over bundles."""


def summed(results: Sequence[CosimResult]) -> dict[str, Any]:
    """The sum of each of `COUNTS`."""
    return {name: sum(getattr(result, name) for result in results) for name in COUNTS}


def merge(parts: Sequence[CosimResult], *, seconds: float) -> CosimResult:
    """Merge the results of disjoint sets of output tiles, given in ascending order."""
    return replace(
        parts[0],
        **summed(parts),
        fold_cycles=np.sum([part.fold_cycles for part in parts], axis=0),
        mismatches=tuple(mismatch for part in parts for mismatch in part.mismatches),
        overflows=tuple(vector for part in parts for vector in part.overflows),
        faults=tuple(fault for part in parts for fault in part.faults),
        seconds=seconds,
    )
