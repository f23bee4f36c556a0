"""Run another program within limits; at their end, or on an interrupt, kill it and all that it started.

If this process is killed by a signal that it cannot handle (SIGKILL), its watchdog does so.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TypeVar

from tilewright.errors import ToolError, printable
from tilewright.programs.watchdog import VARIABLE, kill_marked, watchdog

MOST_OUTPUT = 1 << 22
"""Bytes that are kept of what a program prints, unless it is told how many it may print."""


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


Item = TypeVar("Item")
Result = TypeVar("Result")


class ProgramThreads(ThreadPoolExecutor):
    """Threads that run programs while the main thread waits, ready for a signal."""

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of each item, all begun now, in their order; raises what it raises."""
        return map(_awaited, [self.submit(function, item) for item in items])


def _awaited(future: Future[Result]) -> Result:
    """The result of `future`, looked for again and again.

    A thread that waits without an end may sleep through Ctrl-C: Python's handlers run in the main thread,
    which nothing wakes if the system gave the signal to another one, or gave it just before the wait.
    """
    while not future.done():
        wait([future], PATIENCE_S)
    return future.result()


@contextmanager
def program_threads(count: int) -> Iterator[ProgramThreads]:
    """`count` threads that run programs.

    If the context ends by an exception (Ctrl-C, or the first of them that fails), nothing is waited
    for: work not begun is given up, and programs that the threads are running are killed.
    """
    crew = _Crew()
    with ProgramThreads(count, initializer=_join, initargs=(crew,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.dismiss()
            raise


def _join(crew: _Crew) -> None:
    _this_thread.crew = crew


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    status: its exit status, or minus the number of the signal that ended it. output: standard output and
    error together, as far as they were read. stopped: the limit for which it was stopped, "time" or
    "output"; "" for none.
    """

    status: int
    output: bytes
    seconds: float
    stopped: str = ""

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 are replaced."""
        return self.output.decode(errors="replace")


def run_program(
    command: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run `command` in `folder`: its exit status, and its standard output and error together.

    As `run_limited`; of an output of more than `MOST_OUTPUT` bytes only the end is kept. Raises `ToolError`
    if the program cannot be started or does not end in time.
    """
    ended = run_limited(command, folder=folder, timeout_s=timeout_s, environment=environment)
    if ended.stopped:
        raise ToolError(
            f"{Path(command[0]).name} must end within {timeout_s:g} s, but did not and was stopped; "
            "give it more time, or a smaller layer"
        )
    return ended.status, ended.text


def run_limited(
    command: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    most_bytes: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run `command` in `folder` until it ends, or until `timeout_s` seconds or `most_bytes` of output.

    Without `most_bytes` the last `MOST_OUTPUT` bytes of the output are kept.
    The program leads a process group of its own, which is killed when the program ends. When it passes a
    limit, or this process is interrupted (Ctrl-C), what it started in other groups is killed too; so it is
    when the `program_threads` that it runs in end early. `environment` is added to the present one.

    Raises `ToolError` if the program cannot be started.
    """
    since, mark, stopped = time.monotonic(), watchdog.mark(), "time"
    with _held_signals() as release:
        child = _start(command, folder, {**os.environ, **(environment or {}), VARIABLE: mark})
        with child, _this_thread.crew.member(child, mark):
            try:
                release()  # not before an interrupt would stop the child
                output, stopped = _collect(child, since + timeout_s, most_bytes)
            finally:
                with _held_signals():  # a second Ctrl-C waits for the end of the child
                    _kill(child.pid, mark if stopped else "")
                    child.wait()
    kept = output[-MOST_OUTPUT:] if most_bytes is None else output
    return Ended(child.returncode, bytes(kept), time.monotonic() - since, stopped)


def _collect(
    child: subprocess.Popen[bytes], end: float, most_bytes: int | None
) -> tuple[bytearray, str]:
    """What `child` puts out until it ends, and which limit it passed.

    Something that it started may keep the pipe open; what that puts out later is not waited for.
    """
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        pipe = child.stdout.fileno() if child.stdout else -1
        selector.register(pipe, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if not selector.select(min(left, PATIENCE_S)):
                if child.poll() is not None:
                    return output, ""
                continue
            chunk = os.read(pipe, 1 << 16)
            if not chunk:
                return output, _await(child, end)
            output += chunk
            if most_bytes is None and len(output) > 2 * MOST_OUTPUT:
                del output[:-MOST_OUTPUT]
            elif most_bytes is not None and len(output) > most_bytes:
                del output[most_bytes:]
                return output, "output"
    return output, "time"


PATIENCE_S = 0.1
"""How long a silent program or thread is waited for before it is asked whether it has ended."""


def _await(child: subprocess.Popen[bytes], end: float) -> str:
    """Wait for a program that has closed its output."""
    try:
        child.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return "time"
    return ""


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
    lines = [line.strip() for line in output[-10_000:].splitlines() if line.strip()]
    return " | ".join(map(printable, lines[-count:])) or "no output"


def _kill(leader: int, mark: str) -> None:
    """Kill a program with its group, and whatever carries its mark if it has one."""
    _kill_group(leader)
    if mark:
        kill_marked(mark)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended by itself in the meantime
        os.killpg(leader, signal.SIGKILL)
