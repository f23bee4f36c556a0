"""Start another program, with an end to its patience."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tilewright.errors import ToolError


def run_program(
    command: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run `command` in `folder`: its exit status, and its standard output and error together.

    The program leads a process group of its own. After `timeout_s` seconds, or when this process is
    interrupted (Ctrl-C), the whole group is killed. `environment` is added to the present one.

    Raises `ToolError` if the program cannot be started or does not end in time.
    """
    name = Path(command[0]).name
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}: {error.strerror or error}") from None
    with child:
        try:
            output, _ = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _kill_group(child)
            raise ToolError(
                f"{name} must end within {timeout_s:g} s, but did not and was stopped; "
                "give it more time, or a smaller layer"
            ) from None
        except BaseException:
            _kill_group(child)
            raise
    return child.returncode, output.decode(errors="replace")


def last_lines(output: str, count: int = 5) -> str:
    """The last lines of a program's output that are not empty, joined by " | ", for a message."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) or "no output"


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended by itself in the meantime
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
