"""What LiteRT's kernels make of the sums of int8 codes, number by number.

Found by experiment with ai-edge-litert 2.3.0 (docs/interchange.md has the formulas). XNNPACK, which its
interpreter takes unless told otherwise, multiplies in float32; the reference kernels multiply by 31 bits and
round twice, but FULLY_CONNECTED in float64 and once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.interchange.grid import Grid
from tilewright.interchange.values import Step
from tilewright.spec import Ints
from tilewright.spec.step_search import Floats

FIXED_BITS = 31
LARGEST = 2**31 - 1
Rounding = Callable[[Ints, Floats], Floats]
"""Sums ``n c`` and a factor ``c`` (or one) to whole numbers."""


def fixed_factor(factor: Floats) -> tuple[Ints, Ints]:
    """A factor as ``multiplier * 2**(shift - 31)``, the multiplier of 31 bits; below 2**-31 it is 0."""
    mantissa, shift = np.frexp(factor)
    multiplier = np.floor(mantissa * 2.0**FIXED_BITS + 0.5).astype(np.int64)
    is_full = multiplier == 1 << FIXED_BITS
    multiplier, shift = np.where(is_full, multiplier // 2, multiplier), shift + is_full
    is_tiny = shift < -FIXED_BITS
    return np.where(is_tiny, 0, multiplier), np.where(is_tiny, 0, shift).astype(np.int64)


def twice_away(sums: Ints, factor: Floats) -> Floats:
    """Rounded twice: to the upper half of the doubled product, a half upwards, then a half away from zero."""
    multiplier, shift = fixed_factor(factor)
    wide = np.clip(sums << np.maximum(shift, 0), -LARGEST - 1, LARGEST) * multiplier
    high = (wide + (1 << (FIXED_BITS - 1))) >> FIXED_BITS
    left = np.maximum(-shift, 0)
    rest = high & ((1 << left) - 1)
    half = (((1 << left) - 1) >> 1) + (high < 0)
    found: Floats = ((high >> left) + (rest > half)).astype(np.float64)
    return found


def once_away(sums: Ints, factor: Floats) -> Floats:
    """Multiplied in float64, rounded once, a half away from zero."""
    values = sums * factor
    found: Floats = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return found


def once_even(sums: Ints, factor: Floats) -> Floats:
    """Multiplied in float32, rounded once, half to even."""
    found: Floats = np.rint(sums.astype(np.float32) * factor.astype(np.float32)).astype(np.float64)
    return found


ROUNDINGS: dict[str, tuple[Rounding, Rounding]] = {
    "xnnpack": (once_even, once_even),
    "reference": (twice_away, once_away),
}
"""By the name of the kernels: of convolutions, and of FULLY_CONNECTED."""


def layer_factor(
    kernels: str, source: float, weight: npt.NDArray[np.float64], out: float
) -> Floats:
    """What a layer multiplies its sums by: scales of activations, weights ``(1,)`` or ``(oc,)``, output."""
    if kernels == "xnnpack":
        singles = np.float32(source) * weight.astype(np.float32) / np.float32(out)
        return singles.astype(np.float64)
    return source * weight / out


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """A layer: ``rounding(sum + bias, factor)``, then the zero-point, then within ``low..high``.

    factor: float64 ``(1,)`` or ``(oc,)``; bias: int64, as many; low, high: the codes that a
    fused activation keeps.
    """

    rounding: Rounding
    factor: Floats
    bias: Ints
    low: int
    high: int

    def step(self, grid: Grid) -> Step:
        """From sums to values on a grid."""

        def apply(sums: Floats) -> Floats:
            steps = self.rounding(np.floor(sums).astype(np.int64) + self.bias, self.factor)
            kept = np.clip(steps, self.low - grid.zero_point, self.high - grid.zero_point)
            values: Floats = kept * grid.scale
            return values

        return Step(apply, is_own=True)
