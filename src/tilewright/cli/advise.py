"""`advise`: which layer to squeeze, and which layers bear fewer bits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import DataDirOption, JsonOption, ThreadsOption, app
from tilewright.cli.console import Console
from tilewright.cli.faults import read_array

if TYPE_CHECKING:
    from tilewright.studies.advise import Precision, Squeeze


@app.command()
def advise(
    source: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|CONFIG|RUN|NAME",
            help="A model or configuration; a trained run or packed network is measured too.",
        ),
    ],
    array: Annotated[str, typer.Option("--array", metavar="ROWSxCOLS")] = "8x8",
    images: Annotated[
        int | None,
        typer.Option("--images", help="Of the hold-out, to measure on; 500, or all, if not given."),
    ] = None,
    lost: Annotated[
        int, typer.Option("--lost", min=0, help="Images that fewer bits may lose of them.")
    ] = 0,
    threads: ThreadsOption = 1,
    data_dir: DataDirOption = None,
    is_json: JsonOption = False,
) -> None:
    """Say which layer to squeeze for an array, and which layers of a trained network bear fewer bits."""
    from tilewright.errors import expect_packages
    from tilewright.spec import ArrayShape
    from tilewright.studies.advise import (
        find_precision,
        open_advised,
        plain_cost,
        squeezes,
        to_facts,
    )

    rows, cols = read_array(array)
    shape = ArrayShape(rows, cols, 32)
    expect_packages("torch")
    config, network, holdout = open_advised(source, data_dir)
    found, plain = squeezes(config, shape), plain_cost(config, shape)
    precision = None
    if network is not None and holdout is not None:
        console = Console(is_json=is_json)
        images = min(500, len(holdout)) if images is None else images
        precision = find_precision(
            network, holdout, console, images=images, threads=threads, lost=lost
        )
    if is_json:
        facts = {
            "array": array,
            "plain": plain,
            "squeezes": [to_facts(one) for one in found],
            "precision": None if precision is None else to_facts(precision),
        }
        print(json.dumps(facts, indent=2))
        return
    _print_squeezes(found, plain, config.model.name)
    if precision is not None:
        _print_precision(precision)


def _print_squeezes(found: tuple[Squeeze, ...], plain: dict[str, Any], name: str) -> None:
    print(
        f"{name} as it is: {plain['network_cycles']:,} cycles (overlapped), "
        f"{plain['weight_bits']:,} weight bits; layers of one tile: "
        + (", ".join(one["layer"] for one in plain["layers"] if one["tiles"] == 1) or "none")
    )
    if not found:
        print("the model has no place for a chokepoint: paths lead around every stage")
        return
    print(
        "stage width layer        map   tiles  cycles  busy %  bits passing  network cycles  weight bits"
    )
    for one in found:
        print(
            f"{one.stage:5} {one.width:5} {one.layer:12} {f'{one.edge}x{one.edge}':5} {one.tiles:5} "
            f"{one.cycles:7,} {100 * one.utilization:7.1f} {one.passing_bits:13,} "
            f"{one.network_cycles:15,} {one.weight_bits:12,}"
        )
    print(
        "first those that fit; of these, those through which more bits pass, and which so cost less "
        "accuracy; cycles: what the RTL takes to verify one sample. Measure the accuracy of the first few "
        "with 'tilewright sweep --axis model.choke_stage=...'"
    )


def _print_precision(found: Precision) -> None:
    print(
        f"as trained: {found.uniform_correct:,} of {found.images:,} of the hold-out, "
        f"{found.uniform_bits:,} weight bits, {found.uniform_read_bits:,} activation bits read"
    )
    print(
        f"mixed:      {found.mixed_correct:,} of {found.images:,} of the hold-out, "
        f"{found.mixed_bits:,} weight bits, {found.mixed_read_bits:,} activation bits read"
    )
    print(", ".join(f"{name} {widths}" for name, widths in found.mixed.items()))
