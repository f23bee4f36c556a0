"""A function in a process of its own: what it gives and raises comes back, and it has an end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.programs.confined import Bounds, confined, limit_processor_time

BOUNDS = Bounds(seconds=5)


def test_the_result_is_that_of_another_process() -> None:
    pid, words = confined(lambda: (os.getpid(), ["w"] * 100_000), BOUNDS, what="it")
    assert pid != os.getpid()
    assert len(words) == 100_000


def test_an_error_of_ours_comes_back_as_it_is() -> None:
    def work() -> None:
        raise ConfigError("one line")

    with pytest.raises(ConfigError, match=r"^one line$"):
        confined(work, BOUNDS, what="it")


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    def work() -> None:
        raise ZeroDivisionError("ours")

    with pytest.raises(RuntimeError, match=r"(?s)in work.*ZeroDivisionError: ours"):
        confined(work, BOUNDS, what="it")


def turn() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(600)


def take() -> int:
    return len(bytearray(1 << 34))


def end() -> None:
    os._exit(1)


@pytest.mark.parametrize("work", [turn, sleep, take, end])
def test_what_takes_too_much_is_one_line(work) -> None:
    since = time.monotonic()
    with pytest.raises(
        FormatError, match=r"^the text must be read in 0\.2 s and 64 MB, but takes more"
    ):
        confined(work, Bounds(0.2, memory=64 << 20, patience=8), what="the text")
    assert time.monotonic() - since < 30


def test_time_is_limited_in_parts() -> None:
    def work() -> None:
        limit_processor_time(0.1)
        turn()

    since = time.process_time()
    with pytest.raises(FormatError, match="must be read in"):
        confined(work, Bounds(600), what="it")
    assert time.process_time() - since < 5


def test_nothing_is_limited_outside() -> None:
    limit_processor_time(0.001)
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_heard_and_ends_both(number: signal.Signals, tmp_path: Path) -> None:
    """The default of SIGINT is the interpreter's handler, as in the command."""
    mark = tmp_path / "child"
    code = (
        "import os, signal, sys, time, pathlib\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(3))\n"
        "from tilewright.programs.confined import Bounds, confined\n"
        "def work():\n"
        f"    pathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        "confined(work, Bounds(600), what='it')\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.02)
        parent.send_signal(number)
        assert parent.wait(20) == 3
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
