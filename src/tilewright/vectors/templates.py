"""Templates of file names and header lines: plain text with names in braces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import Formatter

from tilewright.errors import ConfigError, printable

_NUMBER = r"\{[\w+*]+(?::0[2-9])?\}"
_PART = rf"\w([\w.-]|{_NUMBER})*"
LONGEST_NAME = 255
"""Characters of a file's or a folder's name, as file systems take them."""
_DIGITS = re.compile(r"0[2-9]")
"""How many digits a number in a file name has at least, as in Python: ``{kij:02}``."""
_TERM = re.compile(r"(?:(\d{1,6})\*)?([a-z]+)|(\d{1,6})")


@lru_cache(maxsize=1024)
def names_in(template: str, *, has_digits: bool = False) -> tuple[str, ...]:
    """Names in the braces of `template`; raises `ConfigError` if they are not plain names.

    has_digits: a name may say how many digits it has at least.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"'{template}' is not a template: {error}") from None
    if any(
        conversion or (spec and not (has_digits and _DIGITS.fullmatch(spec)))
        for _, name, spec, conversion in parts
        if name is not None
    ):
        raise ConfigError(f"braces in '{template}' must hold a name only")
    return tuple(name for _, name, _, _ in parts if name is not None)


@lru_cache(maxsize=1024)
def axes_in(template: str) -> tuple[str, ...]:
    """Axes in the braces of a file name, each once, in the order in which they first stand there.

    >>> axes_in("tile{2*otile+itile}_o{otile}.txt")
    ('otile', 'itile')
    """
    terms = (term for number in names_in(template, has_digits=True) for term in _terms(number))
    return tuple(dict.fromkeys(axis for _, axis in terms if axis))


def fill(template: str, indices: Mapping[str, int]) -> str:
    """The file name at these indices: a sum in braces is computed.

    >>> fill("w{kij+1}.txt", {"kij": 8})
    'w9.txt'
    >>> fill("w{kij:02}.txt", {"kij": 8})
    'w08.txt'
    """
    pieces = []
    for text, number, digits, _ in Formatter().parse(template):
        pieces.append(text)
        if number is not None:
            terms = _terms(number)
            value = sum(by * indices[axis] if axis else by for by, axis in terms)
            pieces.append(format(value, digits or ""))
    return "".join(pieces)


def check_file_name(template: str, axes: tuple[str, ...]) -> None:
    """Raise `ConfigError` unless `template` is a name over `axes` that can be told apart.

    It may lie in sub-folders, parted by ``/``, never outside the folder of the layout's files.
    """
    parts = [re.sub(rf"^{_NUMBER}", "0", part) for part in template.split("/")]
    if not all(re.fullmatch(_PART, part, re.ASCII) for part in parts):
        raise ConfigError(
            f"file must be a plain name of letters, digits, '_', '-', '.' and axes in braces, "
            f"below sub-folders or not, and never outside its folder: not '{template}'"
        )
    if max(map(len, parts)) > LONGEST_NAME:
        raise ConfigError(
            f"a file name must have at most {LONGEST_NAME} characters, not '{printable(template, 60)}'"
        )
    for name in axes_in(template):
        if name not in axes:
            raise ConfigError(f"a file name can carry {', '.join(axes)}, not '{name}'")
    if re.search(r"\}\d*\{", template):
        raise ConfigError(f"two numbers in '{template}' must be parted by a character, not a digit")


def check_header_line(line: str, facts: Iterable[str]) -> None:
    """Raise `ConfigError` unless `line` is printable ASCII over `facts`."""
    if not (line.isascii() and line.isprintable()):
        raise ConfigError(f"a header line must be printable ASCII, not {line!r}")
    for name in names_in(line):
        if name not in facts:
            raise ConfigError(
                f"a header line can state {', '.join(facts)}, not '{name}'; "
                f"a brace itself is written twice"
            )


@lru_cache(maxsize=1024)
def _terms(number: str) -> tuple[tuple[int, str], ...]:
    """The terms of a number in a file name: factor and axis, or a constant and no axis."""
    found = [_TERM.fullmatch(term) for term in number.split("+")]
    if not all(found):
        raise ConfigError(
            f"a number in a file name is an axis, or a sum such as 2*otile+itile, not '{number}'"
        )
    return tuple((int(term[1] or term[3] or 1), term[2] or "") for term in found if term)
