"""Would this reader read these files as meant? Testbench and files, looked at together."""

from __future__ import annotations

from pathlib import Path

from tilewright.errors import ConfigError, DataError
from tilewright.lint.check import check_reader
from tilewright.lint.filelist import check_filelists
from tilewright.lint.findings import Finding, LintReport
from tilewright.lint.fix import Change, FixReport, fix
from tilewright.lint.layout_check import LayerFacts, LayoutCheck, known_facts
from tilewright.vectors.layout import Layout
from tilewright.verilog.machine import MAX_STEPS
from tilewright.verilog.testbench import read_testbench

__all__ = ["Change", "Finding", "FixReport", "LayerFacts", "LintReport", "fix", "lint"]


def lint(
    folder: Path,
    *,
    testbench: Path | None = None,
    layout: Layout | None = None,
    facts: LayerFacts | None = None,
    max_steps: int = MAX_STEPS,
) -> LintReport:
    """Check the vector files in `folder` against a testbench, a layout, or both.

    With a testbench, its initial blocks are followed over the files, read by read. With a layout,
    names, headers, words and value ranges are checked; `facts` are the sizes of the layer, by
    default those of the manifest in `folder`. max_steps: how many statements are followed. Raises
    `ToolError` without pyslang, `FormatError` for a testbench that does not parse, `ConfigError` if
    there is nothing to check against, `DataError` if the folder cannot be read.
    """
    folder = Path(folder)
    if testbench is None and layout is None:
        raise ConfigError("files are checked against a testbench, a layout, or both: give one")
    if not folder.is_dir():
        raise DataError(f"{folder} must be a folder with vector files")
    findings: list[Finding] = []
    files: list[str] = []
    if testbench is not None:
        found, machine = check_reader(read_testbench(Path(testbench)), folder, max_steps=max_steps)
        findings += found
        files += [one.file for one in machine.opened]
        findings += check_filelists((folder, Path(testbench).parent))
    if layout is not None:
        check = LayoutCheck(folder, layout, facts if facts is not None else known_facts(folder))
        findings += check.findings()
        files += check.files()
    return LintReport(str(folder), tuple(findings), tuple(dict.fromkeys(files)))
