"""Run-time choices beside the dataflow: schedule, output function, and rule for sums that do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilewright.errors import FormatError
from tilewright.spec.array_shape import check_psum_bits

OverflowRule = Literal["error", "wrap", "saturate"]
Function = Literal["relu", "leaky", "signed"]

MAX_LEAK = 31


@dataclass(frozen=True, slots=True)
class Schedule:
    """When folds follow one another; docs/dataflows.md has the cycles.

    is_overlapped: the next fold is loaded while this one streams and drains. is_skipping: of the
    padded plane, only the pixels that a tap uses are streamed (weight stationary only).
    is_whole_layer: one job runs all output tiles, instead of one each.
    """

    is_overlapped: bool = False
    is_skipping: bool = False
    is_whole_layer: bool = False


@dataclass(frozen=True, slots=True)
class PsumRule:
    """The rule for a sum that does not fit: at PMEM (the array's psum width), or in a PE column.

    column_bits: width in the column, None for that of PMEM.
    """

    overflow: OverflowRule = "error"
    column_bits: int | None = None

    def __post_init__(self) -> None:
        if self.overflow not in ("error", "wrap", "saturate"):
            raise FormatError(
                f"the overflow rule must be 'error', 'wrap' or 'saturate', not {self.overflow!r}"
            )
        if self.column_bits is not None:
            check_psum_bits(self.column_bits, "a psum in a PE column")


@dataclass(frozen=True, slots=True)
class OutputFunction:
    """The output of the accumulate unit for a psum v.

    "relu": max(0, v). "leaky": v, or ``v >> shift`` (rounding down) where v < 0. "signed": v.
    """

    function: Function = "relu"
    shift: int = 0

    def __post_init__(self) -> None:
        if self.function not in ("relu", "leaky", "signed"):
            raise FormatError(
                f"the activation function must be 'relu', 'leaky' or 'signed', not {self.function!r}"
            )
        if not 0 <= self.shift <= MAX_LEAK:
            raise FormatError(f"a leaky shift is 0..{MAX_LEAK}, not {self.shift}")
