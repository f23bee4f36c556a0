"""`adopt`: understand a folder of vector files that nobody described."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, JsonOption, app

if TYPE_CHECKING:
    from tilewright.adopt import AdoptedLayer, Adoption


SHOWN = (
    *(
        "file",
        "plane",
        "tile",
        "split",
        "lines",
        "word",
        "radix",
        "bit_order",
        "container",
        "array",
    ),
    *(
        "first",
        "short",
        "function",
        "biased",
        "multiplier",
        "shift",
        "rounding",
        "low",
        "high",
        "levels",
    ),
)
"""Keys of a layout's tables that are printed."""


@app.command()
def adopt(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of files without a description.")
    ],
    testbench: Annotated[
        Path | None,
        typer.Option(
            "--testbench", metavar="FILE.v", help="Leave out files that it does not read."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.toml", help="Write the layout that was found."),
    ] = None,
    probe: Annotated[
        Path | None,
        typer.Option(
            "--probe", metavar="DST", help="Write a bundle that tells the layouts that fit apart."
        ),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", min=1.0, max=3600.0, help="Computing time that a search may take."
        ),
    ] = 9.0,
    is_json: JsonOption = False,
) -> None:
    """Find layout and geometry of files without a description, from their numbers."""
    from tilewright.adopt import adopt as find
    from tilewright.errors import ConfigError

    if out is not None and out.exists():
        raise ConfigError(f"{out} exists already: give another name for the layout")
    found = find(folder, testbench=testbench, seconds=seconds)
    if is_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        _show(found)
    if out is not None:
        _write(found, out, is_json=is_json)
    if probe is not None:
        _probe(found, probe, is_json=is_json)
    for misfit in found.misfits:
        print(f"FAILED {misfit}", file=sys.stderr)
    for layer in found.layers:
        for fault in layer.verdict.faults:
            print(f"FAILED {fault}", file=sys.stderr)
        for kind in layer.verdict.kinds:
            if kind.mismatches:
                print(f"FAILED {kind}", file=sys.stderr)
    raise typer.Exit(0 if found.passed else FAILED)


def _show(found: Adoption) -> None:
    for note in found.notes:
        print(note)
    for layer in found.layers:
        _show_layer(layer)
    if not found.layers:
        print(
            "no layout fits: no convolution of two of these kinds of files is what a third one says"
        )
        print(f"tried: {found.tried}")
        print(f"nearest: {found.nearest or 'none has half of its numbers right'}")
    for name in found.others:
        print(f"not understood: {name}")
    print(f"verdict: {'pass' if found.passed else 'fail'}")


def _show_layer(layer: AdoptedLayer) -> None:
    print(f"{layer.layout.name}: {layer.geometry}")
    if not layer.is_exact:
        print("  no layout fits every number: this is the nearest one")
    for form in layer.layout.kinds:
        facts = form.to_facts()
        stated = [f"{key} = {json.dumps(facts[key])}" for key in SHOWN if facts.get(key, "") != ""]
        print(f"  [{form.kind}] {', '.join(stated)}")
    for kind in layer.verdict.kinds:
        right = kind.compared - kind.mismatches
        print(f"  {kind.kind}: {right:,} of {kind.compared:,} numbers consistent")
        if kind.first:
            print(f"    first at {kind.first}")
    for note in (*layer.notes, *layer.verdict.notes):
        print(f"  note: {note}")
    for tie in layer.ties:
        sort = "means the same" if tie.is_harmless else "the files do not decide (see --probe)"
        print(f"  fits too, {sort}: {'; '.join(tie.differences)}")


def _write(found: Adoption, out: Path, *, is_json: bool) -> None:
    from tilewright.adopt import layout_toml
    from tilewright.store.artifact import write_bytes

    for number, layer in enumerate(found.layers):
        path = out if number == 0 else out.with_name(f"{out.stem}-{number + 1}{out.suffix}")
        write_bytes(path, layout_toml(layer.layout, layer.geometry).encode())
        if not is_json:
            line = ["tilewright", "verify-bundle", str(found.folder), "--layout", str(path)]
            print(f"layout written to {path}; try it:")
            print(f"  {shlex.join([*line, '--geometry', layer.geometry])}")


def _probe(found: Adoption, folder: Path, *, is_json: bool) -> None:
    from tilewright.adopt import probe

    for number, layer in enumerate(found.layers):
        if not layer.is_exact:
            continue
        place = folder if number == 0 else folder.with_name(f"{folder.name}-{number + 1}")
        probe(layer, place)
        if not is_json:
            print(f"probe written to {place}: random numbers, which no layout fits but this one")
