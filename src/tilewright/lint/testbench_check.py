"""A testbench over the files that it reads: its blocks are followed, and every read is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from tilewright.lint.bounded import apart, read_apart
from tilewright.lint.check import judge_machine
from tilewright.lint.filelist import check_filelists
from tilewright.lint.findings import Finding
from tilewright.lint.given import find_simulators, with_folder
from tilewright.lint.line_ends import line_end_findings
from tilewright.verilog.machine import MAX_STEPS, Machine
from tilewright.verilog.reader import follow
from tilewright.verilog.simulators import Simulator
from tilewright.verilog.testbench import Sources, Testbench


def check_testbench(
    path: Path,
    folder: Path,
    given: Sources | None,
    reader: str,
    *,
    max_steps: int | None,
) -> tuple[list[Finding], list[str]]:
    """The findings of the testbench in `path` over the files in `folder`, and those that it opens.

    given, reader, max_steps and what is raised: as for `tilewright.lint.lint`.
    """
    simulators, steps = find_simulators(reader), MAX_STEPS if max_steps is None else max_steps
    findings, files = apart(lambda: _follow(path, folder, given, simulators, max_steps=steps), path)
    return [*findings, *check_filelists((folder, path.parent))], files


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
