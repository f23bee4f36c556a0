"""`plan`: say what a network costs on an array."""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import astuple
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import JsonOption, SetOption, app

if TYPE_CHECKING:
    from rich.table import Table

    from tilewright.cost import LayerCost, NetworkCost
    from tilewright.sim import Phases
    from tilewright.spec import ArrayShape

MEMORIES = ("xmem", "wmem", "pmem")
WORDS = ("XMEM words", "WMEM words", "PMEM words")
_UNITS = (("G", 10**9), ("M", 10**6), ("k", 10**3))
WIDEST = 200
"""Characters that the table may take; a narrower terminal wraps its lines rather than lose digits."""


@app.command()
def plan(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL|CONFIG|RUN|FILE",
            help="A model's name, a TOML configuration, a run folder, an ONNX or TFLite file (float or "
            "quantized: its sizes count), or a topology of SCALE-Sim (.csv). A recovered run has exact "
            "psum widths. Default: the digits' network.",
        ),
    ] = None,
    arrays: Annotated[
        list[str] | None,
        typer.Option(
            "--array",
            metavar="ROWSxCOLS",
            help="An array; repeatable. Default: the configured one.",
        ),
    ] = None,
    psum_bits: Annotated[
        int | None, typer.Option("--psum-bits", help="Bits of the psum register and memory.")
    ] = None,
    memories: Annotated[
        str | None,
        typer.Option(
            "--memories", metavar="xmem=N,wmem=N,pmem=N", help="Words of the array's memories."
        ),
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            "--axes",
            metavar="NAME=N,...",
            help="Sizes of axes that an ONNX file leaves open, as sequence=128; one without a name is "
            "INPUT.NUMBER.",
        ),
    ] = None,
    overrides: SetOption = None,
    is_json: JsonOption = False,
    is_csv: Annotated[
        bool, typer.Option("--csv", help="Print one line for each layer and array, as CSV.")
    ] = False,
) -> None:
    """Say what a network costs on an array: folds, cycles by phase, words moved, psum bits."""
    from tilewright.cost import MemoryDepths, network_cost
    from tilewright.errors import ConfigError
    from tilewright.studies.outlines import find_outlines

    if is_json and is_csv:
        raise ConfigError("--json and --csv are two forms of one answer: give one of them")
    depths = MemoryDepths.parse(memories) if memories is not None else MemoryDepths()
    outlines, config, notes = find_outlines(source, tuple(overrides or ()), _axes(axes))
    bits = config.array.psum_bits if psum_bits is None else psum_bits
    named = arrays or [f"{config.array.rows}x{config.array.cols}"]
    costs = [network_cost(outlines, _array(text, bits), depths) for text in named]
    if is_json:
        facts = {"arrays": [cost.to_facts() for cost in costs], "notes": notes}
        print(json.dumps(facts, indent=2))
    elif is_csv:
        _print_csv(costs)
    else:
        _print_tables(costs)
    if not is_json:
        for note in notes:
            print(f"note: {note}", file=sys.stderr if is_csv else sys.stdout)


def _axes(text: str | None) -> dict[str, int]:
    from tilewright.errors import ConfigError

    found = {}
    for part in text.split(",") if text is not None else ():
        name, _, size = (one.strip() for one in part.rpartition("="))
        if not name or not size.isdecimal() or int(size) < 1:
            raise ConfigError(f"--axes is NAME=N, for example sequence=128, not {part.strip()!r}")
        found[name] = int(size)
    return found


def _array(text: str, psum_bits: int) -> ArrayShape:
    from tilewright.errors import ConfigError
    from tilewright.spec import ArrayShape

    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text.strip())
    if found is None:
        raise ConfigError(f"--array is ROWSxCOLS, for example 8x16, not {text!r}")
    return ArrayShape(int(found[1]), int(found[2]), psum_bits)


def _print_csv(costs: list[NetworkCost]) -> None:
    lines = [
        {"rows": cost.array.rows, "cols": cost.array.cols, "psum_bits": cost.array.psum_bits}
        | layer.to_facts()
        | {"warnings": "; ".join(layer.warnings)}
        for cost in costs
        for layer in cost.layers
    ]
    writer = csv.DictWriter(sys.stdout, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)


