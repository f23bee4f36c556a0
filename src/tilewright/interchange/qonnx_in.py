"""A QONNX file, for example of Brevitas, as an integer network.

The graph is walked once. Every tensor is a function of the integer sums of one node (`Value`); where a
convolution, an addition or an average pool reads it, that function becomes thresholds. What cannot be
stated in integers is refused with the name of the operation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tilewright.errors import FormatError, ShapeError
from tilewright.interchange.onnx_graph import Graph, Operator, read_graph, scalar
from tilewright.interchange.quant_node import (
    MAX_BIAS_BITS,
    MAX_BITS,
    QUANT_OPERATORS,
    read_quantizer,
)
from tilewright.interchange.read_layers import (
    Weight,
    name_layer,
    read_bias,
    read_convolution,
    read_linear,
    unique,
)
from tilewright.interchange.read_steps import AVERAGES, ELEMENTWISE, average_window
from tilewright.interchange.source import Imported, InputGrid, SourceCodes, SourceSums
from tilewright.interchange.values import Affine, Grid, Value
from tilewright.spec import (
    IntegerNetwork,
    Node,
    Requantization,
    ResidualAdd,
    SumPool,
    port_name,
)
from tilewright.spec.step_search import Steps, find_steps

LINEAR = ("Gemm", "MatMul")


def read_qonnx(path: Path) -> Imported:
    """Read a QONNX file of convolutions, linear layers, additions and pools.

    Raises `FormatError` that names the operation that cannot be stated in integers, and why.
    """
    graph = read_graph(path)
    reader = _Reader(graph)
    for op in graph.ops:
        try:
            reader.read(op)
        except ShapeError as error:
            op.refuse(str(error))
    return reader.finish(path)


@dataclass(frozen=True, slots=True, eq=False)
class _Link:
    value: Value
    consumer: str
    operand: int


class _Reader:
    """The state of the reader after the operations read so far."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._constants = graph, dict(graph.constants)
        self._values = {graph.input: _input_value(graph)}
        self._weights: dict[str, Weight] = {}
        self._nodes: dict[str, Node] = {}
        self._links: list[_Link] = []
        self._inputs: dict[str, Value] = {}
        self._codes: dict[str, SourceCodes] = {}
        self._sums: dict[str, SourceSums] = {}
        self._unread: set[str] = set()

    def read(self, op: Operator) -> None:
        """Take one operation."""
        values = [self._values[name] for name in op.inputs if name in self._values]
        unread = next((name for name in op.inputs if name in self._unread), None)
        if unread is not None and values:
            op.refuse(f"its constant {unread} is computed in a way that is not understood")
        if op.kind in QUANT_OPERATORS:
            self._read_quantizer(op, values)
        elif op.kind in ("Conv", *LINEAR):
            self._read_layer(op, values)
        elif op.kind == "Transpose" and op.inputs[0] in self._weights:
            self._weights[op.output] = self._weights[op.inputs[0]].transposed()
        elif op.kind == "Add" and len(values) == 2:
            self._read_addition(op, values)
        elif op.kind in AVERAGES and values:
            self._read_average(op, values[0])
        elif op.kind in ELEMENTWISE and len(values) == 1:
            self._values[op.output] = ELEMENTWISE[op.kind](op, values[0], self._constants)
        elif not values:
            self._unread.add(op.output)
        else:
            op.refuse("it cannot be stated in integers between quantized layers")

    def finish(self, path: Path) -> Imported:
        """The network, when all operations are read."""
        output = self._output(path)
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
            _input_grid(self._inputs),
            self._graph.input_shape,
            _output_notes(output),
        )

    def _output(self, path: Path) -> Value:
        """The one output that follows from the input; scales and widths of others are constants."""
        outputs = [self._values[name] for name in self._graph.outputs if name in self._values]
        if len(outputs) != 1 or outputs[0].origin is None:
            raise FormatError(
                f"{path} must have one output that follows from a quantized layer, not "
                f"{len(outputs)} of {list(self._graph.outputs)}"
            )
        return outputs[0]

    def _linked(self, node: Node, found: dict[str, Steps]) -> Node:
        links = tuple(
            _requantization(node, link, found)
            for link in self._links
            if link.value.origin == node.name
        )
        why = "" if links else "it is the output of the network"
        return replace(node, requantizations=links, unlinked=why)

    def _read_quantizer(self, op: Operator, values: list[Value]) -> None:
        if len(op.inputs) != 4:
            op.refuse(f"it must read a value, a scale, a zero-point and a width, not {op.inputs}")
        if not values:
            self._read_constant(op)
            return
        quantizer = read_quantizer(op, self._constants)
        scale = scalar(op, quantizer.scale, "the scale of activations")
        grid = Grid(quantizer.number_format, scale)
        self._values[op.output] = values[0].on_grid(op, grid)

    def _read_constant(self, op: Operator) -> None:
        """A quantized weight, or a quantized bias, which is as good as its real values."""
        if op.inputs[0] not in self._constants:
            op.refuse(f"its input {op.inputs[0]} is neither a constant nor computed from the input")
        constant = self._constants[op.inputs[0]]
        is_bias = constant.ndim < 2
        quantizer = read_quantizer(
            op, self._constants, max_bits=MAX_BIAS_BITS if is_bias else MAX_BITS
        )
        codes = quantizer.codes(constant)
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
        name = unique(_name_sum(op), set(self._nodes))
        node = ResidualAdd(name, first.plane, grid.number_format, grid.scale)
        self._add(op, node, [first, second], Affine(np.array([grid.scale]), np.zeros(1)))

    def _read_average(self, op: Operator, value: Value) -> None:
        if value.grid is None:
            op.refuse("it averages values that are not quantized: put a Quant node before it")
        kernel, stride = average_window(op, value, self._constants)
        name = unique(_name_sum(op), set(self._nodes))
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
            if value.origin is not None:
                self._links.append(_Link(value, node.name, operand))
                continue
            if operand or value.pools or value.is_flattened or not is_plain_input(value):
                op.refuse("it must read the quantized input as it is, as its first operand")
            self._inputs[node.name] = value
        self._nodes[node.name] = node
        self._sums[node.name] = SourceSums(op.output, real)
        is_flat = operands[0].is_flat
        self._values[op.output] = Value(
            op.output, node.name, node.output_shape, is_flat, steps=(real.step(),)
        )


