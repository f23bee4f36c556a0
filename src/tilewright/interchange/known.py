"""What is known of each tensor of a foreign graph: a constant, a weight, or a function of a node's sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.additions import read_addition
from tilewright.interchange.assembly import Assembly
from tilewright.interchange.blends import is_blend, read_blend
from tilewright.interchange.by_constant import by_constant, constant_kernel
from tilewright.interchange.by_pixel import by_pixel
from tilewright.interchange.channel_scales import (
    NEARLY,
    clipped,
    quantized_by_channel,
    with_one_scale,
)
from tilewright.interchange.extremes import EXTREMES, read_extreme
from tilewright.interchange.float_sums import read_float_sum
from tilewright.interchange.functions import FUNCTIONS, OPSET, read_of_sums
from tilewright.interchange.grid import Grid
from tilewright.interchange.hindrances import refuse_unknown
from tilewright.interchange.joins import (
    Ahead,
    quantizer_ahead,
    read_concat,
    read_product,
    read_table,
)
from tilewright.interchange.known_constants import KnownConstants, bounds
from tilewright.interchange.layers_of_means import of_codes_before
from tilewright.interchange.linear_quant import (
    LINEAR_QUANT,
    clipped_format,
    rounded_bias,
)
from tilewright.interchange.neighbors import LOST_RELU, Neighbors
from tilewright.interchange.of_codes import on_codes_of
from tilewright.interchange.onnx_graph import Array, Graph, Operator, scalar
from tilewright.interchange.pixels import on_pixels, pixel_formats
from tilewright.interchange.quant_node import (
    QUANT_OPERATORS,
    read_quantizer,
)
from tilewright.interchange.read_codes import read_codes
from tilewright.interchange.read_layers import (
    Weight,
    check_sums,
    how_else,
    name_layer,
    products_of,
    read_bias,
    read_convolution,
    read_linear,
    scales_of,
)
from tilewright.interchange.read_pools import (
    AVERAGES,
    LARGEST,
    POOLS,
    read_average,
    read_largest,
)
from tilewright.interchange.read_steps import ELEMENTWISE, LAYOUTS, moved_input
from tilewright.interchange.scale_ahead import scale_ahead
from tilewright.interchange.source import SourceSums
from tilewright.interchange.together import COMPARISONS, read_together
from tilewright.interchange.transposed import as_convolution
from tilewright.interchange.turning import quantized
from tilewright.interchange.values import BY_CHANNEL, Affine, Value, clip
from tilewright.interchange.views import Views
from tilewright.interchange.wide_weights import narrowed
from tilewright.interchange.wiring import input_values

LINEAR = ("Gemm", "MatMul")
LAYERS = ("Conv", "ConvTranspose", *LINEAR)
WEIGHTED = (*LAYERS, "Attention", "Einsum", "GRU", "LSTM", "MultiHeadAttention", "RNN")
"""Operations with weights: what cannot be stated of them is no end of the network that may be left out."""

ARITHMETIC = ("Add", "Mul", "Sub")
STEPS_OF_CONSTANTS = (*ARITHMETIC, "Div")
PASSES_CHANNELS = (*LAYOUTS, *LARGEST, *AVERAGES, "DequantizeLinear", "Clip", "Concat")
"""Operations that take a scale for each channel, as layers do."""
JOINS = (*ARITHMETIC, *EXTREMES, "Concat")
"""Operations of several activations; all but the last may also be of one and a constant."""


class Known:
    """The tensors after the operations read so far; stated: those that are constants."""

    def __init__(self, graph: Graph, *, is_several: bool) -> None:
        self.values = input_values(graph)
        self.assembly = Assembly(is_several=is_several)
        self._outputs, self._readers, self._opset = graph.outputs, graph.readers(), graph.opset
        self.stated = KnownConstants(dict(graph.constants), self._readers, graph.opset)
        self.constants: dict[str, Array] = self.stated.values
        self._batch, self._pixels = graph.batch, pixel_formats(graph)
        self.neighbors = Neighbors.of(graph, self.constants)
        self.views = Views(graph, self.values, self.constants, self.assembly)

    def read_activation(self, op: Operator, values: list[Value]) -> None:
        """An operation, not a layer, of values that follow from the input."""
        if any(one.by_channel for one in values) and op.kind not in PASSES_CHANNELS:
            op.refuse(BY_CHANNEL)
        if op.kind in LINEAR_QUANT:
            self.values[op.output] = self._read_codes(op, values[0])
        elif values[0].is_code and op.kind not in (*LAYOUTS, *LARGEST):
            self._read_of_codes(op, values[0])
        elif op.kind in QUANT_OPERATORS:
            self._read_quantizer(op, values[0])
        elif op.kind in COMPARISONS or (
            op.kind in JOINS and (op.kind == "Concat" or len(values) > 1)
        ):
            self._read_join(op, values)
        elif op.kind in POOLS or is_blend(op):
            self._read_pool(op, values[0])
        elif op.kind in FUNCTIONS:
            self._read_function(op, values[0])
        elif op.kind in ELEMENTWISE and len(values) == 1:
            self._read_step(op, values[0])
        else:
            refuse_unknown(op)

    def _read_pool(self, op: Operator, value: Value) -> None:
        """The largest or the mean of each window, or of neighbors among which a pixel is put."""
        of = value, self.constants, self.assembly
        if is_blend(op):
            found, places = read_blend(op, *of, batch=self._batch, opset=self._opset)
            self.values[op.output] = found
            if places is not None:
                self.views.see(op, places)
            return
        if op.kind in LARGEST:
            found, sizes = read_largest(op, *of)
        else:
            is_kernel = self.neighbors.meets_quantizer(op.output)
            ahead = self._scale_ahead(op.output)
            found, sizes = read_average(op, *of, is_kernel=is_kernel, ahead=ahead)
        self.values[op.output] = found
        if sizes != found.plane:
            self.views.see_as(op, sizes)

    def _read_codes(self, op: Operator, value: Value) -> Value:
        if self.neighbors.loses_relu(op):
            self.assembly.notes.append(f"{op.label}: {LOST_RELU}")
        return read_codes(op, value, self.constants, self.assembly)

    def _read_of_codes(self, op: Operator, value: Value) -> None:
        """A Clip of codes, as QCDQ has it; nothing else computes with codes."""
        grid = value.by_channel.grid if value.by_channel is not None else value.grid
        if op.kind != "Clip" or grid is None:
            op.refuse(
                "it computes with codes: put a DequantizeLinear before it and a QuantizeLinear behind, as "
                "quantize_static does with QuantFormat.QDQ"
            )
        low, high = bounds(op, self.constants)
        narrow = replace(grid, number_format=clipped_format(op, grid.number_format, low, high))
        if value.by_channel is not None:
            self.values[op.output] = clipped(op, value, narrow)
            return
        after = value.on_grid(op, narrow, clip(narrow))
        if value.origin is None and value.steps:  # one quantizer of the input, in two operations
            after = replace(after, steps=(*value.steps[:-1], value.steps[-1].then(clip(narrow))))
        self.values[op.output] = replace(after, codes_at=op.output)

    def _read_step(self, op: Operator, value: Value) -> None:
        is_input = value.origin is None and value.grid is not None
        if is_input and not value.is_code and op.kind not in LAYOUTS:
            assert value.grid is not None, "just seen"  # noqa: S101
            if op.kind == "Relu" and value.grid.low >= 0:
                self.values[op.output] = value.renamed(op)  # its values are not negative
                return
            is_kernel = value.codes_at is not None and self.neighbors.meets_quantizer(op.output)
            if is_kernel or not moved_input(op, value, self.constants):
                value = self.assembly.enter(value)
        plane, found = value.plane, by_pixel(op, value, self.constants, self.assembly)
        op, value = found or (op, value)
        kernel = constant_kernel(op, value, plane, self.neighbors, self.constants)
        after = ELEMENTWISE[op.kind](op, value, self.constants)
        if value.follows_codes and after.grid is None and op.kind not in LAYOUTS:
            is_positive = after.is_positive
            after = on_codes_of(op, value, self.constants, self.assembly, opset=self._opset)
            after = replace(after, is_positive=is_positive)
        self.values[op.output] = by_constant(after, kernel)
        if found is not None:
            self.views.see_as(op, plane)

    def _read_quantizer(self, op: Operator, value: Value) -> None:
        quantizer = read_quantizer(op, self.constants)
        if value.origin is None and value.grid is not None:
            value = self.assembly.enter(value)
        if len(np.unique(quantizer.scale)) > 1:
            self.values[op.output] = quantized_by_channel(op, value, quantizer)
            return
        scale = scalar(op, quantizer.scale, "the scale of activations")
        grid = Grid(quantizer.number_format, scale, quantizer.zero_point)
        step = quantizer.step(scale)
        if value.follows_codes:
            step = Ahead(op.output, grid, quantizer).step()
        self.values[op.output] = quantized(op, value, grid, step, self.assembly)

    def read_layer(self, op: Operator, values: list[Value]) -> None:
        """A convolution or a linear layer."""
        self._read_layer(op, values)
        if (
            values[0].is_flat and not self.values[op.output].is_flat
        ):  # of a plane, but not in the file
            self.values[op.output] = replace(self.values[op.output], is_flat=True)

    def _read_layer(self, op: Operator, values: list[Value]) -> None:
        weight = self._weight_of(op, values)
        value, has_kernel = self._as_pixels(values[0]), self.neighbors.has_kernel(op)
        if op.kind == "ConvTranspose":
            op, value, weight = as_convolution(op, value, weight, self.assembly)
        name = name_layer(op, weight, set(self.assembly.nodes))
        if op.kind == "Conv":
            weight = weight.with_row() if self.views.is_sequence else weight
            is_last = bool(op.attributes.get("channels_last", 0))
            weight = weight.channels_first() if is_last else weight
        elif op.kind == "MatMul" or not op.attributes.get("transB", 0):
            weight = weight.transposed()
        op, value, weight = of_codes_before(op, value, weight, self.assembly)
        ahead = self._scale_ahead(op.output)
        value, weight, missed = with_one_scale(op, value, weight, ahead=ahead)
        value, weight = narrowed(op, value, weight, self.assembly, name=name)
        read = read_convolution if op.kind == "Conv" else read_linear
        layer = read(op, name, value, weight)
        real = read_bias(op, self.constants, layer)
        bias = self.stated.integers.get(op.inputs[2]) if len(op.inputs) > 2 else None
        if missed:
            self.assembly.notes.append(f"{op.label}: {NEARLY}")
            found = self.assembly.add_integers(op, layer, [value], real)
            self.values[op.output] = replace(found, slack=missed)
            return
        has_kernel = has_kernel and value.codes_at is not None and weight.is_integer
        if bias is None and self._is_rounded(op, value, real):
            bias = rounded_bias(real.offset, scales_of(value, layer))
            shown, real = real, replace(real, offset=bias.codes * real.gain)
            self.assembly.rounded.append(layer.name)
            if self.neighbors.is_moved(op.output):  # shown alone, it has the bias of floats
                self.assembly.shown[layer.name] = SourceSums(op.output, shown)
                self.values[op.output] = self.assembly.add_integers(op, layer, [value], real)
                return
        is_whole = not real.offset.any() or (bias is not None and bias.are_steps_of(real.gain))
        is_end = is_whole and op.output in self._outputs
        has_kernel = has_kernel and op.number("alpha", 1.0) == op.number("beta", 1.0) == 1
        if not (has_kernel and is_whole) or not (
            is_end or self.neighbors.meets_quantizer(op.output)
        ):
            self.values[op.output] = self.assembly.add(op, layer, [value], real)
            return
        check_sums(op, layer, bias)
        found = self.assembly.add_integers(op, layer, [value], real, bias)
        self.values[op.output] = replace(found, kernel=products_of(value, layer, bias))

    def _as_pixels(self, value: Value) -> Value:
        """The value, on a grid where it is an input of whole numbers that nobody has quantized."""
        codes = self._pixels.get(value.input)
        return value if codes is None else on_pixels(value, codes)

    def _weight_of(self, op: Operator, values: list[Value]) -> Weight:
        """The weight of a layer; refuses one that reads anything else than codes and a weight."""
        if len(op.inputs) < 2:
            op.refuse(f"it must read a value and a weight, not {op.inputs}")
        weight = self.stated.weights.get(op.inputs[1]) or Weight.of_whole(
            op.inputs[1], self.constants
        )
        for name in op.inputs[:2]:
            if name in self.stated.unread:
                op.refuse(
                    f"what it reads is made by {self.stated.unread[name]}, which is not understood"
                )
        if weight is None or not values or values[0].tensor != op.inputs[0] or values[0].is_code:
            op.refuse(
                f"it must read an activation and a weight that are both quantized{how_else(op)}"
            )
        return weight

    def _is_rounded(self, op: Operator, value: Value, real: Affine) -> bool:
        """Whether ONNX Runtime rounds the bias of floats that a layer has."""
        is_of_codes = op.inputs[1] in self.stated.integers and value.by_channel is None
        is_scaled = op.number("alpha", 1.0) != 1 or op.number("beta", 1.0) != 1
        is_float = bool(real.offset.any()) and is_of_codes and not is_scaled
        return is_float and self.neighbors.rounds_bias(op)

    def _read_join(self, op: Operator, values: list[Value]) -> None:
        """An operation of several activations, or one that moves codes."""
        opset = max(self._opset, OPSET)
        one = read_together(op, values, self.constants, self.assembly, opset=opset)
        if one is not None:
            self.values[op.output] = one
            return
        if op.kind in COMPARISONS:
            op.refuse("all that it reads must follow from the same codes or sums, or be constant")
        are_codes = all(value.codes_at is not None for value in values)
        is_kernel = are_codes and self.neighbors.meets_quantizer(op.output)
        if op.kind in ("Add", "Sub") and self._is_of_floats(op, values):
            signs = (1, 1 if op.kind == "Add" else -1)
            ahead = self._scale_ahead(op.output)
            found = read_float_sum(op, values, self.assembly, ahead=ahead, signs=signs)
            self.values[op.output] = found
        elif op.kind in ("Add", "Sub"):
            found = read_addition(op, values, self.assembly, is_kernel=is_kernel)
            self.values[op.output] = found
        elif op.kind == "Mul":
            found = read_product(op, values, self.assembly, is_kernel=is_kernel)
            self.values[op.output] = found
        else:
            read = read_concat if op.kind == "Concat" else read_extreme
            found = read(op, values, self.assembly, ahead=self._ahead(op.output))
            self.values[op.output] = found

    def _read_function(self, op: Operator, value: Value) -> None:
        """A function of each number: a table where it stands between two quantizers, else a step."""
        ahead = self._ahead(op.output) if value.grid is not None else None
        if ahead is not None:
            found = read_table(op, value, self.constants, self.assembly, ahead=ahead)
            self.values[op.output] = found
            return
        is_input = value.origin is None and value.grid is not None
        value = self.assembly.enter(value) if is_input else value
        if value.follows_codes:
            opset = max(self._opset, OPSET)
            found = on_codes_of(op, value, self.constants, self.assembly, opset=opset)
        else:
            found = read_of_sums(op, value)
        self.values[op.output] = found

    def _is_of_floats(self, op: Operator, values: list[Value]) -> bool:
        """Whether one of two values has no grid, and a quantizer follows."""
        is_pair = len(values) == len(op.inputs) == 2
        is_bare = any(one.grid is None for one in values)
        return is_pair and is_bare and self._scale_ahead(op.output) is not None

    def _scale_ahead(self, tensor: str) -> float | None:
        """The least scale of the quantizers that follow a tensor before a layer does."""
        return scale_ahead(tensor, self._readers, self.constants)

    def _ahead(self, tensor: str) -> Ahead | None:
        """The quantizer that alone reads a tensor."""
        readers = () if tensor in self._outputs else self._readers.get(tensor, ())
        return quantizer_ahead(readers, self.constants)