def _print_tables(costs: list[NetworkCost]) -> None:
    from rich.console import Console as Screen

    screen = Screen(highlight=False, width=WIDEST)
    for cost in costs:
        screen.print(_layer_table(cost))
        _print_tiles(cost)
        screen.print(_mode_table(cost))
    if len(costs) > 1:
        screen.print(_array_table(costs))
    print(
        "One sample; phases and words are those of the serial weight-stationary schedule. Phases:"
    )
    print("shares of load, fill, stream, drain, accumulate. Useful: needed multiply-accumulates of")
    print(
        "the array's peak (one in each PE and cycle; two-channel: two). Words: what the core reads and"
    )
    print("writes. Psum bits: any weights / these weights / observed. Overlapped: a whole layer as")
    print("one job, without the pixels that no tap uses. Plain: cycles of a textbook array without")
    print("queues, padding or accumulator. docs/cycles.md, docs/dataflows.md")
    for cost in costs:
        for layer in cost.layers:
            if layer.shape.groups > 1:
                print(f"{cost.array.rows}x{cost.array.cols}: {_grouped(layer)}")
        if cost.products:
            print(f"{cost.array.rows}x{cost.array.cols}: {_of_activations(cost)}")
        for warning in cost.warnings:
            print(f"WARNING {cost.array.rows}x{cost.array.cols}: {warning}")


def _layer_table(cost: NetworkCost) -> Table:
    array = cost.array
    title = f"{array.rows} rows x {array.cols} cols, {array.psum_bits}-bit psums"
    headings = ("folds", "cycles", "phases %", "useful", *WORDS, "psum bits")
    table = _table(title, ("layer", "ifmap to ofmap, kernel"), headings)
    for layer in cost.layers:
        table.add_row(layer.name, _sizes(layer), *_figures(layer))
    total = cost.to_facts()["total"]
    table.add_section()
    table.add_row(
        *("all", "", f"{total['folds']:,}", f"{total['cycles']:,}", _shares(cost.phases)),
        f"{100 * cost.efficiency:.1f} %",
        *(_short(cost.words(name)) for name in MEMORIES),
        str(cost.psum_bits_needed),
    )
    return table


def _print_tiles(cost: NetworkCost) -> None:
    """How each layer falls into tiles, and which rows and columns the last of them uses."""
    choke = cost.choke
    print(" tiles, output x input x taps; # rows and # columns that the last tile uses")
    for layer in cost.layers:
        plan, array = layer.plan, cost.array
        counts = f"{layer.otiles} x {plan.itiles} x {plan.shape.taps}"
        rows, cols = (
            (size - 1) % lanes + 1
            for size, lanes in ((plan.shape.ic, array.rows), (plan.shape.oc, array.cols))
        )
        line = (
            f" {layer.name:22} {counts:>14}   {_lanes(rows, array.rows)} {_lanes(cols, array.cols)}"
        )
        print(line + ("  <- the choke" if layer.name == choke else ""))
    if choke is not None:
        sizes = f"{cost.array.rows}x{cost.array.cols}"
        print(f" {choke} is your {sizes} layer: one tile both ways, and a fold for each tap")
    print()


def _lanes(used: int, all_lanes: int) -> str:
    """Used lanes and idle ones; of a wide array, in sixteenths."""
    wide = min(16, all_lanes)
    marks = max(1, round(used * wide / all_lanes))
    return f"|{'#' * marks}{'.' * (wide - marks)}|"


def _mode_table(cost: NetworkCost) -> Table:
    from tilewright.cost import mode_names
    from tilewright.tile import DATAFLOWS

    names = mode_names()
    headings = tuple(name.replace("_", " ") for name in names)
    table = _table("cycles by mode and schedule", ("layer",), headings)
    for layer in cost.layers:
        table.add_row(layer.name, *(f"{layer.mode_cycles[name]:,}" for name in names))
    table.add_section()
    cycles = {name: cost.mode_cycles(name) for name in names}
    table.add_row("all", *(f"{cycles[name]:,}" for name in names))
    peak = cost.array.rows * cost.array.cols
    macs = sum(layer.macs for layer in cost.layers)
    useful = (
        100 * macs / (count * peak * DATAFLOWS.get(name.rpartition("_")[0]).channels_per_pe)
        for name, count in cycles.items()
    )
    table.add_row("useful", *(f"{share:.1f} %" for share in useful))
    return table


