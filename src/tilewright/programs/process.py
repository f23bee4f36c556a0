"""Run another program with a time limit; on timeout or interrupt, kill it and all that it started.

If this process is killed by a signal that it cannot handle (SIGKILL), its watchdog does so.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from tilewright.errors import ToolError
from tilewright.programs.watchdog import VARIABLE, kill_marked, watchdog


class _Crew:
    """The programs that the threads of one pool, or a thread of none, are running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, str] = {}  # process to its mark
        self._is_dismissed = False

    @contextmanager
    def member(self, child: subprocess.Popen[bytes], mark: str) -> Iterator[None]:
        """While the context lasts, `dismiss` kills `child`."""
        with self._lock:
            self._running[child.pid] = mark
            if self._is_dismissed:
                _kill(child.pid, mark)
        try:
            yield
        finally:
            with self._lock:
                del self._running[child.pid]

    def dismiss(self) -> None:
        """Kill what runs, and what is started from now on."""
        with self._lock:
            self._is_dismissed = True
            for pid, mark in self._running.items():
                _kill(pid, mark)


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
    interrupted (Ctrl-C), the whole group is killed, with what it started in other groups; so it is when the
    `program_threads` that it runs in end early. `environment` is added to the present one.

    Raises `ToolError` if the program cannot be started or does not end in time.
    """
    name, mark = Path(command[0]).name, watchdog.mark()
    with _held_signals() as release:
        child = _start(command, folder, {**os.environ, **(environment or {}), VARIABLE: mark})
        with child, _this_thread.crew.member(child, mark):
            try:
                release()  # not before an interrupt would stop the child
                output, _ = child.communicate(timeout=timeout_s)
            except BaseException as error:
                with _held_signals():  # a second Ctrl-C waits for the end of the child
                    _kill(child.pid, mark)
                    child.wait()
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
                raise ToolError(
                    f"{name} must end within {timeout_s:g} s, but did not and was stopped; "
                    "give it more time, or a smaller layer"
                ) from None
    return child.returncode, output.decode(errors="replace")


def _start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}: {error.strerror or error}") from None


@contextmanager
def _held_signals() -> Iterator[Callable[[], None]]:
    """Keep SIGINT and SIGTERM waiting until the end of the context, or until its value is called.

    Python runs handlers in the main thread only, whichever thread the system gives the signal to: there
    they are replaced, and another thread has nothing to hold. A mask would be inherited by the child, and
    would leave the signal to the other threads. A signal without a handler keeps its default.
    """
    waiting: list[int] = []
    handlers: dict[int, Callable[[int, FrameType | None], object]] = {}

    def hold(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    def release() -> None:
        while handlers:
            number, handler = next(iter(handlers.items()))
            signal.signal(number, handler)
            del handlers[number]
        while waiting:
            signal.raise_signal(waiting.pop())

    is_main = threading.current_thread() is threading.main_thread()
    try:
        for number in (signal.SIGINT, signal.SIGTERM) if is_main else ():
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler
                signal.signal(number, hold)
        yield release
    finally:
        release()


def last_lines(output: str, count: int = 5) -> str:
    """The last lines of a program's output that are not empty, joined by " | ", for a message."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) or "no output"


def _kill(leader: int, mark: str) -> None:
    _kill_group(leader)
    kill_marked(mark)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended by itself in the meantime
        os.killpg(leader, signal.SIGKILL)
