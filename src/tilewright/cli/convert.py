"""`convert`: write a bundle in another layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.app import (
    ContainerOption,
    GeometryOption,
    JsonOption,
    app,
    given_geometry,
    given_layout,
)
from tilewright.errors import counted


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
            "--from", metavar="LAYOUT", help="Layout of SRC; default: that of its manifest."
        ),
    ] = None,
    geometry: GeometryOption = None,
    is_json: JsonOption = False,
) -> None:
    """Write a bundle in another layout: every number kept, or nothing written."""
    from tilewright.bundles import convert_bundle, open_bundle
    from tilewright.vectors import load_layout

    target = load_layout(to)
    if container is not None:
        target = target.with_container(container)
    conversion = convert_bundle(
        open_bundle(
            source,
            layout=given_layout(layout),
            geometry=given_geometry(geometry),
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
    print(f"{facts['from']} to {facts['to']}: {counted(facts['files'], 'file')} in {out}")
    for note in conversion.notes:
        print(f"  {note}")
