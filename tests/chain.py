"""The command line, and one small run of the whole chain."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

SMALL = (
    "train.epochs=2",
    "train.warmup_epochs=1",
    "recover.samples=2",
    'vectors.layers=["features.15", "features.12"]',
    "vectors.corners=false",
    "cosim.simulator=icarus",
)
"""Trains for seconds; exports the choke layer, and one with several input tiles."""

OVERRIDES = tuple(word for value in SMALL for word in ("--set", value))


def tilewright(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as the shell does, in this process: what it needs is loaded once for all tests.

    With `environment`, in a process of its own, to which these variables are added.
    """
    words = list(map(str, arguments))
    if environment:
        return tilewright_process(*words, **environment)
    out, err = _Captured(), _Captured()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "argv", ["tilewright", *words]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            status = _status(words)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return subprocess.CompletedProcess(words, status, out.text(), err.text())


def _status(words: list[str]) -> int:
    from tilewright.cli import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    raise AssertionError(f"tilewright {' '.join(words)} came back without an exit status")


class _Captured(io.TextIOWrapper):
    """A stream as a process has it: text over bytes, and no terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def tilewright_process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tilewright", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )


def read(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text())
