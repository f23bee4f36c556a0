"""How large a text grows when its macros are expanded: a bomb is refused before it is parsed."""

from __future__ import annotations

import re

from tilewright.errors import FormatError

MOST_CHARACTERS = 1 << 24
_DEFINE = re.compile(r"^[ \t]*`define[ \t]+(\w+)((?:\\\r?\n|[^\n])*)", re.MULTILINE)
_USE = re.compile(r"`(\w+)")


def check_growth(text: str, *, path: str) -> None:
    """Raise `FormatError` if the expanded text has more than 16 million characters."""
    bodies = {found[1]: found[2] for found in _DEFINE.finditer(text)}
    sizes: dict[str, int] = {}
    plain = _DEFINE.sub("", text)
    # a macro is at most as deep as there are macros; each round adds one level
    for _ in range(len(bodies) + 1):
        new = {name: _size(body, sizes) for name, body in bodies.items()}
        if new == sizes or max(new.values(), default=0) > MOST_CHARACTERS:
            sizes = new
            break
        sizes = new
    size = _size(plain, sizes)
    if size > MOST_CHARACTERS:
        raise FormatError(
            f"{path} must have at most {MOST_CHARACTERS} characters when its macros are expanded, but "
            f"has more: remove macros that repeat one another"
        )


def _size(text: str, sizes: dict[str, int]) -> int:
    return len(text) + sum(sizes.get(found[1], 0) for found in _USE.finditer(text))
