"""Where nothing fits: files without what a core put out before its first number, and numbers in other codes.

A layout says how many lines stand before the words; it has no words for sign and magnitude, one's complement
or codes with an offset, so of these it is said that they fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tilewright.adopt.clock import Clock
from tilewright.adopt.families import MOST_FIELD, Family, family_of
from tilewright.adopt.fit import Fit
from tilewright.adopt.parsed_file import ParsedFile
from tilewright.adopt.roles import CLOSE, LIKELY, find_layer, triples
from tilewright.errors import counted
from tilewright.spec import Ints

MOST_LINES = 64
"""Lines before the first number that may repeat it."""
MOST_SIZES = 60


def without_warm_up(families: Sequence[Family]) -> Iterator[tuple[list[Family], str]]:
    """The families, one of them without first lines that repeat one another; and what is said of that."""
    expected = list(dict.fromkeys(triple[2].name for triple in triples(families)))
    for name in expected[:2]:
        family = next(one for one in families if one.name == name)
        for count in _repeated(family.files[0]):
            files = [_without_lines(file, count) for file in family.files]
            known = tuple(file for file in files if file is not None)
            if len(known) == len(files):
                own = family_of(family.texts, family.places, known, is_decimal=family.is_decimal)
                said = (
                    f"{family.title}: {counted(count, 'line')} before the others repeat one another and "
                    f"{'is' if count == 1 else 'are'} left out, as numbers from before the first one"
                )
                yield [own if one is family else one for one in families], said


def _repeated(file: ParsedFile) -> list[int]:
    """How many lines may be left out: of zeros all, of others all but the last one; fewer after that."""
    words = file.words
    count = next((n for n, word in enumerate(words) if word != words[0]), 0)
    is_idle = all(set(lane) <= {"0"} for lane in words[0])
    most = count if is_idle else count - 1
    return [] if count > MOST_LINES else [n for n in (most, most - 1) if n > 0]


def _without_lines(file: ParsedFile, count: int) -> ParsedFile | None:
    """The file with so many words in its header, whatever they are; None where they share lines."""
    bare = file.with_header(len(file.header) + count)
    return None if bare is file else replace(bare, is_part=True)


def codes_that_fit(families: Sequence[Family], clock: Clock) -> Iterator[str]:
    """What is said of files that fit with numbers in another code than two's complement."""
    triple = next(triples(families))
    for family in (triple[1], triple[0]):
        for name, altered in _codes(family):
            changed = [altered if one is family else one for one in triple]
            fits: list[Fit] = find_layer(changed, clock, stages=(LIKELY,), most=MOST_SIZES)
            if fits and fits[0].wrong <= CLOSE * fits[0].telling:
                but = f", but for {counted(fits[0].wrong, 'sum')}," if fits[0].wrong else ""
                yield f"{family.title} fits{but} if its numbers are {name}: write them in two's complement"
                return
            if clock.is_over:
                return


def _codes(family: Family) -> Iterator[tuple[str, Family]]:
    """The family with its numbers, none of them below 0, read in other codes."""
    plain = family if family.bits is None else _as_digits(family)
    if plain is None or int(plain.numbers.min()) < 0:
        return
    numbers = plain.numbers
    largest = int(numbers.max())
    widths = [family.bits.shape[2]] if family.bits is not None else range(2, MOST_FIELD + 1)
    for bits in widths:
        half = 1 << bits - 1
        if not half <= largest < 2 * half:
            continue
        negative = numbers >= half
        codes = {
            f"sign and magnitude of {bits} bits": np.where(negative, half - numbers, numbers),
            f"one's complement of {bits} bits": np.where(negative, numbers - 2 * half + 1, numbers),
            f"{half} above what they stand for": numbers - half,
        }
        for name, values in codes.items():
            yield name, _with_numbers(plain, values)


def _as_digits(family: Family) -> Family | None:
    """Words of digits as the numbers that they are without a sign; None for words of several numbers."""
    bits = family.bits
    if bits is None or not 1 < bits.shape[2] <= MOST_FIELD:
        return None
    places = 1 << np.arange(bits.shape[2])[::-1]
    return _with_numbers(family, (bits.astype(np.int64) @ places)[..., None])


def _with_numbers(family: Family, numbers: Ints) -> Family:
    return replace(family.read_as(), radix="decimal", bits=None, numbers=numbers.astype(np.int64))
