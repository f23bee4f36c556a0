"""The command `lint`, without its terminal: options in; lines, JSON facts and exit status out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tilewright.errors import ConfigError
from tilewright.lint import LayerFacts, fix, lint
from tilewright.vectors.presets import load_layout

FAILED = 1


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What the command line shows: lines for people, facts for programs, and the exit status."""

    lines: tuple[str, ...]
    facts: dict[str, Any]
    status: int


def run_lint(
    folder: Path,
    *,
    testbench: Path | None = None,
    layout: str | None = None,
    facts: LayerFacts | None = None,
) -> CommandResult:
    """``lint DIR [--testbench TB.v] [--layout NAME]``: status 1 if there is an error.

    layout: a preset or the path of a layout file. facts: sizes of the layer, where the folder has
    no manifest. Raises what `lint` and `load_layout` raise.
    """
    wanted = load_layout(layout) if layout is not None else None
    report = lint(folder, testbench=testbench, layout=wanted, facts=facts)
    counts = report.to_facts()["counts"]
    lines = [str(finding) for finding in report.findings]
    lines.append(
        f"{len(report.files)} files: {counts['error']} errors, {counts['warning']} warnings, "
        f"{counts['undecided']} undecided"
    )
    return CommandResult(tuple(lines), report.to_facts(), FAILED if report.errors else 0)


def run_fix(folder: Path, *, testbench: Path | None, out: Path | None) -> CommandResult:
    """``lint DIR --testbench TB.v --fix --out NEW``: status 1 if a file is refused or still wrong.

    Raises `ConfigError` without a testbench or a folder to write to, and what `fix` raises.
    """
    if testbench is None or out is None:
        raise ConfigError("--fix needs --testbench, and --out with a new folder for the files")
    report = fix(folder, out, testbench=testbench)
    lines = [str(change) for change in report.changes]
    lines += [f"still {finding}" for finding in report.remaining]
    if report.refusals:
        lines.append(f"{len(report.refusals)} files refused; nothing was written")
    else:
        lines.append(f"{len(report.changes)} files written to {out}")
    has_failed = bool(report.refusals or report.remaining)
    return CommandResult(tuple(lines), asdict(report), FAILED if has_failed else 0)
