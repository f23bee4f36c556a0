"""`run`: the whole chain, from images to the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.app import JsonOption, SetOption, app
from tilewright.cli.console import Console
from tilewright.cli.run_folder import started_run
from tilewright.cli.summary import print_summary


@app.command()
def run(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A TOML file; default: the digits.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The run folder.")] = Path("runs/digits"),
    overrides: SetOption = None,
    is_restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Begin anew, and then replace the run in --out; else go on with it."
        ),
    ] = False,
    is_json: JsonOption = False,
) -> None:
    """Run the whole chain, from images to the verdict."""
    from tilewright.errors import expect_packages

    expect_packages("torch", "numba", "safetensors", "threadpoolctl", "jinja2")
    from tilewright.pipeline import run_all

    console = Console(is_json=is_json)
    with started_run(config, out, overrides, is_restart=is_restart) as folder:
        summary = run_all(folder, console, console.announce)
    print_summary(summary, out, is_json=is_json)
