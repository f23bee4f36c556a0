"""What a person who waits is told, and how a command ends."""

from __future__ import annotations

import sys
import time
from typing import NoReturn

PLAIN_INTERVAL = 10.0
"""Seconds between progress lines where there is no terminal."""


class Console:
    """Lines for the person who waits: on stdout, or on stderr where stdout carries JSON."""

    def __init__(self, *, is_json: bool) -> None:
        self._stream = sys.stderr if is_json else sys.stdout
        self._is_terminal = self._stream.isatty()
        self._is_open = False
        self._shown = 0.0

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self._close()
        print(f"  {line}", file=self._stream, flush=True)

    def announce(self, stage: str) -> None:
        """Print the name of a stage as it begins."""
        self._close()
        print(stage, file=self._stream, flush=True)
        self._shown = 0.0

    def progress(self, line: str) -> None:
        """Show a line that the next one replaces; without a terminal, print one now and then."""
        if self._is_terminal:
            print(f"\r\x1b[2K  {line}", end="", file=self._stream, flush=True)
            self._is_open = True
        elif time.monotonic() - self._shown >= PLAIN_INTERVAL:
            self._shown = time.monotonic()
            self.say(line)

    def _close(self) -> None:
        if self._is_open:
            print(file=self._stream)
            self._is_open = False


def count(number: int | None) -> str:
    """A number for a table; "-" where there is none."""
    return "-" if number is None else f"{number:,}"


def stop(line: str, status: int) -> NoReturn:
    """End the command with one line on stderr."""
    sys.stdout.flush()
    print(line, file=sys.stderr)
    raise SystemExit(status)
