"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tilewright.facts import Epoch, RunFacts
from tilewright.report import figures
from tilewright.report.claims import claims
from tilewright.report.environment import make_environment
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
        make_environment()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            about=about or About(),
            claims=claims(summary, run),
            failure=run.cosim.facts.failure if run.cosim else None,
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
