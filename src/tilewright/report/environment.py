"""Where the pages' templates come from, and what they may call."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tilewright.report import drawing, figures, image
from tilewright.report.svg import MINUS


def make_environment() -> Environment:
    """An environment that escapes every text, and refuses a name that is not there."""
    environment = Environment(
        loader=PackageLoader("tilewright.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {"count": _count, "percent": _percent, "short": _short, "span": _span}
    filters |= {"photo": image.photo, "sheet": image.sheet, "network": drawing.network}
    filters |= {name: getattr(figures, name) for name in ("histogram", "psum_scale", "shares")}
    environment.filters.update(filters)
    return environment


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _span(ends: tuple[int, int]) -> str:
    """A range of integers.

    >>> _span((0, 9945))
    '0 … 9,945'
    """
    return " … ".join(f"{end:,}".replace("-", MINUS) for end in ends)


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.2f} %"


def _short(words: int) -> str:
    """Three digits and what they count in, from ten thousand on.

    >>> _short(14_710_464)
    '14.7 M'
    """
    if words < 10_000:
        return f"{words:,}"
    size, unit = next(
        (size, unit) for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")) if words >= size
    )
    return f"{words / size:.3g} {unit}"
