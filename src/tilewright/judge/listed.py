"""Read a dump that is a plain list of numbers, in a stated order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from math import prod
from pathlib import Path

import numpy as np

from tilewright.errors import ConfigError, FormatError, counted
from tilewright.judge.dump import DUMP_AXES, Dump, FoundNumbers, dump_shape
from tilewright.judge.table import without_index
from tilewright.spec import Ints
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle
from tilewright.vectors.encoding import without_mark
from tilewright.vectors.memory_image import MemoryImage, read_memory_image
from tilewright.vectors.tokens import CALLS

_BITS = "[0-9a-fxz?_]+"
_PLACE = re.compile(r"@([0-9a-f]{1,15})", re.IGNORECASE)
_NUMBERS = {
    "decimal": re.compile(r"[+-]?[0-9_]+(\.[0-9]*)?(e[+-]?[0-9]{1,3})?|[xz?]+", re.IGNORECASE),
    "hex": re.compile(rf"[+-]?(0x)?{_BITS}|{_PLACE.pattern}", re.IGNORECASE),
    "binary": re.compile(rf"[+-]?(0b)?[01xz?_]+|{_PLACE.pattern}", re.IGNORECASE),
}
RADICES = {"decimal": 10, "hex": 16, "binary": 2}
_COMMENT = re.compile(r"(//|#).*")
_CALLS = re.compile(CALLS)
_SEPARATORS = re.compile(r"[\s,;\[\](){}]+")
_FRACTION = re.compile(r"[+-]?[0-9]+\.[0-9]+(e[+-]?[0-9]+)?", re.IGNORECASE)
_WHAT_TO_DUMP = ": dump the integers that the core holds, not what they stand for"
_MAGIC = {b"PK": "a zip archive, as torch.save writes", b"\x80": "a Python pickle"}


def tokens_of(line: str) -> list[str]:
    """What stands on a line of numbers: parted by blanks, commas, semicolons or brackets, without comments.

    >>> tokens_of("1, -2; x  // the last is unknown")
    ['1', '-2', 'x']
    >>> tokens_of("array([np.int64(-3), 4], dtype=int64)")
    ['-3', '4']
    """
    return [token for token in _SEPARATORS.split(_CALLS.sub(" ", _COMMENT.sub("", line))) if token]


def parse_number(token: str, radix: str, bits: int) -> int | None:
    """The number that `token` says; None if it has x or z in it. Raises ValueError for anything else.

    Hexadecimal and binary numbers without a sign are two's complement of `bits` bits, or of as many
    as their digits have, if these are more digits than `bits` bits take or say more than these bits. Of
    decimal ones, -4.0, -4.0e+00 and -4e+00 are -4.

    >>> parse_number("fff4", "hex", 16), parse_number("-12", "decimal", 16), parse_number("1x", "hex", 16)
    (-12, -12, None)
    >>> parse_number("3fff4", "hex", 18), parse_number("ffff4", "hex", 18), parse_number("3fff4", "hex", 16)
    (-12, -12, 262132)
    """
    bare = token.replace("_", "").lower()
    if re.fullmatch(r"[+-]?[0-9a-f]*[xz?][0-9a-fxz?]*", bare) and not bare.startswith("0x"):
        return None
    is_float = radix == "decimal" and re.search("[.e]", bare) is not None
    value = _whole(bare) if is_float else int(bare, RADICES[radix])
    if radix == "decimal" or bare[0] in "+-":
        return value
    digit, prefix = (4, "0x") if radix == "hex" else (1, "0b")
    width = len(bare.removeprefix(prefix)) * digit
    if width < bits + digit and value >> bits == 0:  # no digit more than the bits take
        width = bits
    return value - (1 << width) if value >> (width - 1) else value


def _whole(text: str) -> int:
    """The integer that a decimal fraction says; ValueError if it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if value != value.to_integral_value():
        raise ValueError(text)
    return int(value)


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


