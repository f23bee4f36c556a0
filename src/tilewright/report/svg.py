"""Inline SVG in the colors of the page: elements, axes, ticks. The same bytes for the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

MINUS = "\N{MINUS SIGN}"

STYLE = (
    "svg{--ink:#1c2430;--soft:#5d6673;--line:#d9dee5;--accent:#1f6f8b;--warm:#b3541e;--bar:#c9d2dc;"
    "font:12px system-ui,sans-serif}text{fill:var(--ink)}"
)
"""What a drawing needs that stands alone; in the page, its style sheet says it."""


def svg(width: float, height: float, parts: Iterable[str], *, title: str, kind: str = "") -> Markup:
    """An SVG element that scales with the page. title: what a screen reader says for it."""
    body = "".join(parts)
    return Markup(  # noqa: S704 -- parts are our own, their texts are escaped
        f'<svg class="{kind}" viewBox="0 0 {num(width)} {num(height)}" role="img" '
        f'aria-label="{escape(title)}">{body}</svg>'
    )


def alone(drawing: Markup) -> str:
    """The drawing as a file of its own."""
    return (
        str(drawing)
        .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff" ', 1)
        .replace(">", f"><style>{STYLE}</style>", 1)
    )


def num(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: object, *, kind: str = "", anchor: str = "start") -> str:
    """Text at a place; the anchor is "start", "middle" or "end"."""
    return (
        f'<text x="{num(x)}" y="{num(y)}" text-anchor="{anchor}" class="{kind}">'
        f"{escape(str(words))}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str = "rule") -> str:
    """A straight line."""
    return f'<line x1="{num(x1)}" y1="{num(y1)}" x2="{num(x2)}" y2="{num(y2)}" class="{kind}"/>'


def rect(x: float, y: float, w: float, h: float, *, kind: str, tip: str = "", r: float = 0) -> str:
    """A rectangle. tip: what a pointer that rests on it shows."""
    inner = f"<title>{escape(tip)}</title>" if tip else ""
    corner = f' rx="{num(r)}"' if r else ""
    return (
        f'<rect x="{num(x)}" y="{num(y)}" width="{num(max(w, 0))}" height="{num(max(h, 0))}"{corner} '
        f'class="{kind}">{inner}</rect>'
    )


def path(points: Sequence[tuple[float, float]], *, kind: str) -> str:
    """A line through the points."""
    return f'<path d="M{"L".join(f"{num(x)} {num(y)}" for x, y in points)}" class="{kind}"/>'


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within low..high, about `most` of them.

    >>> ticks(0, 40)
    [0, 10, 20, 30, 40]
    """
    span = max(high - low, 1e-9)
    size = 10 ** math.floor(math.log10(span / most))
    step = size * next(factor for factor in (1, 2, 5, 10) if span / (size * factor) <= most)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Axes:
    """A plane with an axis below and one on the left; `x` and `y` are the ranges of the numbers."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 400
    height: float = 190
    left: float = 44
    bottom: float = 34
    top: float = 24
    right: float = 12

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where the numbers x, y lie in the drawing."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = self.width - self.left - self.right
        down = self.height - self.top - self.bottom
        return (
            self.left + across * (x - x0) / ((x1 - x0) or 1),
            self.height - self.bottom - down * (y - y0) / ((y1 - y0) or 1),
        )

    def frame(self, title: str, below: str, *, is_whole: bool = True) -> Iterator[str]:
        """Title, grid, numbers on both axes, and what the lower one counts; `is_whole`: in integers."""
        yield text(self.left, 14, title, kind="b")
        for value in ticks(*self.y, 4):
            x, y = self.at(self.x[0], value)
            yield line(x, y, self.width - self.right, y)
            yield text(x - 6, y + 4, f"{value:g}", kind="soft", anchor="end")
        for value in ticks(*self.x, 6):
            if is_whole and value != round(value):
                continue
            x, y = self.at(value, self.y[0])
            yield text(x, y + 15, f"{value:g}", kind="soft", anchor="middle")
        middle = (self.left + self.width - self.right) / 2
        yield text(middle, self.height - 3, below, kind="soft", anchor="middle")

    def curve(self, xs: Sequence[float], ys: Sequence[float], *, kind: str) -> Iterator[str]:
        """A line through points; a single point is a dot."""
        points = [self.at(x, y) for x, y in zip(xs, ys, strict=True)]
        if len(points) > 1:
            yield path(points, kind=f"curve {kind}")
        if len(points) < 2:
            for x, y in points:
                yield f'<circle cx="{num(x)}" cy="{num(y)}" r="3" class="dot {kind}"/>'
