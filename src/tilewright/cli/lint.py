"""`lint`: check vector files against the testbench that reads them, or against a layout."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, GeometryOption, JsonOption, app, given_geometry, given_layout
from tilewright.cli.unheeded import refuse_given
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.lint import LintReport, Sources


FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Where the simulation runs: names are relative to it."),
]
TestbenchOption = Annotated[
    Path | None, typer.Option("--testbench", metavar="FILE.v", help="The reader of the files.")
]
LayoutOption = Annotated[
    str | None, typer.Option("--layout", metavar="NAME", help="What the files should follow.")
]
FixOption = Annotated[
    Path | None,
    typer.Option(
        "--fix", metavar="DST", help="Write the files as the testbench needs them to DST."
    ),
]
ReaderOption = Annotated[
    str,
    typer.Option("--reader", metavar="icarus|verilator|any", help="The simulator that reads."),
]
IncludeOption = Annotated[
    list[Path] | None,
    typer.Option("-I", metavar="DIR", help="Where to look for included files; repeatable."),
]
DefineOption = Annotated[
    list[str] | None,
    typer.Option("-D", metavar="NAME[=VALUE]", help="Define a macro; repeatable."),
]
SourceOption = Annotated[
    list[Path] | None,
    typer.Option("--source", metavar="FILE.v", help="A further Verilog file; repeatable."),
]
PlusargOption = Annotated[
    list[str] | None,
    typer.Option("--plusarg", metavar="NAME=VALUE|FLAG", help="A plusarg of the run; repeatable."),
]
SarifOption = Annotated[
    Path | None,
    typer.Option(
        "--sarif", metavar="FILE", help="Write SARIF, too: a code host shows it beside the lines."
    ),
]


OF_A_TESTBENCH = ("reader", "include_folders", "defines", "sources", "plusargs")


@app.command()
def lint(
    context: typer.Context,
    folder: FolderArgument,
    testbench: TestbenchOption = None,
    layout: LayoutOption = None,
    geometry: GeometryOption = None,
    fixed: FixOption = None,
    reader: ReaderOption = "icarus",
    include_folders: IncludeOption = None,
    defines: DefineOption = None,
    sources: SourceOption = None,
    plusargs: PlusargOption = None,
    sarif: SarifOption = None,
    is_json: JsonOption = False,
) -> None:
    """Say whether a testbench reads these files as they are meant, or whether they follow a layout."""
    from tilewright.lint import Sources
    from tilewright.lint import lint as look

    if testbench is None:
        refuse_given(context, OF_A_TESTBENCH, "the files of a testbench, which --testbench names")
    given = Sources(
        tuple(include_folders or ()),
        tuple(defines or ()),
        tuple(sources or ()),
        tuple(plusarg.removeprefix("+") for plusarg in plusargs or ()),
    )
    if fixed is not None and sarif is not None:
        raise ConfigError("--fix writes files, and --sarif findings: ask for one of them at a time")
    if fixed is not None:
        refuse_given(context, ["layout", "geometry"], "findings, not for --fix")
        _fix(folder, fixed, testbench, reader, given, is_json=is_json)
    if sarif is not None:
        from tilewright.store.artifact import expect_file

        expect_file(sarif)
    report = look(
        folder,
        testbench=testbench,
        layout=given_layout(layout),
        facts=given_geometry(geometry),
        reader=reader,
        given=given,
    )
    if sarif is not None:
        _write_sarif(sarif, report, testbench, given)
    _show(report, is_json=is_json)


def _write_sarif(file: Path, report: LintReport, testbench: Path | None, given: Sources) -> None:
    from tilewright.lint.sarif import lint_sarif
    from tilewright.store.artifact import write_bytes

    text = lint_sarif(report, testbench=testbench, root=Path.cwd(), given=given)
    write_bytes(file, text.encode())


def _show(report: LintReport, *, is_json: bool) -> None:
    open_questions = (*report.errors, *report.of("undecided"))
    if is_json:
        print(json.dumps(report.to_facts() | {"passed": not open_questions}, indent=2))
    else:
        for finding in report.findings:
            print(finding)
        counts = report.to_facts()["counts"].items()
        if report.reader:
            print(f"reader: {report.reader}")
        print(
            f"{len(report.files)} file{'s' * (len(report.files) != 1)} looked at: "
            f"{', '.join(f'{count} {severity}' for severity, count in counts)}"
        )
        print(f"verdict: {'fail' if open_questions else 'pass'}")
    raise typer.Exit(FAILED if open_questions else 0)


def _fix(
    folder: Path,
    out: Path,
    testbench: Path | None,
    reader: str,
    given: Sources,
    *,
    is_json: bool,
) -> None:
    from tilewright.lint.fix import fix

    if testbench is None:
        raise ConfigError("--fix writes files as a testbench needs them: give --testbench")
    report = fix(folder, out, testbench=testbench, reader=reader, given=given)
    is_done = not report.refusals
    if is_json:
        print(json.dumps(asdict(report) | {"passed": is_done}, indent=2))
    else:
        for change in report.changes:
            print(change)
        print(f"written to {out}" if report.folder else "nothing was written")
    raise typer.Exit(0 if is_done else FAILED)
