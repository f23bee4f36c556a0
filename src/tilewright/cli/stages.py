"""`recover`, `verify`, `simulate`, `cosim`: run a stage of the chain in a run folder."""

from __future__ import annotations

from tilewright.cli.app import JsonOption, RunArgument, SetOption, WorkersOption, app
from tilewright.cli.run_folder import open_run, run_stages


@app.command()
def recover(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """State the trained network in integers, with the stimulus of chosen samples."""
    run_stages(open_run(folder, "recover", overrides), ("recover",), is_json=is_json)


@app.command()
def verify(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Compare the training forward with the naive int64 reference."""
    run_stages(open_run(folder, "verify", overrides), ("verify",), is_json=is_json)


@app.command()
def simulate(folder: RunArgument, overrides: SetOption = None, is_json: JsonOption = False) -> None:
    """Run the layers through the cycle-level model of the array."""
    run_stages(open_run(folder, "simulate", overrides), ("simulate",), is_json=is_json)


@app.command()
def cosim(
    folder: RunArgument,
    overrides: SetOption = None,
    workers: WorkersOption = "",
    is_json: JsonOption = False,
) -> None:
    """Run the exported files through the RTL."""
    run = open_run(folder, "cosim", overrides)
    run_stages(run, ("cosim",), is_json=is_json, workers=workers)
