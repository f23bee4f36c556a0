"""A QONNX file, for example of Brevitas, as an integer network.

The graph is walked once. Every tensor is a function of the integer sums of one node (`Value`); where a
convolution, an addition or an average pool reads it, that function becomes thresholds. What cannot be
stated in integers is refused with the name of the operation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tilewright.errors import FormatError, ShapeError
from tilewright.interchange.hindrances import (
    HindranceError,
    Lost,
    refuse_other_dialects,
    refuse_other_domains,
    refuse_unknown,
)
from tilewright.interchange.onnx_graph import Graph, Operator, read_graph, scalar
from tilewright.interchange.quant_node import (
    MAX_BIAS_BITS,
    MAX_BITS,
    QUANT_OPERATORS,
    check_inputs,
    read_bipolar,
    read_quantizer,
)
from tilewright.interchange.read_layers import (
    Weight,
    convolution_pads,
    name_layer,
    read_bias,
    read_convolution,
    read_linear,
    unique,
)
from tilewright.interchange.read_steps import AVERAGES, ELEMENTWISE, LAYOUTS, average_window
from tilewright.interchange.source import Imported, SourceCodes, SourceSums
from tilewright.interchange.values import Affine, Grid, Value, clip
from tilewright.interchange.wiring import (
    FoundLink,
    input_grid,
    input_notes,
    input_value,
    name_sum,
    output_notes,
    requantize,
)
from tilewright.spec import (
    IntegerNetwork,
    Node,
    ResidualAdd,
    SumPool,
    port_name,
)
from tilewright.spec.step_search import Steps

LINEAR = ("Gemm", "MatMul")
LAYERS = ("Conv", *LINEAR)
INPUT = "input"
"""Name of the node that hands on the codes of the input where no layer reads them as they are."""


def read_qonnx(path: Path) -> Imported:
    """Read a QONNX file of convolutions, linear layers, additions and pools.

    Raises `FormatError` that names every operation that cannot be stated in integers, and why.
    """
    graph = read_graph(path)
    refuse_other_dialects(graph.ops, path)
    reader = _Reader(graph)
    for op in graph.ops:
        reader.read(op)
    return reader.finish(path)


class _Reader:
    """The state of the reader after the operations read so far."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._constants = graph, dict(graph.constants)
        self._values = {graph.input: input_value(graph)}
        self._weights: dict[str, Weight] = {}
        self._nodes: dict[str, Node] = {}
        self._links: list[FoundLink] = []
        self._inputs: dict[str, Value] = {}
        self._codes: dict[str, SourceCodes] = {}
        self._sums: dict[str, SourceSums] = {}
        self._unread: dict[str, str] = {}
        self._lost: dict[str, Lost] = {}
        self._hindrances: dict[str, None] = {}

    def read(self, op: Operator) -> None:
        """Take one operation; what it cannot state is kept until it is known whether that matters."""
        lost = [self._lost[name] for name in op.inputs if name in self._lost]
        reasons = dict.fromkeys(reason for one in lost for reason in one.reasons)
        try:
            if lost:
                self._read_alone(op)
            else:
                self._read(op)
                return
        except ShapeError as error:
            reasons[f"{op.label}: {error}"] = None
        except FormatError as error:
            reasons[str(error)] = None
        followed = [self._values[name] for name in op.inputs if name in self._values]
        behind = next(iter(followed), next((one.behind for one in lost if one.behind), None))
        is_needed = op.kind in LAYERS or (op.kind == "Add" and len(followed) > 1)
        if is_needed:
            self._hindrances |= reasons
            reasons.clear()
        label = next((one.label for one in lost if one.behind), op.label)
        lost_now = Lost(tuple(reasons), None if is_needed else behind, label)
        self._lost |= dict.fromkeys(op.outputs, lost_now)

    def _read(self, op: Operator) -> None:
        values = [self._values[name] for name in op.inputs if name in self._values]
        unread = next((name for name in op.inputs if name in self._unread), None)
        if unread is not None and values:
            op.refuse(
                f"its constant {unread} is computed in a way that is not understood, by "
                f"{self._unread[unread]}"
            )
        if len(op.outputs) > 1:
            op.refuse(f"it must have one output, not {len(op.outputs)}")
        refuse_other_domains(op)
        if op.kind in QUANT_OPERATORS:
            check_inputs(op)
        if op.kind in LAYERS:
            self._read_layer(op, values)
        elif values:
            self._read_activation(op, values)
        elif op.kind in QUANT_OPERATORS:
            self._read_constant(op)
        elif op.kind == "BipolarQuant":
            codes, quantizer = read_bipolar(op, self._constants)
            self._weights[op.output] = Weight(codes, quantizer, op.inputs[:2])
        elif op.kind == "Transpose" and op.inputs[0] in self._weights:
            self._weights[op.output] = self._weights[op.inputs[0]].transposed()
        else:
            self._unread |= dict.fromkeys(op.outputs, op.label)

    def _read_activation(self, op: Operator, values: list[Value]) -> None:
        """An operation, not a layer, of values that follow from the input."""
        if op.kind in QUANT_OPERATORS:
            self._read_quantizer(op, values[0])
        elif op.kind == "Add" and len(values) == 2:
            self._read_addition(op, values)
        elif op.kind in AVERAGES:
            self._read_average(op, values[0])
        elif op.kind in ELEMENTWISE and len(values) == 1:
            self._read_step(op, values[0])
        else:
            refuse_unknown(op)

    def _read_alone(self, op: Operator) -> None:
        """Refuse what an operation states by itself; what it reads is not known."""
        refuse_other_domains(op)
        if op.kind in QUANT_OPERATORS:
            check_inputs(op)
            is_constant = op.inputs[0] in self._constants
            read_quantizer(op, self._constants, max_bits=MAX_BIAS_BITS if is_constant else MAX_BITS)
        elif op.kind in LAYERS:
            weight = self._weights.get(op.inputs[1])
            if weight is None and op.inputs[1] not in self._lost:
                op.refuse("it must read a weight that a Quant node has quantized")
            if weight is not None and op.kind == "Conv":
                convolution_pads(op, weight)
        elif op.kind not in (*ELEMENTWISE, *AVERAGES):
            refuse_unknown(op)

    def _read_step(self, op: Operator, value: Value) -> None:
        if value.origin is None and value.grid is not None and op.kind not in LAYOUTS:
            if op.kind == "Relu" and not value.grid.number_format.is_signed:
                self._values[op.output] = value.renamed(op)  # its codes are not negative
                return
            value = self._enter(value)
        constants = self._constants
        renamed = replace(
            op, inputs=tuple(value.tensor if n == value.tensor else n for n in op.inputs)
        )
        self._values[op.output] = ELEMENTWISE[op.kind](renamed, value, constants)

    def _enter(self, value: Value) -> Value:
        """The codes of the input as the sums of a node, so that any steps and pools may follow."""
        assert value.grid is not None, "the input is quantized here"  # noqa: S101
        grid, tensor = value.grid, value.tensor
        name = next((name for name, one in self._inputs.items() if one.tensor == tensor), "")
        real = Affine(np.array([grid.scale]), np.zeros(1))
        if not isinstance(self._nodes.get(name), SumPool):
            name = unique(INPUT, set(self._nodes))
            window = ((1, 1), (1, 1))
            self._nodes[name] = SumPool(name, value.plane, *window, grid.number_format, grid.scale)
            self._codes[name] = SourceCodes(tensor, grid.scale)
            self._sums[name] = SourceSums(tensor, real)
            self._inputs[name] = value
        steps = (real.step(), clip(grid))
        return Value(tensor, name, value.plane, value.is_flat, steps=steps, grid=grid)

    def finish(self, path: Path) -> Imported:
        """The network, when all operations are read; raises `HindranceError` if it cannot be stated."""
        if self._hindrances:
            raise HindranceError(self._hindrances)
        output, notes = self._output(path)
        if not self._inputs:
            raise FormatError(f"{path}: no quantized layer follows from the input")
        found: dict[str, Steps] = {}
        nodes = [self._linked(node, found) for node in self._nodes.values()]
        nodes.sort(key=lambda node: node.name == output.origin)  # stable: the output comes last
        network = IntegerNetwork(tuple(nodes), tuple(self._inputs))
        return Imported(
            path,
            network,
            self._codes,
            self._sums,
            found,
            input_grid(self._inputs),
            self._graph.input_shape,
            self._graph.batch,
            (*input_notes(self._inputs), *output_notes(output), *notes),
        )

    def _output(self, path: Path) -> tuple[Value, tuple[str, ...]]:
        """The one output that follows from the input, or the last value before it, and what is left out.

        Scales and widths that are outputs too are constants.
        """
        outputs = [self._values[name] for name in self._graph.outputs if name in self._values]
        lost = [self._lost[name] for name in self._graph.outputs if name in self._lost]
        cut = [one for one in lost if one.behind is not None and one.behind.origin is not None]
        notes = tuple(dict.fromkeys(one.note() for one in cut))
        origins = {value.origin for value in outputs} | {
            one.behind.origin for one in cut if one.behind
        }
        values = [*outputs, *(one.behind for one in cut if one.behind is not None)]
        if len(origins) == 1 and values[0].origin is not None and len(outputs) <= 1:
            return values[0], notes
        raise HindranceError(
            [reason for one in lost for reason in one.reasons]
            or [
                f"{path} must have one output that follows from a quantized layer, not "
                f"{len(outputs)} of {list(self._graph.outputs)}"
            ]
        )

    def _linked(self, node: Node, found: dict[str, Steps]) -> Node:
        links = tuple(
            requantize(node, link, found) for link in self._links if link.value.origin == node.name
        )
        why = "" if links else "it is the output of the network"
        return replace(node, requantizations=links, unlinked=why)

    def _read_quantizer(self, op: Operator, value: Value) -> None:
        quantizer = read_quantizer(op, self._constants)
        scale = scalar(op, quantizer.scale, "the scale of activations")
        grid = Grid(quantizer.number_format, scale)
        if value.origin is None and value.grid is not None:
            value = self._enter(value)
        self._values[op.output] = value.on_grid(op, grid)

    def _read_constant(self, op: Operator) -> None:
        """A quantized weight, or a quantized bias, which is as good as its real values."""
        if op.inputs[0] not in self._constants:
            op.refuse(f"its input {op.inputs[0]} is neither a constant nor computed from the input")
        constant = self._constants[op.inputs[0]]
        is_bias = constant.ndim < 2
        quantizer = read_quantizer(
            op, self._constants, max_bits=MAX_BIAS_BITS if is_bias else MAX_BITS
        )
        codes = quantizer.codes(op, constant)
        if is_bias:
            self._constants[op.output] = codes * quantizer.scale
        else:
            self._weights[op.output] = Weight(codes, quantizer, op.inputs[:2])

    def _read_layer(self, op: Operator, values: list[Value]) -> None:
        weight = self._weights.get(op.inputs[1])
        if weight is None or not values or values[0].tensor != op.inputs[0]:
            op.refuse("it must read an activation and a weight that a Quant node has quantized")
        value = values[0]
        name = name_layer(op, weight, set(self._nodes))
        if op.kind == "Conv":
            layer = read_convolution(op, name, value, weight)
        else:
            is_turned = op.kind == "MatMul" or not op.attributes.get("transB", 0)
            layer = read_linear(op, name, value, weight.transposed() if is_turned else weight)
        real = read_bias(op, self._constants, layer)
        self._add(op, layer, [value], real)

    def _read_addition(self, op: Operator, values: list[Value]) -> None:
        first, second = values
        if first.grid is None or second.grid is None:
            op.refuse("it adds values that are not quantized: put a Quant node before each")
        if first.grid.scale != second.grid.scale:
            op.refuse(
                f"it adds codes of different scales, {first.grid.scale:g} and {second.grid.scale:g}: "
                f"let both Quant nodes share one"
            )
        if first.plane != second.plane:
            op.refuse(f"it adds planes of different sizes, {first.plane} and {second.plane}")
        if first.grid.number_format != second.grid.number_format:
            op.refuse(
                f"it adds codes of different formats, {first.grid.number_format} and "
                f"{second.grid.number_format}: let both Quant nodes share one"
            )
        grid = first.grid
        name = unique(name_sum(op), set(self._nodes))
        node = ResidualAdd(name, first.plane, grid.number_format, grid.scale)
        self._add(op, node, [first, second], Affine(np.array([grid.scale]), np.zeros(1)))

    def _read_average(self, op: Operator, value: Value) -> None:
        if value.grid is None:
            op.refuse("it averages values that are not quantized: put a Quant node before it")
        kernel, stride = average_window(op, value, self._constants)
        name = unique(name_sum(op), set(self._nodes))
        grid = value.grid
        node = SumPool(name, value.plane, kernel, stride, grid.number_format, grid.scale)
        self._add(op, node, [value], Affine(np.array([grid.scale / node.area]), np.zeros(1)))
        if op.attributes.get("keepdims", 1) == 0:
            self._values[op.output] = self._values[op.output].flattened(op)

    def _add(self, op: Operator, node: Node, operands: list[Value], real: Affine) -> None:
        """Add a node, its links, and the value of its output."""
        for operand, value in enumerate(operands):
            port = port_name(node.name, operand)
            self._codes[port] = SourceCodes(value.tensor, node.act_scale)
            if value.origin is None and operand:  # the network's input is a first operand
                value = self._enter(value)
            if value.origin is None:
                self._inputs[node.name] = value
            else:
                self._links.append(FoundLink(value, node.name, operand))
        self._nodes[node.name] = node
        self._sums[node.name] = SourceSums(op.output, real)
        is_flat = operands[0].is_flat
        self._values[op.output] = Value(
            op.output, node.name, node.output_shape, is_flat, steps=(real.step(),)
        )
