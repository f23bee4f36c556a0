"""Values of a layer's sums that fall and rise, and that nobody has quantized, as parts of 8 bits.

HardSwish, SiLU, Gelu and Mish are nearly 0 on one side and nearly their input on the other: a ramp, and what
is left of them beside it, which is small. That falls and rises a few times; parts count each fall and each
rise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tilewright.interchange.float_parts import (
    UNQUANTIZED,
    Parts,
    Reals,
    Tap,
    rounding_of,
    unary,
)
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.ramps import reach, real_of
from tilewright.interchange.turning import around_zero
from tilewright.interchange.values import Step, Value
from tilewright.spec import Ints, Node
from tilewright.spec.step_search import Floats

MEASURED = 64
"""Of the sums of a channel, such a part at their end shows how steep the ramp is."""
WIGGLE = 2.0**-6
"""Of a unit: what rises or falls by less is not counted."""
MOST_TURNS = 16
PARTS = 64
"""Into so many the sums beside a turn are divided, again and again."""


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """The lowest and the highest sum of each channel, and from which of them to which the value rises."""

    low: Ints
    high: Ints
    direction: Ints

    @classmethod
    def of(cls, value: Value, node: Node) -> Ends:
        """Those of a value of a node's sums."""
        low, high = reach(node)
        ends = real_of(value, np.stack([low, high]).astype(np.float64))
        return cls(low, high, np.where(ends[1] >= ends[0], 1, -1).astype(np.int64))


def rising_part(value: Value, node: Node) -> Value:
    """The ramp that a value of a node's sums comes near to at the end where it is larger."""
    ends = Ends.of(value, node)
    start = np.where(ends.direction > 0, ends.low, -ends.high)
    end = np.where(ends.direction > 0, ends.high, -ends.low)
    before = np.maximum(start, end - np.maximum(1, (end - start) // MEASURED))

    def real(sums: Ints) -> Reals:
        found: Reals = real_of(value, (ends.direction * sums).astype(np.float64)[None])[0]
        return found

    base, top = real(start), real(end)
    slope = np.maximum((top - real(before)) / np.maximum(end - before, 1), 0.0)
    is_steep = slope > 0
    foot = end - np.divide(top - base, slope, out=np.zeros_like(slope), where=is_steep)

    def ramp(sums: Floats) -> Floats:
        found: Floats = base + np.maximum(slope * (ends.direction * sums - foot), 0) * is_steep
        return found

    return replace(value, steps=(Step(ramp),))


def beside_ramp(op: Operator, value: Value, node: Node, unit: Reals) -> Parts:
    """What a value has more than its `rising_part`."""
    if value.slack:
        op.refuse(UNQUANTIZED)
    ramp, ends = rising_part(value, node), Ends.of(value, node)

    def rest(sums: Floats) -> Floats:
        found: Floats = real_of(value, sums) - real_of(ramp, sums)
        return found

    looked_at = around_zero(value, node.output_shape[0], node.sum_bound())
    looked_at = np.concatenate([ends.low[None], looked_at, ends.high[None]])
    looked_at = looked_at.clip(ends.low, ends.high)
    turns = _turns(rest(looked_at.astype(np.float64)), WIGGLE * unit)
    if len(turns) > MOST_TURNS:
        op.refuse(f"{UNQUANTIZED}, for it turns too often")
    places = [ends.low, *(_refined(looked_at, at, rest) for at in turns), ends.high]
    taps: list[Tap] = []
    for first, last in pairwise(places):
        heights = rest(np.stack([first, np.maximum(first, last)]).astype(np.float64))
        sign = np.sign(heights[1] - heights[0])

        def levels(
            sums: Floats, first: Ints = first, last: Ints = last, sign: Reals = sign
        ) -> Floats:
            there = rest(sums.clip(first, np.maximum(first, last)))
            start = rest(first[None].astype(np.float64))
            return sign * (there - start) / unit

        found = unary(op, value, levels, np.abs(heights[1] - heights[0]), unit)
        taps.extend(replace(tap, weights=tap.weights * sign.astype(np.int64)) for tap in found)
    largest = np.abs(real_of(value, np.stack([ends.low, ends.high]).astype(np.float64))).max(axis=0)
    missed = (0.5 + WIGGLE) * (len(places) - 1) + rounding_of(largest, unit)
    return Parts(tuple(taps), rest(ends.low[None].astype(np.float64))[0], missed)


def _turns(values: Reals, least: Reals) -> list[npt.NDArray[np.int64]]:
    """Where the values ``n c`` of each channel turn, one behind the other; the last place where none does."""
    count, channels = values.shape
    rows = np.arange(channels)
    trend, at = np.zeros(channels), np.zeros(channels, np.int64)
    found = np.full((MOST_TURNS + 1, channels), count - 1, np.int64)
    seen = np.zeros(channels, np.int64)
    for number in range(1, count):
        step = values[number] - values[at, rows]
        turned = (trend != 0) & (trend * step < -least) & (seen <= MOST_TURNS)
        found[seen[turned], rows[turned]] = at[turned]
        seen[turned] += 1
        starts = (trend == 0) & (np.abs(step) > least)
        trend = np.where(turned | starts, np.sign(step), trend)
        at = np.where(turned | starts | (trend * step > 0), number, at)
    return [found[number] for number in range(int(seen.max(initial=0)))]


def _refined(sums: Ints, at: npt.NDArray[np.int64], rest: Callable[[Floats], Floats]) -> Ints:
    """The sum of each channel at which the value turns, near that at `at`; the last one where it does not."""
    rows = np.arange(sums.shape[1])
    low, high = sums[(at - 1).clip(0), rows], sums[(at + 1).clip(None, len(sums) - 1), rows]
    is_turn, middle = at < len(sums) - 1, sums[at, rows]
    heights = rest(np.stack([low, middle, high]).astype(np.float64))
    is_top = 2 * heights[1] >= heights[0] + heights[2]
    while (is_turn & (high - low > 2)).any():
        between = np.rint(np.linspace(low, high, PARTS + 1)).astype(np.int64)
        values = rest(between.astype(np.float64))
        best = np.where(is_top, values.argmax(axis=0), values.argmin(axis=0)).clip(1, PARTS - 1)
        low, middle, high = between[best - 1, rows], between[best, rows], between[best + 1, rows]
    return np.where(is_turn, middle, sums[-1])
