"""The command line: arguments in, one stage, exit status out. The only room that prints.

Exit status: 0 all checks hold; 1 a check failed; 2 bad input or usage; 3 a fault in tilewright itself;
130 interrupted.
"""

from __future__ import annotations

import signal
import traceback
from importlib import import_module

import typer

from tilewright.cli.app import BAD_INPUT, FAULT, INTERRUPTED, app
from tilewright.cli.console import open_streams, stop
from tilewright.cli.run_folder import HELD
from tilewright.errors import MissingPackageError, TilewrightError

GROUPS = {
    "The chain": ("run", "train", "evaluate", "stages", "export", "report"),
    "Your core and its files": (
        *("layouts", "adopt", "lint", "decode", "convert", "verify_bundle"),
        *("try_core", "explain", "reduce"),
    ),
    "Questions about a network": (
        *("plan", "stats", "psum_width", "requantize", "certify", "prove", "mutate"),
        *("sweep", "faults", "advise"),
    ),
    "Networks in and out": ("pack", "export_network", "import_network"),
    "This computer": ("doctor",),
}
"""The modules of the commands under the headings of --help, in its order; each is named as it is typed."""

COMMANDS = tuple(module for modules in GROUPS.values() for module in modules)

for _title, _modules in GROUPS.items():
    for _module in _modules:
        _known = len(app.registered_commands)
        import_module(f"tilewright.cli.{_module}")
        for _command in app.registered_commands[_known:]:
            _command.rich_help_panel = _title

__all__ = ["COMMANDS", "GROUPS", "app", "main"]


def main() -> None:
    """Entry point: runs a command, and turns what goes wrong into one line and an exit status."""
    open_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's Ctrl-C
    try:
        with HELD:
            status = app(standalone_mode=False)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except typer.Abort as abort:  # of an interrupt; and of any EOFError, which is none
        if isinstance(abort.__cause__, EOFError):
            _stop_at(abort.__cause__)
        status = INTERRUPTED
    except (TilewrightError, OSError) as error:
        stop(f"error: {error}", BAD_INPUT)
    except Exception as error:
        _stop_at(error)
    if status == INTERRUPTED:
        stop(
            "interrupted: what is finished is kept; give the same command again to go on",
            INTERRUPTED,
        )
    raise SystemExit(status or 0)


def _stop_at(error: Exception) -> None:
    """End with a usage error, with the package that is missing, or with a fault of ours."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # click's usage errors
        stop(f"error: {error.format_message()} (see --help)", BAD_INPUT)
    if isinstance(error, ModuleNotFoundError):
        missing = MissingPackageError.named(error.name)
        if missing is not None:
            stop(f"error: {missing}", BAD_INPUT)
    traceback.print_exception(error)
    stop("this is a fault in tilewright: please report it with the lines above", FAULT)
