"""Convolutions and linear layers of a foreign graph, as integer layers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Products, Singles
from tilewright.interchange.linear_quant import CODES, Integers, rounded_bias
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.quant_node import MAX_BITS, FileQuantizer
from tilewright.interchange.values import Affine, Value
from tilewright.interchange.windows import read_axes, without_holes
from tilewright.spec import ConvShape, IntegerLayer, NumberFormat
from tilewright.spec.integer_sums import LARGEST_SUM
from tilewright.spec.number_format import signed_bits_needed

LONGEST_NAME = 160
"""Characters of a name before a number, or what a part of the node is called, is put behind it."""
WEIGHT_NAME = re.compile(r"^(.+?)\.weight(_quant\b.*|_values|_scale|_codes)?$")


@dataclass(frozen=True, slots=True, eq=False)
class Weight:
    """A quantized constant: its codes, of the shape in the file, and its quantizer.

    names: the constants that it comes from; they often hold the layer's name. is_integer: the file holds
    the codes themselves, as bytes, so that an integer kernel may compute with them. missed: by how much, in
    steps, the file's own numbers may miss the codes.
    """

    codes: npt.NDArray[np.float64]
    quantizer: FileQuantizer
    names: tuple[str, ...]
    is_integer: bool = False
    missed: float = 0.0

    @classmethod
    def of_integers(cls, op: Operator, found: Integers) -> Weight:
        """A weight that the file has as codes; less their zero-point, they may leave 8 bits."""
        codes = CODES[found.kind]
        if not codes.is_signed:
            codes = NumberFormat(codes.bits, is_signed=True)
        if not codes.allowed(found.codes).all():
            codes = NumberFormat(8, is_signed=True)
        has_kernel = found.kind in ("int8", "uint8")  # of 4 bits, ONNX Runtime makes floats
        quantizer = FileQuantizer(codes, found.scale)
        return cls(found.codes.astype(np.float64), quantizer, op.inputs[:2], has_kernel)

    @classmethod
    def of_whole(cls, name: str, constants: dict[str, Array]) -> Weight | None:
        """A constant of floats that are all codes of a signed format of 8 bits, as FINN has weights."""
        values = constants.get(name)
        if values is None or values.ndim < 2 or (values != np.rint(values)).any():
            return None
        bits = signed_bits_needed(int(values.min()), int(values.max()))
        if bits > MAX_BITS:
            return None
        codes = NumberFormat(max(2, bits), is_signed=True)
        return cls(values.astype(np.float64), FileQuantizer(codes, np.ones(1)), (name,))

    def with_row(self) -> Weight:
        """A kernel over a sequence, ``oc ic k``, as one over a plane of one row, and so the weight ``oc ic``
        of a product from the left; others as they are.
        """
        scale = self.quantizer.scale
        if self.codes.ndim == 2:
            turned = scale.reshape(*scale.shape, 1, 1) if scale.ndim == 2 else scale
            kept = replace(self.quantizer, scale=turned)
            return replace(self, codes=self.codes[:, :, None, None], quantizer=kept)
        if self.codes.ndim != 3:
            return self
        quantizer = replace(self.quantizer, scale=scale[:, :, None] if scale.ndim == 3 else scale)
        return replace(self, codes=self.codes[:, :, None], quantizer=quantizer)

    def transposed(self) -> Weight:
        """Rows and columns exchanged, in the scale too."""
        scale = self.quantizer.scale
        turned = scale.T if scale.ndim == 2 else scale
        quantizer = replace(self.quantizer, scale=turned)
        return replace(self, codes=self.codes.T, quantizer=quantizer)

    def channels_first(self) -> Weight:
        """A weight ``oc kh kw ic`` as ``oc ic kh kw``."""
        if self.codes.ndim != 4:
            return self
        scale = self.quantizer.scale
        turned = np.moveaxis(scale, -1, 1) if scale.ndim == 4 else scale
        quantizer = replace(self.quantizer, scale=turned)
        return replace(self, codes=np.moveaxis(self.codes, -1, 1), quantizer=quantizer)

    def scale(self, op: Operator) -> npt.NDArray[np.float64]:
        """The scale ``(1,)`` or ``(oc,)`` of a weight whose first axis is the output channel."""
        scale = self.quantizer.scale
        if scale.size == 1:
            return scale.reshape(1)
        wide = np.broadcast_to(scale, self.codes.shape).reshape(len(self.codes), -1)
        if (wide != wide[:, :1]).any():
            op.refuse(
                f"the weight's scale must be one or one per output channel, not {scale.shape}"
            )
        return wide[:, 0].copy()


def name_layer(op: Operator, weight: Weight, taken: set[str]) -> str:
    """A layer's name: the module's that the exporter noted, or that of its weight, or the operation's."""
    found = (WEIGHT_NAME.match(name) for name in weight.names)
    names = [op.scope, *(match[1] for match in found if match), op.name, op.output]
    first = next(name for name in names if name)
    return unique(first, taken)


