"""`psum-width`: accuracy with narrow psums."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.app import (
    DataDirOption,
    ImagesOption,
    JsonOption,
    SubjectArgument,
    ThreadsOption,
    app,
)
from tilewright.cli.console import Console
from tilewright.cli.run_folder import expect_network


@app.command("psum-width")
def psum_width(
    path: SubjectArgument,
    overflow: Annotated[
        str, typer.Option("--overflow", metavar="wrap|saturate", help="What a sum does.")
    ] = "saturate",
    place: Annotated[
        str,
        typer.Option(
            "--place",
            metavar="column|tap|tile",
            help="Where saturation happens: at every PE, once for each tap, or once for each tile.",
        ),
    ] = "column",
    rows: Annotated[int, typer.Option("--rows", help="Rows of the array: channels of a tile.")] = 8,
    bits: Annotated[
        str | None, typer.Option("--bits", metavar="B,B,...", help="Widths; default: the last few.")
    ] = None,
    images: ImagesOption = 200,
    threads: ThreadsOption = 1,
    data_dir: DataDirOption = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE.svg", help="Draw the curve.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Accuracy with psums of b bits, and the smallest width that is safe."""
    from tilewright.spec.psum_register import PsumRegister, read_register_place, read_register_rule
    from tilewright.store.typed_json import to_json

    expect_network(path)
    from tilewright.studies.certify import open_subject
    from tilewright.studies.psum_width import draw_curve
    from tilewright.studies.psum_width import psum_width as measure

    rule, where, widths = read_register_rule(overflow), read_register_place(place), _widths(bits)
    for width in widths:
        PsumRegister(width, rule, where, rows)  # refused before images are fetched
    facts = measure(
        open_subject(path, data_dir=data_dir),
        Console(is_json=is_json),
        overflow=rule,
        place=where,
        rows=rows,
        images=images,
        bits=widths,
        threads=threads,
    )
    if figure is not None:
        draw_curve(facts, figure)
    if is_json:
        print(json.dumps(to_json(facts), indent=2))
        return
    print(f"exact psums: {facts.exact_correct:,} of {images:,} correct")
    print(f"{facts.by_type} bits hold any weights of the formats")
    print(f"{facts.by_weights} bits hold these weights, for any input")
    print(f"{facts.observed} bits held every register for these {images:,} images")


def _widths(text: str | None) -> tuple[int, ...]:
    from tilewright.errors import ConfigError

    try:
        return tuple(int(word) for word in text.split(",")) if text is not None else ()
    except ValueError:
        raise ConfigError(f"--bits must be widths, for example 10,12,14, not {text!r}") from None