def _array_table(costs: list[NetworkCost]) -> Table:
    from tilewright.sim import TEXTBOOK

    plain = tuple(f"plain {name.upper()}" for name in TEXTBOOK.names())
    headings = ("PEs", "cycles", "useful", "MACs/cycle", *WORDS, *plain, "warnings")
    table = _table("the arrays compared", ("array",), headings)
    for cost in costs:
        total, pes = cost.to_facts()["total"], cost.array.rows * cost.array.cols
        table.add_row(
            *(f"{cost.array.rows}x{cost.array.cols}", f"{pes:,}", f"{total['cycles']:,}"),
            *(f"{100 * cost.efficiency:.1f} %", f"{total['macs'] / total['cycles']:.1f}"),
            *(_short(total[f"{name}_words"]) for name in MEMORIES),
            *(_short(total[f"plain_{name}_cycles"]) for name in TEXTBOOK.names()),
            str(len(cost.warnings)),
        )
    return table


def _figures(layer: LayerCost) -> tuple[str, ...]:
    widths, traffic = layer.widths, layer.traffic
    bits = (widths.by_type, widths.by_weights, widths.observed)
    return (
        *(f"{layer.folds:,}", f"{layer.phases.total:,}", _shares(layer.phases)),
        f"{100 * layer.efficiency:.1f} %",
        *(_short(getattr(traffic, name).words) for name in MEMORIES),
        " / ".join("-" if width is None else str(width) for width in bits),
    )


def _shares(phases: Phases) -> str:
    return "/".join(f"{100 * cycles / phases.total:.0f}" for cycles in astuple(phases))


def _short(words: int) -> str:
    """Three digits and what they count in, from ten thousand on."""
    if words < 10_000:
        return f"{words:,}"
    unit, size = next(pair for pair in _UNITS if words >= pair[1])
    return f"{words / size:.{2 - (len(str(words)) - 1) % 3}f} {unit}"


def _grouped(layer: LayerCost) -> str:
    """How a layer in groups is cut, and in which mode it takes the fewest cycles."""
    tiles = sum(times for _, times in layer.plans)
    modes = ", ".join(
        f"{name.replace('_', ' ')} {cycles:,}" for name, cycles in layer.mode_cycles.items()
    )
    best = layer.best_mode.replace("_", " ")
    return (
        f"{layer.name}: {layer.shape.groups} groups run as {tiles} dense layers of tiles along the diagonal "
        f"(weight stationary); cycles: {modes}; fewest: {best}"
    )


def _of_activations(cost: NetworkCost) -> str:
    """What part of the cost has no weights, and what must be loaded in their place for every sample."""
    found = cost.products_facts()
    return (
        f"products of two activations (no weights above): {found['products']:,}, {found['cycles']:,} of "
        f"{cost.phases.total:,} cycles; nothing of them is stored: the second operand is made of the sample "
        f"and lies in the PEs in the place of weights, so that {found['wmem_host_words']:,} words are "
        "written to WMEM for every sample, where weights are written once for all"
    )


def _sizes(layer: LayerCost) -> str:
    shape = layer.shape
    if layer.is_of_activations and shape.taps == 1:
        sizes = f"{shape.onij}x{shape.ic} by {shape.ic}x{shape.oc}, no weights"
        return sizes if layer.times == 1 else f"{layer.times} times {sizes}"
    groups = f", {shape.groups} groups" if shape.groups > 1 else ""
    more = f", {layer.times} times" if layer.times > 1 else ""
    more += ", no weights" if layer.is_of_activations else ""
    return f"{shape.ic}x{shape.ih}x{shape.iw} to {shape.oc}, {shape.kh}x{shape.kw}{groups}{more}"


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
