"""Mistakes in the finished sum and its output function: width, sign, stuck bits, ReLU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause
from tilewright.judge.dump import Known
from tilewright.judge.families.number_maps import (
    added,
    bit_maps,
    cleared,
    divided,
    filled,
    leaky,
    low_bits,
    saturated,
    shifted,
    times,
    without,
    wrapped,
)
from tilewright.judge.problem import Problem
from tilewright.spec import Ints
from tilewright.spec.number_format import signed_bits_needed

WIDTH = "look at the width and the sign of the sum where it is stored and written (layout: bits)"
FUNCTION = (
    "look at the output function and at what is dumped: psum or output (layout: [output] function)"
)
COLUMN = "look at this column of the array and at its lane of the word"

PRINTED = (
    "the design may be right: Verilator 5.48 prints $signed(word[15:0]) so; assign the part to a signed "
    "variable, and print that"
)
PRINTED_BITS = 32

Change = Callable[[Ints], Ints]


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    highest = int(np.abs(problem.expected).max())
    bits = signed_bits_needed(-highest, highest)
    yield from _functions(problem)
    for key, words, change in _changes(bits, problem.array.psum_bits):
        yield Cause(f"sum-{key}", f"the sum {words}", "value", _of(change), WIDTH)
        if problem.function.function != "signed":
            yield Cause(f"output-{key}", f"the output {words}", "output", _of(change), WIDTH)
    yield from _fitted(problem)
    yield from _columns(problem)
    yield from _printed(problem)


def _of(change: Change) -> Callable[[Problem, Ints], Ints]:
    return lambda _, values: change(values)


def _changes(bits: int, register: int) -> Iterator[tuple[str, str, Change]]:
    for n in range(3, min(bits, register) + 1):
        yield f"wrap n={n}", f"wraps at {n} bits", partial(wrapped, bits=n)
        yield f"saturate n={n}", f"saturates at {n} bits", partial(saturated, bits=n)
        yield (
            f"saturate-unsigned n={n}",
            f"saturates at {n} bits without a sign",
            partial(np.clip, a_min=0, a_max=(1 << n) - 1),
        )
    if bits < register:
        yield f"wrap n={register}", f"wraps at {register} bits", partial(wrapped, bits=register)
    for n in range(3, register):
        yield (
            f"zero-extended n={n}",
            f"of {n} bits is extended by zeros",
            partial(low_bits, bits=n),
        )
    yield from _unsigned(register)
    yield from _scaled(register)
    yield "negated", "is negated", lambda v: wrapped(-v, register)
    yield "ones-complement", "is inverted bit by bit", lambda v: ~v
    yield (
        "ones-complement-negative",
        "is written in one's complement",
        lambda v: np.where(v < 0, v - 1, v),
    )
    yield (
        "magnitude",
        "is written as sign and magnitude",
        lambda v: np.where(v < 0, _signed_zero(register) - v, v),
    )
    yield "doubled-sign", "is 1 too low where it is negative", lambda v: np.where(v < 0, v - 1, v)
    if register % 8 == 0:
        yield "bytes", "has its bytes in reverse order", lambda v: _units(v, register, 8)
    if register % 4 == 0:
        yield (
            "nibbles",
            "has its hexadecimal digits in reverse order",
            lambda v: _units(v, register, 4),
        )
    for key, words, function in bit_maps(register, is_signed=True):
        yield key, f"is written {words}", function


def _scaled(register: int) -> Iterator[tuple[str, str, Change]]:
    for n in range(1, 9):
        yield f"shifted n={n}", f"is shifted right by {n}", partial(shifted, bits=n)
        words = f"is divided by {1 << n}, rounded toward 0"
        yield f"divided n={1 << n}", words, partial(divided, bits=n)
        yield f"cleared n={n}", f"has its low {counted(n, 'bit')} 0", partial(cleared, bits=n)
    for n in range(1, 5):
        yield (
            f"times n={1 << n}",
            f"is shifted left by {n}",
            partial(times, bits=n, register=register),
        )


def _unsigned(register: int) -> Iterator[tuple[str, str, Change]]:
    for n in sorted({register, *(wide for wide in (16, 24, 32, 48) if wide > register)}):
        words = f"is written as an unsigned number of {n} bits"
        yield f"unsigned n={n}", words, partial(low_bits, bits=n)


def _signed_zero(register: int) -> int:
    return -(1 << (register - 1))


def _units(values: Ints, register: int, unit: int) -> Ints:
    """Fields of `unit` bits in reverse order."""
    turned = np.zeros_like(values)
    for at in range(0, register, unit):
        turned |= low_bits(values >> at, unit) << (register - unit - at)
    return wrapped(turned, register)


def _functions(problem: Problem) -> Iterator[Cause]:
    is_plain = problem.function.function == "signed"
    stage = "value" if is_plain else "function"
    functions: list[tuple[str, str, Change]] = [("absolute", "the sum loses its sign", np.abs)]
    if is_plain:
        functions.append(
            ("relu-early", "the sum has gone through ReLU already", lambda v: np.maximum(v, 0))
        )
    else:
        functions.append(
            (
                "relu-missing",
                "the output function is missing: the sum is put out as it is",
                lambda v: v,
            )
        )
        functions.append(
            (
                "relu-inverted",
                "negative sums are kept and positive ones are 0",
                lambda v: np.minimum(v, 0),
            )
        )
        functions.append(
            (
                "relu-negated",
                "negative sums are put out as positive ones, positive ones as 0",
                lambda v: np.maximum(-v, 0),
            )
        )
        functions += [
            (f"relu-by n={n}", f"ReLU takes bit {n} for the sign", partial(without, bit=n))
            for n in range(4, problem.array.psum_bits - 1)
        ]
        functions.append(("relu", "the output function is ReLU", lambda v: np.maximum(v, 0)))
    functions += [
        (f"leaky n={n}", f"negative sums are shifted right by {n}", partial(leaky, bits=n))
        for n in range(1, 9)
    ]
    functions += [
        (f"clipped n={n}", f"sums are cut to 0..{n}", partial(np.clip, a_min=0, a_max=n))
        for n in (6, 15, 127, 255)
    ]
    for key, text, change in functions:
        yield Cause(key, text, stage, _of(change), FUNCTION)


def _fitted(problem: Problem) -> Iterator[Cause]:
    """A constant that the numbers themselves say: the same everywhere."""
    known, delta = problem.known, problem.target - problem.expected
    stage = "value" if problem.function.function == "signed" else "output"
    for value in sorted({1, -1, *_only(delta[known])}):
        yield plus(value, stage)
    if stage == "output":
        is_kept = known & (problem.target > 0) & (problem.expected > 0)
        for value in sorted({1, -1, *_only(delta[is_kept])} - {0}):
            yield plus(value, "value")
    for value in sorted({0, *_only(problem.target[known])}):
        yield Cause(
            f"always n={value}",
            f"every number is {value}",
            "output",
            _of(partial(filled, value=value)),
            "look whether the core ran at all, and at when the dump is made",
        )


def plus(value: int, stage: str) -> Cause:
    """One constant is added to every sum."""
    what, hint = "output" if stage == "output" else "sum", "look at the bias and at the rounding"
    change = _of(partial(added, amount=value))
    return Cause(f"{what}-plus n={value}", f"{value} is added to every {what}", stage, change, hint)


def _only(values: Ints) -> set[int]:
    found = np.unique(values)
    return {int(found[0])} if len(found) == 1 else set()


def _columns(problem: Problem) -> Iterator[Cause]:
    col = np.arange(problem.shape.oc) % problem.array.cols
    bits = problem.array.psum_bits
    for c in problem.wrong_columns:
        mine = col == c
        target, expected = problem.target[:, mine], problem.expected[:, mine]
        known = problem.known[:, mine]
        for value in sorted({0, *_only(target[known])}):
            yield _column(
                c,
                mine,
                f"always n={value}",
                f"is always {value}",
                partial(filled, value=value),
            )
        for value in sorted({1, -1, *_only((target - expected)[known])} - {0}):
            yield _column(
                c, mine, f"plus n={value}", f"has {value} added", partial(added, amount=value)
            )
        yield _column(c, mine, "negated", "is negated", lambda v: -v)
        yield _column(c, mine, "doubled", "is doubled", lambda v: 2 * v)
        yield _column(c, mine, "relu", "has gone through ReLU", lambda v: np.maximum(v, 0))
        for key, words, function in bit_maps(bits, is_signed=True):
            yield _column(c, mine, key, f"is written {words}", function)
        for n in range(4, bits):
            yield _column(c, mine, f"wrap n={n}", f"wraps at {n} bits", partial(wrapped, bits=n))
            yield _column(
                c, mine, f"saturate n={n}", f"saturates at {n} bits", partial(saturated, bits=n)
            )


def _column(c: int, mine: Ints, key: str, words: str, change: Change) -> Cause:
    def apply(_: Problem, values: Ints) -> Ints:
        return np.where(mine[:, None], change(values), values)

    return Cause(
        f"column-sum-{key} col={c}",
        f"column {c} {words}",
        "output",
        apply,
        COLUMN,
        columns=tuple(np.flatnonzero(mine).tolist()),
    )


def _printed(problem: Problem) -> Iterator[Cause]:
    """Lanes printed with what stands above them in the word, as Verilator 5.48 prints signed parts."""
    differs, lanes = problem.wrong_channels, problem.wrong_columns
    who = f"lane {lanes[0]} is" if len(lanes) == 1 else f"lanes {', '.join(map(str, lanes))} are"
    for step, above in ((1, "next"), (-1, "previous")):
        for sign in ("signed", "unsigned") if problem.array.psum_bits < PRINTED_BITS else ():
            yield Cause(
                f"printed-with-{above} {sign} cols={','.join(map(str, lanes))}",
                f"{who} printed with the bits of the {above} lane above: {PRINTED_BITS} in all, {sign}",
                "output",
                partial(_with_above, lanes=differs, step=step, is_signed=sign == "signed"),
                PRINTED,
                columns=tuple(np.flatnonzero(differs).tolist()),
            )


def _with_above(
    problem: Problem, values: Ints, *, lanes: Known, step: int, is_signed: bool
) -> Ints:
    """Of these channels, the word from their own lane on, cut; lanes that are not there are 0."""
    bits, cols = problem.array.psum_bits, problem.array.cols
    own = np.arange(values.shape[-2])
    words = np.zeros_like(values)
    for number in range(-(-PRINTED_BITS // bits)):
        other = own + number * step
        is_there = (other // cols == own // cols) & (other < len(own))
        field = low_bits(values[..., np.where(is_there, other, 0), :], bits)
        words |= np.where(is_there[:, None], field, 0) << number * bits
    words = wrapped(words, PRINTED_BITS) if is_signed else low_bits(words, PRINTED_BITS)
    return np.where(lanes[:, None], words, values)
