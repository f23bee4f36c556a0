"""The commands for vector files and bundles: layouts, convert, verify-bundle."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import FAILED, ContainerOption, GeometryOption, JsonOption, app

if TYPE_CHECKING:
    from tilewright.vectors import Layout


@app.command()
def layouts(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A layout to explain, or a .toml file of your own."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """List the layouts of vector files, or explain one with a drawn example."""
    from tilewright.vectors import layout_names, load_layout

    if name is not None:
        _explain(load_layout(name), is_json=is_json)
        return
    found = {name: load_layout(name).description for name in layout_names()}
    if is_json:
        print(json.dumps(found, indent=2))
        return
    for preset, description in found.items():
        print(f"{preset:24}{description}")
    print("'tilewright layouts NAME' explains one; docs/vectors.md says how to write your own")


@app.command("verify-bundle")
def verify_bundle(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle folder.")],
    is_json: JsonOption = False,
) -> None:
    """Let a bundle prove itself: hashes, shapes, ranges, and its convolution recomputed."""
    from tilewright.bundles import check_bundle

    verdict = check_bundle(folder)
    if is_json:
        print(json.dumps(verdict.to_json(), indent=2))
    else:
        bundle = verdict.bundle
        print(
            f"{bundle.layer_name}: sample {bundle.sample}, layout {bundle.layout.name}, "
            f"{len(bundle.files)} files, {len(verdict.faults)} at fault"
        )
        for kind in verdict.kinds:
            print(f"  {kind}")
        print(f"{verdict.compared:,} numbers compared, {verdict.mismatches:,} differ")
        print(f"verdict: {'pass' if verdict.passed else 'fail'}")
    for fault in verdict.faults:
        print(f"FAILED {fault}", file=sys.stderr)
    for kind in verdict.kinds:
        if kind.mismatches:
            print(f"FAILED {kind}", file=sys.stderr)
    raise typer.Exit(0 if verdict.passed else FAILED)


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A bundle, or a folder of foreign files.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="LAYOUT", help="Layout to write.")],
    out: Annotated[Path, typer.Option("--out", metavar="DST", help="Folder to write.")],
    container: ContainerOption = None,
    layout: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="LAYOUT", help="Layout of SRC; a bundle's manifest knows it."
        ),
    ] = None,
    geometry: GeometryOption = None,
    is_json: JsonOption = False,
) -> None:
    """Write a bundle in another layout: every number kept, or nothing written."""
    from tilewright.bundles import Geometry, convert_bundle, open_bundle
    from tilewright.vectors import load_layout

    target = load_layout(to)
    if container is not None:
        target = target.with_container(container)
    conversion = convert_bundle(
        open_bundle(
            source,
            layout=load_layout(layout) if layout else None,
            geometry=Geometry.parse(geometry) if geometry else None,
        ),
        out,
        layout=target,
    )
    facts: dict[str, Any] = {
        "folder": str(out),
        "from": conversion.source.layout.name,
        "to": target.name,
        "files": len(conversion.target.files),
        "notes": list(conversion.notes),
    }
    if is_json:
        print(json.dumps(facts, indent=2))
        return
    print(f"{facts['from']} to {facts['to']}: {facts['files']:,} files in {out}")
    for note in conversion.notes:
        print(f"  {note}")


def _explain(layout: Layout, *, is_json: bool) -> None:
    from tilewright.bundles import draw

    drawn = list(draw(layout))
    if is_json:
        facts = layout.to_facts() | {"example": [asdict(file) for file in drawn]}
        print(json.dumps(facts, indent=2))
        return
    print(f"{layout.name}: {layout.description}")
    print("drawn for 3 -> 4 channels on 2 rows x 3 cols, a 2x2 map, kernel 1x2, padding 1 across;")
    print("2-bit activations, 3-bit weights, 8-bit psums. Right of each line stands what it says;")
    print("ic3, oc4 and oc5 are lanes without a channel, which hold 0")
    facts = layout.to_facts()
    for file in drawn:
        table = {key: value for key, value in facts[file.kind].items() if value not in ("", [])}
        print(f"\n[{file.kind}]  {file.count} file{'s' * (file.count != 1)}")
        for key, value in table.items():
            if key != "header":
                print(f"  {key} = {json.dumps(value)}")
        print(f"  {file.name}")
        width = max(len(line) for line, meaning in file.lines if meaning)
        for line, meaning in file.lines:
            print(f"  | {line:{width}}  {meaning}".rstrip())
