"""Size of the systolic array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.errors import ShapeError
from tilewright.spec.conv_shape import ConvShape

MAX_LANES = 256
MIN_PSUM_BITS, MAX_PSUM_BITS = 4, 48
"""Of a psum; the widest are accumulators of the DSP blocks of FPGAs."""


def check_psum_bits(bits: int, what: str) -> None:
    """Raise `ShapeError` if `what`, a sum, cannot have so many bits."""
    if not MIN_PSUM_BITS <= bits <= MAX_PSUM_BITS:
        raise ShapeError(f"{what} has {MIN_PSUM_BITS}..{MAX_PSUM_BITS} bits, not {bits}")


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """`rows` lanes of input channels by `cols` lanes of output channels, psums of `psum_bits` bits."""

    rows: int
    cols: int
    psum_bits: int

    def __post_init__(self) -> None:
        if not (1 <= self.rows <= MAX_LANES and 1 <= self.cols <= MAX_LANES):
            raise ShapeError(
                f"an array has 1..{MAX_LANES} rows and cols, not {self.rows}x{self.cols}"
            )
        check_psum_bits(self.psum_bits, "a psum")

    def choke(self, shapes: Mapping[str, ConvShape]) -> str | None:
        """The layer whose kernel fits the array as one tile in both directions; None if none does.

        Of several, the one that leaves fewest PEs without a weight, and of these the first.

        >>> wide, narrow = ConvShape(32, 4, 4, 8, 3, 3), ConvShape(8, 4, 4, 8, 3, 3)
        >>> ArrayShape(8, 8, psum_bits=16).choke({"features.12": wide, "features.15": narrow})
        'features.15'
        """
        fitting = {
            name: shape.ic * shape.oc
            for name, shape in shapes.items()
            if shape.taps > 1 and shape.ic <= self.rows and shape.oc <= self.cols
        }
        return max(fitting, key=fitting.__getitem__, default=None)
