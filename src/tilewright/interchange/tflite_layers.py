"""Layers of a TFLite file as integer layers: int8 weights and activations, int32 biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.linear_quant import CODES, Integers
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.quant_node import FileQuantizer
from tilewright.interchange.read_layers import Weight, name_layer, read_convolution, read_linear
from tilewright.interchange.tflite_context import Context, kept, operand, padding, stated
from tilewright.interchange.tflite_kernels import ROUNDINGS, Scaled, layer_factor
from tilewright.interchange.tflite_places import Seen, settled, without_border
from tilewright.interchange.transposed import as_convolution
from tilewright.interchange.values import Affine, Value
from tilewright.interchange.windows import read_axes
from tilewright.spec import IntegerLayer, Ints

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


def read_layer(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """A convolution, a transposed one, or FULLY_CONNECTED."""
    weight = _weight(context, op)
    grid, out = sources[0].value.grid, context.out(op)
    assert grid is not None, "all tensors have codes"  # noqa: S101
    is_of_tokens = op.kind == "FULLY_CONNECTED" and _is_of_tokens(context, op, sources[0], weight)
    if op.kind == "FULLY_CONNECTED" and not is_of_tokens:
        value, weight = _flattened(context, op, sources[0], weight)
        name = name_layer(op, weight, set(context.assembly.nodes))
        stated_so = replace(op, attributes={})
        layer = read_linear(stated_so, name, value, weight)
    else:
        stated_so, value, weight = _convolution(context, op, sources[0], weight)
        name = name_layer(op, weight, set(context.assembly.nodes))
        layer = read_convolution(stated_so, name, value, weight)
    bias = _bias(context, op, layer)
    low, high = kept(op, out)
    kernels = _kernels(context, stated_so)
    factor = layer_factor(kernels, grid.scale, layer.weight_scale, out.scale)
    rounding = ROUNDINGS[kernels][op.kind == "FULLY_CONNECTED"]
    step = Scaled(rounding, factor, bias.codes, low, high).step(out)
    real = Affine(layer.act_scale * layer.weight_scale, np.zeros(1))
    found = context.assembly.add_integers(op, layer, [value], real, bias)
    found = replace(found, steps=()).on_grid(op, out, step)
    if not is_of_tokens:
        return Seen.of(found, context.file.tensors[op.output])
    return _of_tokens(context, op, sources[0], found)


def _of_tokens(context: Context, op: Operator, source: Seen, found: Value) -> Seen:
    """What a linear layer makes of each token of `source`, with their axes, and its channels last."""
    numbers = np.arange(int(np.prod(found.plane))).reshape(found.plane[0], -1)
    sizes = context.file.tensors[op.output].sizes
    if sizes[:1] == (1,) and np.prod(sizes) == numbers.size:
        return Seen.at(found, op.output, numbers.T.reshape(*source.places.shape[:-1], len(numbers)))
    return Seen.at(found, op.output, numbers.T, is_bare=True)  # rows


def _kernels(context: Context, stated_so: Operator) -> str:
    """Who computes a layer: XNNPACK leaves transposed convolutions with gaps to others."""
    return "reference" if stated_so.attributes.get("has_gaps") else context.kernels


def _weight(context: Context, op: Operator) -> Weight:
    """The weight, ``oc ic kh kw`` or ``oc ic``; of a transposed convolution ``ic oc kh kw``."""
    tensor = context.file.tensors[operand(op, 1)]
    if tensor.values is None or tensor.kind != "int8" or tensor.scale is None:
        op.refuse(f"its weight {tensor.name} must be constant codes of int8, not {tensor.kind}")
    if tensor.zero.any() or not (np.isfinite(tensor.scale) & (tensor.scale > 0)).all():
        op.refuse(f"its weight {tensor.name} must have positive scales, and zero-points of 0")
    codes = tensor.values.astype(np.float64)
    if op.kind in ("CONV_2D", "TRANSPOSE_CONV"):
        codes = np.moveaxis(codes, -1, 1)
    elif op.kind == "DEPTHWISE_CONV_2D":
        codes = np.moveaxis(codes, -1, 0)
    if tensor.scale.size not in (1, len(codes)):
        op.refuse(f"its weight must have one scale or {len(codes)}, not {tensor.scale.size}")
    scale = (
        tensor.scale.reshape(-1, *(1,) * (codes.ndim - 1))
        if tensor.scale.size > 1
        else tensor.scale
    )
    if op.kind == "TRANSPOSE_CONV":
        codes = codes.swapaxes(0, 1)
        scale = scale.swapaxes(0, 1) if scale.size > 1 else scale
    return Weight(codes, FileQuantizer(CODES["int8"], scale), (), is_integer=True)


def _convolution(
    context: Context, op: Operator, source: Seen, weight: Weight
) -> tuple[Operator, Value, Weight]:
    """A convolution in ONNX's words, and what it reads; a linear layer of tokens is one of 1x1."""
    if op.kind == "FULLY_CONNECTED":
        value, scale = settled(op, source, context.assembly), weight.quantizer.scale
        quantizer = replace(weight.quantizer, scale=scale.reshape(-1, 1, 1, 1))
        codes = weight.codes[:, :, None, None]
        return replace(op, attributes={}), value, replace(weight, codes=codes, quantizer=quantizer)
    if op.kind == "TRANSPOSE_CONV":
        value = settled(op, source, context.assembly)
        turned = _transposed(context, op, value, weight)
        has_gaps = padding(op) == "SAME_UPPER" and any(turned.attributes["output_padding"])
        found, value, weight = as_convolution(turned, value, weight, context.assembly)
        return replace(found, attributes=found.attributes | {"has_gaps": has_gaps}), value, weight
    if source.places.ndim == 2:  # of a sequence
        source = replace(source, places=source.places[None])
    source, pads = without_border(source)
    border = op.attributes.get("border", (0, 0, 0, 0))
    pads = tuple(one + other for one, other in zip(pads, border, strict=True))
    value = settled(op, source, context.assembly)
    return _windows(op, weight, pads, value), value, weight


