"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tilewright.facts import Epoch, RunFacts
from tilewright.report.figures import psum_widths, training_curve
from tilewright.report.summary import Summary
from tilewright.store.typed_json import to_json


def render_page(summary: Summary, run: RunFacts, metrics: Sequence[Epoch], config: str) -> str:
    """The HTML text of the report: verdict, curve, layers, checks, provenance.

    summary: what `summarize` made of `run`. metrics: one entry an epoch. config: the run's configuration
    as TOML.
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
    layers = summary.layers
    return environment.get_template("page.html.j2").render(
        summary=summary,
        certificate=run.certify.facts.certificate if run.certify else None,
        provenance=to_json(summary.provenance) if summary.provenance else {},
        checks=[check for result in run.results for check in result.checks],
        curve=Markup(training_curve(metrics)) if metrics else "",  # noqa: S704 -- our own SVG
        widths=Markup(psum_widths(layers)) if layers else "",  # noqa: S704 -- our own SVG
        config=config,
    )


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.2f} %"
