"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tilewright.facts import Epoch, RunFacts
from tilewright.report import drawing, figures, image
from tilewright.report.claims import claims
from tilewright.report.motion import motion_data
from tilewright.report.picture import Picture
from tilewright.report.summary import Summary
from tilewright.store.typed_json import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was run, for the head of the page. when: the day and time at which the last stage ended."""

    title: str = "A run"
    network: str = ""
    array: str = ""
    when: str = ""
    commands: tuple[str, ...] = ()


def render_page(
    summary: Summary,
    run: RunFacts,
    metrics: Sequence[Epoch],
    config: str,
    *,
    about: About | None = None,
    picture: Picture | None = None,
) -> str:
    """The HTML text of the report: what was run, verdict, network, layers, array, checks, provenance.

    summary: what `summarize` made of `run`. metrics: one entry an epoch. config: the run's configuration
    as TOML. picture: what is drawn beside the numbers of the facts.
    """
    drawn = picture or Picture()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            about=about or About(),
            claims=claims(summary, run),
            certificate=run.certify.facts.certificate if run.certify else None,
            provenance=to_json(summary.provenance) if summary.provenance else {},
            checks=[check for result in run.results for check in result.checks],
            curve=figures.training_curve(metrics) if metrics else "",
            widths=figures.psum_widths(summary.layers) if summary.layers else "",
            config=config,
            picture=drawn,
            motion=Markup(motion_data(drawn.motions)) if drawn.motions else "",  # noqa: S704 -- escaped
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tilewright.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {"count": _count, "percent": _percent, "short": _short}
    filters |= {"photo": image.photo, "sheet": image.sheet, "network": drawing.network}
    filters |= {name: getattr(figures, name) for name in ("histogram", "psum_scale", "shares")}
    environment.filters.update(filters)
    return environment


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


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
