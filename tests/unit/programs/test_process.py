"""Other programs end in time, with everything that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tilewright.errors import ToolError
from tilewright.programs.process import (
    MOST_OUTPUT,
    last_lines,
    program_threads,
    run_limited,
    run_program,
)


def has_ended(pid: int) -> bool:
    """Wait at most 5 s for a process to end (a zombie has ended)."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def wait_for_line(file: Path) -> None:
    """Wait until a program has written a line to `file`."""
    while not (file.exists() and file.read_text().endswith("\n")):
        time.sleep(0.02)


def test_status_and_both_streams_come_back(tmp_path: Path) -> None:
    script = "pwd; echo $COLOR >&2; exit 3"
    status, output = run_program(
        ["sh", "-c", script], folder=tmp_path, timeout_s=10, environment={"COLOR": "blue"}
    )
    assert (status, output.split()) == (3, [str(tmp_path), "blue"])


def test_hanging_program_is_stopped_with_its_children(tmp_path: Path) -> None:
    script = "sleep 60 & echo $! > child; wait"
    message = r"^sh must end within 0\.5 s, but did not and was stopped; give it more time"
    with pytest.raises(ToolError, match=message):
        run_program(["sh", "-c", script], folder=tmp_path, timeout_s=0.5)
    assert has_ended(int((tmp_path / "child").read_text()))


APART = "setsid sh -c 'echo $$ > apart; exec sleep 60' & wait"
"""A program that starts another one in a session, and so in a process group, of its own."""


def test_a_program_in_another_group_is_stopped_too(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^sh must end within 0\.5 s"):
        run_program(["sh", "-c", APART], folder=tmp_path, timeout_s=0.5)
    assert has_ended(int((tmp_path / "apart").read_text()))


def test_programs_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL cannot be handled; what runs here would run for a minute."""
    code = (
        "from pathlib import Path; from tilewright.programs.process import run_program;"
        f"run_program(['sh', '-c', {'echo $$ > near; ' + APART!r}], folder=Path('.'), timeout_s=60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    wait_for_line(tmp_path / "apart")
    owner.kill()
    owner.wait()
    assert has_ended(int((tmp_path / "near").read_text()))
    assert has_ended(int((tmp_path / "apart").read_text()))


def test_interrupt_stops_the_program_with_its_children(tmp_path: Path) -> None:
    """Ctrl-C reaches this process only; it must take the group with it."""

    def interrupt() -> None:
        wait_for_line(tmp_path / "child")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_program(["sh", "-c", "sleep 60 & echo $! > child; wait"], folder=tmp_path, timeout_s=60)
    thread.join()
    assert has_ended(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_just_after_the_start_stops_the_program(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child runs, but nobody has been told of it: there the signal waits, and is not lost."""
    children: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            children.append(self)
            os.kill(os.getpid(), number)
            time.sleep(0.01)  # the handler would run here

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_program(["sleep", "60"], folder=tmp_path, timeout_s=60)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [child.returncode for child in children] == [-signal.SIGKILL]


def test_interrupt_of_a_program_that_cannot_start_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(KeyboardInterrupt):
        run_program(["sleep", "60"], folder=tmp_path, timeout_s=60)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_child_handles_signals_as_it_is_used_to(tmp_path: Path) -> None:
    """No signal is blocked or ignored in it."""
    lines = run_program(["cat", "/proc/self/status"], folder=tmp_path, timeout_s=10)[1].splitlines()
    masks = dict(line.split(":\t") for line in lines if line.startswith(("SigBlk", "SigIgn")))
    held = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1)
    assert [int(mask, 16) & held for mask in masks.values()] == [0, 0]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ToolError])
def test_threads_that_end_early_leave_no_program(
    tmp_path: Path, error: type[BaseException]
) -> None:
    """Neither those that run, nor those that were to come; what has ended keeps its result."""
    futures: list[Future[tuple[int, str]]] = []

    def run(name: str, script: str) -> tuple[int, str]:
        command = ["sh", "-c", f"echo $$ > {name}; {script}"]
        return run_program(command, folder=tmp_path, timeout_s=60)

    def end_early() -> None:
        with program_threads(2) as pool:
            futures.append(pool.submit(run, "ended", "echo well"))
            futures[0].result()
            futures.extend(pool.submit(run, name, "sleep 60") for name in ("one", "two", "never"))
            wait_for_line(tmp_path / "one")
            wait_for_line(tmp_path / "two")
            raise error

    with pytest.raises(error):
        end_early()
    ended, one, two, never = futures
    assert ended.result() == (0, "well\n")
    assert one.result() == two.result() == (-signal.SIGKILL, "")
    assert never.cancelled()
    assert not (tmp_path / "never").exists()


