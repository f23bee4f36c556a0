"""SCALE-Sim's topology file: the sizes of the layers as comma-separated text.

One line a layer: name, ifmap height and width, filter height and width, channels, filters, stride, and
a comma at the end; the first line is a header and skipped. There is no column for padding, so the
ifmap is the padded plane; and one stride for both directions.
"""

from __future__ import annotations

from tilewright.errors import FormatError
from tilewright.spec import ConvShape, IntegerNetwork

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
DEPTHWISE = "DP"
"""A name with these letters means a depthwise layer to SCALE-Sim."""


def write_topology(network: IntegerNetwork) -> str:
    """The text of the file. Raises `FormatError` for a layer that the format cannot state."""
    lines = [_line(layer.name, layer.shape) for layer in network.layers]
    return "\n".join([HEADER, *lines]) + "\n"


def _line(name: str, shape: ConvShape) -> str:
    if shape.stride[0] != shape.stride[1]:
        raise FormatError(
            f"layer {name}: SCALE-Sim has one stride for both directions, but this layer has {shape.stride}"
        )
    if shape.groups > 1:
        raise FormatError(f"layer {name}: SCALE-Sim has no column for its {shape.groups} groups")
    if DEPTHWISE in name or "," in name:
        raise FormatError(
            f"layer {name!r}: a name for SCALE-Sim must hold neither a comma nor {DEPTHWISE!r}, "
            f"which it takes for a depthwise layer: rename the layer"
        )
    sizes = (
        shape.padded_h,
        shape.padded_w,
        shape.kh,
        shape.kw,
        shape.ic,
        shape.oc,
        shape.stride[0],
    )
    return f"{name}, {', '.join(map(str, sizes))},"
