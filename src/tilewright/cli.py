"""The command line: arguments in, one stage, exit status out. The only module that prints.

Exit status: 0 all checks hold; 1 a check failed; 2 bad input or usage; 3 a fault in tilewright itself.
"""

from __future__ import annotations

import io
import json
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from tilewright.errors import TilewrightError

if TYPE_CHECKING:
    from tilewright.pipeline import RunFolder

FAILED, BAD_INPUT, FAULT = 1, 2, 3
INTERRUPTED = 130
"""What typer makes of Ctrl-C."""
PLAIN_INTERVAL = 10.0
"""Seconds between progress lines where there is no terminal."""

app = typer.Typer(
    name="tilewright",
    help="Train a quantized network, and prove, bit for bit, that a systolic array computes it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the facts as JSON; progress goes to stderr.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a configuration key; repeatable."),
]


def main() -> None:
    """Entry point: runs a command, and turns what goes wrong into one line and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a path can hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        status = app(standalone_mode=False)
    except TilewrightError as error:
        _stop(f"error: {error}", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        _stop(
            "interrupted: what is finished is kept; give the same command again to go on", BAD_INPUT
        )
    except OSError as error:
        _stop(f"error: {error}", BAD_INPUT)
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # click's usage errors
            _stop(f"error: {error.format_message()} (see --help)", BAD_INPUT)
        traceback.print_exc()
        _stop("this is a fault in tilewright: please report it with the lines above", FAULT)
    if status == INTERRUPTED:
        _stop(
            "interrupted: what is finished is kept; give the same command again to go on", BAD_INPUT
        )
    raise SystemExit(status or 0)


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


@app.command()
def run(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A TOML file; default: the digits.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The run folder.")] = Path("runs/digits"),
    overrides: SetOption = None,
    is_restart: Annotated[
        bool, typer.Option("--restart", help="Remove the run in --out first; else go on with it.")
    ] = False,
    is_json: JsonOption = False,
) -> None:
    """Run the whole chain, from images to the verdict."""
    from tilewright.pipeline import run_all

    console = Console(is_json=is_json)
    folder = _start(config, out, overrides, is_restart=is_restart)
    summary = run_all(folder, console, console.announce)
    _print_summary(summary, folder.root, is_json=is_json)


@app.command()
def train(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A TOML file; default: the digits.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The run folder.")] = Path("runs/digits"),
    overrides: SetOption = None,
    is_json: JsonOption = False,
) -> None:
    """Start a run and train its network, or go on where training stopped."""
    folder = _start(config, out, overrides, is_restart=False)
    _run_stages(folder, ("train",), is_json=is_json)


@app.command()
def evaluate(folder: RunArgument, is_json: JsonOption = False) -> None:
    """Count the test images that the trained network recognizes."""
    _run_stages(_open(folder), ("evaluate",), is_json=is_json)


@app.command()
def recover(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """State the trained network in integers, with the stimulus of chosen samples."""
    _run_stages(_open(folder, "recover", overrides), ("recover",), is_json=is_json)


@app.command()
def verify(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Compare the training forward with the naive int64 reference."""
    _run_stages(_open(folder, "verify", overrides), ("verify",), is_json=is_json)


