"""The summary of a run: a table of what was compared, and the verdict."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tilewright.cli.app import FAILED
from tilewright.cli.console import Console, count, suggest
from tilewright.errors import ArtifactError

HAS_RUN, IS_NOT_STALE = "has run", "is not stale"
"""The report's judgments of a stage that a command would mend."""

if TYPE_CHECKING:
    from tilewright.report import Summary
    from tilewright.report.summary import LayerSummary


def print_summary(summary: Summary, root: Path, *, is_json: bool) -> None:
    """Print the summary of the run in `root`, and exit with its verdict.

    Raises `ArtifactError` if a file of the run is not what its stage wrote.
    """
    if is_json:
        facts = {"passed": summary.verdict == "pass"} | summary.to_json()
        print(json.dumps(facts, indent=2))
    else:
        _print_verdict(summary)
        print(f"report: {root / 'report.html'}")
        print(f"summary: {root / 'summary.json'}")
        suggest(_next(summary, root))
    if summary.is_damaged:
        raise ArtifactError(next(one.text for one in summary.failures if one.is_damage))
    raise typer.Exit(0 if summary.verdict == "pass" else FAILED)


def _next(summary: Summary, root: Path) -> str:
    """What to do about this verdict: prove what was compared, run what is missing, or look at the failure."""
    run = shlex.quote(str(root))
    if summary.verdict == "pass":
        from tilewright.pipeline.run_folder import RunFolder

        made = RunFolder(root).facts_path("certify")
        return (
            f"tilewright certify {f'--check {shlex.quote(str(made))}' if made.is_file() else run}"
        )
    first = summary.failures[0].check
    if first.name not in (HAS_RUN, IS_NOT_STALE):
        return f"open {run}/report.html"
    if first.stage == "train":
        return f"tilewright train {run}/config.toml --out {run}"
    return f"tilewright {'export' if first.stage == 'tile' else first.stage} {run}"


def _print_verdict(summary: Summary) -> None:
    if not Console.is_quiet:
        _print_table(summary)
    for reason in summary.reasons:
        print(f"FAILED {reason}")
    accuracy = summary.accuracy
    if accuracy.test is not None:
        print(f"test accuracy: {100 * accuracy.test:.2f} % of {accuracy.test_images:,}")
    print(f"verdict: {summary.verdict}")


def _print_table(summary: Summary) -> None:
    from rich.console import Console as Screen
    from rich.table import Table

    table = Table(title="numbers compared, and how many differ", title_justify="left")
    for heading in (
        "layer",
        "psums",
        "differ",
        "next codes",
        "differ",
        "psum bits",
        "model cycles",
    ):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for heading in ("RTL cycles", "RTL psums", "differ"):
        table.add_column(heading, justify="right")
    for layer in summary.layers:
        table.add_row(
            layer.name,
            count(layer.psums_compared),
            count(layer.psum_mismatches),
            count(layer.next_codes_compared),
            count(layer.next_code_mismatches),
            f"{layer.psum_bits_needed} of {layer.psum_bits}",
            count(layer.sim_cycles),
            count(layer.cosim_cycles),
            count(layer.cosim_psums_compared),
            _differ(layer),
        )
    Screen(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)


def _differ(layer: LayerSummary) -> str:
    """Psums of the RTL that differ; what else differs was not counted among those compared."""
    psums, others = count(layer.cosim_psum_mismatches), layer.cosim_other_mismatches
    return f"{psums} + {others:,} others" if others else psums
