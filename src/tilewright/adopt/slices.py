"""Folders of several layers or samples: files of one number, and files with one tensor after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tilewright.adopt.families import Family, NumberPlace, family_of
from tilewright.adopt.parsed_file import ParsedFile
from tilewright.adopt.roles import HINTS

MOST_SLICES = 32
"""Layers or samples of a folder that are looked for."""
Slices = list[list[Family]]


def plain_slices(families: Sequence[Family]) -> Iterator[Slices]:
    """Parts that the names say: of a number that all roles have, or of one that weights have not."""
    tags = [text for family in families for text in dict.fromkeys(family.texts[:-1])]
    for tag in dict.fromkeys(tags):
        if tags.count(tag) >= 3:
            yield from _usable(_by_number(families, lambda text, _, tag=tag: text == tag))
    for place in _shared(families):
        if _may_be_samples(families, place):
            yield from _usable(_by_number(families, lambda _, other, place=place: other == place))


def slices_of(families: Sequence[Family]) -> Iterator[Slices]:
    """Other ways to part the families into layers or samples; each part has three or more."""
    tags = [text for family in families for text in dict.fromkeys(family.texts[:-1])]
    for tag in dict.fromkeys(tags):
        if tags.count(tag) == 2:
            yield from _usable(_by_number(families, lambda text, _, tag=tag: text == tag))
    for place in _shared(families):
        if all(place in family.places for family in families):
            yield from _usable(_by_number(families, lambda _, other, place=place: other == place))
    lines = [family.lines for family in families]
    for count in range(2, MOST_SLICES + 1):
        if sum(number % count == 0 and number > count for number in lines) > 1:
            for whole in (*families, None):
                yield from _usable(_by_lines(families, count, whole))


def _may_be_samples(families: Sequence[Family], place: NumberPlace) -> bool:
    """Whether activations and expected numbers have a number that not all files have, as samples do."""
    having = [place in family.places for family in families]
    if all(having):
        return False
    for hint in (HINTS[0], HINTS[2]):
        told = [hint.search(family.name.lower()) is not None for family in families]
        if any(told) and not any(has and is_it for has, is_it in zip(having, told, strict=True)):
            return False
    return True


def _shared(families: Sequence[Family]) -> list[NumberPlace]:
    """Numbers of names that several families have, and as many values of."""
    places = [place for family in families for place in family.places if place.size > 1]
    return [place for place in dict.fromkeys(places) if places.count(place) > 1]


def _usable(slices: Slices) -> Iterator[Slices]:
    if 1 < len(slices) <= MOST_SLICES and all(len(part) >= 3 for part in slices):
        yield slices


def _by_number(families: Sequence[Family], is_it: object) -> Slices:
    """The families once for each value of a number in names; those without that number in every part."""
    assert callable(is_it)  # noqa: S101
    at = [
        next((i for i, p in enumerate(f.places) if not p.factors and is_it(f.texts[i], p)), None)
        for f in families
    ]
    values = sorted(
        {
            value
            for family, i in zip(families, at, strict=True)
            if i is not None
            for value in range(
                family.places[i].first, family.places[i].first + family.places[i].size
            )
        }
    )
    found = []
    for value in values[: MOST_SLICES + 1]:
        each = (_at_value(f, i, value) for f, i in zip(families, at, strict=True))
        found.append([family for family in each if family is not None])
    return found


def _at_value(family: Family, at: int | None, value: int) -> Family | None:
    """The files whose number is `value`; None if there are none."""
    if at is None:
        return family
    place = family.places[at]
    if not place.first <= value < place.first + place.size or any(p.factors for p in family.places):
        return None
    after = 1
    for other in family.places[at + 1 :]:
        after *= other.size
    index = value - place.first
    files = tuple(f for n, f in enumerate(family.files) if n // after % place.size == index)
    places = (
        *family.places[:at],
        replace(place, first=value, size=1, factors=()),
        *family.places[at + 1 :],
    )
    return family_of(family.texts, places, files, is_decimal=family.is_decimal)


def _by_lines(families: Sequence[Family], count: int, whole: Family | None) -> Slices:
    """The families once for each of `count` runs of lines, `whole` in every part; none without runs."""
    runs = [
        [family if family is whole else _run(family, count, part) for part in range(count)]
        for family in families
    ]
    if any(None in each for each in runs):
        return []
    return [
        [each[part] or family for family, each in zip(families, runs, strict=True)]
        for part in range(count)
    ]


def _run(family: Family, count: int, part: int) -> Family | None:
    files = [_part_of(file, count, part) for file in family.files]
    known = tuple(file for file in files if file is not None)
    if len(known) < len(files):
        return None
    return family_of(family.texts, family.places, known, is_decimal=family.is_decimal)


def _part_of(file: ParsedFile, count: int, part: int) -> ParsedFile | None:
    """A run of the words, the others as lines of any text; None where that is no whole number of lines."""
    size, rest = divmod(len(file.words), count)
    listed = _part_of(file.listed, count, part) if file.listed else None
    if file.rows == count:  # samples of an array
        first = part * size
        return replace(file, words=file.words[first : first + size], array=f"{file.array}[{part}]")
    if rest or not size or file.container or file.part:
        return None
    ends = [*file.starts, file.lines - len(file.trailer)]
    first, last = part * size, (part + 1) * size
    if (first and ends[first] == ends[first - 1]) or (
        last < len(file.words) and ends[last] == ends[last - 1]
    ):
        return None
    return replace(
        file,
        header=("",) * ends[first] if first else file.header,
        trailer=("",) * (file.lines - ends[last]) if part < count - 1 else file.trailer,
        words=file.words[first:last],
        starts=file.starts[first:last],
        listed=listed,
        is_part=True,
    )