def _is_of_tokens(context: Context, op: Operator, source: Seen, weight: Weight) -> bool:
    """Whether a linear layer reads the channels of each token, or pixel, by themselves."""
    channels = source.places.shape[-1] if source.places.ndim else 1
    made = source.places.size // channels * len(weight.codes)
    are_rows = source.tensor != op.inputs[0] or source.is_bare  # whose number the file leaves open
    is_whole = are_rows or np.prod(context.file.tensors[op.output].sizes) == made
    return bool(weight.codes.shape[1] == channels < source.places.size and is_whole)


def _transposed(context: Context, op: Operator, value: Value, weight: Weight) -> Operator:
    """TRANSPOSE_CONV in ONNX's words: what the stated size has less than all products is padding."""
    strides = [stated(op, "strideH"), stated(op, "strideW")]
    if context.file.tensors[operand(op, 0)].values is None and context.kernels == "xnnpack":
        op.refuse(
            "the file computes its size, so that XNNPACK leaves it to kernels that round otherwise from one "
            "channel to the next: give --kernels reference, or convert with a batch of 1, "
            "keras.Input(..., batch_size=1)"
        )
    sizes = tuple(context.file.constants.get(operand(op, 0), np.zeros(0)).tolist())
    if len(sizes) != 4 or value.is_flat:
        op.refuse("it must read and give planes (1, h, w, channels)")
    before, after = [], []
    for size, out, stride, kernel in zip(
        value.plane[1:], sizes[1:3], strides, weight.codes.shape[2:], strict=True
    ):
        steps = -(-out // stride) if padding(op) == "SAME_UPPER" else 0
        before.append(max(0, (steps - 1) * stride + kernel - out) // 2)
        after.append((size - 1) * stride + kernel - before[-1] - out)
    attributes = {
        "strides": strides,
        "pads": [*before, *(max(0, one) for one in after)],
        "output_padding": [max(0, -one) for one in after],
    }
    return replace(op, attributes=attributes)


def _flattened(
    context: Context, op: Operator, source: Seen, weight: Weight
) -> tuple[Value, Weight]:
    """The input as channels in the order of the network's planes, and the weight's columns in that order."""
    op.expect(weightsFormat=0)
    if not source.is_permuted:
        value = settled(op, source, context.assembly)
        source = Seen.of(value, context.file.tensors[source.tensor])
    count = source.places.size
    if weight.codes.shape[1] != count:
        op.refuse(
            f"its weight takes {weight.codes.shape[1]} channels, but its input has {count}: only one row of "
            "them a sample is read"
        )
    columns = np.empty_like(weight.codes)
    columns[:, source.places.reshape(-1)] = weight.codes
    value = source.value
    if value.origin is None and not (value.is_flat or context.is_read_once):
        value = context.assembly.enter(value)
    value = replace(value, plane=(count, 1, 1), is_flat=True)
    if value.origin is not None:
        value = replace(value, is_flattened=not source.value.is_flat or value.is_flattened)
    elif not source.value.is_flat:
        value = replace(value, layout=(*value.layout, "flattened"))
    return value, replace(weight, codes=columns)


def _windows(op: Operator, weight: Weight, pads: tuple[int, ...], value: Value) -> Operator:
    """A convolution or pool in ONNX's words; pads: around the plane, by an operation before it."""
    dilations = [op.attributes.get(f"dilation{axis}Factor", 1) for axis in "HW"]
    attributes = {
        "strides": [stated(op, "strideH"), stated(op, "strideW")],
        "dilations": dilations,
        "auto_pad": padding(op),
        "group": value.plane[0] // weight.codes.shape[1] if weight.codes.shape[1] else 0,
    }
    if any(pads):
        if attributes["auto_pad"] != "VALID":
            kernel = (weight.codes.shape[2], weight.codes.shape[3])
            channels, height, width = value.plane
            padded = (channels, height + pads[0] + pads[2], width + pads[1] + pads[3])
            axes = read_axes(replace(op, attributes=attributes), padded, kernel)
            more = (axes[0].before, axes[1].before, axes[0].after, axes[1].after)
            pads = tuple(one + other for one, other in zip(pads, more, strict=True))
        attributes |= {"auto_pad": "NOTSET", "pads": list(pads)}
    return replace(op, attributes=attributes)


def _bias(context: Context, op: Operator, layer: IntegerLayer) -> Integers:
    """The bias, in steps of the sum; with it, sums must fit 32 bits, as the file's kernels have them."""
    place = 3 if op.kind == "TRANSPOSE_CONV" else 2
    name = op.inputs[place] if len(op.inputs) > place else ""
    codes: Ints = np.zeros(1, np.int64)
    if not name and op.kind not in ("FULLY_CONNECTED", "TRANSPOSE_CONV"):
        op.refuse("it must have a bias, if of zeros: LiteRT does not compute it without one")
    if name:
        tensor = context.file.tensors[name]
        if tensor.values is None or tensor.kind != "int32" or tensor.values.size != layer.shape.oc:
            op.refuse(f"its bias {name} must be {layer.shape.oc} constant integers of int32")
        codes = tensor.values.astype(np.int64)
    if layer.sum_bound() + int(np.abs(codes).max()) >= 1 << 31:
        op.refuse(
            "its sums with the bias must stay below 2**31, or they wrap in the file's kernels"
        )
    return Integers(codes, "int32", layer.act_scale * layer.weight_scale)
