"""`layouts`: list the layouts of vector files, or explain one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import GeometryOption, JsonOption, app

if TYPE_CHECKING:
    from tilewright.vectors import Layout


@app.command()
def layouts(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A layout to explain, or a .toml file of your own."),
    ] = None,
    geometry: GeometryOption = None,
    is_json: JsonOption = False,
) -> None:
    """List the layouts of vector files, or explain one with a drawn example."""
    from tilewright.errors import ConfigError
    from tilewright.vectors import layout_names, load_layout

    if name is not None:
        _explain(load_layout(name), geometry, is_json=is_json)
        return
    if geometry is not None:
        raise ConfigError("a geometry is drawn for one layout: give its name")
    found = {name: load_layout(name).description for name in layout_names()}
    if is_json:
        print(json.dumps(found, indent=2))
        return
    for preset, description in found.items():
        print(f"{preset:24}{description}")
    print("'tilewright layouts NAME' explains one; docs/vectors.md says how to write your own")


def _explain(layout: Layout, geometry: str | None, *, is_json: bool) -> None:
    from tilewright.bundles import Geometry, draw

    drawn = list(draw(layout, Geometry.parse(geometry)) if geometry else draw(layout))
    if is_json:
        facts = layout.to_facts() | {"example": [asdict(file) for file in drawn]}
        print(json.dumps(facts, indent=2))
        return
    print(f"{layout.name}: {layout.description}")
    if geometry:
        print(f"drawn for {geometry}. Right of each line stands what it says;")
        print("lanes without a channel and the padding hold 0")
    else:
        print(
            "drawn for 3 -> 4 channels on 2 rows x 3 cols, a 2x2 map, kernel 1x2, padding 1 across;"
        )
        print(
            "2-bit activations, 3-bit weights, 8-bit psums. Right of each line stands what it says;"
        )
        print("ic3, oc4 and oc5 are lanes without a channel, which hold 0")
    facts = layout.to_facts()
    for file in drawn:
        table = {key: value for key, value in facts[file.kind].items() if value not in ("", [])}
        print(f"\n[{file.kind}]  {file.count} file{'s' * (file.count != 1)}")
        for key, value in table.items():
            if key != "header":
                print(f"  {key} = {json.dumps(value)}")
        print(f"  {file.name}")
        width = max((len(line) for line, meaning in file.lines if meaning), default=0)
        for line, meaning in file.lines:
            print(f"  | {line:{width}}  {meaning}".rstrip())
