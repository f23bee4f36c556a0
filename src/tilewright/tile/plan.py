"""How a convolution is cut into tiles of the array, and in which order they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape


@dataclass(frozen=True, slots=True)
class Fold:
    """One pass of a weight tile through the array: output tile, input tile, tap."""

    otile: int
    itile: int
    kij: int


@dataclass(frozen=True, slots=True)
class TilePlan:
    """A convolution on an array, weight stationary, taps outer.

    Lane `row` of input tile `itile` is input channel ``itile * rows + row``, lane `col` of output tile
    `otile` output channel ``otile * cols + col``; lanes beyond the last channel carry zeros. There are
    ``taps * ceil(ic / rows)`` folds for each output tile ("taps outer"; packing taps and channels
    together, the flattened convention, would take ``ceil(taps * ic / rows)``).
    """

    shape: ConvShape
    array: ArrayShape

    @property
    def itiles(self) -> int:
        """Input-channel tiles."""
        return -(-self.shape.ic // self.array.rows)

    @property
    def otiles(self) -> int:
        """Output-channel tiles."""
        return -(-self.shape.oc // self.array.cols)

    @property
    def folds_per_otile(self) -> int:
        """Folds whose psums are accumulated into one output tile."""
        return self.itiles * self.shape.taps

    def folds(self) -> Iterator[Fold]:
        """All folds in the order in which they run: otile outer, then itile, then kij."""
        for otile in range(self.otiles):
            for itile in range(self.itiles):
                for kij in range(self.shape.taps):
                    yield Fold(otile, itile, kij)

    def tap(self, kij: int) -> tuple[int, int]:
        """Kernel row and column of tap `kij` = ``kh_idx * kw + kw_idx``."""
        if not 0 <= kij < self.shape.taps:
            raise ShapeError(f"kij must be 0..{self.shape.taps - 1}, not {kij}")
        return divmod(kij, self.shape.kw)
