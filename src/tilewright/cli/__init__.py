"""The command line: arguments in, one stage, exit status out. The only room that prints.

Exit status: 0 all checks hold; 1 a check failed; 2 bad input or usage; 3 a fault in tilewright itself;
130 interrupted.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from typing import Any

import typer

from tilewright.cli.app import BAD_INPUT, FAULT, INTERRUPTED, app
from tilewright.cli.commands import GROUPS, MODULES
from tilewright.cli.console import Console, lost_output, open_streams, stop, tell_cost
from tilewright.cli.run_folder import HELD
from tilewright.errors import MissingPackageError, TilewrightError

GO_ON = ("run", "train", "sweep")
"""Commands that go on where they were interrupted; mutate does with --log, sweep if it trains."""

AGAIN_S = 0.05

__all__ = ["GROUPS", "MODULES", "app", "main"]


def main() -> None:
    """Entry point: runs a command, and turns what goes wrong into one line and an exit status."""
    open_streams()
    Console.begins_anew = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's Ctrl-C
    sys.unraisablehook = _interrupt_again
    try:
        with HELD:
            status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except typer.Abort as abort:  # of an interrupt; and of any EOFError, which is none
        if isinstance(abort.__cause__, EOFError):
            _stop_at(abort.__cause__)
        status = INTERRUPTED
    except (TilewrightError, OSError) as error:
        _show_place(error)
        stop(f"error: {error}", BAD_INPUT)
    except Exception as error:
        _stop_at(error)
    if status == INTERRUPTED:
        stop(f"interrupted: {_what_is_kept(sys.argv[1:])}", INTERRUPTED)
    tell_cost()
    if lost := lost_output():
        stop(f"error: {lost}", status or BAD_INPUT)  # a failed check stays one
    raise SystemExit(status or 0)


def _interrupt_again(lost: Any) -> None:
    """Python drops what is raised in a callback of its own, as of an import's lock: Ctrl-C comes once more.

    From a thread, a moment later, since what is raised in this function would be dropped, too.
    """
    if lost.exc_type is KeyboardInterrupt:
        threading.Timer(AGAIN_S, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


def _what_is_kept(words: list[str]) -> str:
    name = next((word for word in words if not word.startswith("-")), "")
    has_log = any(word.partition("=")[0] == "--log" for word in words)
    if (name in GO_ON or (name == "mutate" and has_log)) and not Console.begins_anew:
        return "what is finished is kept; give the same command again to go on"
    return "this command begins anew when it is given again"


def _show_place(error: Exception) -> None:
    """Where in the code an error was raised, for who asked with --verbose."""
    if Console.is_verbose:
        import traceback

        traceback.print_exception(error)


def _stop_at(error: Exception) -> None:
    """End with a usage error, with the package that is missing, or with a fault of ours."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # click's usage errors
        stop(f"error: {error.format_message()} (see --help)", BAD_INPUT)
    if isinstance(error, ModuleNotFoundError):
        missing = MissingPackageError.named(error.name)
        if missing is not None:
            stop(f"error: {missing}", BAD_INPUT)
    import traceback

    traceback.print_exception(error)
    stop("this is a fault in tilewright: please report it with the lines above", FAULT)
