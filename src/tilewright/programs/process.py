"""Start another program, with an end to its patience."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tilewright.errors import ToolError


class _Crew:
    """The programs that the threads of one pool, or a thread of none, are running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._is_dismissed = False

    @contextmanager
    def member(self, child: subprocess.Popen[bytes]) -> Iterator[None]:
        """While the context lasts, `dismiss` kills `child`."""
        with self._lock:
            self._running.add(child.pid)
            if self._is_dismissed:
                _kill_group(child.pid)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(child.pid)

    def dismiss(self) -> None:
        """Kill what runs, and what is started from now on."""
        with self._lock:
            self._is_dismissed = True
            for pid in self._running:
                _kill_group(pid)


class _Thread(threading.local):
    def __init__(self) -> None:
        self.crew = _Crew()


_this_thread = _Thread()


@contextmanager
def program_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """`count` threads that run programs.

    If the context ends by an exception (Ctrl-C, or the first of them that fails), nothing is waited
    for: work not begun is given up, and programs that the threads are running are killed.
    """
    crew = _Crew()
    with ThreadPoolExecutor(count, initializer=_join, initargs=(crew,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.dismiss()
            raise


def _join(crew: _Crew) -> None:
    _this_thread.crew = crew


def run_program(
    command: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run `command` in `folder`: its exit status, and its standard output and error together.

    The program leads a process group of its own. After `timeout_s` seconds, or when this process is
    interrupted (Ctrl-C), the whole group is killed; so it is when the `program_threads` that it runs in
    end early. `environment` is added to the present one.

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
    with child, _this_thread.crew.member(child):
        try:
            output, _ = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _stop(child)
            raise ToolError(
                f"{name} must end within {timeout_s:g} s, but did not and was stopped; "
                "give it more time, or a smaller layer"
            ) from None
        except BaseException:
            _stop(child)
            raise
    return child.returncode, output.decode(errors="replace")


def last_lines(output: str, count: int = 5) -> str:
    """The last lines of a program's output that are not empty, joined by " | ", for a message."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) or "no output"


def _stop(child: subprocess.Popen[bytes]) -> None:
    _kill_group(child.pid)
    child.wait()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended by itself in the meantime
        os.killpg(leader, signal.SIGKILL)
