"""Other programs end in time, with everything that they started."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from tilewright.cosim.process import last_lines, run_program
from tilewright.errors import ToolError


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


def test_interrupt_stops_the_program_with_its_children(tmp_path: Path) -> None:
    """Ctrl-C reaches this process only; it must take the group with it."""

    def interrupt() -> None:
        while not ((tmp_path / "child").exists() and (tmp_path / "child").read_text()):
            time.sleep(0.02)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_program(["sh", "-c", "sleep 60 & echo $! > child; wait"], folder=tmp_path, timeout_s=60)
    thread.join()
    assert has_ended(int((tmp_path / "child").read_text()))


def test_program_that_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^cannot start no-such-program: No such file"):
        run_program(["no-such-program"], folder=tmp_path, timeout_s=1)


def test_last_lines_are_one_line() -> None:
    assert last_lines("a\n\nb\n c \n", count=2) == "b | c"
    assert last_lines("\n") == "no output"
