"""What ONNX Runtime's 8-bit kernels compute, number by number, in float32.

Found by experiment with onnxruntime 1.32.0 (docs/interchange.md has the formulas): a product sum is
multiplied by one float32 number, rounded half to even and saturated; the zero-point is added behind the
rounding. An addition is two fused multiply-adds onto a constant. Only an average pool is no function of the
integer sum: it adds floats, pixel by pixel, and adds the zero-point before it rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from tilewright.interchange.grid import Grid
from tilewright.interchange.values import Step
from tilewright.spec import Ints, NumberFormat
from tilewright.spec.integer_sums import LARGEST_SUM
from tilewright.spec.step_search import Floats

Singles = npt.NDArray[np.float32]


def _saturated(rounded: npt.NDArray[np.floating], grid: Grid) -> Floats:
    """Values of whole steps, zero-point taken away, within the range of a grid."""
    steps: Floats = np.clip(rounded, grid.low, grid.high).astype(np.float64)
    return steps * grid.scale


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """A convolution or linear layer: ``rint((sum + offset) * (scale / output scale))``.

    scale: float32, of activations times weights; offset: int64, the bias that the sums do not hold; both
    ``(1,)`` or ``(oc,)``. codes: of the input; where those of the output have another sign, ONNX Runtime has
    no such kernel and computes with floats. area: what an average divides by; its product with the output
    scale is rounded first.
    """

    scale: Singles
    offset: Ints
    codes: NumberFormat
    area: int = 1

    def __call__(self, grid: Grid) -> Step | None:
        """From sums to values on a grid."""
        if grid.number_format.is_signed != self.codes.is_signed:
            return None
        step = np.float32(grid.scale) * np.float32(self.area)
        factor = self.scale / step  # float32

        def apply(sums: Floats) -> Floats:
            singles = (sums + self.offset).astype(np.float32)
            return _saturated(np.rint(singles * factor), grid)

        return Step(apply, is_own=True)


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """An average pool that adds floats, where the order decides the last digit: its ties are doubtful."""

    scale: float
    offset: int
    area: int

    def __call__(self, grid: Grid) -> Step:
        """From sums of codes to values on a grid."""

        def apply(sums: Floats) -> Floats:
            mean = (sums + self.offset) * self.scale / self.area
            codes = np.rint(mean / grid.scale + grid.zero_point)
            return _saturated(codes - grid.zero_point, grid)

        return Step(apply)


@dataclass(frozen=True, slots=True)
class Factors:
    """A product of activations: ``rint(product * (first * second / output scale) + zero-point)``."""

    first: float
    second: float

    def __call__(self, grid: Grid) -> Step:
        """From products of codes less their zero-points to values on a grid."""
        scales = np.float32(self.first) * np.float32(self.second)
        factor, zero = scales / np.float32(grid.scale), np.float32(grid.zero_point)

        def apply(sums: Floats) -> Floats:
            codes = np.rint(sums.astype(np.float32) * factor + zero)
            return _saturated(codes - zero, grid)

        return Step(apply, is_own=True)


def rounded(grid: Grid) -> Step:
    """QuantizeLinear of a float32 value: divide, round half to even, saturate."""

    def apply(values: Floats) -> Floats:
        singles = values.astype(np.float32)
        return _saturated(np.rint(singles / np.float32(grid.scale)), grid)

    return Step(apply)


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """An addition of codes with scales of their own, as a step function of ``gain . codes``.

    gains: whole numbers in about the ratio of the scales. first, second: the grids of the operands, of one
    format.
    """

    first: Grid
    second: Grid
    gains: tuple[int, int]

    def codes(self, grid: Grid) -> Ints:
        """What the kernel makes of all pairs of codes, ``first second``."""
        wide = np.float64  # a product of float32 numbers is exact in it: each sum is rounded once
        scales = (np.float32(self.first.scale), np.float32(self.second.scale))
        gain, other = (scale / np.float32(grid.scale) for scale in scales)
        zeros = [wide(one.zero_point) for one in (self.first, self.second)]
        inner = np.float32(wide(gain) * zeros[0] + wide(np.float32(other * zeros[1])))
        fixed = np.float32(grid.zero_point) - inner
        a, b = self._pairs()
        partial = (b * wide(other) + wide(fixed)).astype(np.float32)
        total = (a * wide(gain) + partial.astype(wide)).astype(np.float32)
        codes = grid.number_format
        found: Ints = np.clip(np.rint(total), codes.min_code, codes.max_code).astype(np.int64)
        return found

    def sums(self) -> Ints:
        """Sums of all pairs of codes, ``first second``."""
        a, b = self._pairs()
        found: Ints = a * self.gains[0] + b * self.gains[1]
        return found

    def _pairs(self) -> tuple[Ints, Ints]:
        codes = self.first.number_format
        values = np.arange(codes.min_code, codes.max_code + 1)
        return values[:, None], values[None, :]

    def attained(self, grid: Grid) -> Attained:
        """The codes of all pairs, by their sums."""
        return Attained(self.sums().reshape(-1), self.codes(grid).reshape(-1))

    def __call__(self, grid: Grid) -> Step:
        """From sums to values on a grid."""
        return self.attained(grid).step(grid)


@dataclass(frozen=True, slots=True, eq=False)
class Attained:
    """A step function that is known at some sums: int64 sums, and the codes that the source makes of them."""

    sums: Ints
    codes: Ints

    def thresholds(self, grid: Grid) -> tuple[Ints, int]:
        """The lowest sum of each code above the lowest, and how many of the codes this gets wrong."""
        order = np.argsort(self.sums, kind="stable")
        sums, codes = self.sums[order], self.codes[order]
        lowest = grid.number_format.min_code
        levels = np.arange(lowest + 1, grid.number_format.max_code + 1)
        below = np.searchsorted(np.sort(codes), levels)
        ends = np.append(sums, sums[-1] + 1)
        steps: Ints = ends[below]
        wrong = np.searchsorted(steps, sums, side="right") + lowest != codes
        return steps, int(wrong.sum())

    def _farthest(self, steps: Ints, lowest: int) -> float:
        """How far a sum is from where the thresholds have its code, at most."""
        order = self.codes - lowest
        first = np.append(-np.inf, steps)[order]  # as floats, which hold sums of 32 bits
        last = np.append(steps, np.inf)[order] - 1
        return float(np.maximum(first - self.sums, self.sums - last).max(initial=0))

    def step(self, grid: Grid) -> Step:
        """From sums to values on a grid; where no thresholds give all codes, those are doubtful."""
        steps, wrong = self.thresholds(grid)

        def apply(sums: Floats) -> Floats:
            reached = np.searchsorted(steps, sums, side="right").astype(np.float64)
            values: Floats = (reached + grid.low) * grid.scale
            return values

        slack = self._farthest(steps, grid.number_format.min_code)
        return Step(apply, is_own=not wrong, slack=slack)


def exact_gains(first: Grid, second: Grid) -> tuple[int, int] | None:
    """Whole numbers in exactly the ratio of two scales; None if sums with them leave 32 bits."""
    ratio = Fraction(first.scale) / Fraction(second.scale)
    gains = ratio.numerator, ratio.denominator
    codes = first.number_format
    largest = sum(gains) * max(abs(codes.min_code), codes.max_code)
    return gains if largest <= LARGEST_SUM else None


LARGEST_GAIN = 2**22
"""255 times it fits 32 bits, twice."""


def whole_gains(first: Grid, second: Grid) -> tuple[int, int]:
    """Whole numbers of at most 22 bits in the ratio of two scales, as nearly as they can be."""
    if first.scale == second.scale:
        return 1, 1
    unit = LARGEST_GAIN / max(first.scale, second.scale)
    return max(1, round(first.scale * unit)), max(1, round(second.scale * unit))
