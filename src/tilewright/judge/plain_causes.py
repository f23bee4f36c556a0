"""Which change of order, of values, or of both makes one list of numbers the other: every number, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.plain import PlainComparison
from tilewright.spec import Ints

LONGEST_SHIFT = 64
TRIED = 48
"""Numbers on which a change is tried before all: the first ones, and those that differ."""
LEAST = 4
"""A change is believed if it explains at least so many numbers that differ."""

Change = Callable[[Ints], Ints]


@dataclass(frozen=True, slots=True, eq=False)
class PlainChange:
    """A change in words, and what it makes of the expected numbers."""

    text: str
    apply: Change


def find_changes(comparison: PlainComparison) -> tuple[str, ...]:
    """The changes, of order, of values, or one of each, that give every known number of the actual file.

    The simplest first: where a change of one sort is enough, no two are tried. A list that is all zeros, or
    of which fewer than `LEAST` numbers differ, explains itself.
    """
    expected, actual = comparison.expected, comparison.actual
    if comparison.differs.size < LEAST and expected.values.size == actual.values.size:
        return ()
    if not expected.known.all():
        return ()
    values = list(_values(expected.bits or 32, int(expected.values.max())))
    whole = PlainChange("", np.array)
    single = [change.text for change in _orders(comparison) if _gives(change.apply, comparison)]
    single += _completed(whole, values, comparison)
    if single:
        return tuple(single)
    values = [change for change in values if _has_all(change.apply, comparison)]
    return tuple(
        f"{order.text}, and {text}"
        for order in _orders(comparison)
        for text in _completed(order, values, comparison)
    )


def _gives(change: Change, comparison: PlainComparison) -> bool:
    changed, actual = change(comparison.expected.values), comparison.actual
    return changed.shape == actual.values.shape and bool(
        ((changed == actual.values) | ~actual.known).all()
    )


def _has_all(change: Change, comparison: PlainComparison) -> bool:
    """Whether every actual number is, wherever it stands, a changed one, or 0."""
    actual = comparison.actual.values[comparison.actual.known]
    return bool(np.isin(actual, np.append(change(comparison.expected.values), 0)).all())


def _completed(
    order: PlainChange, values: list[PlainChange], comparison: PlainComparison
) -> Iterator[str]:
    """The changes of values that, after a change of order, give the actual numbers."""
    ordered, actual = order.apply(comparison.expected.values), comparison.actual
    if ordered.shape != actual.values.shape:
        return
    wrong = np.flatnonzero((ordered != actual.values) & actual.known)
    some = np.append(np.flatnonzero(actual.known)[:TRIED], wrong[:TRIED])
    few, wanted = ordered[some], actual.values[some]
    for change in values:
        if (change.apply(few) == wanted).all():
            changed = change.apply(ordered)
            if ((changed == actual.values) | ~actual.known).all():
                yield change.text


def _orders(comparison: PlainComparison) -> Iterator[PlainChange]:
    """Changes of order, and of which numbers are there."""
    places, size = comparison.expected.places, comparison.expected.values.size
    yield PlainChange("the numbers stand in reverse order", np.flip)
    lines = np.unique(places[:, 0], return_counts=True)[1]
    if len(set(lines.tolist())) == 1 and 1 < lines[0] < size:
        lanes = int(lines[0])
        yield PlainChange(
            "the numbers of each line stand in reverse order",
            partial(_flipped, lanes=lanes, axis=1),
        )
        yield PlainChange(
            "the lines stand in reverse order", partial(_flipped, lanes=lanes, axis=0)
        )
    for rows in (n for n in range(2, size // 2 + 1) if size % n == 0):
        yield PlainChange(
            f"{rows} x {size // rows} numbers are transposed", partial(_transposed, rows=rows)
        )
    for count in range(1, min(LONGEST_SHIFT, size - 1) + 1):
        yield from _shifts(count, size - comparison.actual.values.size)


def _missing(which: str, count: int) -> str:
    is_one = count == 1
    return f"the {which} {'number is' if is_one else f'{count} numbers are'} missing"


def _shifts(count: int, missing: int) -> Iterator[PlainChange]:
    lost = _missing("first", count)
    if missing == count:
        yield PlainChange(lost, partial(_part, start=count, end=None))
        yield PlainChange(_missing("last", count), partial(_part, start=None, end=-count))
    if missing == 0:
        yield PlainChange(f"{lost}, and the last one is repeated", partial(_eaten, count=count))
        yield PlainChange(
            f"{lost}, and {count} zeros stand at the end", partial(_moved, start=count, end=None)
        )
        yield PlainChange(
            f"{count} zeros stand before the first number, and the last {count} are missing",
            partial(_moved, start=None, end=-count),
        )
        yield PlainChange(
            f"all numbers are {count} places late, the last ones in front",
            partial(np.roll, shift=count),
        )


def _values(width: int, largest: int) -> Iterator[PlainChange]:
    """Changes of each number alone. width: bits of a word. largest: of the numbers."""
    yield PlainChange("negative numbers are 0 (a ReLU)", partial(np.maximum, 0))
    yield PlainChange("the sign is the other one", np.negative)
    yield PlainChange("only the size is there, no sign", np.abs)
    for bits in range(1, width + 1):
        half = 1 << (bits - 1)
        low, high = (
            partial(_clipped, low=-half, high=half - 1),
            partial(_clipped, low=0, high=2 * half - 1),
        )
        yield PlainChange(
            f"only the low {bits} bits are there, unsigned", partial(_wrapped, half=half, to=0)
        )
        yield PlainChange(
            f"numbers wrap at {bits} bits, signed", partial(_wrapped, half=half, to=half)
        )
        yield PlainChange(f"numbers saturate at {bits} bits, signed", low)
        if largest > 2 * half - 1:  # else it is a ReLU
            yield PlainChange(f"numbers saturate at {bits} bits, unsigned", high)
        yield PlainChange(f"bit {bits - 1} is stuck at 0", partial(np.bitwise_and, ~half))
        yield PlainChange(f"bit {bits - 1} is stuck at 1", partial(np.bitwise_or, half))
    for shift in range(1, min(width, 24)):
        yield PlainChange(
            f"numbers are shifted right by {counted(shift, 'bit')}", partial(_scaled, shift=-shift)
        )
        yield PlainChange(
            f"numbers are shifted left by {counted(shift, 'bit')}", partial(_scaled, shift=shift)
        )
    for part in (part for part in (1, 2, 4, 8, 16, 32) if width % part == 0 and part < width):
        yield PlainChange(
            f"the {width // part} fields of {part} bits of each word stand in reverse order",
            partial(_fields_reversed, width=width, part=part),
        )


def _flipped(values: Ints, *, lanes: int, axis: int) -> Ints:
    return np.flip(values.reshape(-1, lanes), axis).reshape(-1)


def _transposed(values: Ints, *, rows: int) -> Ints:
    return values.reshape(rows, -1).T.reshape(-1)


def _part(values: Ints, *, start: int | None, end: int | None) -> Ints:
    return values[start:end]


def _eaten(values: Ints, *, count: int) -> Ints:
    return np.append(values[count:], np.repeat(values[-1], count))


def _moved(values: Ints, *, start: int | None, end: int | None) -> Ints:
    """The part, with zeros where the rest was: behind it, or before it."""
    part = values[start:end]
    zeros = np.zeros(values.size - part.size, np.int64)
    return np.concatenate((zeros, part) if start is None else (part, zeros))


def _wrapped(values: Ints, *, half: int, to: int) -> Ints:
    wrapped: Ints = (values + to) % (2 * half) - to
    return wrapped


def _clipped(values: Ints, *, low: int, high: int) -> Ints:
    return np.clip(values, low, high)


def _scaled(values: Ints, *, shift: int) -> Ints:
    scaled: Ints = values << shift if shift > 0 else values >> -shift
    return scaled


def _fields_reversed(values: Ints, *, width: int, part: int) -> Ints:
    mask = (1 << part) - 1
    turned = np.zeros_like(values)
    for at in range(0, width, part):
        turned |= ((values >> at) & mask) << (width - part - at)
    return np.where(turned >> (width - 1) == 1, turned - (1 << width), turned)
