"""A reader beside Icarus Verilog: what both print of the same files, and what lint finds."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.unit.lint.good_files import write
from tilewright.lint.check import judge_machine
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

HEAD = (
    "module t; integer f, n, i, k; reg [7:0] v, x, y; reg [31:0] s = 0; reg [7:0] m[0:3];\n"
    "reg [8*40:1] line, name; reg [3:0] b; int q[$]; int d[];\n"
)
OPEN = 'f = $fopen("d.txt", "r"); '
FOUR = b"01\nab\nff\n10\n"


@dataclass(frozen=True)
class Case:
    """A reader, the text of d.txt or all files, and the kinds of the errors that are right; "" for none."""

    body: str
    files: dict[str, bytes]
    errors: frozenset[str] = frozenset()


def case(body: str, text: bytes = FOUR, errors: str = "", **files: bytes) -> Case:
    named = {name.replace("_", "."): content for name, content in files.items()}
    return Case(body, {"d.txt": text, **named}, frozenset(errors.split()))


def block(body: str, text: bytes = FOUR, errors: str = "", declared: str = "") -> Case:
    return case(f"{declared} initial begin {OPEN}{body} end", text, errors)


def icarus(folder: Path) -> list[str] | None:
    """What the bench prints, or None without Icarus."""
    if not shutil.which("iverilog"):
        return None
    subprocess.run(
        ["iverilog", "-g2012", "-o", "t.vvp", "t.v"], cwd=folder, check=True, capture_output=True
    )
    done = subprocess.run(
        ["vvp", "-n", "t.vvp"], cwd=folder, capture_output=True, text=True, check=False, timeout=20
    )
    return [line for line in done.stdout.splitlines() if line.startswith("R ")]


def followed(folder: Path, body: str, files: dict[str, bytes]) -> tuple[list[str | None], set[str]]:
    bench = write(folder, files) / "t.v"
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    testbench = read_testbench(bench)
    machine = follow(testbench, folder, max_steps=100_000)
    findings = judge_machine(machine, testbench)
    printed = [None if text is None else text.decode().strip() for text in machine.printed]
    return printed, {f.kind for f in findings if f.severity != "warning"}


def agrees(case: Case, folder: Path) -> None:
    """Line by line, those of a fork in any order; and the errors are those that the case names."""
    printed, errors = followed(folder, case.body, case.files)
    seen = icarus(folder)
    assert errors == case.errors
    shown = [
        "" if line is None else line for line in printed if line is None or line.startswith("R ")
    ]
    assert seen is None or sorted(shown) == sorted(seen)
