"""How many words there are, and how many are read: square planes with a border, and skipped headers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isqrt

from tilewright.lint.file_text import Token
from tilewright.verilog.events import ReadEvent

MAX_BORDER = 3
_TWO = 2
_BORDERS = tuple(2 * width for width in range(1, MAX_BORDER + 1))


def border(few: int, many: int) -> tuple[int, int] | None:
    """Edges of two square planes that differ by a border of 1..3 pixels all around, or None."""
    small, large = isqrt(few), isqrt(many)
    is_square = few > 0 and small * small == few and large * large == many
    return (small, large) if is_square and large - small in _BORDERS else None


def border_text(few: int, many: int) -> tuple[str, str] | None:
    """The two planes in words, or None."""
    edges = border(few, many)
    return (f"{edges[0]}x{edges[0]} pixels", f"{edges[1]}x{edges[1]} pixels") if edges else None


def has_zero_border(words: Sequence[bytes]) -> bool:
    """Whether the words of a square plane have a border of zeros around others: then it is an image."""
    edge = isqrt(len(words))
    outer = [w for i, w in enumerate(words) if {i // edge, i % edge} & {0, edge - 1}]
    inner = [w for i, w in enumerate(words) if not {i // edge, i % edge} & {0, edge - 1}]
    is_zero = not any(word.strip(b"0_") for word in outer)
    return is_zero and any(word.strip(b"0_") for word in inner)


def split_word(
    tokens: Sequence[Token], pattern: re.Pattern[bytes], *, field: int = 0
) -> Token | None:
    """The first part of a word with spaces in it, where most lines are one word of one length.

    field: digits that a read takes, 0 for any; if it takes less than such a word, lines of parts are as good.
    """
    lines: dict[int, list[bytes]] = {}
    first: dict[int, Token] = {}
    for token in tokens:
        lines.setdefault(token.line, []).append(token.text.replace(b"_", b""))
        first.setdefault(token.line, token)
    lengths = Counter(len(parts[0]) for parts in lines.values() if len(parts) == 1)
    length = max(lengths, key=lengths.__getitem__, default=0)
    is_usual = 2 * lengths[length] > len(lines) and sum(lengths.values()) - lengths[length] <= 1
    if length < _TWO or not is_usual or field not in (0, length):
        return None
    for line, parts in lines.items():
        is_word = all(map(pattern.fullmatch, parts))
        if len(parts) > 1 and is_word and sum(map(len, parts)) == length:
            return first[line]
    return None


def skipped_text(skips: list[ReadEvent]) -> str:
    """What the reader skips, in words."""
    return " and ".join(_parts(skips)) or "nothing"


def _parts(skips: list[ReadEvent]) -> Iterator[str]:
    for code, name in (("s", "tokens"), ("line", "lines"), ("c", "characters")):
        number = sum(event.code == code for event in skips)
        if number:
            yield f"{number} {name}"
