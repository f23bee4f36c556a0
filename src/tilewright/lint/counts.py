"""How many words there are, and how many are read: square planes with a border, and skipped headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isqrt

from tilewright.verilog.events import ReadEvent

MAX_BORDER = 3
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


def skipped_text(skips: list[ReadEvent]) -> str:
    """What the reader skips, in words."""
    return " and ".join(_parts(skips)) or "nothing"


def _parts(skips: list[ReadEvent]) -> Iterator[str]:
    for code, name in (("s", "tokens"), ("line", "lines"), ("c", "characters")):
        number = sum(event.code == code for event in skips)
        if number:
            yield f"{number} {name}"