def read_list(
    bundle: Bundle,
    path: Path,
    kind: str,
    *,
    order: str | None = None,
    radix: str = "decimal",
    image: MemoryImage | None = None,
    is_partial: bool = False,
) -> Dump:
    """Numbers parted by blanks, commas, semicolons or line ends, in `order` (`numbers_in_order`).

    Comments (``//``, ``#``) and addresses that count up (``@0``) do not count; a number with x or z is
    unknown. A memory file (`read_memory_image`) holds the numbers by address; `image`, where it was
    read already. Raises `FormatError` naming the
    line of what is no number, and if there are more numbers than expected, or fewer and not `is_partial`.
    """
    targets = numbers_in_order(bundle, kind, order)
    if radix not in RADICES:
        raise ConfigError(f"a radix is {', '.join(RADICES)}, not '{radix}'")
    values, where = list[int | None](), list[tuple[int, int, int]]()
    content, said = without_mark(read_bytes(path)), list[str]()
    image = image or read_memory_image(content, path)
    if image is not None:
        image, radix = image.in_words(len(targets)), "decimal"
        content, said = image.text(radix).encode(), [f"read as {image}"]
    check_text(path, content)
    text = without_index(content.decode("utf-8", "replace"))
    lines, notes = _without_text(text.splitlines(), radix)
    for number, line in lines:
        for lane, token in enumerate(_without_places(path, number, line, done=len(values))):
            try:
                values.append(parse_number(token, radix, bundle.array.psum_bits))
            except (ValueError, OverflowError):
                raise FormatError(
                    f"{path}: line {number} must hold {radix} numbers, but has {token[:40]!r}"
                    f"{_WHAT_TO_DUMP if _FRACTION.fullmatch(token) else ''}"
                ) from None
            where.append((0, number if image is None else image.lines[number - 1], lane))
    if len(values) != len(targets) and not (is_partial and 0 < len(values) < len(targets)):
        raise FormatError(
            f"{path} must hold {counted(len(targets), 'number')} ({kind}, "
            f"{order or ' '.join(DUMP_AXES[kind])}), but holds {len(values)}: "
            f"{_remedy(len(values), len(targets), len({at for _, at, _ in where}))}"
        )
    found = FoundNumbers.of(targets[: len(values)], values, where, (path.name,))
    return found.to_dump(kind, dump_shape(bundle, kind), notes=(*said, *notes))


def _remedy(count: int, wanted: int, lines: int) -> str:
    if lines == wanted and count % wanted == 0:
        return (
            f"a table of {count // wanted} columns? Say which one counts, and its place, with --pattern, as "
            r"'^(?P<oc>\d+),(?P<oh>\d+),(?P<ow>\d+),(?P<value>-?\d+)'"
        )
    return "another layer, geometry or kind? (--kind; --partial if only the first ones are there)"


def check_text(path: Path, content: bytes) -> None:
    """Raise `FormatError` for octets that are no text, such as a pickle."""
    if b"\0" not in content:
        return
    names = (name for magic, name in _MAGIC.items() if content.startswith(magic))
    raise FormatError(
        f"{path} must be text, .npy or .npz, but is {next(names, 'binary data')}: write the numbers with "
        f"numpy.save, or as text"
    )


def _without_places(path: Path, number: int, line: str, *, done: int) -> Iterator[str]:
    """The numbers of a line without the addresses before them, which must count the numbers."""
    for token in tokens_of(line):
        place = _PLACE.fullmatch(token)
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


def is_numbers(line: str, radix: str) -> bool:
    """Whether a line holds numbers of that radix, x and z among them, and nothing else."""
    tokens = tokens_of(line)
    return bool(tokens) and all(map(_NUMBERS[radix].fullmatch, tokens))


def radix_of(content: str, bits: int) -> str:
    """Binary where all numbers are as many binary digits, `bits` or more, or have its prefix; hexadecimal
    where a line of numbers has digits or a prefix of that; else decimal.
    """
    lines = [line for line in content.splitlines() if is_numbers(line, "hex")]
    tokens = [token.lower().replace("_", "") for line in lines for token in tokens_of(line)]
    digits = {token.removeprefix("0b") for token in tokens}
    is_long = len({len(token) for token in tokens}) == 1 and len(tokens[0]) >= bits
    is_prefixed = all(token.startswith("0b") for token in tokens)
    if tokens and (is_long or is_prefixed) and set().union(*digits) <= set("01xz?"):
        return "binary"
    letters = any(re.search(r"0x[0-9a-f]|@|\b(?=[0-9]*[a-f])[0-9a-f]+\b", x, re.I) for x in lines)
    return "hex" if letters else "decimal"
