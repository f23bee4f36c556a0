"""The result of a simulation: psums, outputs, cycles, and sums that did not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.tile import TilePlan


@dataclass(frozen=True, slots=True)
class OverflowEvent:
    """A sum that does not fit the psum width, in fold (otile, itile, kij), for ofmap pixel onij.

    It was formed in PE(row, col) if `where` is "pe", and in lane `col` of the accumulator, of which
    there is one for all rows (`row` is None), if it is "pmem". value: the sum itself, not wrapped.
    """

    where: Literal["pe", "pmem"]
    otile: int
    itile: int
    kij: int
    onij: int
    row: int | None
    col: int
    value: int

    def __str__(self) -> str:
        unit = "PMEM, " if self.row is None else f"PE, row={self.row} "
        return (
            f"{unit}col={self.col}: psum {self.value} "
            f"(otile={self.otile}, itile={self.itile}, kij={self.kij}, onij={self.onij})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class SimResult:
    """One sample of a layer on the array: values, cycles, overflows.

    psums: int64 ``otile onij col``, PMEM after each job. outputs: int64 ``otile onij col``, what the SFU put
    out. fold_cycles: int64 ``otile itile kij`` (see `TilePlan.fold_grid`), busy cycles from the end of the
    fold before, or the job's start, to the fold's last write. stream_cycles: cycles with a read of XMEM;
    load_cycles: those with a read of WMEM alone; drain_cycles: the others. pe_cycles_busy: pairs of a PE
    and a cycle in which it sees a valid activation, zeros of padding and of unused lanes included.
    overflows: sums in a PE or at PMEM that do not fit, counted only where an ofmap pixel needs them; those in
    vectors that the SFU drops are not counted, for their values are never used. overflow_vectors: vectors
    written to PMEM with such a sum in them.
    """

    plan: TilePlan
    psums: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int64]
    fold_cycles: npt.NDArray[np.int64]
    load_cycles: int
    stream_cycles: int
    pe_cycles_busy: int
    overflows: int
    overflow_vectors: int
    first_overflow: OverflowEvent | None

    def __post_init__(self) -> None:
        tiles = (self.plan.otiles, self.plan.shape.onij, self.plan.array.cols)
        if self.psums.shape != tiles or self.outputs.shape != tiles:
            raise ShapeError(
                f"psums and outputs must be (otile, onij, col) = {tiles}, "
                f"not {self.psums.shape} and {self.outputs.shape}"
            )

    @property
    def cycles(self) -> int:
        """Busy cycles of the layer: the sum of its jobs."""
        return int(self.fold_cycles.sum())

    @property
    def drain_cycles(self) -> int:
        """Busy cycles in which neither XMEM nor WMEM is read."""
        return self.cycles - self.load_cycles - self.stream_cycles

    @property
    def macs_useful(self) -> int:
        """Multiply-accumulates that the convolution needs, those with padding zeros included."""
        return self.plan.shape.macs

    @property
    def utilization(self) -> float:
        """Busy PE-cycles over PE-cycles, ``pe_cycles_busy / (cycles * rows * cols)``."""
        return self.pe_cycles_busy / (self.cycles * self.plan.array.rows * self.plan.array.cols)
