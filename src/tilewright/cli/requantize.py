"""`requantize`: multipliers and shifts in place of thresholds."""

from __future__ import annotations

import json
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


@app.command()
def requantize(
    path: SubjectArgument,
    bits: Annotated[int, typer.Option("--bits", help="Width of the multipliers, 4..24.")] = 16,
    images: ImagesOption = 200,
    threads: ThreadsOption = 1,
    data_dir: DataDirOption = None,
    is_json: JsonOption = False,
) -> None:
    """Put a multiplier, a bias and a shift in place of the thresholds; count the codes that differ."""
    expect_network(path)
    from tilewright.studies.certify import open_subject
    from tilewright.studies.multiplier_shift import requantize_by_shift

    facts = requantize_by_shift(
        open_subject(path, data_dir=data_dir),
        Console(is_json=is_json),
        bits=bits,
        images=images,
        threads=threads,
    )
    if is_json:
        print(json.dumps(facts, indent=2))
        return
    print(f"codes: {facts['codes']:,} compared, {facts['codes_differ']:,} differ")
    print(
        f"predictions: {images:,} compared, {facts['predictions_differ']:,} differ; "
        f"{facts['correct']:,} correct, {facts['exact_correct']:,} with thresholds"
    )
