"""The sizes of layers and products of any TFLite file, float or quantized: enough to say what it costs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tilewright.errors import ShapeError
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.products import matmul_products
from tilewright.interchange.tflite_context import padding
from tilewright.interchange.tflite_graph import TfliteGraph, read_tflite_graph
from tilewright.interchange.topology import Topology, as_topology
from tilewright.interchange.windows import same_padding
from tilewright.spec import ConvShape, LayerSizes
from tilewright.store.artifact import read_bytes

_OTHER_LAYERS = {
    "CONV_3D",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "LSTM",
    "SVDF",
}
"""Operations with products that are not counted."""


def read_tflite_topology(path: Path) -> Topology:
    """The convolutions, linear layers and products of a TFLite file, for one sample, as of an ONNX file.

    Raises `ArtifactError` if the file cannot be read, `FormatError` if it is no TFLite file or holds no
    layer, and `ToolError` if ai-edge-litert is not installed.
    """
    found = read_tflite_graph(path, read_bytes(path))
    left_out = Counter(op.kind for op in found.graph.ops if op.kind in _OTHER_LAYERS)
    return as_topology(path, _layers(found), left_out)


def _layers(found: TfliteGraph) -> Iterator[LayerSizes]:
    read = {
        "CONV_2D": _convolution,
        "DEPTHWISE_CONV_2D": _convolution,
        "TRANSPOSE_CONV": _transposed,
        "FULLY_CONNECTED": _linear,
    }
    for op in found.graph.ops:
        if op.kind in (*read, "BATCH_MATMUL") and any(
            name and name not in found.constants for name in op.inputs
        ):
            try:
                if op.kind == "BATCH_MATMUL":
                    yield _product(op, found)
                else:
                    is_given = op.inputs[1] in found.constants
                    shape = read[op.kind](op, found)
                    yield LayerSizes(op.name, shape, is_of_activations=not is_given)
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


def _product(op: Operator, found: TfliteGraph) -> LayerSizes:
    """A product with one operand or none that the file states, either of which may be turned."""
    operands = [found.tensors[name].sizes for name in op.inputs[:2]]
    for place, key in enumerate(("adjX", "adjY")):
        sizes = operands[place]
        if op.attributes.get(key):
            operands[place] = (*sizes[:-2], sizes[-1], sizes[-2])
    products = matmul_products(*operands)
    if products is None:
        op.refuse(f"operands of a product must fit one another, not {operands}")
    is_given = [name in found.constants for name in op.inputs[:2]]
    products = products.turned() if is_given[0] else products
    return LayerSizes.product(
        op.name, products.sizes, products.times, is_of_activations=not any(is_given)
    )
