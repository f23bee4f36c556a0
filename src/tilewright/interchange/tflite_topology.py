"""The sizes of the layers of any TFLite file, float or quantized: enough to say what it costs on an array."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tilewright.errors import ShapeError
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.tflite_context import padding
from tilewright.interchange.tflite_graph import TfliteGraph, read_tflite_graph
from tilewright.interchange.topology import Topology, as_topology
from tilewright.interchange.windows import same_padding
from tilewright.spec import ConvShape
from tilewright.store.artifact import read_bytes

_OTHER_LAYERS = {"BATCH_MATMUL": "BATCH_MATMUL of two activations", "CONV_3D": "CONV_3D"}
_OTHER_LAYERS |= {
    kind: kind
    for kind in ("UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "SVDF")
}
"""Operations with products that are not counted, and what they are called."""


def read_tflite_topology(path: Path) -> Topology:
    """The convolutions and linear layers of a TFLite file, for one sample, as those of an ONNX file.

    Raises `ArtifactError` if the file cannot be read, `FormatError` if it is no TFLite file or holds no
    layer, and `ToolError` if ai-edge-litert is not installed.
    """
    found = read_tflite_graph(path, read_bytes(path))
    left_out = Counter(_OTHER_LAYERS[op.kind] for op in found.graph.ops if op.kind in _OTHER_LAYERS)
    return as_topology(path, _layers(found), left_out)


def _layers(found: TfliteGraph) -> Iterator[tuple[str, ConvShape]]:
    read = {
        "CONV_2D": _convolution,
        "DEPTHWISE_CONV_2D": _convolution,
        "TRANSPOSE_CONV": _transposed,
        "FULLY_CONNECTED": _linear,
    }
    for op in found.graph.ops:
        if op.kind in read:
            try:
                yield op.name, read[op.kind](op, found)
            except ShapeError as error:
                op.refuse(str(error))


def _sizes(op: Operator, found: TfliteGraph, place: int, axes: int) -> tuple[int, ...]:
    sizes = found.tensors[op.inputs[place]].sizes
    if len(sizes) != axes or min(sizes) < 1:
        op.refuse(f"input {place} must have {axes} fixed sizes, not {list(sizes)}")
    return sizes


def _convolution(op: Operator, found: TfliteGraph) -> ConvShape:
    _, ih, iw, ic = _sizes(op, found, 0, 4)
    oc, kh, kw, depth = _sizes(op, found, 1, 4)
    if op.kind == "DEPTHWISE_CONV_2D":
        oc, depth = depth, 1
    gaps = (op.attributes["dilationHFactor"], op.attributes["dilationWFactor"])
    kernel = ((kh - 1) * gaps[0] + 1, (kw - 1) * gaps[1] + 1)
    stride = (op.attributes["strideH"], op.attributes["strideW"])
    is_same = padding(op) == "SAME_UPPER"
    edges = same_padding((ih, iw), kernel, stride) if is_same else ((0, 0), (0, 0))
    return ConvShape(
        *(ic, ih, iw, oc, *kernel, stride, edges[0]), groups=ic // depth, padding_after=edges[1]
    )


def _transposed(op: Operator, found: TfliteGraph) -> ConvShape:
    """The convolution of the plane with zeros between and around its pixels, which make it so large."""
    oc, kh, kw, ic = _sizes(op, found, 1, 4)
    _, oh, ow, _ = found.tensors[op.output].sizes
    return ConvShape(ic, oh + kh - 1, ow + kw - 1, oc, kh, kw)


def _linear(op: Operator, found: TfliteGraph) -> ConvShape:
    oc, ic = _sizes(op, found, 1, 2)
    pixels = math.prod(found.tensors[op.output].sizes) // oc
    return ConvShape(ic, pixels, 1, oc, 1, 1)
