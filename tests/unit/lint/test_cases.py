"""Every case of the table: lint's verdict, what Icarus prints, and what Icarus reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.cases import Case, case_parameters
from tilewright.lint import lint
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import Sources, read_testbench

pytest.importorskip("pyslang")
CHATTER = ("WARNING", "ERROR", "TIMESCALE", "VCD")
"""How lines begin that Icarus itself prints."""
REFUSED = "$fgets's first argument must be a reg"
"""What Icarus 11 says of a string; later versions take it."""


def _icarus(case: Case, out: Path) -> list[str]:
    """All lines that come out of the bench, compiled with the Verilog files beside it."""
    sources = [case.folder / case.bench, *_design(case)]
    command = ["iverilog", "-g2012", "-I", case.folder, "-o", out / "a.vvp", *sources]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    shutil.copytree(case.folder, out / "work")
    command = ["vvp", "-n", out / "a.vvp"]
    done = subprocess.run(command, cwd=out / "work", capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines()


def _design(case: Case) -> list[Path]:
    return [p for p in sorted(case.folder.glob("*.v")) if not p.name.startswith("tb")]


@pytest.mark.parametrize("case", case_parameters())
def test_the_verdict_is_right(case: Case) -> None:
    """No false error, nothing missed, undecided only where the table allows it."""
    report = lint(case.folder, testbench=case.folder / case.bench)
    undecided = report.of("undecided")
    assert not undecided or case.may_be_undecided, undecided
    if case.passes:
        assert not report.errors, report.errors
    else:
        assert report.errors
    if "pass with a warning" in case.verdict:
        assert any(finding.file for finding in report.of("warning"))


@pytest.mark.rtl
@pytest.mark.parametrize("case", case_parameters())
def test_icarus_reads_what_lint_says_that_it_reads(case: Case, tmp_path: Path) -> None:
    """What the bench prints of its reads is what the table says, and what lint's own record gives."""
    require_simulator("icarus")
    lines = _icarus(case, tmp_path)
    assert any(_shows(case.printed, line) for line in lines), lines
    if any(REFUSED in line for line in lines):
        return
    printed = [line for line in lines if not line.startswith(CHATTER)]
    given = Sources(files=tuple(_design(case)))
    machine = follow(read_testbench(case.folder / case.bench, given=given), case.folder)
    known = [None if text is None else text.decode().rstrip("\n") for text in machine.printed]
    assert len(known) == len(printed), (known, printed)
    pairs = [(mine, its) for mine, its in zip(known, printed, strict=True) if mine is not None]
    assert pairs or not printed or case.may_be_undecided
    assert [mine for mine, _ in pairs] == [its for _, its in pairs]


def _shows(printed: str, line: str) -> bool:
    """Whether a line shows what the table says; where that is no literal text, any line does."""
    wanted = printed.partition(": ")[2] or printed
    plain = re.split("[,;]", wanted)[-1 if ";" in wanted else 0].removeprefix("... ").strip()
    is_literal = plain.startswith(("READ", "bad", "done", "n=", "04"))
    return plain in " ".join(line.split()) if is_literal else True
