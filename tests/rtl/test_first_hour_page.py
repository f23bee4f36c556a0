"""docs/start/first-hour.md: every command is executed, and prints what the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.rtl import test_own_core_page as own_core
from tests.rtl.layers import require_simulator

ROOT = Path(__file__).parents[2]
CORE = ROOT / "examples" / "first_hour"
PAGE = ROOT / "docs" / "start" / "first-hour.md"


@pytest.mark.rtl
def test_every_command_prints_what_the_page_says(tmp_path, monkeypatch):
    require_simulator("icarus")
    pytest.importorskip("pyosys")
    shutil.copytree(CORE, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    commands = list(own_core._steps(PAGE.read_text()))
    assert len(commands) >= 12
    for command, printed in commands:
        found = own_core._without_times(own_core._run(command))
        assert re.fullmatch(own_core._pattern(printed), found), f"$ {command}\n{found}"


def test_the_layout_of_the_page_is_the_example_s():
    assert (CORE / "mine.toml").read_text() in PAGE.read_text()
