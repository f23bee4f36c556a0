"""Progress lines on the terminal, standard output and error, and the exit of a command."""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path
from typing import ClassVar, NoReturn, TextIO

from tilewright.errors import printable

MOST = 10_000
"""Characters of a line that is shown: no message of ours is longer, whatever it quotes."""

PLAIN_INTERVAL = 10.0
"""Seconds between progress lines where there is no terminal."""

VERBOSE_INTERVAL = 1.0
"""The same with --verbose."""


class Console:
    """Progress lines: on stdout, or on stderr where stdout carries JSON; plain ones where TERM is "dumb".

    is_quiet: none, for this command. is_verbose: each with the seconds since the command began, and more of
    them. begins_anew: an interrupt leaves nothing, though the command may go on elsewhere.
    """

    is_quiet: ClassVar[bool] = False
    is_verbose: ClassVar[bool] = False
    begins_anew: ClassVar[bool] = False
    began: ClassVar[float] = 0.0

    def __init__(self, *, is_json: bool) -> None:
        self._stream = sys.stderr if is_json else sys.stdout
        self._is_terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._is_open = False
        self._shown = time.monotonic()

    def say(self, line: str) -> None:
        """Print a line that stays."""
        if self.is_quiet:
            return
        self.clear()
        print(f"  {_moment()}{printable(line, MOST)}", file=self._stream, flush=True)

    def announce(self, stage: str) -> None:
        """Print the name of a stage as it begins."""
        if self.is_quiet:
            return
        self.clear()
        print(f"{_moment()}{stage}", file=self._stream, flush=True)
        self._shown = 0.0

    def progress(self, line: str) -> None:
        """Show a line that the next one replaces; without a terminal, print one now and then."""
        if self.is_quiet:
            return
        if self._is_terminal:
            print(f"\r\x1b[2K  {_moment()}{line}", end="", file=self._stream, flush=True)
            self._is_open = True
        elif time.monotonic() - self._shown >= (
            VERBOSE_INTERVAL if self.is_verbose else PLAIN_INTERVAL
        ):
            self._shown = time.monotonic()
            self.say(line)

    def clear(self) -> None:
        """End the line that progress holds, so that others can print."""
        if self._is_open:
            print(file=self._stream)
            self._is_open = False


def _moment() -> str:
    """The seconds since the command began, where it is verbose."""
    return f"{time.monotonic() - Console.began:7.1f} s  " if Console.is_verbose else ""


def tell_cost() -> None:
    """What the command took, where it is verbose: on stderr, so that facts stay alone on stdout."""
    if not Console.is_verbose:
        return
    import resource

    seconds = time.monotonic() - Console.began
    mine, others = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    busy = mine.ru_utime + mine.ru_stime + others.ru_utime + others.ru_stime
    most = max(mine.ru_maxrss, others.ru_maxrss) / 1024
    sys.stdout.flush()
    print(
        f"took {seconds:.1f} s, {busy:.1f} s of processor time, at most {most:,.0f} MiB a process",
        file=sys.stderr,
    )


def suggest(command: str) -> None:
    """Print the command that comes next, for one that went well."""
    if not Console.is_quiet:
        print(f"next: {printable(command, MOST)}")


def count(number: int | None) -> str:
    """A number for a table; "-" where there is none."""
    return "-" if number is None else f"{number:,}"


class _PatientStream(io.TextIOWrapper):
    """Standard output or error: once its reader has gone (``| head -1``), what is written goes nowhere.

    The command runs to its end, and its exit status says what it found. So does what a full disk no longer
    takes, but `lost` says why: the command must not end as if it were written.
    """

    lost: OSError | None = None

    def __init__(self, stream: TextIO) -> None:
        file = open(stream.fileno(), "wb", closefd=False)  # noqa: SIM115
        encoding, is_terminal = stream.encoding, stream.isatty()
        super().__init__(file, encoding, "backslashreplace", line_buffering=is_terminal)

    def write(self, text: str) -> int:
        """Write `text`; after the reader has closed the pipe, drop it."""
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Flush what was written; after the reader has closed the pipe, drop it."""
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self.lost = error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        super().flush()


def open_streams() -> None:
    """Make standard output and error ready for any text, for a reader that leaves, and for none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: ``>&-``
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)
        elif stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _PatientStream(stream))
        elif isinstance(stream, io.TextIOWrapper):  # a path can hold what it cannot show
            stream.reconfigure(errors="backslashreplace")


def lost_output() -> str:
    """What to say where standard output could not be written to its end; "" where it was."""
    sys.stdout.flush()
    lost: OSError | None = getattr(sys.stdout, "lost", None)
    if lost is None:
        return ""
    return (
        "standard output must take all that this command prints, but does not: "
        f"{lost.strerror}; make room and give the command again"
    )


def stop(line: str, status: int) -> NoReturn:
    """End the command with one line on stderr."""
    sys.stdout.flush()
    print(printable(line, MOST), file=sys.stderr)
    raise SystemExit(status)
