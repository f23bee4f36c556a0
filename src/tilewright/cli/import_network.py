"""`import-network`: read a network of another tool as integers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.app import FAILED, JsonOption, app
from tilewright.cli.run_folder import hold

_ELSEWHERE = {
    ".pt2": "an exported program of torch: write it as ONNX, torch.onnx.export(torch.export.load(FILE), "
    "dynamo=True).save('network.onnx'), and import that",
    ".pte": "a program of ExecuTorch, which has no way back: import the ONNX of what it was made from",
    **dict.fromkeys(
        (".keras", ".h5", ".pb"),
        "a model of TensorFlow or Keras: convert it to TFLite with integers throughout "
        "(tf.lite.TFLiteConverter), or a model of QKeras to QONNX, and import that",
    ),
    ".xml": "a model of OpenVINO, which has no way back: import the ONNX of what it was made from",
    ".gguf": "a file of weights without a network: import the ONNX of the network",
}
"""What files of networks are that have to come in another form, by the end of their name."""


@app.command("import-network")
def import_network(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="An ONNX or TFLite file of integers, or a course checkpoint."
        ),
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
    kernels: Annotated[
        str | None,
        typer.Option(
            "--kernels",
            metavar="xnnpack|reference",
            help="Whose rounding a TFLite file is read with; xnnpack if not said.",
        ),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """State a network of others in integers, compared with its own arithmetic, and start a run with it."""
    from tilewright.errors import ConfigError
    from tilewright.interchange import NETWORK_READERS
    from tilewright.studies.imports import CourseOptions, parse_indices
    from tilewright.studies.imports import import_network as read

    course = None
    kinds = NETWORK_READERS.names()
    if file.suffix.removeprefix(".").lower() not in kinds:
        if file.suffix.lower() in _ELSEWHERE:
            raise ConfigError(f"{file.name} is {_ELSEWHERE[file.suffix.lower()]}")
        if weight_bits is None or act_bits is None:
            raise ConfigError(
                f"{file.name} is taken for a checkpoint, since it does not end in "
                f"{' or '.join(f'.{kind}' for kind in kinds)}, and that does not state its bit widths: give "
                "--weight-bits and --act-bits"
            )
        indices = None if pools is None else parse_indices(pools)
        course = CourseOptions(
            weight_bits, act_bits, tuple(layer_bits or ()), indices, data, data_dir
        )
    elif weight_bits or act_bits or layer_bits or pools:
        raise ConfigError(
            f"a .{file.suffix.removeprefix('.')} file states its widths and pools itself: leave them out"
        )
    hold(out)
    result = read(file, out, samples=samples, course=course, kernels=kernels)
    facts = result.facts()
    failed = [check for check in result.checks if not check.passed]
    if is_json:
        print(json.dumps({"passed": not failed} | facts, indent=2))
    else:
        _print_import(facts)
    for text in result.not_compared:
        print(f"NOT COMPARED {text}", file=sys.stderr)
    for check in failed:
        print(f"FAILED {check.evidence}", file=sys.stderr)
    raise typer.Exit(FAILED if failed else 0)


def _print_import(facts: dict[str, Any]) -> None:
    print(f"{facts['folder']}: {facts['nodes']} nodes, {len(facts['layers'])} of them layers")
    for note in facts["notes"]:
        print(f"  {note}")
    print(
        f"  {facts['compared']:,} codes and sums of the source's own forward compared on "
        f"{facts['samples']} samples, {facts['mismatches']:,} differ"
    )
    if facts["unresolved"]:
        print(
            f"  {facts['unresolved']:,} are not resolved: the source's float32 values do not carry them, "
            "so they count neither as equal nor as different"
        )
    print(
        f"  {facts['doubtful_thresholds']:,} of {facts['thresholds']:,} thresholds lie where float "
        f"rounding decides; {facts['doubtful_codes']:,} of {facts['codes']:,} codes were beside one"
    )
