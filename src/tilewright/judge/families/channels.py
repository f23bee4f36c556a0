"""Mistakes in what outputs are made of: biases of the channels, and codes that sums are requantized to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from tilewright.judge.cause import Cause
from tilewright.judge.problem import Problem
from tilewright.spec import ChannelOutput, Ints
from tilewright.spec.channel_output import MAX_SHIFT
from tilewright.verify import reference_outputs

BIAS = (
    "look at the bias: a bundle has one where its layout has a table [bias] and says biased = true"
)
CODES = (
    "look at the stage that is dumped: these are codes, not sums (layout: function = 'requantized')"
)
FEWEST = 4
"""Numbers of each channel that must say the same bias."""
MOST_SHIFT = 20


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    if problem.groups == 1:
        yield from _biases(problem)
        yield from _codes(problem)
    if isinstance(problem.function, ChannelOutput):
        yield from _stated(problem.function)


def _biases(problem: Problem) -> Iterator[Cause]:
    """A constant for each channel, as the numbers themselves say; the same one everywhere is no bias."""
    is_kept = problem.known
    if problem.kind == "output":
        is_kept = is_kept & (problem.target > 0) & (problem.expected > 0)
    delta = problem.target - problem.expected
    found = np.zeros(problem.shape.oc, np.int64)
    for oc in range(problem.shape.oc):
        values = delta[:, oc][is_kept[:, oc]]
        if len(values) < FEWEST or values.min() != values.max():
            return
        found[oc] = values[0]
    if len(np.unique(found)) > 1:
        shown = ", ".join(map(str, found[:4].tolist())) + ", ..." * (len(found) > 4)
        change = partial(_plus_each, bias=found)
        text = f"a constant of its own is added in each output channel: {shown}"
        yield Cause(f"bias n={','.join(map(str, found.tolist()))}", text, "value", change, BIAS)


def _plus_each(_: Problem, values: Ints, bias: Ints) -> Ints:
    return values + bias[:, None]


def _codes(problem: Problem) -> Iterator[Cause]:
    """Sums shifted, rounded and cut to the range of a code."""
    known = problem.target[problem.known]
    if not known.size or known.min() == known.max():
        return
    low, high = int(known.min()), int(known.max())
    if 2 * max(high, -low) > int(np.abs(problem.expected).max()):
        return
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0)
    ends = (0, (1 << bits) - 1) if low >= 0 else (-(1 << bits), (1 << bits) - 1)
    is_cut = int((known == high).sum()) > FEWEST // 2
    for least, most in dict.fromkeys((ends, (low, high)) if is_cut else (ends,)):
        for shift in range(1, MOST_SHIFT + 1):
            for is_rounded in (False, True):
                rule = ChannelOutput(
                    "requantized", shift, is_rounded=is_rounded, low=least, high=most
                )
                way = "rounded to the nearest" if is_rounded else "rounded down"
                yield Cause(
                    f"requantized shift={shift} {'half_up' if is_rounded else 'down'} {least}..{most}",
                    f"sums are shifted right by {shift}, {way}, and cut to {least}..{most}",
                    "value" if problem.kind != "output" else "function",
                    partial(_of_rule, rule=rule),
                    CODES,
                )


def _of_rule(problem: Problem, values: Ints, rule: ChannelOutput) -> Ints:
    return reference_outputs(values, rule, constants=problem.constants, axis=-2)


def _stated(function: ChannelOutput) -> Iterator[Cause]:
    """The function that the layout states, with one part of it wrong."""
    others = list[tuple[str, str, ChannelOutput]]()
    if function.is_biased:
        without = replace(function, is_biased=False)
        others.append(("bias-missing", "the bias is not added", without))
    if function.function == "requantized":
        way = "down" if function.is_rounded else "to the nearest"
        turned = replace(function, is_rounded=not function.is_rounded)
        others.append(("rounding", f"codes are rounded {way}", turned))
        others += [
            (f"requantize-shift n={n}", f"sums are shifted by {n}", replace(function, shift=n))
            for n in (function.shift - 1, function.shift + 1)
            if 0 <= n <= MAX_SHIFT
        ]
    for key, text, other in others:
        yield Cause(key, text, "function", partial(_of_rule, rule=other), BIAS)
