"""Requantization as hardware does it: multiply by an integer, add one, shift right, clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError
from tilewright.spec.requantization import NEVER, Requantization

MAX_SHIFT = 40
MIN_BITS, MAX_BITS = 4, 24
_NEAR = 3
"""Multipliers so far around the ideal one are tried."""


@dataclass(frozen=True, slots=True, eq=False)
class MultiplierShift:
    """``code = clip(min_code + ((multiplier[oc] * direction[oc] * sum + bias[oc]) >> shift[oc]))``.

    The shift rounds down. multiplier: 0..2**bits - 1; bias: integers, which also hold the rounding; all int64
    ``oc``. link: the requantization that it stands for, whose direction, codes and pools it keeps.
    """

    link: Requantization
    bits: int
    multiplier: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]

    def as_requantization(self) -> Requantization:
        """The same function as thresholds: the smallest sum that gives each code."""
        levels = np.arange(1, self.link.thresholds.shape[1] + 1)
        needed = (levels << self.shift[:, None]) - self.bias[
            :, None
        ]  # oc level: multiplier * sum reaches it
        multiplier = self.multiplier[:, None]
        reached = -(-needed // np.maximum(multiplier, 1))
        constant = np.where(needed <= 0, -NEVER, NEVER)
        return replace(self.link, thresholds=np.where(multiplier > 0, reached, constant))


def fit_multiplier_shift(
    link: Requantization, low: int, high: int, *, bits: int
) -> MultiplierShift:
    """The multiplier, bias and shift of `bits` bits that come closest to the thresholds of `link`.

    low, high: the sums that occur lie between them. In each channel the largest shift is taken with which
    the multiplier still fits, and the bias in the middle of those that give the right code on both sides of
    every threshold; where there is none, halfway between the demands. Raises `ConfigError` for a width
    outside 4..24.
    """
    if not MIN_BITS <= bits <= MAX_BITS:
        raise ConfigError(f"a multiplier has {MIN_BITS}..{MAX_BITS} bits, not {bits}")
    found = [
        _fit_channel(thresholds, *((low, high) if direction > 0 else (-high, -low)), bits)
        for thresholds, direction in zip(link.thresholds, link.direction.tolist(), strict=True)
    ]
    multiplier, bias, shift = (np.array(column, np.int64) for column in zip(*found, strict=True))
    return MultiplierShift(link, bits, multiplier, bias, shift)


def _fit_channel(
    thresholds: npt.NDArray[np.int64], low: int, high: int, bits: int
) -> tuple[int, int, int]:
    """Multiplier, bias and shift of one channel, for direction * sum in low..high."""
    passed = int((thresholds <= low).sum())  # codes that every sum reaches
    inner = thresholds[(thresholds > low) & (thresholds <= high)]
    if not len(inner):
        return 0, passed, 0
    slope = 1 / (high - low + 1)
    if len(inner) > 1:
        slope = (len(inner) - 1) / max(1, int(inner[-1] - inner[0]))
    most = (1 << bits) - 1
    shift = max(k for k in range(MAX_SHIFT + 1) if k == 0 or slope * (1 << k) <= most - _NEAR)
    ideal = int(slope * (1 << shift))
    best: tuple[int, int, int] | None = None
    widest = -np.inf
    for multiplier in range(max(0, ideal - _NEAR), min(most, ideal + _NEAR) + 1):
        least, less = _bias_range(inner, passed, len(thresholds), low, high, multiplier, shift)
        if less - least > widest:
            widest, best = less - least, (multiplier, (least + less) // 2, shift)
    return best or (0, passed, 0)


def _bias_range(
    inner: npt.NDArray[np.int64],
    passed: int,
    levels: int,
    low: int,
    high: int,
    multiplier: int,
    shift: int,
) -> tuple[int, int]:
    """Biases ``least <= bias < less`` that are right on both sides of every threshold; none if they cross."""
    codes = range(passed + 1, passed + len(inner) + 1)
    pairs = list(zip(codes, inner.tolist(), strict=True))
    reaching = [(code << shift) - multiplier * sum_ for code, sum_ in pairs]
    missing = [(code << shift) - multiplier * (sum_ - 1) for code, sum_ in pairs]
    if passed:
        reaching.append((passed << shift) - multiplier * low)
    if codes[-1] < levels:
        missing.append(((codes[-1] + 1) << shift) - multiplier * high)
    return max(reaching), min(missing)
