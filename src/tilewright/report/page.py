"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tilewright.report.figures import psum_widths, training_curve


def render_page(
    summary: Mapping[str, Any],
    stages: Mapping[str, Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
    config: str,
) -> str:
    """The HTML text of the report: verdict, curve, layers, checks, provenance.

    summary: what `summarize` returned. stages: facts by stage. metrics: one entry an epoch. config:
    the run's configuration as TOML.
    """
    environment = Environment(
        loader=PackageLoader("tilewright.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = _count
    environment.filters["percent"] = _percent
    layers = summary["layers"]
    return environment.get_template("page.html.j2").render(
        summary=summary,
        certificate=stages.get("certify"),
        checks=[check for facts in stages.values() for check in facts.get("checks", ())],
        curve=Markup(training_curve(metrics)) if metrics else "",  # noqa: S704 -- our own SVG
        widths=Markup(psum_widths(layers)) if layers else "",  # noqa: S704 -- our own SVG
        config=config,
    )


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.2f} %"
