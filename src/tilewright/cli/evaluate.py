"""`evaluate`: count the test images that a network recognizes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import DataDirOption, JsonOption, app
from tilewright.cli.console import Console, suggest
from tilewright.cli.run_folder import expect_network, finish, open_run

if TYPE_CHECKING:
    from tilewright.facts import StageFacts, StageResult


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
            metavar="auto|winograd|int8|popcount|blas|int64",
            help="How a packed network is computed; the integers are the same.",
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, max=256, help="For a packed network; default: one."),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger",
            metavar="FILE",
            help="Enter the count of a run there, one line a network; what is counted is not counted again.",
        ),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Count the test images that a trained run or a packed network recognizes."""
    from tilewright.errors import ConfigError
    from tilewright.spec import find_packed

    console = Console(is_json=is_json)
    stem = find_packed(path)
    if stem is not None:
        from tilewright.engine import ENGINE_KINDS
        from tilewright.studies.packed import evaluate_packed

        if ledger is not None:
            raise ConfigError("--ledger is for runs, which say how they were trained: leave it out")
        kinds = {kind: kind for kind in ENGINE_KINDS}
        if engine is not None and engine not in kinds:
            raise ConfigError(f"--engine must be {', '.join(ENGINE_KINDS)}, not {engine!r}")
        kind = kinds[engine or "auto"]
        finish(
            evaluate_packed(stem, console, data_dir=data_dir, kind=kind, threads=threads or 1),
            is_json=is_json,
        )
    if engine is not None or threads is not None:
        raise ConfigError("--engine and --threads are for packed networks: leave them out")
    result = _evaluate_run(path, console, data_dir, ledger)
    if not is_json:
        suggest(f"tilewright recover {shlex.quote(str(path))}")
    finish(result, is_json=is_json)


def _evaluate_run(
    path: Path, console: Console, data_dir: Path | None, ledger: Path | None
) -> StageResult[StageFacts]:
    """With a ledger, what the run has recorded and is not stale is taken as it is."""
    from tilewright.facts import EvaluateFacts
    from tilewright.pipeline import run_stage
    from tilewright.pipeline.ledger import Ledger

    expect_network(path)
    run = open_run(path)
    book = None if ledger is None else Ledger(ledger)
    if book is not None and run.has_result("evaluate") and not run.is_stale("evaluate"):
        counted = run.result(EvaluateFacts)
        console.say(f"recorded: {counted.facts.correct:,} of {counted.facts.images:,}")
        result: StageResult[StageFacts] | None = counted
    else:
        result = run_stage("evaluate", run, console, data_dir=data_dir)
    assert result is not None  # noqa: S101 -- only training has processes without a result
    if book is not None:
        console.say(book.enter(run))
    return result