def unique(name: str, taken: set[str]) -> str:
    """`name`, or with a number behind it if it is taken; of a long one the end, where modules differ."""
    name = name if len(name) <= LONGEST_NAME else re.sub(r"^[^./]*[./]", "", name[-LONGEST_NAME:])
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def read_convolution(op: Operator, name: str, value: Value, weight: Weight) -> IntegerLayer:
    """The layer of a Conv node."""
    grid = _input_grid(op, value)
    check_convolution(op, weight)
    if value.is_flat:
        op.refuse(f"it must read planes (n, channels, h, w), but reads {value.plane[0]} channels")
    groups, ic = int(op.number("group", 1)), value.plane[0]
    oc, width, kh, kw = weight.codes.shape
    if groups < 1 or width * groups != ic or oc % groups:
        op.refuse(
            f"its weight {weight.codes.shape} with {groups} groups does not fit {ic} channels"
        )
    op.expect(kernel_shape=[kh, kw])
    axes = read_axes(op, value.plane, (kh, kw))
    codes = without_holes(weight.codes, axes)
    stride, before, after = (
        (getattr(axes[0], edge), getattr(axes[1], edge)) for edge in ("stride", "before", "after")
    )
    size = (codes.shape[2], codes.shape[3])
    shape = ConvShape(*value.plane, oc, *size, stride, before, groups, after)
    return _layer(op, name, grid, weight, codes, shape)


def check_convolution(op: Operator, weight: Weight) -> None:
    """Refuse a Conv node that is not understood, as far as it states that by itself."""
    if weight.codes.ndim != 4:
        op.refuse(f"only convolutions in two dimensions are supported, not {weight.codes.shape}")
    op.sizes("strides", [1, 1])
    op.sizes("dilations", [1, 1])
    op.sizes("pads", [0, 0, 0, 0], least=0)


def read_linear(op: Operator, name: str, value: Value, weight: Weight) -> IntegerLayer:
    """The layer of a Gemm or MatMul node; the weight is ``oc ic``, and alpha a part of its scale."""
    grid, alpha = _input_grid(op, value), op.number("alpha", 1.0)
    if not alpha:
        op.refuse("alpha must not be 0")
    op.expect(transA=0)
    is_of_tokens = op.kind == "MatMul" and not value.is_flat
    if weight.codes.ndim != 2:
        op.refuse(f"its weight must have two axes, not {weight.codes.ndim}: reshape it before")
    if not value.is_flat and not is_of_tokens:
        op.refuse(
            f"a linear layer must read (n, channels), but reads {value.plane}: flatten its input"
        )
    oc, ic = weight.codes.shape
    if ic != value.plane[0]:
        op.refuse(f"its weight takes {ic} channels, but its input has {value.plane[0]}")
    places = np.arange(ic)
    if value.last is not None:  # columns in the order of channels first
        channels, height, width = value.last
        places = places.reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
    codes = weight.codes[:, places].reshape(oc, ic, 1, 1)
    layer = _layer(op, name, grid, weight, codes, ConvShape(*value.plane, oc, 1, 1))
    return replace(layer, weight_scale=layer.weight_scale * alpha)


