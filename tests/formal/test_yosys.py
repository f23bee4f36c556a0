"""Yosys runs in a process of its own, whose end is told apart."""

from __future__ import annotations

import pytest

from tilewright.errors import ToolError
from tilewright.formal import run_yosys, yosys


def test_a_script_finds_the_files(tmp_path):
    source = "module m(input a, output y); assign y = ~a; endmodule"
    script = "read_verilog a/b.v; prep -top m; stat"
    status, output = run_yosys(script, {"a/b.v": source}, folder=tmp_path, timeout_s=600.0)
    assert status == 0
    assert (tmp_path / "a" / "b.v").read_text() == source
    assert "$not" in output


def test_a_yosys_that_is_killed_says_by_what(tmp_path, monkeypatch):
    die = "import os; print('half a', flush=True); os.kill(os.getpid(), 7)"
    monkeypatch.setattr(yosys, "_RUN", die)
    with pytest.raises(ToolError) as raised:
        run_yosys("help", {}, folder=tmp_path, timeout_s=600.0)
    assert str(raised.value) == (
        "yosys was killed by SIGBUS (is there enough memory?); its last lines: half a"
    )


def test_a_script_with_an_error_has_its_status_and_output(tmp_path):
    status, output = run_yosys("no_such_command", {}, folder=tmp_path, timeout_s=600.0)
    assert status == 1
    assert "ERROR: No such command: no_such_command" in output


def test_a_proof_that_takes_too_long(tmp_path):
    with pytest.raises(ToolError, match=r"must end within 0\.01 s"):
        run_yosys("help", {}, folder=tmp_path, timeout_s=0.01)
