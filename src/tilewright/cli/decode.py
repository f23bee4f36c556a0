"""`decode`: turn vector files back into tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.app import GeometryOption, JsonOption, app, given_geometry, given_layout

if TYPE_CHECKING:
    from tilewright.bundles import Stated


@app.command()
def decode(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A bundle, a folder of files, or one file.")
    ],
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout", metavar="NAME", help="Layout; default: that of the bundle's manifest."
        ),
    ] = None,
    geometry: GeometryOption = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="One kind of file only, for example weight.")
    ] = None,
    show: Annotated[
        str | None,
        typer.Option(
            "--show",
            metavar="AXIS=INDEX,...",
            help="Print the numbers at these places, for example kij=4 or oc=2,oh=0; or 'all'.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the tensors to .npz, or one to .npy."),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Turn vector files back into tensors: a summary, a readable table, or npz/npy."""
    from tilewright.bundles import decode_path, save_tensors, select_places

    tensors = decode_path(
        path,
        layout=given_layout(layout),
        geometry=given_geometry(geometry),
        kind=kind,
    )
    shown = select_places(tensors, show) if show is not None else ()
    if out is not None:
        save_tensors(tensors, out)
    if is_json:
        facts: dict[str, Any] = {"tensors": [_facts(tensor) for tensor in tensors]}
        if show is not None:
            facts["shown"] = [_facts(part) | {"values": part.values.tolist()} for part in shown]
        print(json.dumps(facts, indent=2))
        return
    if show is None:
        for tensor in tensors:
            print(_summary(tensor))
    for part in shown:
        _print_tables(part, "" if show == "all" else f" at {show}")
    if out is not None:
        print(f"{', '.join(tensor.kind for tensor in tensors)}: written to {out}")


def _facts(tensor: Stated) -> dict[str, Any]:
    return {
        "kind": tensor.kind,
        "axes": list(tensor.axes),
        "shape": list(tensor.values.shape),
        "min": int(tensor.values.min()),
        "max": int(tensor.values.max()),
    }


def _summary(tensor: Stated) -> str:
    sizes = zip(tensor.axes, tensor.values.shape, strict=True)
    return (
        f"{tensor.kind:12}{' '.join(f'{axis}={size}' for axis, size in sizes):32}"
        f"{int(tensor.values.min()):,} .. {int(tensor.values.max()):,}"
    )


def _print_tables(part: Stated, where: str) -> None:
    """One table for each place of the outer axes; the last two axes run down and across."""
    import numpy as np

    outer, inner = part.axes[:-2], part.axes[-2:]
    names = " down, ".join(inner) + (" across" if inner else "")
    cells = np.vectorize(str)(part.values)
    width = max(len(str(size)) for size in (part.values.min(), part.values.max(), *cells.shape)) + 1
    for place in np.ndindex(*part.values.shape[: len(outer)]):
        fixed = "".join(f", {axis}={i}" for axis, i in zip(outer, place, strict=True))
        print(f"{part.kind}{where}{fixed}: {names}".rstrip(": "))
        table = cells[place].reshape(-1, cells.shape[-1]) if inner else cells.reshape(1, 1)
        if inner:
            print(" " * 6 + "".join(f"{column:>{width}}" for column in range(table.shape[1])))
        for down, row in enumerate(table):
            label = f"{down:>5} " if len(inner) == 2 else " " * 6
            print(label + "".join(f"{cell:>{width}}" for cell in row))
