"""`sweep`: which configurations no other beats."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.app import FAILED, JsonOption, SetOption, app
from tilewright.cli.console import Console
from tilewright.cli.unheeded import refuse_given

SHOWN = 20


OF_TRIALS = ("trials", "storage", "heartbeat", "margin")


@app.command()
def sweep(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY.toml|CONFIG|RUN|NAME",
            help="A study, or the network: a run, a packed network, a configuration, a model, an ONNX file.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The study's folder.")] = Path("studies/sweep"),
    axes: Annotated[
        list[str] | None,
        typer.Option(
            "--axis",
            metavar="KEY=VALUES",
            help="array.rows=1..64, array.mode=ws,os, memory.pmem=512,1024; repeatable.",
        ),
    ] = None,
    objectives: Annotated[
        list[str] | None,
        typer.Option("--objective", metavar="FIGURE", help="What is to be good; repeatable."),
    ] = None,
    within: Annotated[
        list[str] | None,
        typer.Option("--within", metavar="FIGURE=BOUND", help="A bound that is kept; repeatable."),
    ] = None,
    check: Annotated[
        int, typer.Option("--check", min=0, help="Random points of the Pareto set to simulate.")
    ] = 0,
    register_cycles: Annotated[
        int,
        typer.Option(
            "--register-cycles", min=0, help="Of them, layers of so many cycles by registers too."
        ),
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of that choice.")] = 0,
    has_parquet: Annotated[bool, typer.Option("--parquet", help="Write Parquet too.")] = False,
    has_page: Annotated[bool, typer.Option("--page", help="Write study.html, with plots.")] = False,
    trials: Annotated[
        int, typer.Option("--trials", min=0, help="Trainings; 0: every combination of the axes.")
    ] = 0,
    storage: Annotated[
        str,
        typer.Option(
            "--storage", metavar="URL", help="Database of the trials. Default: a file in the study."
        ),
    ] = "",
    heartbeat: Annotated[
        int, typer.Option("--heartbeat", min=1, help="Seconds between signs of life of a trial.")
    ] = 60,
    margin: Annotated[
        float,
        typer.Option("--margin", min=0, max=1, help="Of accuracy, by which a trial is given up."),
    ] = 0.05,
    overrides: SetOption = None,
    is_json: JsonOption = False,
) -> None:
    """Sweep arrays in closed form, and trainings, and say which points no other beats in any objective."""
    from tilewright.errors import expect_packages
    from tilewright.studies.sweep.axes import read_question
    from tilewright.studies.sweep.run import sweep as run_sweep
    from tilewright.studies.sweep.study import SweepOptions

    options = SweepOptions(check, seed, register_cycles, has_parquet, has_page)
    expect_packages(*(("numba",) if check else ()), *(("pyarrow",) if has_parquet else ()))
    expect_packages(*(("jinja2", "matplotlib") if has_page else ()))
    question = read_question(source, axes or (), objectives or (), within or ())
    trained = None
    if not question.trained:
        refuse_given(context, OF_TRIALS, "trainings, and no axis asks for one")
    Console.begins_anew = not question.trained
    if question.trained:
        expect_packages("optuna", "torch")
        from tilewright.studies.sweep.trials import TrialOptions

        trained = TrialOptions(storage, trials, heartbeat, margin, seed)
    facts = run_sweep(
        out,
        question,
        Console(is_json=is_json),
        options=options,
        trials=trained,
        overrides=tuple(overrides or ()),
    )
    if is_json:
        print(json.dumps(facts, indent=2))
    else:
        _print_set(facts)
    for one in facts["simulated"]:
        if not one["passed"]:
            print(f"FAILED sweep: {one['differs']}", file=sys.stderr)
    raise typer.Exit(0 if facts["passed"] else FAILED)


def _print_set(facts: dict[str, Any]) -> None:
    names = ["rows", "cols", "mode", "schedule", "job", *facts["question"]["objectives"]]
    if facts["trained"]:
        names = ["trial", *facts["trained"], *names]
    points = facts["set"]
    step = max(1, -(-len(points) // SHOWN))
    lines = [list(dict.fromkeys(names))]
    lines += [[_figure(point[name]) for name in lines[0]] for point in points[::step]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)))
    if step > 1:
        print(f"every {step}th of {facts['pareto']:,} points; all are in pareto.csv")


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
