"""`pack`: write a trained run as one small pair of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.app import DataDirOption, JsonOption, RunArgument, app
from tilewright.cli.console import Console


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
    from tilewright.pipeline.run_folder import RunFolder
    from tilewright.studies.packed import pack as pack_run

    run = RunFolder(folder)
    run.config()
    facts = pack_run(run, out, Console(is_json=is_json), data_dir=data_dir)
    if is_json:
        print(json.dumps(facts, indent=2))
