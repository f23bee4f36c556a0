"""Files of one number of which the last is shorter: read one after the other, as pieces of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tilewright.adopt.families import Family, family_of
from tilewright.adopt.parsed_file import ParsedFile

Triple = tuple[Family, Family, Family]
MOST_NAMED = 6
Key = tuple[str, int, str]
"""Name, part and array of a file."""


def with_sequels(families: Sequence[Family]) -> list[Family]:
    """The families, those that a shorter file goes on with the file that does.

    Names and words are alike but for one number, which counts on by one, and nothing else goes on. Where
    files of every kind have that number, it may count layers or samples as well: then none goes on.
    """
    return [_with_sequel(family, families) for family in families]


def without(families: Sequence[Family], used: Sequence[Family]) -> list[Family]:
    """The families that have no file, or part of one, in common with those that are used."""
    taken = {key for family in used for key in _keys(family)}
    return [family for family in families if not taken & _keys(family)]


def with_joined(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Those of the triples whose weights or expected numbers go on in a shorter file, with it."""
    for activation, weight, expected in triples:
        wholes = joined(weight), joined(expected)
        if any(whole is not None for whole in wholes):
            yield activation, wholes[0] or weight, wholes[1] or expected


def joined(family: Family) -> Family | None:
    """A family and its sequel as one; None without a sequel."""
    if family.sequel is None:
        return None
    place = _next_number(family, family.sequel)
    if place is None:
        return None
    files = (*family.files, *family.sequel.files)
    radices = tuple(r for r in files[0].radices if all(r in file.radices for file in files))
    words = tuple(word for file in files for word in file.words)
    whole = replace(files[0], words=words, radices=radices)
    read = family_of(
        family.texts, family.places, (whole,), is_decimal=family.is_decimal, known=family.radix
    )
    first = family.places[place]
    places = list(family.places)
    places[place] = replace(first, size=first.size + 1, factors=())
    return replace(
        family.read_as(),
        places=tuple(places),
        files=files,
        radix=read.radix,
        bits=read.bits,
        numbers=read.numbers,
        pieces=len(files),
        sequel=None,
    )


def not_joined(families: Sequence[Family], left: Sequence[Family]) -> Iterator[str]:
    """Of files that one number tells apart and that differ in length: why none of them goes on with another.

    left: what no layer has; of other files nothing need be said.
    """
    open_keys = {key for family in left for key in _keys(family)}
    kinds: dict[tuple[str, ...], list[Family]] = {}
    for family in with_sequels(families):
        kinds.setdefault(family.texts, []).append(family)
    for group in kinds.values():
        is_told = any(one.sequel for one in group) or not any(
            _keys(one) & open_keys for one in group
        )
        if len(group) < 2 or is_told:
            continue
        files = [file for one in sorted(group, key=_numbers) for file in one.files]
        names = ", ".join(file.name for file in files[:MOST_NAMED])
        lanes = [len(file.words[0]) for file in files]
        if all(_is_alike(files[0], file) for file in files):
            sizes = ", ".join(str(len(file.words)) for file in files[:MOST_NAMED])
            yield (
                f"{names} hold {sizes} lines: files are read one after the other where their numbers follow "
                f"one another and the last alone is shorter, and not where every kind of file has their "
                f"number, which may count layers"
            )
        elif len(set(lanes)) > 1:
            yield (
                f"{names} hold {', '.join(map(str, lanes[:MOST_NAMED]))} numbers a line: files are read one "
                f"after the other where their lines are alike; write one number a line, channel by channel"
            )


def _numbers(family: Family) -> list[int]:
    return [place.first for place in family.places]


def _keys(family: Family) -> set[Key]:
    return {(file.name, file.part, file.array) for file in family.files}


def _with_sequel(family: Family, families: Sequence[Family]) -> Family:
    found = [other for other in families if _goes_on(family, other)]
    if len(found) != 1 or any(_goes_on(found[0], other) for other in families):
        return family
    if any(_is_before(other, family) for other in families):
        return family
    at = _next_number(family, found[0])
    if at is None or _counts_layers(family, at, families):
        return family
    return replace(family.read_as(), sequel=found[0])


def _goes_on(family: Family, other: Family) -> bool:
    """Whether `other` is one file, shorter, that comes behind the last one of `family` by its name."""
    return (
        other is not family
        and len(other.files) == 1
        and other.lines < family.lines
        and _is_before(family, other)
    )


def _is_before(other: Family, family: Family) -> bool:
    """Whether the names of `family` count on where those of `other` end."""
    return (
        other.texts == family.texts
        and _is_alike(other.files[0], family.files[0])
        and _next_number(other, family) is not None
    )


def _is_alike(one: ParsedFile, other: ParsedFile) -> bool:
    (_, *lanes, header, separator), (_, *others, head, mark) = one.shape, other.shape
    has_numbers = "decimal" in one.radices and "decimal" in other.radices
    is_same = lanes == others or (has_numbers and lanes[0] == others[0])
    around = (header, separator, one.container, one.part, one.array, one.line_end)
    return is_same and around == (
        head,
        mark,
        other.container,
        other.part,
        other.array,
        other.line_end,
    )


def _next_number(family: Family, other: Family) -> int | None:
    """Which number of the names `other` counts on, all others being the same; None if it is no such one."""
    pairs = list(zip(family.places, other.places, strict=True))
    differ = [at for at, (place, one) in enumerate(pairs) if place != one]
    if len(differ) != 1 or any(place.factors for place in other.places):
        return None
    place, one = pairs[differ[0]]
    is_alone = not place.factors and len(family.files) == place.size
    return differ[0] if is_alone and one.first == place.first + place.size else None


def _counts_layers(family: Family, at: int, families: Sequence[Family]) -> bool:
    """Whether files of every other kind have each value of the number: it may count layers."""
    values = set(range(family.places[at].first, family.places[at].first + len(family.files) + 1))
    having: dict[tuple[str, ...], set[int]] = {}
    for one in families:
        kind = having.setdefault(one.texts, set())
        for place in one.places:
            kind.update(range(place.first, place.first + place.size))
    others = [found for texts, found in having.items() if texts != family.texts]
    return all(values <= found for found in others)
