"""Would this reader read these files as meant? Testbench and files, looked at together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.errors import ConfigError, DataError
from tilewright.lint.findings import Finding, LintReport
from tilewright.lint.given import READERS
from tilewright.verilog.testbench import Sources

if TYPE_CHECKING:
    from tilewright.lint.layout_check import LayerFacts
    from tilewright.vectors.layout import Layout

__all__ = ["READERS", "Finding", "LintReport", "Sources", "lint"]


def lint(
    folder: Path,
    *,
    testbench: Path | None = None,
    layout: Layout | None = None,
    facts: LayerFacts | None = None,
    reader: str = "icarus",
    given: Sources | None = None,
    max_steps: int | None = None,
) -> LintReport:
    """Check the vector files in `folder` against a testbench, a layout, or both.

    With a testbench, its blocks are followed over the files, read by read, as if the simulation ran in
    `folder`; `given` are its include folders, defines and further files; reader: the simulator, one of
    `READERS`. With a layout, names, headers, words and value ranges are checked; `facts` are the sizes
    of the layer, by default those of the manifest in `folder`. max_steps: how many statements are
    followed; None: a million. Raises `ToolError` without pyslang, `FormatError` for a testbench that
    does not parse, `ConfigError` if there is nothing to check against, `DataError` if the folder cannot
    be read, `UnknownNameError` for another reader.
    """
    folder = Path(folder)
    if testbench is None and layout is None:
        raise ConfigError("files are checked against a testbench, a layout, or both: give one")
    if not folder.is_dir():
        raise DataError(f"{folder} must be a folder with vector files")
    findings: list[Finding] = []
    files: list[str] = []
    if testbench is not None:
        from tilewright.lint.testbench_check import check_testbench

        path = Path(testbench)
        findings, files = check_testbench(path, folder, given, reader, max_steps=max_steps)
    if layout is not None:
        from tilewright.lint.layout_check import LayoutCheck, known_facts

        check = LayoutCheck(folder, layout, facts if facts is not None else known_facts(folder))
        findings += check.findings()
        files += check.files()
    name = reader if testbench is not None else ""
    return LintReport(str(folder), tuple(findings), tuple(dict.fromkeys(files)), name)
