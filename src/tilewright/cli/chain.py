"""The commands of the chain: one for each stage, and `run` for all of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, JsonOption, RunArgument, SetOption, app
from tilewright.cli.console import Console
from tilewright.cli.summary import print_summary

if TYPE_CHECKING:
    from tilewright.pipeline import RunFolder


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
    from tilewright.errors import expect_packages

    expect_packages("torch", "numba", "safetensors", "threadpoolctl", "jinja2", "matplotlib")
    from tilewright.pipeline import run_all

    console = Console(is_json=is_json)
    folder = _start(config, out, overrides, is_restart=is_restart)
    summary = run_all(folder, console, console.announce)
    print_summary(summary, folder.root, is_json=is_json)


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
    from tilewright.errors import expect_packages

    expect_packages("torch", "safetensors")
    folder = _start(config, out, overrides, is_restart=False)
    _run_stages(folder, ("train",), is_json=is_json)


@app.command()
def recover(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """State the trained network in integers, with the stimulus of chosen samples."""
    _run_stages(_open(folder, "recover", overrides), ("recover",), is_json=is_json)


@app.command()
def verify(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Compare the training forward with the naive int64 reference."""
    _run_stages(_open(folder, "verify", overrides), ("verify",), is_json=is_json)


@app.command()
def export(
    folder: RunArgument,
    overrides: SetOption = None,
    stimulus: Annotated[
        str | None,
        typer.Option(
            "--stimulus",
            metavar="real|random|max|bound",
            help="Input codes: of samples, random, all at maximum, or such that every output "
            "channel reaches its extreme psums. The same as --set vectors.stimulus=...",
        ),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Cut the layers into tiles and write the files that a testbench reads."""
    chosen = [] if stimulus is None else [f"vectors.stimulus={stimulus}"]
    opened = _open(folder, "export", [*(overrides or ()), *chosen])
    _run_stages(opened, ("tile", "export"), is_json=is_json)


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
    print_summary(make_report(opened), opened.root, is_json=is_json)


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
    found = [result for result in results if result is not None]  # of several processes, one has it
    failed = [check for result in found for check in result.checks if not check.passed]
    if is_json and found:
        print(json.dumps(found[-1].to_json(), indent=2))
    for check in failed:
        print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    raise typer.Exit(FAILED if failed else 0)
