"""What lint says: findings, each with its place in a vector file and in the testbench."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tilewright.errors import FormatError, printable

SEVERITIES = ("error", "warning", "undecided")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line about one file, or about the testbench itself (then `file` is empty).

    severity: "error": the reader does not read what the file says; "warning": it may; "undecided":
    lint cannot follow the testbench there. kind: a short name of the fault, as in docs/lint.md.
    file_line, testbench_line: from 1; 0 where there is none.
    """

    severity: str
    kind: str
    message: str
    file: str = ""
    file_line: int = 0
    testbench: str = ""
    testbench_line: int = 0

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise FormatError(
                f"a severity is one of {', '.join(SEVERITIES)}, not '{self.severity}'"
            )

    def __str__(self) -> str:
        """One line: severity, place in the file, place in the testbench, kind, message."""
        file = _place(self.file, self.file_line)
        reader = _place(self.testbench, self.testbench_line)
        where = " <- ".join(place for place in (file, reader) if place)
        return printable(f"{self.severity}: {where}: {self.message} [{self.kind}]", 2000)


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings about one folder.

    files: names of the files that were looked at. reader: the simulator whose reads were judged, "any",
    or '' where no testbench was.
    """

    folder: str
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    reader: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings of severity "error"."""
        return self.of("error")

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all was found about a file, and nothing was left undecided."""
        return not any(f.file or f.severity != "warning" for f in self.findings)

    def of(self, severity: str) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def to_facts(self) -> dict[str, Any]:
        """The report as JSON facts."""
        return {
            "folder": self.folder,
            "files": list(self.files),
            "reader": self.reader,
            "counts": {severity: len(self.of(severity)) for severity in SEVERITIES},
            "findings": [asdict(finding) for finding in self.findings],
        }


def _place(name: str, line: int) -> str:
    return f"{name}:{line}" if name and line else name
