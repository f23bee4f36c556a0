"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines that they are about.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020, section 3.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilewright import __version__
from tilewright.lint.findings import Finding, LintReport
from tilewright.verilog.testbench import Sources

VERSION = "2.1.0"
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
NOTHING = Sources()


def lint_sarif(
    report: LintReport, *, testbench: Path | None, root: Path, given: Sources = NOTHING
) -> str:
    """`report` as the text of a SARIF file; paths within `root` are relative to it.

    A finding stands at its line of `testbench`, or of a file that this includes or that is `given` with it,
    and the line of the vector file is related to it; without a testbench it stands at the file.
    """
    kinds = sorted({finding.kind for finding in report.findings})
    places = _Places(Path(report.folder), testbench, given, root.resolve())
    rules = [{"id": kind, "shortDescription": {"text": kind.replace("-", " ")}} for kind in kinds]
    driver = {"name": "tilewright", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "results": [
            _result(finding, kinds.index(finding.kind), places) for finding in report.findings
        ],
        "properties": {"reader": report.reader, "files": list(report.files)},
    }
    return json.dumps({"$schema": SCHEMA, "version": VERSION, "runs": [run]}, indent=2) + "\n"


class _Places:
    """Where files lie, as SARIF names them."""

    def __init__(self, folder: Path, testbench: Path | None, given: Sources, root: Path) -> None:
        self._folder, self._testbench, self._given, self._root = folder, testbench, given, root

    def of(self, finding: Finding) -> list[dict[str, Any]]:
        """The places of a finding, that in the testbench first."""
        found = []
        if finding.testbench and self._testbench is not None:
            path = self._source(self._testbench, finding.testbench)
            found.append(self._place(path, finding.testbench_line))
        if finding.file:
            found.append(self._place(self._folder / finding.file, finding.file_line))
        return found or [self._place(self._folder, 0)]

    def _source(self, testbench: Path, name: str) -> Path:
        """The testbench, or the file of this name that it reads."""
        folders = (testbench.parent, *self._given.include_folders, self._folder)
        files = [one for one in self._given.files if one.name == name]
        files += [folder / name for folder in folders]
        return next((file for file in files if file.is_file()), testbench.parent / name)

    def _place(self, path: Path, line: int) -> dict[str, Any]:
        within = self._root.as_uri()
        within += "/" * (not within.endswith("/"))  # the root of a container is file:///
        uri = path.resolve().as_uri().removeprefix(within)
        region = {"region": {"startLine": line}} if line else {}
        return {"physicalLocation": {"artifactLocation": {"uri": uri}, **region}}


def _result(finding: Finding, rule: int, places: _Places) -> dict[str, Any]:
    """SARIF has no level for what could not be followed: it is a warning, with its own severity beside.

    What is about a whole file stands at its first line: code hosts show no finding without a line.
    """
    first, *others = places.of(finding)
    first["physicalLocation"].setdefault("region", {"startLine": 1})
    level = "error" if finding.severity == "error" else "warning"
    named = f"{finding.file}: " if finding.file else ""
    return {
        "ruleId": finding.kind,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": f"{named}{finding.message}"},
        "locations": [first],
        **({"relatedLocations": others} if others else {}),
        "properties": {"severity": finding.severity},
    }
