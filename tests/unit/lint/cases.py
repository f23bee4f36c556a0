"""The small cases that users bring, with what Icarus prints and the verdict that is right in each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLE = "TILEWRIGHT_CASES"
COLUMNS = 4


@dataclass(frozen=True)
class Case:
    """One row of the table. folder, bench: where it lies. printed: by Icarus. verdict: in words."""

    folder: Path
    bench: str
    printed: str
    verdict: str

    @property
    def passes(self) -> bool:
        """Whether nothing may be said to be an error."""
        return self.verdict.startswith("pass")

    @property
    def may_be_undecided(self) -> bool:
        """Whether lint may leave it open."""
        return "undecided" in self.verdict

    def __str__(self) -> str:
        return f"{self.folder.parent.name}-{self.folder.name}-{self.bench}"


def load_cases() -> list[Case]:
    """Every row of the table about lint; empty where the environment does not name the cases."""
    root = os.environ.get(VARIABLE, "")
    if not root:
        return []
    table = (Path(root) / "README.md").read_text().partition("## lint")[2].partition("\n## ")[0]
    cases = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= COLUMNS and cells[0].startswith("`"):
            folder = Path(root) / "lint" / cells[0].strip("`")
            cases.append(Case(folder, cells[1].strip("`"), cells[2], cells[3]))
    return cases


def case_parameters() -> list[object]:
    """The cases for `parametrize`, or one that is skipped."""
    cases = load_cases()
    if cases:
        return [pytest.param(case, id=str(case)) for case in cases]
    return [pytest.param(None, marks=pytest.mark.skip(reason=f"{VARIABLE} is not set"))]
