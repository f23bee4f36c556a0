"""`export-network`: write a recovered network for other tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, JsonOption, app
from tilewright.cli.unheeded import refuse_given

if TYPE_CHECKING:
    from tilewright.interchange import Exported
    from tilewright.studies.exchange import ExportCheck


@app.command("export-network")
def export_network(
    context: typer.Context,
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK", help="A run folder, a packed network, or a network's file."
        ),
    ],
    form: Annotated[
        str, typer.Option("--format", metavar="onnx|qonnx|qcdq|scalesim", help="What to write.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
    batch: Annotated[
        int | None,
        typer.Option("--batch", min=1, help="Images at a time; default: any number (qonnx: 1)."),
    ] = None,
    scales: Annotated[
        str,
        typer.Option(
            "--scales",
            metavar="trained|unit",
            help="Scales in qonnx and qcdq; with unit, every value is an integer.",
        ),
    ] = "trained",
    samples: Annotated[
        int,
        typer.Option("--check", min=0, help="Run the file on this many random images; 0: do not."),
    ] = 2,
    is_json: JsonOption = False,
) -> None:
    """Write a recovered network for other tools, and let their engines confirm it."""
    from tilewright.errors import UnknownNameError
    from tilewright.interchange import export_network as write
    from tilewright.studies.exchange import ENGINES, check_export, random_pixels
    from tilewright.studies.networks import load_network

    if scales not in ("trained", "unit"):
        raise UnknownNameError.among("kind of scales", scales, ("trained", "unit"))
    if form == "scalesim":
        has_numbers = "a format with numbers, and a topology has sizes alone"
        refuse_given(context, ["batch", "scales", "samples"], has_numbers)
    read = load_network(network)
    exported = write(read, out, form=form, batch=batch, is_unit=scales == "unit")
    checks: tuple[ExportCheck, ...] = ()
    if samples and form in ENGINES:
        size = exported.batch or 1
        pixels = random_pixels(read, -(-samples // size) * size)
        checks = check_export(read, exported, pixels)
    _say(exported, checks, nodes=len(read.nodes), is_json=is_json)
    raise typer.Exit(0 if all(check.passed for check in checks) else FAILED)


def _say(exported: Exported, checks: tuple[ExportCheck, ...], *, nodes: int, is_json: bool) -> None:
    if is_json:
        facts = {
            "passed": all(check.passed for check in checks),
            "file": str(exported.path),
            "format": exported.format,
            "nodes": nodes,
            "doubts": list(exported.doubts),
            "checks": [check.to_json() for check in checks],
        }
        print(json.dumps(facts, indent=2))
    else:
        print(f"{exported.path}: {nodes} nodes as {exported.format}")
        for line in (*exported.doubts, *checks):
            print(f"  {line}")
    for check in checks:
        for comparison in check.comparisons:
            if not comparison.passed:
                print(f"FAILED {check.engine}: {comparison}", file=sys.stderr)
