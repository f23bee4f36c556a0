"""What is known of each tensor of a foreign graph: a constant, a weight, or a function of a node's sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.additions import read_addition
from tilewright.interchange.assembly import Assembly
from tilewright.interchange.blends import is_blend, read_blend
from tilewright.interchange.by_constant import by_constant, constant_kernel
from tilewright.interchange.by_pixel import by_pixel
from tilewright.interchange.casts import codes_as_values, of_input
from tilewright.interchange.channel_scales import (
    clipped,
    quantized_by_channel,
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
from tilewright.interchange.layer_reader import LayerReader
from tilewright.interchange.linear_quant import (
    LINEAR_QUANT,
    clipped_format,
)
from tilewright.interchange.neighbors import LOST_RELU, Neighbors
from tilewright.interchange.of_codes import on_codes_of
from tilewright.interchange.onnx_graph import Array, Graph, Operator, scalar
from tilewright.interchange.quant_node import (
    QUANT_OPERATORS,
    read_quantizer,
)
from tilewright.interchange.read_codes import read_codes
from tilewright.interchange.read_pools import (
    AVERAGES,
    LARGEST,
    POOLS,
    read_average,
    read_largest,
)
from tilewright.interchange.read_steps import ELEMENTWISE, LAYOUTS, moved_input
from tilewright.interchange.scale_ahead import scale_ahead
from tilewright.interchange.spelled_out import settled, with_grid
from tilewright.interchange.together import COMPARISONS, read_together
from tilewright.interchange.turning import quantized
from tilewright.interchange.values import BY_CHANNEL, Value, clip
from tilewright.interchange.views import Views
from tilewright.interchange.wiring import input_values

LINEAR = ("Gemm", "MatMul")
LAYERS = ("Conv", "ConvTranspose", *LINEAR)
WEIGHTED = (*LAYERS, "Attention", "Einsum", "GRU", "LSTM", "MultiHeadAttention", "RNN")
"""Operations with weights: what cannot be stated of them is no end of the network that may be left out."""

ARITHMETIC = ("Add", "Mul", "Sub")
STEPS_OF_CONSTANTS = (*ARITHMETIC, "Div")
PASSES_CHANNELS = (*LAYOUTS, *LARGEST, *AVERAGES, "DequantizeLinear", "Clip", "Concat")
"""Operations that take a scale for each channel, as layers do."""
MAKES_CODES = ("BipolarQuant", "MultiThreshold", "Trunc")
"""Quantizers of values that fall and rise, too, beside those that have a format of their own."""
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
        self._batch, self._divided = graph.batch, graph.divided
        self.neighbors = Neighbors.of(graph, self.constants)
        self.views = Views(graph, self.values, self.constants, self.assembly)
        self.layers = LayerReader(
            self.values, self.stated, self.assembly, self.neighbors, self.views, graph
        )

    def read_activation(self, op: Operator, values: list[Value]) -> None:
        """An operation, not a layer, of values that follow from the input."""
        if any(one.by_channel for one in values) and op.kind not in PASSES_CHANNELS:
            op.refuse(BY_CHANNEL)
        if op.kind in LINEAR_QUANT:
            self.values[op.output] = self._read_codes(op, values[0])
        elif values[0].is_code and (op.kind == "Cast" or op.kind not in (*LAYOUTS, *LARGEST)):
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
            found, sizes = read_largest(op, *of, ahead=self._ahead(op.output))
        else:
            is_kernel = self.neighbors.meets_quantizer(op.output)
            scale = self._scale_ahead(op.output)
            found, sizes = read_average(op, *of, is_kernel=is_kernel, ahead=scale)
        self.values[op.output] = found
        if sizes != found.plane:
            self.views.see_as(op, sizes)

    def _read_codes(self, op: Operator, value: Value) -> Value:
        if self.neighbors.loses_relu(op):
            self.assembly.notes.append(f"{op.label}: {LOST_RELU}")
        return read_codes(op, value, self.constants, self.assembly)

    def _read_of_codes(self, op: Operator, value: Value) -> None:
        """A Clip of codes, as QCDQ has it, or a Cast; nothing else computes with codes."""
        grid = value.by_channel.grid if value.by_channel is not None else value.grid
        if op.kind == "Cast" and value.grid is not None:
            self.values[op.output] = codes_as_values(op, value, value.grid)
            return
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
        self.values[op.output] = of_input(value, value.on_grid(op, narrow, clip(narrow)), op.output)

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
        if op.kind == "Div" and (op.output in self._divided or value.reach.is_integer):
            _check_division(op, value)
        plane, found = value.plane, by_pixel(op, value, self.constants, self.assembly)
        op, value = found or (op, value)
        kernel = constant_kernel(op, value, plane, self.neighbors, self.constants)
        plain = [replace(one, turns=False) for one in value.steps]
        bare = replace(value, steps=tuple(plain)) if op.kind in MAKES_CODES else value
        after = ELEMENTWISE[op.kind](op, bare, self.constants)
        if value.turns and op.kind in MAKES_CODES and after.grid is not None:
            after = quantized(op, value, after.grid, after.steps[-1], self.assembly)
        if value.follows_codes and after.grid is None and op.kind not in LAYOUTS:
            is_positive = after.is_positive
            after = on_codes_of(op, value, self.constants, self.assembly, opset=self._opset)
            after = replace(after, is_positive=is_positive)
        after = by_constant(after, kernel)
        self.values[op.output] = settled(op, value, after, self.constants, self.assembly)
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

    def _read_join(self, op: Operator, values: list[Value]) -> None:
        """An operation of several activations, or one that moves codes."""
        opset = max(self._opset, OPSET)
        one = read_together(op, values, self.constants, self.assembly, opset=opset)
        if one is not None:
            self.values[op.output] = settled(op, values[0], one, self.constants, self.assembly)
            return
        if op.kind in COMPARISONS:
            op.refuse("all that it reads must follow from the same codes or sums, or be constant")
        values = [with_grid(op, value, self.assembly) for value in values]
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
            found = settled(op, value, found, self.constants, self.assembly)
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


def _check_division(op: Operator, value: Value) -> None:
    """Refuse a division of integers that are no sums of a layer of integers: what is left is not followed."""
    if value.follows_codes or value.grid is not None or not value.reach.is_integer:
        op.refuse(
            "it divides integers, which drops what is left, and they are no sums of ConvInteger or "
            "MatMulInteger: divide floats"
        )
