"""Would this reader read these files as meant? Testbench and files, looked at together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.errors import ConfigError, DataError
from tilewright.lint.bounded import apart, read_apart
from tilewright.lint.check import judge_machine
from tilewright.lint.filelist import check_filelists
from tilewright.lint.findings import Finding, LintReport
from tilewright.lint.fix import Change, FixReport, fix
from tilewright.lint.given import READERS, find_simulators, with_folder
from tilewright.lint.line_ends import line_end_findings
from tilewright.verilog.machine import MAX_STEPS, Machine
from tilewright.verilog.reader import follow
from tilewright.verilog.simulators import Simulator
from tilewright.verilog.testbench import Sources, Testbench

if TYPE_CHECKING:
    from tilewright.lint.layout_check import LayerFacts
    from tilewright.vectors.layout import Layout

__all__ = [
    "READERS", "Change", "Finding", "FixReport", "LintReport", "Sources", "fix", "lint",
]  # fmt: skip


def lint(
    folder: Path,
    *,
    testbench: Path | None = None,
    layout: Layout | None = None,
    facts: LayerFacts | None = None,
    reader: str = "icarus",
    given: Sources | None = None,
    max_steps: int = MAX_STEPS,
) -> LintReport:
    """Check the vector files in `folder` against a testbench, a layout, or both.

    With a testbench, its blocks are followed over the files, read by read, as if the simulation ran in
    `folder`; `given` are its include folders, defines and further files; reader: the simulator, one of
    `READERS`. With a layout, names, headers, words and value ranges are checked; `facts` are the sizes
    of the layer, by default those of the manifest in `folder`. max_steps: how many statements are
    followed. Raises `ToolError` without pyslang, `FormatError` for a testbench that does not parse,
    `ConfigError` if there is nothing to check against, `DataError` if the folder cannot be read,
    `UnknownNameError` for another reader.
    """
    folder = Path(folder)
    if testbench is None and layout is None:
        raise ConfigError("files are checked against a testbench, a layout, or both: give one")
    if not folder.is_dir():
        raise DataError(f"{folder} must be a folder with vector files")
    findings: list[Finding] = []
    files: list[str] = []
    if testbench is not None:
        path, simulators = Path(testbench), find_simulators(reader)
        findings, files = apart(
            lambda: _follow(path, folder, given, simulators, max_steps=max_steps), path
        )
        findings += check_filelists((folder, path.parent))
    if layout is not None:
        from tilewright.lint.layout_check import LayoutCheck, known_facts

        check = LayoutCheck(folder, layout, facts if facts is not None else known_facts(folder))
        findings += check.findings()
        files += check.files()
    name = reader if testbench is not None else ""
    return LintReport(str(folder), tuple(findings), tuple(dict.fromkeys(files)), name)


def _follow(
    path: Path,
    folder: Path,
    given: Sources | None,
    simulators: tuple[Simulator, ...],
    *,
    max_steps: int,
) -> tuple[list[Finding], list[str]]:
    """The findings of the testbench in `path` under each of `simulators`, and the files that it opens."""
    findings: list[Finding] = []
    files: list[str] = []
    bench = read_apart(path, with_folder(given, folder))
    for simulator in simulators:
        again = partial(_again, bench, folder, max_steps=max_steps, simulator=simulator)
        machine = again({})
        found = list(_by_reader(bench, machine, findings))
        if all(finding.severity == "warning" for finding in found):
            found += line_end_findings(bench, machine, again)
        findings += found
        files += [one.file for one in machine.opened]
    return findings, files


def _again(
    bench: Testbench,
    folder: Path,
    contents: dict[Path, bytes],
    *,
    max_steps: int,
    simulator: Simulator,
) -> Machine:
    """The bench followed over files of which some hold `contents`."""
    return follow(bench, folder, contents=contents, max_steps=max_steps, simulator=simulator)


def _by_reader(bench: Testbench, machine: Machine, known: list[Finding]) -> Iterator[Finding]:
    """The findings that no other reader had; those of a second reader name it."""
    places = {(f.kind, f.severity, f.file, f.testbench_line) for f in known}
    is_second = bool(known) or machine.simulator.name != "icarus"
    for finding in judge_machine(machine, bench):
        if (finding.kind, finding.severity, finding.file, finding.testbench_line) not in places:
            message = finding.message
            if is_second and finding.kind != "unchecked":
                message = f"under {machine.simulator.title}: {message}"
            yield replace(finding, message=message)
