"""`report`: write the report of what the stages found, or compare two runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import JsonOption, app
from tilewright.cli.run_folder import open_run
from tilewright.cli.summary import print_summary

if TYPE_CHECKING:
    from tilewright.report.comparison import Difference


@app.command()
def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="A run folder; two with --compare.")
    ],
    is_comparison: Annotated[
        bool, typer.Option("--compare", help="Say what differs between two runs.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.html", help="Write the comparison as a page, too."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Gather what the stages found into report.html, summary.json and junit.xml."""
    from tilewright.errors import ConfigError
    from tilewright.pipeline import make_report

    if is_comparison:
        _compare(folders, page, is_json=is_json)
        return
    if len(folders) != 1 or page is not None:
        raise ConfigError(
            f"report takes one run and no --out, but was given {len(folders)} run(s): to compare two, "
            "say tilewright report --compare RUN RUN"
        )
    opened = open_run(folders[0])
    print_summary(make_report(opened), opened.root, is_json=is_json)


def _compare(folders: list[Path], page: Path | None, *, is_json: bool) -> None:
    from tilewright.errors import ConfigError
    from tilewright.pipeline.stages.report import compare_runs
    from tilewright.report.comparison import comparison_page
    from tilewright.store.artifact import write_bytes

    if len(folders) != 2 or folders[0].resolve() == folders[1].resolve():
        raise ConfigError("--compare takes the folders of two runs, and no run is its own second")
    found = compare_runs(open_run(folders[0]), open_run(folders[1]))
    names = (str(folders[0]), str(folders[1]))
    if page is not None:
        write_bytes(page, comparison_page(names, found).encode())
    if is_json:
        facts = {"runs": names, "differences": [asdict(one) for one in found]}
        print(json.dumps(facts, indent=2))
    else:
        _print_differences(names, found)


def _print_differences(names: tuple[str, str], found: tuple[Difference, ...]) -> None:
    from rich import box
    from rich.console import Console as Screen
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, side in (("", "left"), ("what", "left"), (names[0], "right"), (names[1], "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    table.add_column("times", justify="right")
    where = ""
    for one in found:
        times = "" if one.change is None else f"{one.change:.3g}"
        head = "" if one.where == where else one.where
        where = one.where
        table.add_row(head, one.what, one.first, one.second, times)
    if found:
        Screen(highlight=False, width=140).print(table)
    print(f"{len(found)} differences" if len(found) != 1 else "1 difference")
