"""Steps done by a formula put out what they do one by one."""

from __future__ import annotations

import random

import pytest

from tilewright.prove import cells, cones
from tilewright.prove.algebra import Algebra
from tilewright.prove.netlist import Gate
from tilewright.prove.operation import Operation
from tilewright.prove.words import Words

A, B, FIRST = 0, 1, 2
"""Two signals of four bits, and the first one that a step drives."""
BINARY = ("$add", "$sub", "$mul", "$and", "$xor")


def gate(kind, inputs, output, widths, width, *, is_signed=False):
    return Gate(Operation(kind, kind, width, widths, is_signed), inputs, output)


def steps_of(seed):
    """Some cells, each of signals before it, their slices and known bits."""
    rng = random.Random(seed)
    made, widths = [], [4, 4]
    for _ in range(rng.randint(2, 4)):
        inputs, sizes = [], []
        for _ in range(2):
            signal = rng.randrange(len(widths))
            low = rng.randrange(widths[signal]) if rng.random() < 0.4 else 0
            size = rng.randint(1, widths[signal] - low) if low else widths[signal]
            is_whole = low == 0 and size == widths[signal]
            known = rng.randint(0, 2)
            parts = ((signal, low, size), (-1, 0, known)) if known else ((signal, low, size),)
            inputs.append(signal if is_whole and not known else parts)
            sizes.append(size + known)
        width = rng.randint(3, 8)
        kind, is_signed = rng.choice(BINARY), rng.random() < 0.5
        made.append(
            gate(kind, tuple(inputs), len(widths), tuple(sizes), width, is_signed=is_signed)
        )
        widths.append(width)
    return made, widths


def leaves(algebra, words, rng):
    """Two words of four bits: of an input, of parts, known, or of a sum, the second one maybe the first."""

    def word():
        low = rng.randint(-8, 4)
        one = algebra.variable("v", low, rng.randint(low, low + 11))
        kind = rng.randrange(4)
        if kind == 0:
            return rng.randrange(16)
        if kind == 1:
            return words.concatenate([(words.of(one, 2), 2), (words.of(one, 2), 2)])
        return words.of(algebra.add(one, one) if kind == 2 else one, 4)

    first = word()
    return [first, first if rng.random() < 0.3 else word()]


def compared(seeds):
    """How many formulas there were, and at how many numbers one is not what the steps put out."""
    formulas = wrong = 0
    for seed in seeds:
        rng = random.Random(seed)
        steps, widths = steps_of(seed)
        words, values = Words(Algebra()), [0] * len(widths)
        cone = cones.Cone(steps, values, words, {})
        for _ in range(3):  # words of other ranges each time, some of them of a kind that was met
            values[A], values[B] = leaves(words.algebra, words, rng)
            found = cone.value()
            if found is None:
                continue
            formulas += 1
            for _ in range(20):
                point = {
                    n: rng.randint(one.low, one.high)
                    for n, one in enumerate(words.algebra.variables)
                    if one.meaning is None
                }
                numbers = [words.evaluate(values[leaf], point, {}) for leaf in (A, B)]
                wrong += words.evaluate(found, point, {}) != one_by_one(steps, numbers)
    return formulas, wrong


def one_by_one(steps, numbers):
    words, values = Words(Algebra()), dict(enumerate(numbers))
    for step in steps:
        inputs = [cones._read(words, values, source) for source in step.inputs]
        values[step.output] = cells.apply(words, step.operation, inputs)
    return values[steps[-1].output]


def test_a_formula_puts_out_what_the_steps_do():
    formulas, wrong = compared(range(250))
    assert formulas > 250
    assert wrong == 0


honest = cones.Cone._found


def _of_any_range(self, kind):
    """Unsound: what holds for small numbers is taken to hold for all."""
    return honest(self, (kind[0], tuple((0, 1) for _ in kind[1])))


def _of_parts_that_are_all_one(self, kind):
    """Unsound: all words are taken to be the same one."""
    words = tuple(one if isinstance(one, int) else tuple((0, w) for _, w in one) for one in kind[0])
    return honest(self, (words, kind[1]))


@pytest.mark.parametrize("broken", [_of_any_range, _of_parts_that_are_all_one])
def test_a_formula_for_words_of_another_kind_is_caught(broken, monkeypatch):
    monkeypatch.setattr(cones.Cone, "_found", broken)
    try:
        wrong = compared(range(60))[1]
    except AssertionError:
        return  # no number lies in the range that it says: caught, too
    assert wrong


def test_words_of_another_shape_have_another_formula():
    words, formulas = Words(Algebra()), {}
    a = words.algebra.variable("a", 0, 7)
    values = [words.of(a, 4), 3, 0]
    for kind, expected in (("$add", "a + 3"), ("$sub", "a - 3"), ("$add", "a + 3")):
        cone = cones.Cone([gate(kind, (A, B), FIRST, (4, 4), 6)], values, words, formulas)
        sign = 1 if expected == "a + 3" else -1
        assert cone.value() is words.of(words.algebra.add(a, words.algebra.number(3), sign), 6)
    assert len(formulas) == 2


def test_what_is_unknown_or_a_slice_has_no_formula():
    words = Words(Algebra())
    a = words.algebra.variable("a", 0, 15)
    sliced = words.slice(words.of(words.algebra.multiply(a, a), 8), 3, 4)
    values = [sliced, 1, 0]
    steps = [gate("$add", (A, B), FIRST, (4, 4), 6), gate("$pos", (FIRST,), FIRST + 1, (6,), 7)]
    assert cones.Cone(steps, [*values, 0], words, {}).value() is None
