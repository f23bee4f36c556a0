"""docs/lint.md: its files and commands, run as they stand there; and every finding that lint can make."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")


def _block(name: str) -> str:
    return re.findall(rf"```{re.escape(name)}\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_commands_print_what_the_page_says(run_command, tmp_path, monkeypatch):
    """Line by line."""
    pytest.importorskip("pyslang")
    monkeypatch.chdir(tmp_path)
    Path("tb.v").write_text(_block("verilog"))
    for name in ("data.txt", "sums.txt"):
        Path(name).write_text(_block(name))
    commands = re.findall(r"^\$ tilewright (.*)\n((?:[^$].*\n)*)", _block("console"), re.MULTILINE)
    assert len(commands) == 3
    for command, told in commands:
        status, out, err = run_command(*shlex.split(command))
        assert (out, err) == (told, ""), command
        assert status == (1 if "verdict: fail" in told else 0)


def test_every_option_of_the_page_exists(run_command):
    """And every option of the command is on the page."""
    _, out, _ = run_command("lint", "--help")
    described = out.partition("Options")[2]
    options = set(re.findall(r"(?<![\w-])(--?[a-zA-Z]+)\b", described)) - {"-h", "--help"}
    assert options == set(re.findall(r"`(?:[^`]*?)(--?[a-zA-Z]+)", _table("Options")))


def _table(heading: str) -> str:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return " ".join(f"`{option}`" for cell in cells for option in re.findall(r"--?[a-zA-Z]+", cell))


def test_every_kind_of_finding_is_on_the_page():
    """The kinds that the sources name are those of the table."""
    section = PAGE.partition("## Findings\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", section)) - {"filelist"}
    folders = (ROOT / "src/tilewright" / room for room in ("lint", "verilog"))
    sources = "".join(p.read_text() for room in folders for p in sorted(room.glob("*.py")))
    missing = [kind for kind in listed if f'"{kind}"' not in sources]
    assert not missing
    made = set(re.findall(r'"(?:error|warning)",\s*"([a-z-]+)"', sources))
    assert made - {"warning"} <= listed
