"""Margins: the distance of sums from the thresholds that would change their codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import NEVER, Requantization

LIMITS = (0, 1, 3, 7, 15, 31, 63)
"""Distances are counted up to these, and beyond."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Distances of sums to their nearest threshold.

    A distance is how far a sum may move either way and keep its code: 0 lies on the edge. nearest: the
    smallest one seen, or None if no threshold is within reach. counts: how many sums have a distance of
    at most each of `LIMITS` (and more than the limit before), then how many lie beyond.
    """

    sums: int
    nearest: int | None
    counts: tuple[int, ...]

    def plus(self, other: Margins) -> Margins:
        """Of the sums of both."""
        known = [one.nearest for one in (self, other) if one.nearest is not None]
        return Margins(
            self.sums + other.sums,
            min(known, default=None),
            tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
        )


NO_MARGINS = Margins(0, None, (0,) * (len(LIMITS) + 1))


def find_margins(sums: npt.NDArray[np.int64], link: Requantization) -> Margins:
    """Margins of sums ``n oc oh ow`` at the thresholds of `link`."""
    oriented = sums * link.direction[:, None, None]  # n oc oh ow
    counts = np.zeros(len(LIMITS) + 1, np.int64)
    nearest = int(NEVER)
    for oc, thresholds in enumerate(link.thresholds):
        values = oriented[:, oc].reshape(-1)
        bounds = np.concatenate([[-NEVER], thresholds, [NEVER]])
        code = np.searchsorted(thresholds, values, side="right")
        distance = np.minimum(values - bounds[code], bounds[code + 1] - 1 - values)
        counts += np.bincount(np.searchsorted(LIMITS, distance), minlength=len(counts))
        nearest = min(nearest, int(distance.min()))
    has_threshold = nearest < int(NEVER) // 2
    return Margins(sums.size, nearest if has_threshold else None, tuple(counts.tolist()))
