"""`train`: start a run with its training, or go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.app import JsonOption, SetOption, app
from tilewright.cli.run_folder import run_stages, started_run


@app.command()
def train(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A TOML file; default: the digits.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The run folder.")] = Path("runs/digits"),
    overrides: SetOption = None,
    is_json: JsonOption = False,
) -> None:
    """Start a run and train its network, or go on where training stopped."""
    from tilewright.errors import expect_packages

    expect_packages("torch", "safetensors")
    with started_run(config, out, overrides, is_restart=False) as folder:
        run_stages(folder, ("train",), is_json=is_json)
