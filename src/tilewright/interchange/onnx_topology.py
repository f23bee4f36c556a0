"""The sizes of the layers of any ONNX file, float or quantized: enough to say what it costs on an array.

Nothing else of the network is understood, and no weight is read: `read_onnx` is for its integers. Sizes are
those that onnx's own inference finds; operations of other domains are taken for the standard ones that keep
sizes as they do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from tilewright.errors import FormatError, ShapeError
from tilewright.interchange.lenient import tidy
from tilewright.interchange.onnx_graph import Operator, operator_of
from tilewright.interchange.topology import Sizes, Topology, as_topology
from tilewright.interchange.windows import same_padding
from tilewright.spec import ConvShape
from tilewright.store.artifact import read_bytes

_STAND_INS: dict[str, tuple[str, Sizes]] = {
    "FusedConv": ("Conv", (0, 1)),
    "QGemm": ("Gemm", (0, 3)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)),
    "FusedMatMul": ("MatMul", (0, 1)),
}
"""Operations of ONNX Runtime, to the standard one with sizes like theirs and its inputs."""

_KEEPS_SIZES = {"Quant", "IntQuant", "FloatQuant", "BipolarQuant", "Trunc", "MultiThreshold"}
_KEEPS_SIZES |= {"QuantizeLinear", "DequantizeLinear", "QLinearLeakyRelu", "QLinearSigmoid"}
_KEEPS_SIZES |= {"QLinearSoftmax", "Gelu", "FusedGelu", "FastGelu", "QuickGelu", "BiasGelu"}
_KEEPS_SIZES |= {"SkipLayerNormalization"}
"""Operations of other domains whose output is as large as their first input."""

_WEIGHT = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3, "ConvTranspose": 1}
_WEIGHT |= {"Gemm": 1, "MatMul": 1, "MatMulInteger": 1, "QLinearMatMul": 3}
"""Layers, to the place of their weights among their inputs."""

_OTHER_LAYERS = {"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "Einsum", "DeformConv", "MatMulNBits"}
_OTHER_LAYERS |= {"Attention", "QAttention", "MultiHeadAttention", "GroupQueryAttention"}
_OTHER_LAYERS |= {"If", "Loop", "Scan"}
"""Operations with products that are not counted."""

_SMALL = 1024
"""Numbers of a constant that may say sizes; the values of larger ones are dropped."""


def read_onnx_topology(path: Path) -> Topology:
    """The convolutions, linear layers and products with weights of an ONNX file, for one sample.

    A product is a 1x1 convolution of as many pixels as it has rows; a dilated kernel has its gaps, and a
    transposed convolution reads its spread plane: both as `quantize` gives them to an array. Weights may lie
    in another file. Raises `ArtifactError` if the file cannot be read, and `FormatError` if it is no ONNX
    file, has sizes that are not fixed, or holds no layer.
    """
    try:
        model = tidy(onnx.load_model_from_string(read_bytes(path)))
        batch = _fix_batch(model.graph, path)
        _simplify(model.graph)
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
        ops = tuple(operator_of(node) for node in graph.node)
    except (DecodeError, onnx.shape_inference.InferenceError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path} is no valid ONNX file: {reason}") from None
    found = _Layers(ops, _sizes(graph), _constants(graph, ops), batch)
    return as_topology(path, found.read(), found.left_out)


def _fix_batch(graph: onnx.GraphProto, path: Path) -> int:
    """Set open numbers of samples to 1; how many the first input has."""
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].dim_value < 1:
            dims[0].dim_value = 1
        if any(dim.dim_value < 1 for dim in dims):
            sizes = [dim.dim_param or dim.dim_value or "?" for dim in dims]
            raise FormatError(
                f"{path}: the input {value.name} must have fixed sizes behind the first one, not {sizes}: "
                "export it with those of your samples"
            )
    axes = [list(value.type.tensor_type.shape.dim) for value in inputs[:1]]
    return int(axes[0][0].dim_value) if axes and len(axes[0]) > 1 else 1


def _simplify(graph: onnx.GraphProto) -> None:
    """Let onnx infer through operations of others; drop the values of weights, which say no sizes."""
    for tensor in graph.initializer:
        if math.prod(tensor.dims) > _SMALL:
            kept = TensorProto(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type)
            tensor.CopyFrom(kept)
    for node in graph.node:
        kind, places = _STAND_INS.get(node.op_type, ("", (0,)))
        if node.op_type in _KEEPS_SIZES and node.domain:
            kind = "Identity"
            del node.attribute[:]
            del node.output[1:]
        if kind and max(places) < len(node.input):
            inputs = [node.input[place] for place in places]
            del node.input[:]
            node.input.extend(inputs)
            node.op_type, node.domain = kind, ""


def _sizes(graph: onnx.GraphProto) -> dict[str, Sizes]:
    """Sizes of all tensors that are known in full."""
    found = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = value.type.tensor_type.shape
        sizes = tuple(dim.dim_value for dim in shape.dim)
        if value.type.tensor_type.HasField("shape") and min(sizes, default=1) >= 1:
            found.setdefault(value.name, sizes)
    return found


def _constants(graph: onnx.GraphProto, ops: tuple[Operator, ...]) -> frozenset[str]:
    """Tensors that no input of the file has a part in."""
    found = {tensor.name for tensor in graph.initializer} | {""}
    for op in ops:
        if all(name in found for name in op.inputs):
            found.update(op.outputs)
    return frozenset(found)


class _Layers:
    """The layers among `ops`."""

    def __init__(
        self,
        ops: tuple[Operator, ...],
        sizes: dict[str, Sizes],
        constants: frozenset[str],
        batch: int,
    ) -> None:
        self._ops, self._known, self._constants, self._batch = ops, sizes, constants, batch
        self.left_out = Counter[str]()

    def read(self) -> Iterator[tuple[str, ConvShape]]:
        """Name and sizes of each layer."""
        for op in self._ops:
            if op.kind in _OTHER_LAYERS:
                self.left_out[op.kind] += 1
            if op.kind not in _WEIGHT or len(op.inputs) <= _WEIGHT[op.kind]:
                continue
            first, second = op.inputs[0], op.inputs[_WEIGHT[op.kind]]
            is_constant = [name in self._constants for name in (first, second)]
            if all(is_constant):
                continue
            if not is_constant[1] and not (is_constant[0] and op.kind.startswith("MatMul")):
                self.left_out[f"{op.kind} of two activations"] += 1
                continue
            x, weight = self._of(op, first), self._of(op, second)
            try:
                shape = self._shape(op, x, weight, is_turned=is_constant[0])
            except ShapeError as error:
                op.refuse(str(error))
            yield op.name or op.output, shape

    def _of(self, op: Operator, name: str) -> Sizes:
        if name not in self._known:
            self._say_where_sizes_end(op, name)
        return self._known[name]

    def _say_where_sizes_end(self, op: Operator, name: str) -> NoReturn:
        ends = next(
            one
            for one in self._ops
            if any(output not in self._known for output in one.outputs) or one is op
        )
        op.refuse(
            f"the sizes of {name} are not known: they end at {ends.label}; simplify the file first, or "
            "let the tool that wrote it infer them"
        )

    def _shape(self, op: Operator, x: Sizes, weight: Sizes, *, is_turned: bool) -> ConvShape:
        if op.kind == "ConvTranspose":
            return self._transposed(op, x, weight)
        if op.kind in ("Conv", "ConvInteger", "QLinearConv"):
            return self._convolution(op, x, weight)
        if op.kind == "Gemm":
            x = x[::-1] if op.attributes.get("transA") else x
            weight = weight[::-1] if op.attributes.get("transB") else weight
        if (
            is_turned
        ):  # weights stand on the left: the sum runs over their columns, pixels are columns
            x, weight = (*weight[:-2], weight[-1], weight[-2]), x[::-1]
        if len(weight) != 2 or not x:
            op.refuse(f"weights of a product must have two axes, not {list(weight)}")
        rows = math.prod(x[:-1])
        return ConvShape(weight[0], self._a_sample(rows) or rows, 1, weight[1], 1, 1)

    def _a_sample(self, planes: int) -> int:
        """So many of `planes` belong to one sample; 0 if the samples do not divide them."""
        return 0 if planes % self._batch else planes // self._batch

    def _plane(self, op: Operator, x: Sizes, weight: Sizes) -> tuple[Sizes, Sizes]:
        """Sizes of the plane and of the kernel, its gaps included; a sequence is a plane of one row."""
        axes = len(weight) - 2
        if axes not in (1, 2) or len(x) != len(weight):
            op.refuse(f"a convolution must have one or two axes, not {axes}")
        if self._a_sample(x[0]) != 1:
            op.refuse(f"it runs on {x[0]} planes, where the file has {self._batch} samples")
        gaps = op.sizes("dilations", [1] * axes)
        kernel = tuple((k - 1) * gap + 1 for k, gap in zip(weight[2:], gaps, strict=True))
        rows = (1,) * (2 - axes)
        return rows + x[2:], rows + kernel

    def _convolution(self, op: Operator, x: Sizes, weight: Sizes) -> ConvShape:
        (ih, iw), (kh, kw) = self._plane(op, x, weight)
        before, after = _edges(op, (ih, iw), (kh, kw))
        return ConvShape(
            *(x[1], ih, iw, weight[0], kh, kw, _pair(op, "strides", 1), before),
            groups=int(op.number("group", 1)),
            padding_after=after,
        )

    def _transposed(self, op: Operator, x: Sizes, weight: Sizes) -> ConvShape:
        """The convolution of the plane with zeros between and around its pixels, which make it so large."""
        _, kernel = self._plane(op, x, weight)
        oh, ow = (1, *self._of(op, op.output)[2:])[-2:]
        kh, kw = kernel
        groups = int(op.number("group", 1))
        return ConvShape(x[1], oh + kh - 1, ow + kw - 1, weight[1] * groups, kh, kw, groups=groups)


def _pair(op: Operator, key: str, default: int) -> tuple[int, int]:
    """An attribute of one number or two, for a plane."""
    stated = op.attributes.get(key) or [default, default]
    vertical, horizontal = [default, *stated][-2:]
    return vertical, horizontal


def _edges(op: Operator, plane: Sizes, kernel: Sizes) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros above and left of the plane, and below and right of it."""
    mode = op.attributes.get("auto_pad", "NOTSET")
    if mode == "NOTSET":
        pads = op.attributes.get("pads") or [0, 0, 0, 0]
        half = len(pads) // 2
        (top, left), (bottom, right) = ([0, *pads[:half]][-2:], [0, *pads[half:]][-2:])
        return (top, left), (bottom, right)
    if mode == "VALID":
        return (0, 0), (0, 0)
    rest_first = mode == "SAME_LOWER"
    return same_padding(plane, kernel, _pair(op, "strides", 1), has_rest_first=rest_first)
