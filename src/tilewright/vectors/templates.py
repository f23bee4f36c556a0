"""Templates of file names and header lines: plain text with names in braces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from string import Formatter

from tilewright.errors import ConfigError


@lru_cache(maxsize=1024)
def names_in(template: str) -> tuple[str, ...]:
    """Names in the braces of `template`; raises `ConfigError` if they are not plain names."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"'{template}' is not a template: {error}") from None
    if any(name is not None and (spec or conversion) for _, name, spec, conversion in parts):
        raise ConfigError(f"braces in '{template}' must hold a name only")
    return tuple(name for _, name, _, _ in parts if name is not None)


def check_file_name(template: str, axes: tuple[str, ...]) -> None:
    """Raise `ConfigError` unless `template` is a plain name over `axes` that can be told apart."""
    if not re.fullmatch(r"\w([\w.-]|\{\w+\})*", re.sub(r"^\{\w+\}", "0", template), re.ASCII):
        raise ConfigError(
            f"file must be a plain name of letters, digits, '_', '-', '.' and axes in braces, "
            f"not '{template}'"
        )
    for name in names_in(template):
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