@app.command()
def export(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Cut the layers into tiles and write the files that a testbench reads."""
    _run_stages(_open(folder, "export", overrides), ("tile", "export"), is_json=is_json)


@app.command()
def simulate(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Run the layers through the cycle-level model of the array."""
    _run_stages(_open(folder, "simulate", overrides), ("simulate",), is_json=is_json)


@app.command()
def cosim(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Run the exported files through the RTL."""
    _run_stages(_open(folder, "cosim", overrides), ("cosim",), is_json=is_json)


@app.command()
def report(folder: RunArgument, is_json: JsonOption = False) -> None:
    """Gather what the stages found into report.html, summary.json and junit.xml."""
    from tilewright.pipeline import make_report

    opened = _open(folder)
    _print_summary(make_report(opened), opened.root, is_json=is_json)


@app.command()
def doctor(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where CIFAR-10's binary files should be.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Say what this machine can do, and how to mend what is missing."""
    from tilewright.doctor import examine

    findings = []
    for finding in examine(data_dir=data_dir):
        findings.append(finding)
        if not is_json:
            mark = "ok" if finding.is_present else ("MISSING" if finding.is_needed else "-")
            print(f"{mark:8}{finding.name:20}{finding.detail}", flush=True)
            if finding.remedy and not finding.is_present:
                print(f"{'':28}{finding.remedy}")
    is_ready = all(finding.is_present or not finding.is_needed for finding in findings)
    if is_json:
        print(
            json.dumps(
                {"ready": is_ready, "findings": [asdict(item) for item in findings]}, indent=2
            )
        )
    else:
        print("ready" if is_ready else "not ready: see MISSING above")
    raise typer.Exit(0 if is_ready else FAILED)


def _start(
    config: Path | None, out: Path, overrides: list[str] | None, *, is_restart: bool
) -> RunFolder:
    from tilewright.config import load_config
    from tilewright.pipeline import RunFolder

    folder = RunFolder(out)
    wanted = load_config(config, tuple(overrides or ()))
    if is_restart and out.exists():
        folder.remove()
    folder.start(wanted)
    return folder


def _open(path: Path, stage: str = "", overrides: list[str] | None = None) -> RunFolder:
    from tilewright.pipeline import RunFolder

    folder = RunFolder(path)
    folder.config()
    if overrides:
        folder.reconfigure(stage, tuple(overrides))
    return folder


def _run_stages(folder: RunFolder, stages: tuple[str, ...], *, is_json: bool) -> None:
    from tilewright.pipeline import run_stage

    console = Console(is_json=is_json)
    results = []
    for stage in stages:
        console.announce(stage)
        results.append(run_stage(stage, folder, console))
    failed = [check for result in results for check in result.checks if not check.passed]
    if is_json:
        print(json.dumps(results[-1].facts, indent=2))
    for check in failed:
        print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    raise typer.Exit(FAILED if failed else 0)


def _print_summary(summary: dict[str, Any], root: Path, *, is_json: bool) -> None:
    if is_json:
        print(json.dumps(summary, indent=2))
    else:
        _print_verdict(summary)
        print(f"report: {root / 'report.html'}")
        print(f"summary: {root / 'summary.json'}")
    raise typer.Exit(0 if summary["verdict"] == "pass" else FAILED)


def _print_verdict(summary: dict[str, Any]) -> None:
    from rich.console import Console as Screen
    from rich.table import Table

    table = Table(title="numbers compared, and how many differ", title_justify="left")
    for heading in (
        "layer",
        "psums",
        "differ",
        "next codes",
        "differ",
        "psum bits",
        "model cycles",
    ):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for heading in ("RTL cycles", "RTL psums", "differ"):
        table.add_column(heading, justify="right")
    for layer in summary["layers"]:
        table.add_row(
            layer["name"],
            _count(layer["psums_compared"]),
            _count(layer["psum_mismatches"]),
            _count(layer["next_codes_compared"]),
            _count(layer["next_code_mismatches"]),
            f"{layer['psum_bits_needed']} of {layer['psum_bits']}",
            _count(layer["sim_cycles"]),
            _count(layer["cosim_cycles"]),
            _count(layer["cosim_psums_compared"]),
            _count(layer["cosim_mismatches"]),
        )
    screen = Screen(width=None if sys.stdout.isatty() else 120, highlight=False)
    screen.print(table)
    for reason in summary["reasons"]:
        print(f"FAILED {reason}")
    accuracy = summary["accuracy"]["test"]
    if accuracy is not None:
        print(f"test accuracy: {100 * accuracy:.2f} % of {summary['accuracy']['test_images']:,}")
    print(f"verdict: {summary['verdict']}")


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _stop(line: str, status: int) -> NoReturn:
    sys.stdout.flush()
    print(line, file=sys.stderr)
    raise SystemExit(status)
