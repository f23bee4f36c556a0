"""Convolutions and linear layers of a foreign graph, with all that decides how the source computes them."""

from __future__ import annotations

from dataclasses import replace

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.channel_scales import NEARLY, with_one_scale
from tilewright.interchange.known_constants import KnownConstants
from tilewright.interchange.layers_of_means import of_codes_before
from tilewright.interchange.linear_quant import rounded_bias
from tilewright.interchange.neighbors import CHANGED, Neighbors
from tilewright.interchange.onnx_graph import Array, Graph, Operator
from tilewright.interchange.pixels import on_pixels, pixel_formats
from tilewright.interchange.qoperator import OF_INTEGERS
from tilewright.interchange.reach import Reach
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
    with_rounded_bias,
)
from tilewright.interchange.scale_ahead import scale_ahead
from tilewright.interchange.source import SourceSums
from tilewright.interchange.spelled_out import with_grid
from tilewright.interchange.transposed import as_convolution
from tilewright.interchange.values import Affine, Value
from tilewright.interchange.views import Views
from tilewright.interchange.weight_grids import weight_on_grid
from tilewright.interchange.wide_weights import narrowed
from tilewright.spec import IntegerLayer

MOST_SUM = 2.0**31 - 1
"""Of int32, the type of the sums of ConvInteger and MatMulInteger."""


class LayerReader:
    """Reads layers into the values, and nodes, of a reader. stated: its constants."""

    def __init__(
        self,
        values: dict[str, Value],
        stated: KnownConstants,
        assembly: Assembly,
        neighbors: Neighbors,
        views: Views,
        graph: Graph,
    ) -> None:
        self.values, self.stated, self.assembly = values, stated, assembly
        self.constants: dict[str, Array] = stated.values
        self.neighbors, self.views = neighbors, views
        self._outputs, self._readers = graph.outputs, graph.readers()
        self._pixels = pixel_formats(graph)
        self._floats: dict[str, Weight | None] = {}

    def read(self, op: Operator, values: list[Value]) -> None:
        """A convolution or a linear layer."""
        found = self._read(op, values)
        if values[0].is_flat and not found.is_flat:  # of a plane, but not in the file
            found = replace(found, is_flat=True)
        if op.written_as in OF_INTEGERS:
            bound = float(self.assembly.nodes[str(found.origin)].sum_bound())
            found = replace(found, reach=Reach(-bound, bound, True, True, MOST_SUM))
        missed = self._stated_missed(op, found)
        self.values[op.output] = replace(found, slack=found.slack + missed) if missed else found

    def _read(self, op: Operator, values: list[Value]) -> Value:
        has_kernel = self.neighbors.has_kernel(op)
        op, value, weight, layer, missed = self._layer_of(op, values)
        real = read_bias(op, self.constants, layer)
        if missed:
            self.assembly.notes.append(f"{op.label}: {NEARLY}")
            found = self.assembly.add_integers(op, layer, [value], real)
            return replace(found, slack=missed)
        is_scaled = not op.number("alpha", 1.0) == op.number("beta", 1.0) == 1
        has_kernel = has_kernel and not is_scaled and weight.is_integer
        bias = self.stated.integers.get(op.inputs[2]) if len(op.inputs) > 2 else None
        is_rounded = bias is None and self._is_rounded(op, value, real)
        if is_rounded:
            self.assembly.rounded.append(layer.name)
        if is_rounded and is_scaled:
            real = with_rounded_bias(op, value, layer, real)
        elif is_rounded:
            bias = rounded_bias(real.offset, scales_of(value, layer))
            shown, real = real, replace(real, offset=bias.codes * real.gain)
            if self.neighbors.is_moved(op.output):  # shown alone, it has the bias of floats
                self.assembly.shown[layer.name] = SourceSums(op.output, shown)
                return self.assembly.add_integers(op, layer, [value], real)
        is_whole = not real.offset.any() or (bias is not None and bias.are_steps_of(real.gain))
        is_met = op.output in self._outputs or self.neighbors.meets_quantizer(op.output)
        if not (has_kernel and value.codes_at is not None and is_whole and is_met):
            return self.assembly.add(op, layer, [value], real)
        check_sums(op, layer, bias)
        found = self.assembly.add_integers(op, layer, [value], real, bias)
        return replace(found, kernel=products_of(value, layer, bias))

    def _layer_of(
        self, op: Operator, values: list[Value]
    ) -> tuple[Operator, Value, Weight, IntegerLayer, float]:
        """The layer of an operation, what it reads, and by how much its sums may miss the file's."""
        weight = self._weight_of(op, values)
        value = self._as_pixels(with_grid(op, values[0], self.assembly))
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
        if op.output in self.neighbors.changed:
            self.assembly.notes.append(f"{op.label}: {CHANGED}")
        ahead = scale_ahead(op.output, self._readers, self.constants)
        value, weight, missed = with_one_scale(op, value, weight, ahead=ahead)
        value, weight = narrowed(op, value, weight, self.assembly, name=name)
        read = read_convolution if op.kind == "Conv" else read_linear
        return op, value, weight, read(op, name, value, weight), missed

    def _as_pixels(self, value: Value) -> Value:
        """The value, on a grid where it is an input of whole numbers that nobody has quantized."""
        codes = self._pixels.get(value.input)
        return value if codes is None else on_pixels(value, codes)

    def _weight_of(self, op: Operator, values: list[Value]) -> Weight:
        """The weight of a layer; refuses one that reads anything else than codes and a weight."""
        if len(op.inputs) < 2:
            op.refuse(f"it must read a value and a weight, not {op.inputs}")
        weight = self.stated_weight(op)
        for name in op.inputs[:2]:
            if name in self.stated.unread:
                op.refuse(
                    f"what it reads is made by {self.stated.unread[name]}, which is not understood"
                )
        if weight is None and op.inputs[1] in self.constants:
            op.refuse(
                "its weights are floats, and no whole multiples of one scale, for all or for each output "
                f"channel: quantize them{how_else(op)}"
            )
        if weight is None or not values or values[0].tensor != op.inputs[0] or values[0].is_code:
            op.refuse(
                f"it must read an activation and a weight that are both quantized{how_else(op)}"
            )
        return weight

    def stated_weight(self, op: Operator) -> Weight | None:
        """The weight that a layer reads, quantized by an operation or not."""
        name, constants = op.inputs[1], self.constants
        known = self.stated.weights.get(name) or Weight.of_whole(name, constants)
        if known is None and name not in self._floats:
            self._floats[name] = weight_on_grid(op, name, constants)
        return known or self._floats.get(name)

    def _stated_missed(self, op: Operator, found: Value) -> float:
        """By how much the file's sums may miss those of codes, where its weights are floats beside a grid."""
        weight = self._floats.get(op.inputs[1])
        if weight is None or not weight.missed:
            return 0.0
        codes = self.assembly.nodes[str(found.origin)].act_format
        largest = max(abs(codes.min_code), abs(codes.max_code))
        return float(weight.missed * largest * weight.codes[0].size)

    def _is_rounded(self, op: Operator, value: Value, real: Affine) -> bool:
        """Whether ONNX Runtime rounds the bias of floats that a layer has."""
        is_of_codes = op.inputs[1] in self.stated.integers and value.by_channel is None
        is_float = bool(real.offset.any()) and is_of_codes
        return is_float and self.neighbors.rounds_bias(op)
