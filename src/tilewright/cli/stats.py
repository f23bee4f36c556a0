"""`stats`: count what moves in the array."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import JsonOption, RunArgument, SetOption, app
from tilewright.cli.console import Console

if TYPE_CHECKING:
    from tilewright.cost import EnergyTable
    from tilewright.studies.statistics import LayerStatistics


@app.command()
def stats(
    folder: RunArgument,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="NAME", help="A layer; repeatable. Default: all."),
    ] = None,
    sample: Annotated[int, typer.Option("--sample", help="Which recovered sample, from 0.")] = 0,
    energy: Annotated[
        Path | None,
        typer.Option(
            "--energy",
            metavar="TOML",
            help="What each event costs: configs/energy/45nm.toml is one.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--csv", metavar="DIR", help="Write statistics.csv and toggles.csv there."),
    ] = None,
    overrides: SetOption = None,
    is_json: JsonOption = False,
) -> None:
    """Count zero operands, register toggles and words moved, on a real sample of a recovered run.

    --set array.mode=os, array.schedule=overlapped, array.rows=16 and the like ask about another array or
    another way to use it; the run stays as it is.
    """
    from tilewright.cost import EnergyTable
    from tilewright.pipeline.run_folder import RunFolder
    from tilewright.studies.statistics import run_statistics

    console = Console(is_json=is_json)
    table = EnergyTable.load(energy) if energy is not None else None
    run, found = RunFolder(folder), []
    used = run.config(tuple(overrides or ())).array
    for one in run_statistics(run, layers or (), sample, table, used):
        found.append(one)
        console.progress(f"{one.layer}: {one.activity.operations:,} operations")
    if out is not None:
        _write_csv(out / "statistics.csv", [one.to_facts() for one in found])
        _write_csv(out / "toggles.csv", [line for one in found for line in one.toggle_lines()])
    facts = {"layers": [one.to_facts() for one in found], "energy_table": _stated(table)}
    if is_json:
        print(json.dumps(facts, indent=2))
        return
    _print_table(found)
    if table is not None:
        print(f"energy: {table.name}; source: {table.source}")
    if out is not None:
        print(f"written: {out / 'statistics.csv'}, {out / 'toggles.csv'}")


def _stated(table: EnergyTable | None) -> dict[str, Any] | None:
    from dataclasses import asdict

    return None if table is None else asdict(table)


def _write_csv(path: Path, lines: list[dict[str, Any]]) -> None:
    from tilewright.store.artifact import write_bytes

    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_bytes(path, text.getvalue().encode())


def _print_table(found: list[LayerStatistics]) -> None:
    from rich import box
    from rich.console import Console as Screen
    from rich.table import Table

    has_energy = found[0].energy_pj is not None
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("layer", no_wrap=True)
    headings = ("cycles", "operations", "act 0", "weight 0", "operand 0", *_TOGGLES, *_WORDS)
    for heading in (*headings, *(("energy",) if has_energy else ())):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        table.add_row(one.layer, *_figures(one))
    Screen(highlight=False, width=200).print(table)
    print(
        "operations: multiplications of valid activations, padding and empty lanes included; toggles"
    )
    print("of register bits per operation; words that the core reads and writes")


_TOGGLES = ("act toggles", "shadow", "weight", "psum")
_WORDS = ("XMEM words", "WMEM", "PMEM")


def _figures(one: LayerStatistics) -> list[str]:
    from tilewright.sim import REGISTERS

    activity, traffic = one.activity, one.traffic
    zeros = (activity.zero_acts, activity.zero_weights, activity.zero_operands)
    toggles = [activity.of(register) for register in REGISTERS]
    figures = [
        f"{one.cycles:,}",
        f"{activity.operations:,}",
        *(f"{100 * count / activity.operations:.1f} %" for count in zeros),
        *(f"{int(counts.sum()) / activity.operations:.3f}" for counts in toggles),
        *(f"{memory.words:,}" for memory in (traffic.xmem, traffic.wmem, traffic.pmem)),
    ]
    if one.energy_pj is not None:
        figures.append(f"{one.energy_pj['total'] / 1000:,.1f} nJ")
    return figures
