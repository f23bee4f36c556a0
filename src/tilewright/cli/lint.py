"""The command that looks at vector files with the eyes of their reader."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.app import FAILED, GeometryOption, JsonOption, app


@app.command()
def lint(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of vector files.")],
    testbench: Annotated[
        Path | None, typer.Option("--testbench", metavar="FILE.v", help="The reader of the files.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="NAME", help="What the files should follow."),
    ] = None,
    geometry: GeometryOption = None,
    fixed: Annotated[
        Path | None,
        typer.Option(
            "--fix", metavar="DST", help="Write the files as the testbench needs them to DST."
        ),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Say whether a testbench reads these files as they are meant, or whether they follow a layout."""
    from tilewright.bundles import Geometry
    from tilewright.lint import lint as look
    from tilewright.vectors import load_layout

    if fixed is not None:
        _fix(folder, fixed, testbench, is_json=is_json)
    report = look(
        folder,
        testbench=testbench,
        layout=load_layout(layout) if layout else None,
        facts=Geometry.parse(geometry) if geometry else None,
    )
    open_questions = (*report.errors, *report.of("undecided"))
    if is_json:
        print(json.dumps(report.to_facts() | {"passed": not open_questions}, indent=2))
    else:
        for finding in report.findings:
            print(finding)
        counts = report.to_facts()["counts"].items()
        print(
            f"{len(report.files)} files looked at: "
            f"{', '.join(f'{count} {severity}' for severity, count in counts)}"
        )
        print(f"verdict: {'fail' if open_questions else 'pass'}")
    raise typer.Exit(FAILED if open_questions else 0)


def _fix(folder: Path, out: Path, testbench: Path | None, *, is_json: bool) -> None:
    from tilewright.errors import ConfigError
    from tilewright.lint import fix

    if testbench is None:
        raise ConfigError("--fix writes files as a testbench needs them: give --testbench")
    report = fix(folder, out, testbench=testbench)
    is_done = not report.refusals and not report.remaining
    if is_json:
        print(json.dumps(asdict(report) | {"passed": is_done}, indent=2))
    else:
        for change in report.changes:
            print(change)
        print(f"written to {out}" if report.folder else "nothing was written")
    for finding in report.remaining:
        print(f"FAILED {finding}", file=sys.stderr)
    raise typer.Exit(0 if is_done else FAILED)
