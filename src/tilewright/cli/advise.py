"""`advise`: which layer to squeeze, and which layers bear fewer bits."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import DataDirOption, JsonOption, ThreadsOption, app
from tilewright.cli.console import Console
from tilewright.cli.faults import read_array
from tilewright.cli.unheeded import refuse_given
from tilewright.errors import command_line

if TYPE_CHECKING:
    from tilewright.studies.advise import Squeeze
    from tilewright.studies.precision import Precision


OF_A_TRAINED_NETWORK = ("images", "lost", "threads", "data_dir")


@app.command()
def advise(
    context: typer.Context,
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
        typer.Option("--images", help="Of the hold-out, to choose on; 500, or half of it."),
    ] = None,
    lost: Annotated[
        int, typer.Option("--lost", min=0, help="Images that fewer bits may lose of them.")
    ] = 0,
    threads: ThreadsOption = 1,
    data_dir: DataDirOption = None,
    is_json: JsonOption = False,
) -> None:
    """Say which layer to squeeze for an array, and which layers of a trained network bear fewer bits."""
    from tilewright.spec import ArrayShape
    from tilewright.studies.advise import open_advised, plain_cost, squeezed_stage, squeezes

    rows, cols = read_array(array)
    shape = ArrayShape(rows, cols, 32)
    config, network, holdout = open_advised(source, data_dir)
    if network is None:
        refuse_given(context, OF_A_TRAINED_NETWORK, "a trained run or a packed network")
    found, plain = squeezes(config, shape), plain_cost(config, shape)
    precision = None
    if network is not None and holdout is not None:
        from tilewright.studies.precision import find_precision, images_to_choose_on

        precision = find_precision(
            network,
            holdout,
            Console(is_json=is_json),
            images=images_to_choose_on(holdout) if images is None else images,
            threads=threads,
            lost=lost,
        )
    if is_json:
        facts = {
            "array": array,
            "plain": plain,
            "squeezes": [asdict(one) for one in found],
            "precision": None if precision is None else asdict(precision),
        }
        print(json.dumps(facts, indent=2))
        return
    name = config.model.name
    print(
        f"{name} without a chokepoint, on {array}: {plain['network_cycles']:,} cycles (overlapped), "
        f"{plain['weight_bits']:,} weight bits; layers of one tile: "
        + (", ".join(one["layer"] for one in plain["layers"] if one["tiles"] == 1) or "none")
    )
    if found:
        _print_squeezes(found, squeezed_stage(config), plain)
    else:
        print(
            "the model has no place for a chokepoint: paths lead around every stage; "
            f"{command_line('plan', source, '--array', array)} says what each layer costs"
        )
    if precision is not None:
        _print_precision(precision)


def _print_squeezes(
    found: tuple[Squeeze, ...], has: tuple[int, int] | None, plain: dict[str, Any]
) -> None:
    print("squeezed at one stage; the layer (serial) for one sample, the network (overlapped):")
    print(
        "stage width layer        map   tiles   cycles  busy %  bits passing  network cycles      %  "
        "weight bits      %"
    )
    for one in found:
        cycles = 100 * one.network_cycles / plain["network_cycles"]
        bits = 100 * one.weight_bits / plain["weight_bits"]
        mark = "  as configured" if has == (one.stage, one.width) else ""
        print(
            f"{one.stage:5} {one.width:5} {one.layer:12} {f'{one.edge}x{one.edge}':5} {one.tiles:5} "
            f"{one.cycles:8,} {100 * one.utilization:7.1f} {one.passing_bits:13,} "
            f"{one.network_cycles:15,} {cycles:6.1f} {one.weight_bits:12,} {bits:6.1f}{mark}"
        )
    print(
        "cycles: what a simulation of the RTL takes to verify the layer; tiles: 1 fits the array; bits "
        "passing: all that the network behind can know of an image"
    )
    print(
        "layers that fit come first, of these the ones that let most bits pass and so cost least accuracy: "
        "go down as long as cycles and weight bits fall enough, and measure the accuracy with "
        "'tilewright sweep CONFIG --axis model.choke_stage=...'"
    )


def _print_precision(found: Precision) -> None:
    print(
        f"images of {found.images:,} won or lost (-) by fewer bits of one layer alone, "
        "and the widths taken together:"
    )
    alone = {(step.layer, step.widths): step.correct for step in found.sensitivity}
    changes = {key: _change(found.had[key[0]], key[1]) for key in alone}
    columns = sorted(set(changes.values()), key=lambda one: (one[0] != "W", -int(one[1:])))
    width = max(map(len, found.had))
    print(f"{'':{width}} as trained" + "".join(f"{one:>5}" for one in columns) + "  mixed")
    for layer, had in found.had.items():
        seen = {changes[key]: alone[key] for key in alone if key[0] == layer}
        cells = "".join(
            f"{_gain(seen[one] - found.uniform_correct):>5}" if one in seen else f"{'':5}"
            for one in columns
        )
        print(f"{layer:{width}} {had:10}{cells}  {found.mixed[layer]}")
    for what, correct, weights, acts in (
        ("as trained", found.uniform_correct, found.uniform_bits, found.uniform_read_bits),
        ("mixed", found.mixed_correct, found.mixed_bits, found.mixed_read_bits),
    ):
        print(
            f"{what + ':':11} {correct:,} of {found.images:,} of the hold-out, {weights:,} weight bits, "
            f"{acts:,} activation bits read"
        )
    if not found.others:
        print("no image of the hold-out is left on which nothing was chosen: give fewer --images")
        return
    print(
        f"on {found.others:,} others, on which nothing was chosen: {found.others_uniform:,} as trained, "
        f"{found.others_mixed:,} mixed"
    )


def _change(had: str, widths: str) -> str:
    """What is lowered: ``W3`` or ``A2``."""
    weight, _, act = widths.partition("A")
    return weight if had.partition("A")[0] != weight else f"A{act}"


def _gain(images: int) -> str:
    return f"{images:+}" if images else "0"
