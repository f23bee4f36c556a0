"""What a simulation found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.tile import TilePlan


@dataclass(frozen=True, slots=True)
class Overflow:
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
    out, after ReLU. fold_cycles: int64 ``otile itile kij``, busy cycles of each fold. load_cycles,
    stream_cycles, drain_cycles: busy cycles in each state of the controller. pe_cycles_busy: pairs
    of a PE and a cycle in which it sees a valid activation, zeros of padding and of unused lanes
    included. overflows: sums in a PE or in PMEM that do not fit the psum width, counted only in vectors
    that belong to an ofmap pixel; what the SFU drops harms nobody.
    """

    plan: TilePlan
    psums: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int64]
    fold_cycles: npt.NDArray[np.int64]
    load_cycles: int
    stream_cycles: int
    drain_cycles: int
    pe_cycles_busy: int
    overflows: int
    first_overflow: Overflow | None

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
        return self.load_cycles + self.stream_cycles + self.drain_cycles

    @property
    def macs_useful(self) -> int:
        """Multiply-accumulates that the convolution needs, those with padding zeros included."""
        return self.plan.shape.macs

    @property
    def utilization(self) -> float:
        """Busy PE-cycles over PE-cycles, ``pe_cycles_busy / (cycles * rows * cols)``."""
        return self.pe_cycles_busy / (self.cycles * self.plan.array.rows * self.plan.array.cols)
