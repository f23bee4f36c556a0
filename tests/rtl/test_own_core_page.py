"""docs/how-to/own-core.md: every command is executed, and prints what the page says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.chain import tilewright
from tests.rtl.layers import require_simulator
from tilewright.cli import app

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"
CORE = ROOT / "examples" / "own_core"
PLUGIN = [sys.executable, "-m", "pytest", "-p", "tilewright.pytest_plugin"]


def _blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def _steps(page):
    """Each command of the console blocks, and what it prints."""
    for block in _blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def _run(command):
    words = shlex.split(command)
    if words[0] == "tilewright":
        done = tilewright(*words[1:])
    else:
        script = command.replace("pytest", shlex.join(PLUGIN), 1)
        script = script if words[0] == "pytest" else command
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _without_times(text):
    return re.sub(r"\d+\.\d+ ?s\b", "0.0 s", text)


def _pattern(printed):
    lines = [
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in _without_times(printed).splitlines()
    ]
    return "".join(lines)


@pytest.mark.rtl
def test_every_command_prints_what_the_page_says(tmp_path, monkeypatch):
    require_simulator("icarus")
    page = (PAGES / "own-core.md").read_text()
    shutil.copytree(CORE, tmp_path / "mycore")
    monkeypatch.chdir(tmp_path / "mycore")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    test = next(block for block in _blocks(page, "python") if "judge.run" in block)
    Path("test_core.py").write_text(test)
    commands = list(_steps(page))
    assert len(commands) >= 15
    for command, printed in commands:
        told = _without_times(_run(command))
        assert re.fullmatch(_pattern(printed), told), f"$ {command}\n{told}"


def test_the_page_shows_the_layout_as_it_is():
    page = (PAGES / "own-core.md").read_text()
    assert _blocks(page, "toml") == [(CORE / "mine.toml").read_text()]


def test_a_page_that_says_something_else_would_be_seen():
    assert not re.fullmatch(_pattern("1 pass (0.4 s)\n"), _without_times("2 pass (0.4 s)\n"))
    assert re.fullmatch(_pattern("a\n...\nb 3.2s\n"), _without_times("a\nx\ny\nb 0.1s\n"))


@pytest.mark.parametrize("page", ["own-core.md", "ci.md"])
def test_every_option_of_the_pages_exists(page):
    text = (PAGES / page).read_text()
    commands = typer.main.get_command(app).commands.values()
    known = {
        option
        for command in commands
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
    }
    known |= {"--tilewright-bundles", "--help", "--no-deps"}  # pytest's, ours, pip's
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known
