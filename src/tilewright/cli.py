"""The command line: arguments in, one stage, exit status out. The only module that prints.

Exit status: 0 all checks hold; 1 a check failed; 2 bad input or usage; 3 a fault in tilewright itself.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.errors import TilewrightError

if TYPE_CHECKING:
    from tilewright.pipeline import RunFolder

FAILED, BAD_INPUT, FAULT = 1, 2, 3

app = typer.Typer(
    name="tilewright",
    help="Train a quantized network, and prove, bit for bit, that a systolic array computes it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Run = Annotated[Path, typer.Argument(help="run folder, as 'tilewright run' made it", metavar="RUN")]
AsJson = Annotated[bool, typer.Option("--json", help="print the facts as JSON, progress on stderr")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="override a configuration key; may be repeated"),
]


def main() -> None:
    """Entry point: runs a command and turns every failure into its exit status."""
    try:
        app()
    except TilewrightError as error:
        _fail(f"error: {error}", BAD_INPUT)
    except KeyboardInterrupt:
        _fail("interrupted: the run folder is as the last finished step left it; run again to go on", BAD_INPUT)
    except OSError as error:
        _fail(f"error: {error}", BAD_INPUT)
    except Exception:  # noqa: BLE001 -- the last resort of a program
        traceback.print_exc()
        _fail("this is a fault in tilewright: please report it with the lines above", FAULT)


def _fail(line: str, status: int) -> None:
    sys.stdout.flush()
    print(line, file=sys.stderr)
    raise SystemExit(status)
