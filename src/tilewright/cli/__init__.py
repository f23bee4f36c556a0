"""The command line: arguments in, one stage, exit status out. The only room that prints.

Exit status: 0 all checks hold; 1 a check failed; 2 bad input or usage; 3 a fault in tilewright itself.
"""

from __future__ import annotations

import io
import signal
import sys
import traceback

import typer

from tilewright.cli import (
    chain,
    decode,
    exchange,
    files,
    hardware,
    integers,
    lint,
    machine,
    mutate,
    plan,
    stats,
)
from tilewright.cli.app import BAD_INPUT, FAULT, INTERRUPTED, app
from tilewright.cli.console import stop
from tilewright.errors import TilewrightError

__all__ = [
    "app",
    "chain",
    "decode",
    "exchange",
    "files",
    "hardware",
    "integers",
    "lint",
    "machine",
    "main",
    "mutate",
    "plan",
    "stats",
]


def main() -> None:
    """Entry point: runs a command, and turns what goes wrong into one line and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a path can hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's Ctrl-C
    try:
        status = app(standalone_mode=False)
    except TilewrightError as error:
        stop(f"error: {error}", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        stop(
            "interrupted: what is finished is kept; give the same command again to go on", BAD_INPUT
        )
    except OSError as error:
        stop(f"error: {error}", BAD_INPUT)
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # click's usage errors
            stop(f"error: {error.format_message()} (see --help)", BAD_INPUT)
        traceback.print_exc()
        stop("this is a fault in tilewright: please report it with the lines above", FAULT)
    if status == INTERRUPTED:
        stop(
            "interrupted: what is finished is kept; give the same command again to go on", BAD_INPUT
        )
    raise SystemExit(status or 0)