def _requantization(node: Node, link: _Link, found: dict[str, Steps]) -> Requantization:
    value = link.value
    assert value.grid is not None, "every operand is quantized"  # noqa: S101
    codes, port = value.grid.number_format, port_name(link.consumer, link.operand)
    steps = find_steps(
        value.codes,
        channels=node.output_shape[0],
        levels=codes.max_code - codes.min_code,
        bound=node.sum_bound(),
        name=f"from {node.name} to {port}",
    )
    found[port] = steps
    return Requantization(
        steps.thresholds,
        steps.direction,
        link.consumer,
        value.pools,
        value.is_flattened,
        codes.min_code,
        link.operand,
    )


def _input_value(graph: Graph) -> Value:
    sizes = graph.input_shape
    is_flat = len(sizes) == 1
    plane = (sizes[0], 1, 1) if is_flat else (sizes[0], sizes[1], sizes[2])
    return Value(graph.input, None, plane, is_flat)


def is_plain_input(value: Value) -> bool:
    """Whether an input is scaled by numbers, then quantized once, and nothing more."""
    return value.grid is not None and all(
        isinstance(step.apply, Affine) and step.apply.gain.size == step.apply.offset.size == 1
        for step in value.steps[:-1]
    )


def _input_grid(inputs: dict[str, Value]) -> InputGrid:
    """The grid on which all nodes read the input."""
    (first, value), *others = inputs.items()
    for name, other in others:
        if other.grid != value.grid:
            raise FormatError(
                f"{first} and {name} must read the input with the same scale and format"
            )
    assert value.grid is not None, "checked when the node was read"  # noqa: S101
    real = Affine(np.ones(1), np.zeros(1))
    for step in value.steps[:-1]:
        affine = step.apply
        assert isinstance(affine, Affine), "checked when the node was read"  # noqa: S101
        real = Affine(real.gain * affine.gain, real.offset * affine.gain + affine.offset)
    return InputGrid(value.grid.number_format, value.grid.scale, real)


def _output_notes(output: Value) -> tuple[str, ...]:
    """Notes on the part of the output that the sums of the last node do not contain."""
    notes = []
    real, *more = output.steps
    if isinstance(real.apply, Affine) and real.apply.offset.any():
        notes.append(
            f"{output.origin}: its bias is not in the integers: the outputs are psum * scale + bias, and "
            "the largest psum need not be the largest output"
        )
    if more or output.pools:
        notes.append(f"what follows {output.origin} is not in the integers")
    return tuple(notes)


def _name_sum(op: Operator) -> str:
    path = re.sub(r"\.output(:\w+)?$", "", op.name).strip("/").split("/")
    return op.scope or ".".join(path[:-1] or path) or op.output