def read_bias(op: Operator, constants: dict[str, Array], layer: IntegerLayer) -> Affine:
    """From the layer's psums to its real output: scale and bias."""
    gain = layer.act_scale * layer.weight_scale
    bias = np.zeros(1)
    if len(op.inputs) > 2 and op.inputs[2]:
        if op.inputs[2] not in constants:
            op.refuse("its bias must be a constant")
        bias = constants[op.inputs[2]].astype(np.float64).reshape(-1)
        if bias.size not in (1, layer.shape.oc):
            op.refuse(f"its bias must be one number or {layer.shape.oc}, not {bias.size}")
    return Affine(gain, bias * op.number("beta", 1.0) if op.kind == "Gemm" else bias)


def check_sums(op: Operator, layer: IntegerLayer, bias: Integers | None) -> None:
    """Refuse sums that leave int32, in which the kernel of a layer on codes adds them and the bias."""
    largest = layer.sum_bound() + (0 if bias is None else int(np.abs(bias.codes).max()))
    if largest > LARGEST_SUM:
        op.refuse(f"its sums and bias must stay below 2**31, but may reach {largest:,}")


def _layer(
    op: Operator, name: str, grid: Grid, weight: Weight, codes: Array, shape: ConvShape
) -> IntegerLayer:
    return IntegerLayer(
        name=name,
        shape=shape,
        weight=codes.astype(np.int8),
        weight_format=_weight_format(op, codes, weight.quantizer.number_format),
        act_format=grid.number_format,
        weight_scale=weight.scale(op),
        act_scale=grid.scale,
        zero_point=grid.zero_point,
    )


def _weight_format(op: Operator, codes: Array, stated: NumberFormat) -> NumberFormat:
    """The stated format, or one of more codes: holes are 0, and an array's weights have a sign."""
    if stated.is_signed and stated.allowed(codes).all():
        return stated
    bits = signed_bits_needed(int(codes.min()), int(codes.max()))
    if bits > MAX_BITS:
        op.refuse(f"its weights must fit -128..127, not reach {int(codes.max())}")
    return NumberFormat(max(2, bits), is_signed=True)


def _input_grid(op: Operator, value: Value) -> Grid:
    """The grid of a layer's input."""
    if value.grid is None:
        op.refuse(f"its input {op.inputs[0]} is not quantized: put a quantizer before it")
    return value.grid


def products_of(value: Value, layer: IntegerLayer, bias: Integers | None) -> Products:
    """The kernel of a layer on codes."""
    offset = np.zeros(1, np.int64) if bias is None else bias.codes.reshape(-1)
    return Products(scales_of(value, layer), offset, layer.act_format)


def scales_of(value: Value, layer: IntegerLayer) -> Singles:
    """Activation scale times weight scale, multiplied in float32."""
    assert value.grid is not None, "a layer reads codes"  # noqa: S101
    scales: Singles = np.float32(value.grid.scale) * layer.weight_scale.astype(np.float32)
    return scales


def with_rounded_bias(op: Operator, value: Value, layer: IntegerLayer, real: Affine) -> Affine:
    """From psums to the output of a Gemm with factors, before which ONNX Runtime rounds a bias of floats."""
    alpha, beta = op.number("alpha", 1.0), op.number("beta", 1.0)
    scales = scales_of(value, replace(layer, weight_scale=layer.weight_scale / alpha))
    bias = rounded_bias(real.offset / beta, scales)
    return replace(real, offset=bias.codes * bias.scale * beta)


def how_else(op: Operator) -> str:
    """What to do about a layer that one way of quantizing leaves in floats."""
    if op.kind != "ConvTranspose":
        return ""
    return (
        ": quantize_static leaves it in floats with QuantFormat.QOperator, and not with QuantFormat.QDQ; "
        "torchao's quantizer for x86 always does"
    )
