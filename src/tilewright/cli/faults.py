"""`faults`: accuracy with a faulty bit in a PE."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import (
    FAILED,
    DataDirOption,
    JsonOption,
    SubjectArgument,
    ThreadsOption,
    WorkersOption,
    app,
)
from tilewright.cli.console import Console
from tilewright.cli.run_folder import expect_network

if TYPE_CHECKING:
    from tilewright.studies.fault_facts import FaultFacts


@app.command()
def faults(
    path: SubjectArgument,
    layer: Annotated[str, typer.Option("--layer", help="The layer that the array runs.")],
    array: Annotated[
        str, typer.Option("--array", metavar="ROWSxCOLS", help="Default: a run's own, else 8x8.")
    ] = "",
    psum_bits: Annotated[
        int, typer.Option("--psum-bits", help="Of the registers. Default: what the weights need.")
    ] = 0,
    kinds: Annotated[
        str, typer.Option("--kinds", metavar="stuck0,stuck1,flip", help="Kinds of faults.")
    ] = "stuck0,stuck1",
    overflow: Annotated[
        str, typer.Option("--overflow", metavar="wrap|saturate", help="What a sum does.")
    ] = "wrap",
    images: Annotated[
        int | None,
        typer.Option("--images", help="Test images, from the first on; 500, or all, if not given."),
    ] = None,
    confirm: Annotated[int, typer.Option("--confirm", min=0, help="Faults run in the RTL.")] = 0,
    simulator: Annotated[str, typer.Option("--simulator", metavar="NAME")] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of flips and of that choice.")] = 0,
    threads: ThreadsOption = 1,
    workers: WorkersOption = "",
    data_dir: DataDirOption = None,
    table: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="A line for each fault.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE.svg", help="Draw the heat map.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Accuracy under stuck and flipped bits of every PE's psum register."""
    from tilewright.errors import expect_packages
    from tilewright.spec import ArrayShape
    from tilewright.spec.psum_register import read_register_rule

    expect_packages("numba", *(("matplotlib",) if figure else ()))
    expect_network(path)
    rows, cols = read_array(array) if array else _own_array(path)
    ArrayShape(rows, cols, psum_bits or 32)  # refused before images are fetched
    rule, wanted = read_register_rule(overflow), _kinds(kinds)
    from tilewright.studies.certify import open_subject
    from tilewright.studies.fault_facts import FaultOptions, draw_map, write_points
    from tilewright.studies.faults import find_faults

    options = FaultOptions(
        rows=rows,
        cols=cols,
        psum_bits=psum_bits,
        kinds=wanted,  # type: ignore[arg-type]
        images=images,
        confirm=confirm,
        is_saturating=rule == "saturate",
        threads=threads,
        seed=seed,
        simulator=simulator,
        workers=workers,
    )
    facts = find_faults(
        open_subject(path, data_dir=data_dir), layer, options, Console(is_json=is_json)
    )
    if table is not None:
        write_points(facts, table)
    if figure is not None:
        draw_map(facts, figure)
    if is_json:
        print(json.dumps({"passed": facts.passed} | facts.to_facts(), indent=2))
    else:
        _print_maps(facts, wanted)
    for one in facts.confirmed:
        if one.differ or not one.compared:
            print(
                f"FAILED faults: {one.fault}, image {one.image}: {one.differ} of {one.compared} psums "
                "differ between RTL and engine",
                file=sys.stderr,
            )
    raise typer.Exit(0 if facts.passed else FAILED)


def read_array(text: str) -> tuple[int, int]:
    """Rows and columns from ``8x16``; raises `ConfigError`."""
    from tilewright.errors import ConfigError

    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text.strip())
    if found is None:
        raise ConfigError(f"--array is ROWSxCOLS, for example 8x8, not {text!r}")
    return int(found[1]), int(found[2])


def _own_array(path: Path) -> tuple[int, int]:
    """Rows and columns of a run's array; for a packed network, of one that nobody configured: 8x8."""
    from tilewright.config.array import ArrayConfig
    from tilewright.pipeline.run_folder import RunFolder

    found = RunFolder(path).config().array if path.is_dir() else ArrayConfig()
    return found.rows, found.cols


def _kinds(text: str) -> tuple[str, ...]:
    from tilewright.spec import FAULT_KINDS, PsumFault

    kinds = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    for kind in kinds:
        PsumFault(0, 0, 0, kind)  # type: ignore[arg-type]
    return tuple(kind for kind in FAULT_KINDS if kind in kinds)


def _print_maps(facts: FaultFacts, kinds: tuple[str, ...]) -> None:
    print(
        f"{facts.layer} on {facts.rows}x{facts.cols}, {facts.psum_bits}-bit psums: "
        f"{facts.correct:,} of {facts.images:,} correct without a fault"
    )
    for kind in kinds:
        print(f"{kind}: points of accuracy lost, mean over the bits; rows down, columns across")
        for row, line in enumerate(facts.lost(kind)):
            print(f"{row:3} " + " ".join(f"{100 * lost:6.2f}" for lost in line))
    worst = sorted(facts.points, key=lambda point: point.correct)[:5]
    for point in worst:
        print(
            f"{point.fault}: {100 * point.correct / facts.images:.2f} % correct, "
            f"{point.differ:,} classes differ"
        )
