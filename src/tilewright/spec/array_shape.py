"""Size of the systolic array."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import ShapeError

MAX_LANES = 256


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
        if not 4 <= self.psum_bits <= 32:
            raise ShapeError(f"a psum has 4..32 bits, not {self.psum_bits}")
