"""Thresholds as one multiplication, one addition and one rounding, where that gives the same codes.

A channel's thresholds count steps of a sum. Where a line ``slope * sum + offset`` passes every step with a
margin, rounding it and clipping it to the lowest and the highest code gives the same codes for all sums;
a convolution can do that itself and hand out 8-bit codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import Requantization

Floats = npt.NDArray[np.float64]

ROUNDINGS = 8
"""Roundings of float32 that a line may take: twice as many as slope, offset, product and sum need."""

SEARCH_STEPS = 60
"""Golden sections of the slope's exponent: 45 octaves shrink to less than a 2**35th of one."""

GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """``code = clip(round(slope * sum + offset), 0, highest)`` for each channel: float32 ``oc``.

    margin: float64 ``oc``, how far in codes the line stays from the nearest rounding edge, over all sums.
    """

    slope: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float32]
    margin: Floats


def fit_affine(link: Requantization, low: int, high: int) -> AffineMap | None:
    """The line of each channel that is right for every sum in low..high, or None where a channel has none.

    Right: at each threshold, and one below it, the line lies on its side of the rounding edge by more
    than float32 arithmetic can move it, whatever the order of its roundings. Rounding is monotone in
    the sum, so these are all sums. Codes must start at 0.
    """
    if link.min_code != 0:
        return None
    steps = _Steps.of(link, low, high)
    slope = steps.best_slope()
    margin, offset = steps.margin(slope)
    if (margin <= steps.size(slope, offset) * ROUNDINGS * 2.0**-24).any():
        return None
    return AffineMap((slope * link.direction).astype(np.float32), offset.astype(np.float32), margin)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """For each channel and level: the least sum of the code, and the largest of the code below.

    Sums carry the direction's sign. reached, missed: ``oc level``; infinite where every sum reaches the
    threshold, or none does, which then asks nothing of the line. edge: ``level``, where rounding changes.
    """

    reached: Floats
    missed: Floats
    edge: Floats

    @classmethod
    def of(cls, link: Requantization, low: int, high: int) -> _Steps:
        forward = link.direction[:, None] > 0
        least, most = np.where(forward, low, -high), np.where(forward, high, -low)
        thresholds = link.thresholds
        reached = np.where(thresholds <= most, np.maximum(thresholds, least), np.inf)
        missed = np.where(thresholds > least, np.minimum(thresholds, most + 1) - 1, -np.inf)
        edge = np.arange(thresholds.shape[1], dtype=np.float64) + 0.5
        return cls(reached.astype(np.float64), missed.astype(np.float64), edge)

    def margin(self, slope: Floats) -> tuple[Floats, Floats]:
        """The largest margin that an offset gives to each slope, and that offset; both ``oc``."""
        with np.errstate(invalid="ignore"):
            floor = np.where(
                np.isinf(self.reached), -np.inf, self.edge - slope[:, None] * self.reached
            )
            ceiling = np.where(
                np.isinf(self.missed), np.inf, self.edge - slope[:, None] * self.missed
            )
        lowest, highest = floor.max(axis=1), ceiling.min(axis=1)
        # Where one side asks for nothing, a code more on that side does.
        lowest = np.where(np.isinf(lowest), np.where(np.isinf(highest), 0, highest) - 2, lowest)
        highest = np.where(np.isinf(highest), lowest + 2, highest)
        return (highest - lowest) / 2, (highest + lowest) / 2

    def size(self, slope: Floats, offset: Floats) -> Floats:
        """The largest number that the line meets on its way to any edge: ``oc``."""
        edges = np.stack([self.reached, self.missed])
        products = np.abs(slope[:, None] * np.where(np.isinf(edges), 0, edges)).max(axis=(0, 2))
        largest: Floats = products + np.abs(offset) + len(self.edge)
        return largest

    def best_slope(self) -> Floats:
        """The slope of the largest margin: the margin is concave in the slope, so sections find it."""
        channels, levels = self.reached.shape
        left, right = np.full(channels, -40.0), np.full(channels, np.log2(2.0 * levels))
        return np.exp2(_golden_sections(lambda power: self.margin(np.exp2(power))[0], left, right))


def _golden_sections(function: Callable[[Floats], Floats], left: Floats, right: Floats) -> Floats:
    """Where the function of each element is largest between left and right: it must rise, then fall."""
    for _ in range(SEARCH_STEPS):
        inner, outer = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
        rises = function(inner) < function(outer)
        left, right = np.where(rises, inner, left), np.where(rises, right, outer)
    return (left + right) / 2
