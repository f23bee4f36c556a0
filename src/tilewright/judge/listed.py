"""Read a dump that is a plain list of numbers, in a stated order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from math import prod
from pathlib import Path

import numpy as np

from tilewright.errors import ConfigError, FormatError, counted
from tilewright.judge.dump import DUMP_AXES, Dump, FoundNumbers, dump_shape
from tilewright.judge.dump_text import plain_text, without_heads
from tilewright.judge.numerals import (
    PLACE,
    RADICES,
    is_numbers,
    is_unknown,
    not_a_number,
    parse_number,
    tokens_of,
)
from tilewright.judge.too_many import why_other
from tilewright.judge.word_lanes import (
    Token,
    lane_width,
    lanes_of,
    lanes_remedy,
    parts_of,
    without_idle_words,
)
from tilewright.spec import Ints
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle
from tilewright.vectors.encoding import without_mark
from tilewright.vectors.memory_image import MemoryImage, read_memory_image

_LEFT_OUT = re.compile(r"(?<![^\s,\[{(0-9])(?:\.{2,3}|\u2026)(?![^\s,\]})])")
_NDIMS = re.compile(r"^# ndims: *\d+ *\r?\n *((?:\d+ *)+)$", re.MULTILINE)
_MAGIC = {b"PK": "a zip archive, as torch.save writes", b"\x80": "a Python pickle"}


def numbers_in_order(bundle: Bundle, kind: str, order: str | None) -> Ints:
    """Flat indices into a tensor of `kind`, one for each number of a list in `order`; -1: no channel.

    order: axes, outermost first, as in a layout: those of `DUMP_AXES`, or "otile col" for "oc" (columns
    without a channel stand in the list, too) and "onij" for "oh ow"; ``-oc`` runs downwards. None: the axes
    of the kind. Raises `ConfigError` if an axis is missing or unknown.
    """
    runs = (order or " ".join(DUMP_AXES[kind])).split()
    names = [run.removeprefix("-") for run in runs]
    shape = dump_shape(bundle, kind)
    index = np.arange(prod(shape)).reshape(shape)
    axes = list(DUMP_AXES[kind])
    if "otile" in names or "col" in names:
        at, (tiles, cols) = axes.index("oc"), (bundle.plan.otiles, bundle.array.cols)
        edges = [(0, 0)] * index.ndim
        edges[at] = (0, tiles * cols - bundle.shape.oc)
        index = np.pad(index, edges, constant_values=-1)
        index = index.reshape(*index.shape[:at], tiles, cols, *index.shape[at + 1 :])
        axes[at : at + 1] = ["otile", "col"]
    if "onij" in names:
        index = index.reshape(*index.shape[:-2], -1)
        axes[-2:] = ["onij"]
    if sorted(names) != sorted(axes):
        raise ConfigError(
            f"an order of {kind} names each of the axes {', '.join(DUMP_AXES[kind])} once (or otile col for "
            f"oc, onij for oh ow), not '{order}'"
        )
    flips = tuple(slice(None, None, -1 if run[0] == "-" else 1) for run in runs)
    return index.transpose([axes.index(name) for name in names])[flips].reshape(-1)


def order_of_octave(bundle: Bundle, kind: str, text: str) -> str | None:
    """The order of an array as Octave writes it, the first axis fastest; None for other text.

    Raises `FormatError` where its sizes do not say which axis is which.
    """
    found = _NDIMS.search(text)
    if found is None:
        return None
    sizes = tuple(map(int, found[1].split()))
    shape = dict(zip(DUMP_AXES[kind], dump_shape(bundle, kind), strict=True))
    ways = [names for names in permutations(shape) if tuple(shape[n] for n in names) == sizes]
    if tuple(shape.values()) == sizes:
        ways = [tuple(shape)]
    if len(ways) != 1:
        raise FormatError(
            f"an array of Octave of sizes {found[1].strip()} must say which axis is which, the last one "
            f"outermost: {' '.join(shape)} are {' '.join(map(str, shape.values()))} (--order)"
        )
    return " ".join(reversed(ways[0]))


def read_list(
    bundle: Bundle,
    path: Path,
    kind: str,
    *,
    order: str | None = None,
    radix: str = "decimal",
    image: MemoryImage | None = None,
    text: str | None = None,
    is_partial: bool = False,
) -> Dump:
    """Numbers parted by blanks, commas, semicolons or line ends, in `order` (`numbers_in_order`).

    Comments (``//``, ``#``) and addresses that count up (``@0``) do not count; a number with x or z is
    unknown, or left out where as many as expected are known between such. Words of digits may be several
    numbers each. A memory file (`read_memory_image`) holds the numbers by address; `image` and
    `text` (`list_text`) are given where they were read already. Raises `FormatError` naming the line of what
    is no number, and if there are more numbers than expected, or fewer and not `is_partial`.
    """
    targets = numbers_in_order(bundle, kind, order)
    if radix not in RADICES:
        raise ConfigError(f"a radix is {', '.join(RADICES)}, not '{radix}'")
    said, bits = list[str](), bundle.array.psum_bits
    content = read_bytes(path) if text is None else b""
    image = image or (read_memory_image(without_mark(content), path) if text is None else None)
    if image is not None:
        image, radix = image.in_words(len(targets)), "decimal"
        content, said = image.text(radix).encode(), [f"read as {image}"]
    text = list_text(path, content) if text is None or image is not None else text
    lines, notes = _without_text(text.splitlines(), radix)
    tokens, more = _as_wanted(
        _tokens(path, lines, is_whole=not is_partial),
        len(targets),
        bits,
        "" if order is None else radix,
    )
    values, where = list[int | None](), list[tuple[int, int, int]]()
    for token, number, lane in tokens:
        try:
            values.append(parse_number(token, radix, bits))
        except (ValueError, OverflowError):
            raise FormatError(
                f"{path}: line {number} must hold {radix} numbers, but has {not_a_number(token)}"
            ) from None
        where.append((0, number if image is None else image.lines[number - 1], lane))
    if len(values) != len(targets) and not (is_partial and 0 < len(values) < len(targets)):
        remedy = _remedy(tokens, len(targets), bits, radix)
        raise FormatError(
            f"{path} must hold {counted(len(targets), 'number')} ({kind}, "
            f"{order or ' '.join(DUMP_AXES[kind])}), but holds {len(values)}: {remedy}"
        )
    found = FoundNumbers.of(targets[: len(values)], values, where, (path.name,))
    return found.to_dump(kind, dump_shape(bundle, kind), notes=(*said, *notes, *more))


def list_text(path: Path, content: bytes) -> str:
    """The text of a list (`plain_text`, `without_heads`); raises `FormatError` for octets that are none."""
    check_text(path, without_mark(content))
    return without_heads(plain_text(content))


MOST_SIZES = 6


def _tokens(path: Path, lines: Sequence[tuple[int, str]], *, is_whole: bool) -> list[Token]:
    """The numbers; is_whole: all are there, and the first address, whatever it is, is that of the first."""
    found = list[Token]()
    first = _first_place(lines) if is_whole else 0
    for number, line in lines:
        here = without_places(path, number, line, done=first + len(found))
        found += [(token, number, lane) for lane, token in enumerate(here)]
    return found


def _first_place(lines: Sequence[tuple[int, str]]) -> int:
    """The address before the first number; 0 without one."""
    first = next((token for _, line in lines for token in tokens_of(line)[:1]), "")
    place = PLACE.fullmatch(first)
    return int(place[1], 16) if place else 0


def _as_wanted(
    tokens: list[Token], wanted: int, bits: int, radix: str
) -> tuple[list[Token], tuple[str, ...]]:
    """So many numbers: without those that are x, between others, or words of several taken apart."""
    sizes = _sizes(tokens, wanted)
    if sizes:
        said = " ".join(token for token, *_ in tokens[:sizes])
        return tokens[sizes:], (f"{counted(sizes, 'size')} before the numbers: {said}, left out",)
    tokens, idle = without_idle_words(tokens, wanted, bits, radix)
    if idle:
        rest, more = _as_wanted(tokens, wanted, bits, radix)
        return rest, (*idle, *more)
    known = [token for token in tokens if not is_unknown(token[0])]
    if len(tokens) > wanted == len(known):
        count = counted(len(tokens) - wanted, "number")
        return known, (
            f"{count} that {'is' if len(tokens) == wanted + 1 else 'are'} x or z between others: left out",
        )
    width = lane_width([token for token, *_ in tokens], wanted, bits, radix)
    if not width:
        return tokens, ()
    lanes = wanted // len(tokens)
    parts = [
        (part, number, lane * lanes + at)
        for token, number, lane in tokens
        for at, part in enumerate(parts_of(token, width, radix))
    ]
    return parts, (f"each word is {lanes} numbers of {width} bits, the highest bits first",)


def _sizes(tokens: Sequence[Token], wanted: int) -> int:
    """How many numbers stand before the wanted ones and say how many these are, by axes or in one."""
    sizes = len(tokens) - wanted
    first = [token for token, *_ in tokens[: max(sizes, 0)]]
    is_known = 0 < sizes <= MOST_SIZES and all(map(str.isdecimal, first))
    return sizes if is_known and prod(map(int, first)) == wanted else 0


def _remedy(tokens: Sequence[Token], wanted: int, bits: int, radix: str) -> str:
    count, lines = len(tokens), len({line for _, line, _ in tokens})
    words = [token for token, *_ in tokens]
    if width := lane_width(words, wanted, bits, radix):
        return lanes_remedy(wanted // count, width)
    lanes = lanes_of(words, bits, radix)
    if lanes > 1 and lanes * count <= wanted:
        return lanes_remedy(lanes, bits)
    if lines == wanted and count % wanted == 0:
        says = "Say which one counts, "
        if count > 3 * wanted:
            says = "If the last counts, --order names the others ('ow oh oc'); else say which one, "
        return (
            f"a table of {count // wanted} columns? {says}and its place, with --pattern, as "
            r"'^(?P<oc>\d+),(?P<oh>\d+),(?P<ow>\d+),(?P<value>-?\d+)'"
        )
    return why_other(words, wanted)


def check_text(path: Path, content: bytes) -> None:
    """Raise `FormatError` for octets that are no text, such as a pickle."""
    if b"\0" not in content:
        return
    names = (name for magic, name in _MAGIC.items() if content.startswith(magic))
    raise FormatError(
        f"{path} must be text, .npy or .npz, but is {next(names, 'binary data')}: write the numbers with "
        f"numpy.save, or as text"
    )


def check_whole(path: Path, lines: Sequence[str]) -> None:
    """Raise `FormatError` where the writer left numbers out of a list: ``[1, 2, ..., 9]``."""
    for at, line in enumerate(lines):
        if not _LEFT_OUT.search(line):
            continue
        rest = _LEFT_OUT.sub(" ", line)
        beside = [*lines[at - 1 : at], *lines[at + 1 : at + 2]]
        is_alone = not tokens_of(rest) and len(beside) == 2
        if is_numbers(rest, "hex") or (is_alone and all(is_numbers(one, "hex") for one in beside)):
            raise FormatError(
                f"{path}: line {at + 1} leaves numbers out, {line.strip()[:40]!r}: print all of them (numpy "
                "and torch: set_printoptions(threshold=10**9); pandas: to_csv; gdb: set print elements 0)"
            )


def without_places(path: Path, number: int, line: str, *, done: int) -> Iterator[str]:
    """The numbers of a line without the addresses before them, which must count the numbers."""
    for token in tokens_of(line):
        place = PLACE.fullmatch(token)
        if place is None:
            yield token
            done += 1
        elif int(place[1], 16) != done:
            raise FormatError(
                f"{path}: line {number} must go on at @{done:x}, as every number has a place in a list, but "
                f"has {token}"
            )


def _without_text(
    lines: Sequence[str], radix: str
) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
    """The lines, counted from 1, without text before the first and after the last one of numbers."""
    numbered = list(enumerate(lines, 1))
    is_list = [is_numbers(line, radix) for line in lines]
    if True not in is_list:
        return numbered, ()
    first, last = is_list.index(True), len(lines) - is_list[::-1].index(True)
    around = [*lines[:first], *lines[last:]]
    if any(is_numbers(token, radix) for line in around for token in tokens_of(line)[:1]):
        return numbered, ()
    notes = [
        f"line{'s' * (len(text) > 1)} {text[0][0]}{f' to {text[-1][0]}' * (len(text) > 1)}: text, overlooked"
        for part in (numbered[:first], numbered[last:])
        if (text := [(number, line) for number, line in part if tokens_of(line)])
    ]
    return numbered[first:last], tuple(notes)
