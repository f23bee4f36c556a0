"""What affine steps, Relu and Clip make of a layer's sums: a value that rises evenly between two sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.interchange.values import Value
from tilewright.spec import IntegerLayer, Ints, Node
from tilewright.spec.step_search import Floats

Reals = npt.NDArray[np.float64]
SAMPLED = 257
NEAR = 1e-3
"""How far a value may be from an even rise, in steps of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Ramp:
    """A value ``base`` before the sum `first`, ``base + jump + gain * (sum - first)`` from there to `last`,
    and `top`, which is `rest` more than that, behind it; by channel. Sums are times `direction`: none falls.

    is_held: a sum behind `last` is possible.
    """

    direction: Ints
    first: Ints
    last: Ints
    gain: Reals
    base: Reals
    jump: Reals
    top: Reals
    is_held: npt.NDArray[np.bool_]

    @property
    def rest(self) -> Reals:
        """What the value has behind the last sum more than there."""
        there = self.base + self.jump + self.gain * (self.last - self.first)
        found: Reals = np.where(self.is_held, self.top - there, 0.0)
        return found


def real_of(value: Value, sums: Floats) -> Floats:
    """A value of sums ``n c``, in float64."""
    for step in value.steps:
        sums = step.apply(sums)
    return sums


def reach(node: Node) -> tuple[Ints, Ints]:
    """The lowest and the highest sum of each channel of a node."""
    channels = node.output_shape[0]
    if not isinstance(node, IntegerLayer):
        low, high = node.sum_range()
        return np.full(channels, low, np.int64), np.full(channels, high, np.int64)
    codes, weight = node.act_format, node.weight.astype(np.int64).reshape(channels, -1)
    ends = codes.min_code - node.zero_point, codes.max_code - node.zero_point
    products = weight * min(ends[0], 0), weight * max(ends[1], 0)  # padding is 0
    low = np.minimum(*products).sum(axis=1)
    high = np.maximum(*products).sum(axis=1)
    return low, high


def find_ramp(value: Value, node: Node) -> Ramp | None:
    """The ramp that a value of a node's sums is; None if it is none."""
    low, high = reach(node)
    ends = real_of(value, np.stack([low, high]).astype(np.float64))
    direction = np.where(ends[1] >= ends[0], 1, -1).astype(np.int64)
    start = np.where(direction > 0, low, -high)
    end = np.where(direction > 0, high, -low)

    def real(sums: Ints) -> Reals:
        found: Reals = real_of(value, (direction * sums).astype(np.float64)[None])[0]
        return found

    base, top = real(start), real(end)
    is_flat = base == top
    first = _first(lambda sums: real(sums) > base, start, end)
    reaches = _first(lambda sums: real(sums) >= top, start, end)
    is_held = reaches < end
    last = np.where(is_held, reaches - 1, end)
    first = np.where(is_flat, start, np.where(first - 1 == start, start, first))
    last = np.where(is_flat, start, np.maximum(first, last))
    jump = np.where(is_flat, 0.0, real(first) - base)
    rise = real(last) - real(first)
    gain = rise / np.maximum(last - first, 1)
    is_held &= ~is_flat
    found = Ramp(direction, first, last, gain, base, jump, top, is_held)
    sums = np.rint(np.linspace(first, last, SAMPLED)).astype(np.int64)
    values = real_of(value, (direction * sums).astype(np.float64))
    even = base + jump + gain * (sums - first)
    is_even = np.abs(values - even) <= NEAR * gain + 1e-9 * np.abs(values)
    is_small = (found.jump <= (1 + NEAR) * gain) & (found.rest <= (1 + NEAR) * gain)
    return found if bool(is_even.all() and (is_small | is_flat | (last == first)).all()) else None


def _first(is_there: Callable[[Ints], npt.NDArray[np.bool_]], low: Ints, high: Ints) -> Ints:
    """The first sum of each channel from which on something is so; `high` if it is so nowhere before."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        there = is_there(middle)
        high = np.where(there, middle, high)
        low = np.where(there, low, np.minimum(middle + 1, high))
    return high
