"""A layer's sizes and the array that runs it: what a dataflow starts from."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape


@dataclass(frozen=True, slots=True)
class LayerOnArray:
    """A convolution and an array: output channel ``otile * cols + col`` is lane `col` of tile `otile`."""

    shape: ConvShape
    array: ArrayShape

    @property
    def otiles(self) -> int:
        """Output-channel tiles."""
        return -(-self.shape.oc // self.array.cols)

    def tap(self, kij: int) -> tuple[int, int]:
        """Kernel row and column of tap `kij` = ``kh_idx * kw + kw_idx``."""
        if not 0 <= kij < self.shape.taps:
            raise ShapeError(f"kij must be 0..{self.shape.taps - 1}, not {kij}")
        return divmod(kij, self.shape.kw)
