"""The commands of whole integer networks: evaluate, pack."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, DataDirOption, JsonOption, RunArgument, app
from tilewright.cli.console import Console

if TYPE_CHECKING:
    from tilewright.pipeline import StageResult


@app.command()
def evaluate(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="A run folder, or a packed network (NAME.json)."),
    ],
    data_dir: DataDirOption = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="auto|int8|blas|int64",
            help="How a packed network is computed; the integers are the same.",
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, max=256, help="For a packed network; default: one."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Count the test images that a trained run or a packed network recognizes."""
    from tilewright.errors import ConfigError
    from tilewright.spec import find_packed

    console = Console(is_json=is_json)
    stem = find_packed(path)
    if stem is not None:
        from tilewright.engine import KINDS
        from tilewright.pipeline.packed import evaluate_packed

        kinds = {kind: kind for kind in KINDS}
        if engine is not None and engine not in kinds:
            raise ConfigError(f"--engine must be {', '.join(KINDS)}, not {engine!r}")
        kind = kinds[engine or "auto"]
        finish(
            evaluate_packed(stem, console, data_dir=data_dir, kind=kind, threads=threads or 1),
            is_json=is_json,
        )
    if engine is not None or threads is not None:
        raise ConfigError("--engine and --threads are for packed networks: leave them out")
    from tilewright.pipeline import RunFolder, run_stage

    folder = RunFolder(path)
    if not path.is_dir():
        raise ConfigError(
            f"{path} must be a run folder or a packed network (NAME.json), but is neither: "
            "give the path of one"
        )
    folder.config()
    finish(run_stage("evaluate", folder, console, data_dir=data_dir), is_json=is_json)


@app.command()
def pack(
    folder: RunArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="NAME", help="Writes NAME.json and NAME.npz.")
    ],
    data_dir: DataDirOption = None,
    is_json: JsonOption = False,
) -> None:
    """Write a trained run as one small pair of files that numpy alone reads."""
    from tilewright.pipeline import RunFolder
    from tilewright.pipeline.packed import pack as pack_run

    run = RunFolder(folder)
    run.config()
    facts = pack_run(run, out, Console(is_json=is_json), data_dir=data_dir)
    if is_json:
        print(json.dumps(facts, indent=2))


def finish(result: StageResult, *, is_json: bool) -> None:
    """Print the facts, and end with the exit status of the checks."""
    if is_json:
        print(json.dumps(result.facts, indent=2))
    for check in result.checks:
        if not check.passed:
            print(f"FAILED {check.stage}: {check.evidence}", file=sys.stderr)
    raise typer.Exit(0 if result.passed else FAILED)
