"""Run yosys, as the PyPI package ``pyosys`` brings it, in a process of its own."""

from __future__ import annotations

import importlib.util
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.formal.casts import with_plain_casts
from tilewright.programs.process import last_lines, run_program

SCRIPT = "script.ys"
_RUN = f"from pyosys import libyosys; libyosys.run_pass('script {SCRIPT}', libyosys.Design())"
_ERROR = re.compile(r"^ERROR|: ERROR:")
"""In yosys's words, or after a place in a source."""


def has_yosys() -> bool:
    """Whether yosys is installed."""
    return importlib.util.find_spec("pyosys") is not None


def run_yosys(
    script: str, files: Mapping[str, str], *, folder: Path, timeout_s: float
) -> tuple[int, str]:
    """Run a script in `folder`, with `files` (names to contents) written there: status and output.

    Casts are written so that yosys does not misread them: see `with_plain_casts`. Raises `ToolError` if yosys
    is not installed, takes longer than `timeout_s` seconds or is killed.
    """
    if not has_yosys():
        raise ToolError("yosys is not installed: pip install 'tilewright[formal]' installs it")
    for name, text in with_plain_casts(files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / SCRIPT).write_text(script, encoding="utf-8")
    command = [sys.executable, "-c", _RUN]
    status, output = run_program(command, folder=folder, timeout_s=timeout_s)
    if status < 0:
        raise ToolError(
            f"yosys was killed by {signal.Signals(-status).name} (is there enough memory?); "
            f"its last lines: {last_lines(output)}"
        )
    return status, output


def first_error(output: str) -> str:
    """The line that says why yosys gave up."""
    lines = [line for line in output.splitlines() if _ERROR.search(line)]
    return lines[0] if lines else last_lines(output)
