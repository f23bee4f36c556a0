"""The sizes of the layers and products of any ONNX file, float or quantized: enough to say what it costs.

Nothing else of the network is understood, and no weight is read: `read_onnx` is for its integers. Sizes are
those that onnx's own inference finds; operations of other domains are taken for the standard ones that keep
sizes as they do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import onnx
from google.protobuf.message import DecodeError

from tilewright.errors import FormatError, ShapeError
from tilewright.interchange.attention_ops import ATTENTION, heads_of
from tilewright.interchange.inference import inferred, simplify, sizes_in
from tilewright.interchange.lenient import tidy
from tilewright.interchange.onnx_graph import Operator, operator_of
from tilewright.interchange.products import Products, einsum_products, matmul_products
from tilewright.interchange.topology import Sizes, Topology, as_topology
from tilewright.interchange.windows import same_padding
from tilewright.spec import ConvShape, LayerSizes
from tilewright.store.artifact import read_bytes

_WEIGHT = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3, "ConvTranspose": 1}
_WEIGHT |= {"Gemm": 1, "MatMul": 1, "MatMulInteger": 1, "QLinearMatMul": 3}
"""Layers, to the place of their weights among their inputs."""

_OTHER_LAYERS = {"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "DeformConv"}
_OTHER_LAYERS |= {"If", "Loop", "Scan"}
"""Operations with products that are not counted."""


def read_onnx_topology(path: Path, axes: Mapping[str, int] | None = None) -> Topology:
    """The convolutions, linear layers and products of an ONNX file, for one sample.

    axes: sizes of axes of the inputs that the file leaves open, by their names there, or as ``INPUT.NUMBER``.

    A product is a 1x1 convolution of as many pixels as it has rows, whether its second operand is weights or
    another activation (attention); a dilated kernel has its gaps, and a transposed convolution reads its
    spread plane: both as `quantize` gives them to an array. Weights may lie in another file. Raises
    `ArtifactError` if the file cannot be read, and `FormatError` if it is no ONNX file, has sizes that are
    not fixed, or holds no layer.
    """
    try:
        model = tidy(onnx.load_model_from_string(read_bytes(path)))
        batch = _fix_batch(model.graph, path, axes or {})
        simplify(model.graph)
        graph = inferred(model)
        ops = tuple(operator_of(node) for node in graph.node)
    except (DecodeError, onnx.shape_inference.InferenceError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path} is no valid ONNX file: {reason}") from None
    found = _Layers(ops, sizes_in(graph), _constants(graph, ops), batch)
    return as_topology(path, found.read(), found.left_out)


def _fix_batch(graph: onnx.GraphProto, path: Path, axes: Mapping[str, int]) -> int:
    """Set open numbers of samples to 1, and open axes to sizes; how many samples the first input has."""
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    used = set[str]()
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        for number, dim in enumerate(dims):
            named = {dim.dim_param, f"{value.name}.{number}"} & axes.keys()
            if dim.dim_value < 1 and named:
                used |= named
                dim.dim_value = axes[min(named)]
        if dims and dims[0].dim_value < 1:
            dims[0].dim_value = 1
        if any(dim.dim_value < 1 for dim in dims):
            sizes = [dim.dim_param or dim.dim_value or "?" for dim in dims]
            number = next(at for at, dim in enumerate(dims) if dim.dim_value < 1)
            name = dims[number].dim_param or f"{value.name}.{number}"
            raise FormatError(
                f"{path}: the input {value.name} must have fixed sizes behind the first one, not {sizes}: "
                f"give those of your samples with plan --axes {name}=N, or export it with them"
            )
    if axes.keys() - used:
        raise FormatError(
            f"{path}: its inputs must have an open axis {min(axes.keys() - used)!r}, which --axes gives a "
            "size, but have none"
        )
    found = [list(value.type.tensor_type.shape.dim) for value in inputs[:1]]
    return int(found[0][0].dim_value) if found and len(found[0]) > 1 else 1


def _constants(graph: onnx.GraphProto, ops: tuple[Operator, ...]) -> frozenset[str]:
    """Tensors that no input of the file has a part in."""
    found = {tensor.name for tensor in graph.initializer} | {""}
    for op in ops:
        if all(name in found for name in op.inputs):
            found.update(op.outputs)
    return frozenset(found)


class _Layers:
    """The layers and products among `ops`."""

    def __init__(
        self,
        ops: tuple[Operator, ...],
        sizes: dict[str, Sizes],
        constants: frozenset[str],
        batch: int,
    ) -> None:
        self._ops, self._known, self._constants, self._batch = ops, sizes, constants, batch
        self.left_out = Counter[str]()

    def read(self) -> Iterator[LayerSizes]:
        """Each layer, and each product of activations."""
        for op in self._ops:
            if op.kind in _OTHER_LAYERS:
                self.left_out[op.kind] += 1
            try:
                yield from self._layers_of(op)
            except ShapeError as error:
                op.refuse(str(error))

    def _layers_of(self, op: Operator) -> Iterator[LayerSizes]:
        if op.kind in ATTENTION:
            yield from self._attention(op)
        elif op.kind == "Einsum":
            yield from self._einsum(op)
        elif op.kind == "MatMulNBits":
            yield self._product(op, self._in_blocks(op), is_of_activations=False)
        elif op.kind in _WEIGHT and len(op.inputs) > _WEIGHT[op.kind]:
            names = op.inputs[0], op.inputs[_WEIGHT[op.kind]]
            is_constant = [name in self._constants for name in names]
            if not all(is_constant):
                x, weight = (self._of(op, name) for name in names)
                yield self._layer(op, x, weight, is_constant)

    def _layer(
        self, op: Operator, x: Sizes, weight: Sizes, is_constant: Sequence[bool]
    ) -> LayerSizes:
        """A layer, or what has its form and reads two activations."""
        if "Conv" in op.kind:
            read = self._transposed if op.kind == "ConvTranspose" else self._convolution
            name, shape = op.name or op.output, read(op, x, weight)
            return LayerSizes(name, shape, is_of_activations=not is_constant[1])
        if op.kind == "Gemm":
            x = x[::-1] if op.attributes.get("transA") else x
            weight = weight[::-1] if op.attributes.get("transB") else weight
        is_turned = is_constant[0]  # weights on the left: pixels are the columns of the other
        if is_turned and len(x) == 2:
            columns = (*weight[:-2], weight[-1], weight[-2])
            found = matmul_products(columns, x[::-1])
        else:
            found = matmul_products(x, weight)
            found = found and (found.turned() if is_turned else found)
        if found is None:
            op.refuse(
                f"operands of a product must fit one another, not {list(x)} and {list(weight)}"
            )
        return self._product(op, found, is_of_activations=not any(is_constant))

    def _product(
        self, op: Operator, found: Products, *, is_of_activations: bool, part: str = ""
    ) -> LayerSizes:
        one = found.of_one_sample(self._batch)
        name = f"{op.name or op.output}{part and '.'}{part}"
        return LayerSizes.product(name, one.sizes, one.times, is_of_activations=is_of_activations)

    def _einsum(self, op: Operator) -> Iterator[LayerSizes]:
        """The product of two operands; of more, and of indices in no such form, it says nothing."""
        is_constant = [name in self._constants for name in op.inputs]
        if len(op.inputs) < 2 or all(is_constant):
            return
        if len(op.inputs) > 2:
            self.left_out["Einsum of more than two operands"] += 1
            return
        equation = str(op.attributes.get("equation", ""))
        found = einsum_products(equation, *(self._of(op, name) for name in op.inputs))
        if found is not None:
            found = found.turned() if is_constant[0] else found
            yield self._product(op, found, is_of_activations=not any(is_constant))

    def _attention(self, op: Operator) -> Iterator[LayerSizes]:
        heads = heads_of(op, lambda name: self._known.get(name, ()))
        if heads is None:
            self.left_out[op.kind] += 1
            return
        if heads.projection:
            yield self._product(op, heads.projection, is_of_activations=False, part="qkv")
        for part, found in heads.products():
            yield self._product(op, found, is_of_activations=True, part=part)

    def _in_blocks(self, op: Operator) -> Products:
        """ONNX Runtime's product with weights of few bits, whose sizes are attributes."""
        rows = math.prod(self._of(op, op.inputs[0])[:-1])
        return Products(1, rows, int(op.number("K", 0)), int(op.number("N", 0)))

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
