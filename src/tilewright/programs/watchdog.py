"""Programs do not outlive this process, even if it is killed by a signal that it cannot handle.

This file is also a program of its own, that loads nothing else: it waits for the end of its standard input,
which the system closes when this process ends, however it ends; then it kills every process that carries
this process's mark in its environment. Children inherit the mark, in whatever process group they are. Where
there is no ``/proc`` (macOS), only process groups are killed, and only by this process itself.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from pathlib import Path

VARIABLE = "TILEWRIGHT_PROGRAM"
PROC = Path("/proc")
TRIES = 100
"""A program that is starting another one at this very moment is found in the next try."""


def kill_marked(mark: str) -> None:
    """Kill every process whose environment has `VARIABLE` begin with `mark`."""
    wanted = f"{VARIABLE}={mark}".encode()
    for _ in range(TRIES):
        pids = [pid for pid in _processes() if wanted in _environment(pid)]
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue  # it has ended by itself in the meantime
        time.sleep(0.01)


def _processes() -> list[int]:
    if not PROC.is_dir():
        return []
    return [int(path.name) for path in PROC.iterdir() if path.name.isdecimal()]


def _environment(pid: int) -> bytes:
    """Empty for a process that has ended, or is another user's."""
    try:
        return (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


class Watchdog:
    """The mark of this process, and the program that waits for its end."""

    def __init__(self) -> None:
        self._owner = 0
        self._mark = ""
        self._count = 0

    def mark(self) -> str:
        """A mark for a program that is about to be started; all begin with that of this process."""
        if self._owner != os.getpid():  # the first, or this process is a copy of another one
            self._owner, self._mark = os.getpid(), f"{os.getpid()}-{secrets.token_hex(8)}"
            self._start()
        self._count += 1
        return f"{self._mark}.{self._count};"

    def _start(self) -> None:
        if not PROC.is_dir():
            return
        ends, _alive = os.pipe()  # nobody inherits `_alive`: the system closes it with this process
        program = [sys.executable, "-I", "-S", __file__, f"{self._mark}."]
        null = os.open(os.devnull, os.O_RDWR)
        actions = [
            (os.POSIX_SPAWN_DUP2, source, target)
            for source, target in ((ends, 0), (null, 1), (null, 2))
        ]
        os.posix_spawn(sys.executable, program, {}, file_actions=actions, setsid=True)
        os.close(ends)
        os.close(null)


watchdog = Watchdog()


def main() -> None:
    """Wait until the owner has ended, then kill what it left."""
    while os.read(0, 1):
        pass
    kill_marked(sys.argv[1])


if __name__ == "__main__":
    main()
