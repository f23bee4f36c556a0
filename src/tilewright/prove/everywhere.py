"""What a polynomial is for all numbers of a few inputs at once; and the plainest one that is the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from math import prod

import numpy as np
import numpy.typing as npt

from tilewright.prove.algebra import Algebra
from tilewright.prove.polynomials import Cases, Floor, Poly

INT_BITS = 63
"""Of a number that is not negative."""
_LARGEST = 1 << (INT_BITS - 1)
_MOST_INPUTS = 3
"""Of a polynomial for which a plainer one is looked for."""
_MOST_POINTS = 1 << 16
"""And numbers of these together."""
_MOST_ROWS = 256
"""Of a table in place of cases within cases."""
_MANY_CASES = 4
"""From which on a table is plainer."""
_TRIES = 3
"""Numbers at which it must be the same before all are gone through."""


def count(algebra: Algebra, support: Sequence[int]) -> int:
    """How many numbers inputs have together. support: their variables."""
    ranges = [algebra.variables[index] for index in support]
    return prod(one.high - one.low + 1 for one in ranges)


def everywhere(algebra: Algebra, p: Poly, support: Sequence[int]) -> npt.NDArray[np.int64] | None:
    """p for all numbers of its inputs, an axis for each in the order of `support`, from its lowest on.

    An axis along which p does not change may have length 1. None: there are numbers of over 62 bits.
    """
    known: dict[int, npt.NDArray[np.int64]] = {}
    for axis, index in enumerate(support):
        one = algebra.variables[index]
        shape = [1] * len(support)
        shape[axis] = -1
        if not -_LARGEST <= one.low <= one.high < _LARGEST:
            return None
        known[index] = np.arange(one.low, one.high + 1, dtype=np.int64).reshape(shape)
    try:
        return _values(algebra, p, known, np.zeros([1] * max(1, len(support)), dtype=np.int64))
    except OverflowError:
        return None


def _values(
    algebra: Algebra,
    p: Poly,
    known: dict[int, npt.NDArray[np.int64]],
    zero: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """p, where the variables in `known` are these. Raises `OverflowError`."""
    if not -_LARGEST <= p.low <= p.high < _LARGEST:
        raise OverflowError
    total = zero
    for monomial, number in p.terms.items():
        # sums and products in 64 bits may wrap on the way, but the whole fits
        term = zero + ((number + (1 << 63)) % (1 << 64) - (1 << 63))
        for index in monomial:
            if index not in known:
                known[index] = _meant(algebra, index, known, zero)
            term = term * known[index]
        total = total + term
    return total


def _meant(
    algebra: Algebra,
    index: int,
    known: dict[int, npt.NDArray[np.int64]],
    zero: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    meaning = algebra.variables[index].meaning
    if meaning is None:
        raise AssertionError("an input is known")
    base = _values(algebra, meaning.base, known, zero)
    if isinstance(meaning, Floor):
        return base >> min(meaning.shift, 63)
    if all(one.value is not None for one in meaning.pieces):
        rows = np.array([one.low for one in meaning.pieces], dtype=np.int64)
        return rows[np.searchsorted(np.array(meaning.cuts), base, side="right")]
    found, *pieces = (_values(algebra, one, known, zero) for one in meaning.pieces)
    for cut, piece in zip(meaning.cuts, pieces, strict=True):
        found = np.where(base >= cut, piece, found)
    return found


def plainest(algebra: Algebra, p: Poly, bits: int) -> Poly:
    """The polynomial of inputs alone with the same lowest bits, linear in each, if there is one; else p.

    A multiplier made of cases (digits of Booth's, a table, a sign and a magnitude) is the product that it
    is, whatever is made of it afterwards. Only where p has few inputs: all of their numbers are gone through.
    """
    support = _few_inputs(algebra, p)
    if not support or bits >= INT_BITS or count(algebra, support) > _MOST_POINTS:
        return p
    if not _is_straight(algebra, p, support, bits):
        return _table(algebra, p, support) if _is_tangled(algebra, p) else p
    found = _linear(algebra, p, support, bits)
    rng = random.Random(0)  # noqa: S311  # a search, not a secret
    for _ in range(_TRIES):
        ends = [(i, algebra.variables[i].low, algebra.variables[i].high) for i in support]
        point = {index: rng.randint(low, high) for index, low, high in ends}
        if (algebra.evaluate(p, point) - algebra.evaluate(found, point)) % (1 << bits):
            return _table(algebra, p, support) if _is_tangled(algebra, p) else p
    one, other = (everywhere(algebra, each, support) for each in (p, found))
    if one is None or other is None or np.any((one - other) & ((1 << bits) - 1)):
        return p
    return found


def _is_straight(algebra: Algebra, p: Poly, support: Sequence[int], bits: int) -> bool:
    """Whether p may be linear in each input: its number at the end of each is where the first two say."""
    corner = {index: algebra.variables[index].high for index in support}
    for index in support:
        low, high = algebra.variables[index].low, algebra.variables[index].high
        ends = low, low + 1, high
        first, second, last = (algebra.evaluate(p, corner | {index: n}) for n in ends)
        if (first + (high - low) * (second - first) - last) % (1 << bits):
            return False
    return True


def _is_tangled(algebra: Algebra, p: Poly) -> bool:
    """Whether p has several inputs, and many cases stand behind it."""
    found: dict[int, int] = {}
    todo = [p] if len(algebra.inputs_of(p)) > 1 else []
    while todo and sum(found.values()) < _MANY_CASES:
        for index, meaning in algebra.meanings(todo.pop()):
            if index not in found:
                found[index] = 1
                todo.append(meaning.base)
                if isinstance(meaning, Cases):
                    todo.extend(meaning.pieces)
                    is_table = len(algebra.inputs_of(meaning.base)) > 1
                    found[index] = len(meaning.cuts) if is_table else 1
    return sum(found.values()) >= _MANY_CASES


def _table(algebra: Algebra, p: Poly, support: Sequence[int]) -> Poly:
    """p by the number that its inputs are together, the last one lowest, if that is few cases."""
    sizes = [count(algebra, [index]) for index in support]
    if prod(sizes) > _MOST_ROWS or (values := everywhere(algebra, p, support)) is None:
        return p
    return _tabled(algebra, support, np.broadcast_to(values, sizes).ravel())


def either(algebra: Algebra, guard: Poly, yes: Poly, no: Poly) -> Poly:
    """`Algebra.choose`, by a table where cases would grow within cases."""
    parts, inputs = (guard, yes, no), set[int]()
    for one in parts:
        inputs |= algebra.inputs_of(one, _MOST_INPUTS)
        if len(inputs) > _MOST_INPUTS:
            return algebra.choose(guard, yes, no)
    support = sorted(inputs)
    sizes = [count(algebra, [index]) for index in support]
    if prod(sizes) > _MOST_ROWS or not any(_is_tangled(algebra, one) for one in parts):
        return algebra.choose(guard, yes, no)
    found = [one for one in (everywhere(algebra, p, support) for p in parts) if one is not None]
    if len(found) < len(parts):
        return algebra.choose(guard, yes, no)
    rows = np.where(*(np.broadcast_to(one, sizes).ravel() for one in found))
    return _tabled(algebra, support, rows)


def _tabled(algebra: Algebra, support: Sequence[int], rows: npt.NDArray[np.int64]) -> Poly:
    """What has these values, by the number that its inputs are together."""
    sizes = [count(algebra, [index]) for index in support]
    cuts = (np.flatnonzero(np.diff(rows)) + 1).tolist()
    place = algebra.zero
    for index, size in zip(support, sizes, strict=True):
        low = algebra.variables[index].low
        above = algebra.make({(index,): 1} | ({(): -low} if low else {}))
        place = algebra.add(above, place, size)
    pieces = [algebra.number(int(rows[at])) for at in (0, *cuts)]
    return algebra.cases(place, cuts, pieces)


def _few_inputs(algebra: Algebra, p: Poly) -> list[int]:
    """The inputs on which p depends, if some of it is no input and they are few; else none."""
    found = algebra.inputs_of(p, _MOST_INPUTS)
    if len(found) > _MOST_INPUTS or found.issuperset(index for m in p.terms for index in m):
        return []
    return sorted(found)


def _linear(algebra: Algebra, p: Poly, support: Sequence[int], bits: int) -> Poly:
    """The polynomial, linear in each input, that is p where each input is its lowest number or one more."""
    lowest = {index: algebra.variables[index].low for index in support}
    terms: dict[tuple[int, ...], int] = {}
    total = algebra.zero
    for size in range(len(support) + 1):
        for chosen in combinations(support, size):
            at = algebra.evaluate(p, lowest | {index: lowest[index] + 1 for index in chosen})
            inner = (m for m in terms if set(m) < set(chosen))
            terms[chosen] = at - sum(terms[m] for m in inner)
            term = algebra.one
            for index in chosen:
                above = algebra.make(
                    {(index,): 1} | ({(): -lowest[index]} if lowest[index] else {})
                )
                term = algebra.multiply(term, above)
            total = algebra.add(total, term, terms[chosen])
    return algebra.make(algebra.modulo(total, bits))
