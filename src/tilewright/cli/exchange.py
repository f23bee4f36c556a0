"""The commands that write and read other tools' formats of a network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import FAILED, JsonOption, app

if TYPE_CHECKING:
    from tilewright.interchange import Exported
    from tilewright.studies.exchange import ExportCheck


@app.command("export-network")
def export_network(
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
    from tilewright.studies.exchange import ENGINES, check_export, load_network, random_pixels

    if scales not in ("trained", "unit"):
        raise UnknownNameError.among("kind of scales", scales, ("trained", "unit"))
    read = load_network(network)
    exported = write(read, out, form=form, batch=batch, is_unit=scales == "unit")
    checks: tuple[ExportCheck, ...] = ()
    if samples and form in ENGINES:
        size = exported.batch or 1
        pixels = random_pixels(read, -(-samples // size) * size)
        checks = check_export(read, exported, pixels)
    _say(exported, checks, nodes=len(read.nodes), is_json=is_json)
    raise typer.Exit(0 if all(check.passed for check in checks) else FAILED)


@app.command("import-network")
def import_network(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A QONNX file (.onnx), or a course checkpoint."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The run folder to make.")],
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="Inputs that the source computes itself.")
    ] = 4,
    weight_bits: Annotated[
        int | None, typer.Option("--weight-bits", help="Of a checkpoint, which does not say.")
    ] = None,
    act_bits: Annotated[
        int | None, typer.Option("--act-bits", help="Of a checkpoint, which does not say.")
    ] = None,
    layer_bits: Annotated[
        list[str] | None,
        typer.Option("--layer-bits", metavar="NAME=W/A", help="Widths of one layer; repeatable."),
    ] = None,
    pools: Annotated[
        str | None,
        typer.Option("--pools", metavar="N,N,...", help="Max-pools of a checkpoint, in features."),
    ] = None,
    data: Annotated[
        str, typer.Option("--data", metavar="digits|cifar10", help="Images for a checkpoint.")
    ] = "digits",
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="DIR", help="Folder of CIFAR-10.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """State a network of others in integers, compared with its own arithmetic, and start a run with it."""
    from tilewright.errors import ConfigError
    from tilewright.studies.imports import CourseOptions, parse_indices
    from tilewright.studies.imports import import_network as read

    course = None
    if file.suffix != ".onnx":
        if weight_bits is None or act_bits is None:
            raise ConfigError(
                f"{file.name} is taken for a checkpoint, since it does not end in .onnx, and that does "
                "not state its bit widths: give --weight-bits and --act-bits"
            )
        indices = None if pools is None else parse_indices(pools)
        course = CourseOptions(
            weight_bits, act_bits, tuple(layer_bits or ()), indices, data, data_dir
        )
    elif weight_bits or act_bits or layer_bits or pools:
        raise ConfigError("a QONNX file states its widths and pools itself: leave them out")
    result = read(file, out, samples=samples, course=course)
    facts = result.facts()
    if is_json:
        print(json.dumps(facts, indent=2))
    else:
        _print_import(facts)
    for comparison in result.failures:
        print(f"FAILED {comparison}", file=sys.stderr)
    raise typer.Exit(FAILED if result.failures else 0)


def _print_import(facts: dict[str, Any]) -> None:
    print(f"{facts['folder']}: {facts['nodes']} nodes, {len(facts['layers'])} of them layers")
    for note in facts["notes"]:
        print(f"  {note}")
    print(
        f"  {facts['compared']:,} codes and sums of the source's own forward compared on "
        f"{facts['samples']} samples, {facts['mismatches']:,} differ"
    )
    print(
        f"  {facts['doubtful_thresholds']:,} of {facts['thresholds']:,} thresholds lie where float "
        f"rounding decides; {facts['doubtful_codes']:,} of {facts['codes']:,} codes were beside one"
    )


def _say(exported: Exported, checks: tuple[ExportCheck, ...], *, nodes: int, is_json: bool) -> None:
    if is_json:
        facts = {
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