def test_program_that_starts_too_late_is_stopped(tmp_path: Path) -> None:
    """A thread that was between two programs when its pool ended."""
    futures: list[Future[tuple[int, str]]] = []
    go = threading.Event()

    def late() -> tuple[int, str]:
        go.wait()
        return run_program(["sleep", "60"], folder=tmp_path, timeout_s=60)

    def end_early() -> None:
        with program_threads(1) as pool:
            futures.append(pool.submit(late))
            threading.Timer(0.5, go.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end_early()
    assert futures[0].result() == (-signal.SIGKILL, "")


def test_signal_that_another_thread_takes_ends_the_wait_for_threads(tmp_path: Path) -> None:
    """The system gives a signal to a thread of its choice; the main one then sleeps on."""
    script = """
import signal, sys, threading, time
from pathlib import Path
from tilewright.programs.process import program_threads, run_program

def work(number):
    if number == 0:
        time.sleep(1)  # by now the main thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    return run_program(["sleep", "60"], folder=Path(), timeout_s=60)

signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    with program_threads(2) as pool:
        list(pool.each(work, range(2)))
except KeyboardInterrupt:
    sys.exit(130)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, timeout=30, check=False)
    assert done.returncode == 130


def test_program_that_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^cannot start no-such-program: No such file"):
        run_program(["no-such-program"], folder=tmp_path, timeout_s=1)


def test_last_lines_are_one_line() -> None:
    assert last_lines("a\n\nb\n c \n", count=2) == "b | c"
    assert last_lines("\n") == "no output"


def test_program_that_prints_for_ever_is_stopped(tmp_path: Path) -> None:
    ended = run_limited(["yes"], folder=tmp_path, timeout_s=60, most_bytes=100_000)
    assert (ended.stopped, ended.status) == ("output", -signal.SIGKILL)
    assert ended.output == b"y\n" * 50_000


def test_program_that_closes_its_output_is_waited_for_and_stopped(tmp_path: Path) -> None:
    script = "exec >&- 2>&-; sleep 0.2; echo done > file; exec sleep 60"
    ended = run_limited(["sh", "-c", script], folder=tmp_path, timeout_s=0.6)
    assert (ended.stopped, ended.output) == ("time", b"")
    assert (tmp_path / "file").exists()


def test_what_a_program_leaves_behind_is_neither_waited_for_nor_left(tmp_path: Path) -> None:
    """It holds the pipe open; the status is that of the program, not of the kill."""
    script = "sleep 60 & echo $! > child; echo out; exit 4"
    ended = run_limited(["sh", "-c", script], folder=tmp_path, timeout_s=60)
    assert (ended.stopped, ended.status, ended.text) == ("", 4, "out\n")
    assert ended.seconds < 30
    assert has_ended(int((tmp_path / "child").read_text()))


def test_status_of_a_signal_is_its_number(tmp_path: Path) -> None:
    ended = run_limited(["sh", "-c", "kill -SEGV $$"], folder=tmp_path, timeout_s=10)
    assert (ended.stopped, ended.status) == ("", -signal.SIGSEGV)


def test_of_a_flood_only_the_end_is_kept(tmp_path: Path) -> None:
    flood = "import sys; sys.stdout.write('x' * 20_000_000); print('the end')"
    status, output = run_program([sys.executable, "-c", flood], folder=tmp_path, timeout_s=60)
    assert (status, len(output)) == (0, MOST_OUTPUT)
    assert output.endswith("xthe end\n")


def test_quoted_output_has_no_controls_and_an_end() -> None:
    assert last_lines("\x1b[2Jred\nbell\x07") == r"\x1b[2Jred | bell\x07"
    assert len(last_lines("y" * 100_000)) < 600
