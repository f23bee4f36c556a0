"""Inputs of whole numbers that no quantizer follows: their values are codes already."""

from __future__ import annotations

from dataclasses import replace

from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Graph
from tilewright.interchange.values import Affine, Value
from tilewright.spec import NumberFormat

FORMATS = {
    "uint8": NumberFormat(8, is_signed=False),
    "int8": NumberFormat(8, is_signed=True),
}


def pixel_formats(graph: Graph) -> dict[str, NumberFormat]:
    """The formats of inputs that hold whole numbers of 8 bits: by their type, or as qonnx notes it."""
    kinds = {one.name: graph.annotated.get(one.name, one.kind).lower() for one in graph.inputs}
    return {name: FORMATS[kind] for name, kind in kinds.items() if kind in FORMATS}


def on_pixels(value: Value, codes: NumberFormat) -> Value:
    """An input of codes that are scaled, and moved by whole codes, on its grid; any other value as it is."""
    if value.origin is not None or value.grid is not None or value.pools or value.by_channel:
        return value
    gain, offset = 1.0, 0.0
    for step in value.steps:
        real = step.apply
        if not isinstance(real, Affine) or real.gain.size > 1 or real.offset.size > 1:
            return value
        gain, offset = (
            gain * float(real.gain[0]),
            offset * float(real.gain[0]) + float(real.offset[0]),
        )
    zero = round(-offset / gain) if gain > 0 else 0
    is_whole = gain > 0 and abs(zero * gain + offset) <= NEAR * gain
    if not is_whole or not codes.min_code <= zero <= codes.max_code:
        return value
    return replace(value, grid=Grid(codes, gain, zero))


NEAR = 1e-6
"""How far the code of 0 may be from a whole one, in codes."""
