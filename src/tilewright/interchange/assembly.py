"""Nodes and links of the network that is read from a foreign graph, as they are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.interchange.hindrances import HindranceError, Lost
from tilewright.interchange.linear_quant import Integers
from tilewright.interchange.onnx_graph import Graph, Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.source import (
    Imported,
    SourceCodes,
    SourceInput,
    SourceParts,
    SourceSums,
    in_file,
)
from tilewright.interchange.values import NOWHERE, Affine, Value, clip
from tilewright.interchange.wiring import (
    FoundLink,
    grid_of,
    input_grid,
    input_notes,
    output_notes,
    requantize,
)
from tilewright.spec import (
    CodeMove,
    IntegerLayer,
    IntegerNetwork,
    Node,
    NumberFormat,
    SumPool,
    port_name,
)
from tilewright.spec.step_search import Steps

STORED = NumberFormat(8, is_signed=False)
"""Codes of several inputs in one, each counted from its lowest."""

INPUT, OUTPUT = "input", "output"
"""Names of the nodes that hand on codes: of the input where no layer reads them as they are, and of the
output where the file has codes there."""


class Assembly:
    """The nodes found so far, in order, and where the file has their codes and sums.

    is_several: the file has several inputs, or quantizes one in several ways, so that the network's one holds
    the codes of all of them. notes: what is stated otherwise than in the file.
    """

    def __init__(self, *, is_several: bool = False) -> None:
        self._is_several = is_several
        self.nodes: dict[str, Node] = {}
        self._links: list[FoundLink] = []
        self._inputs: dict[str, Value] = {}
        self._codes: dict[str, SourceCodes | SourceParts] = {}
        self._sums: dict[str, SourceSums] = {}
        self._biases: dict[str, Integers] = {}
        self.notes: list[str] = []
        self.rounded: list[str] = []  # layers whose bias the file has as floats
        self.shown: dict[str, SourceSums] = {}  # their sums, where these show that bias
        self.added: dict[
            str, tuple[tuple[Value, ...], tuple[int, ...]]
        ] = {}  # terms of sums of floats
        self.replaced: set[str] = set()  # nodes that others stand for, if all readers read those

    def add(self, op: Operator, node: Node, operands: list[Value], real: Affine) -> Value:
        """Add a node and its links; returns the value of its output.

        Where an integer kernel of the source makes codes of the sums at once, use `add_integers`.
        """
        self._sums[node.name] = SourceSums(op.output, real)
        return self._add(op, node, operands, real)

    def add_integers(
        self,
        op: Operator,
        node: Node,
        operands: list[Value],
        real: Affine,
        bias: Integers | None = None,
    ) -> Value:
        """As `add`, where the file has no tensor of the sums; bias: what the sums do not hold."""
        if bias is not None:
            self._biases[node.name] = bias
        return self._add(op, node, operands, real)

    def _add(self, op: Operator, node: Node, operands: list[Value], real: Affine) -> Value:
        for operand, value in enumerate(operands):
            port = port_name(node.name, operand)
            if value.tensor != NOWHERE:
                self._codes[port] = _source_codes(value)
            if operand or self._is_several:  # the network's input is a first operand
                value = self.entered(value)
            if value.origin is None:
                self._inputs[node.name] = value
            else:
                self._links.append(FoundLink(value, node.name, operand))
        self.nodes[node.name] = node
        is_flat = operands[0].is_flat
        return Value(op.output, node.name, node.output_shape, is_flat, steps=(real.step(),))

    def reads(self, name: str, operand: int = 0) -> Value:
        """What a node reads."""
        if name in self._inputs and not operand:
            return self._inputs[name]
        found = (one for one in self._links if (one.consumer, one.operand) == (name, operand))
        return next(found).value

    def lay_out(self, tensor: str, places: npt.NDArray[np.int32] | None) -> None:
        """The sums that the file has in a tensor stand in these places of it."""
        for name, sums in self._sums.items():
            if sums.tensor == tensor:
                self._sums[name] = replace(sums, places=places)

    def entered(self, value: Value) -> Value:
        """The value, as of a node's sums where it is the network's input."""
        return self.enter(value) if value.origin is None else value

    def enter(self, value: Value) -> Value:
        """The codes of the input as the sums of a node, so that any steps and pools may follow."""
        assert value.grid is not None, "the input is quantized here"  # noqa: S101
        tensor = value.tensor
        name = next((name for name, one in self._inputs.items() if one.tensor == tensor), "")
        if self._is_several:
            return self._enter_part(value, name)
        if not isinstance(self.nodes.get(name), SumPool):
            name = self._pass_on(value, INPUT)
            self._inputs[name] = value
            if not value.is_code and (value.codes_at is None or value.places is None):
                self._sums[name] = SourceSums(tensor, _real(value), value.places)
        steps = (_real(value).step(), clip(value.grid))
        return replace(value, origin=name, steps=steps, pools=(), is_flattened=False, layout=())

    def _enter_part(self, value: Value, name: str) -> Value:
        """The codes of one of several inputs, counted from the lowest, as the sums of a node."""
        grid = value.grid
        assert grid is not None, "the input is quantized here"  # noqa: S101
        if not name:
            name = unique(INPUT, set(self.nodes))
            places = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
            self.nodes[name] = CodeMove(name, (value.plane,), places, STORED, 1.0)
            self._codes[name] = _source_codes(value)
            self._inputs[name] = value
        low = np.array([grid.low * grid.scale])
        steps = (Affine(np.array([grid.scale]), low).step(), clip(grid))
        return replace(value, origin=name, steps=steps, pools=(), is_flattened=False, layout=())

    def _join_parts(self) -> None:
        """Let the nodes of several inputs read one, in which these lie one behind the other."""
        sizes = [int(np.prod(value.plane)) for value in self._inputs.values()]
        ends, parts = np.cumsum([0, *sizes]).tolist(), []
        for name, value in self._inputs.items():
            found = self._codes[name]
            assert isinstance(found, SourceCodes) and value.grid is not None  # noqa: S101, PT018
            parts.append((found, value.grid.number_format.min_code))
        for name, start in zip(self._inputs, ends, strict=False):
            node = self.nodes[name]
            assert isinstance(node, CodeMove), "made to enter"  # noqa: S101
            index = (node.index + start).astype(np.int32)
            self.nodes[name] = replace(node, planes=((ends[-1], 1, 1),), index=index)
            self._codes[name] = SourceParts(tuple(parts))

    def _leave(self, value: Value) -> Value:
        """The codes of the output as the sums of a node, if the file has them as integers."""
        if value.codes_at is None or value.grid is None:
            return value
        name = self._pass_on(value, OUTPUT)
        self._links.append(FoundLink(value, name, 0))
        steps = (_real(value).step(),)
        return replace(value, origin=name, steps=steps, pools=(), is_flattened=False)

    def _pass_on(self, value: Value, wanted: str) -> str:
        """Add a node that sums windows of one code each."""
        grid, name = value.grid, unique(wanted, set(self.nodes))
        assert grid is not None, "only codes are handed on"  # noqa: S101
        window = ((1, 1), (1, 1))
        self.nodes[name] = SumPool(name, value.plane, *window, grid.number_format, grid.scale)
        self._codes[name] = _source_codes(value)
        return name

    def finish(
        self,
        path: Path,
        graph: Graph,
        outputs: tuple[Value, ...],
        *,
        notes: tuple[str, ...],
        engine: str,
    ) -> Imported:
        """The network, when all operations are read; `outputs` are its last values.

        engine: who computes the file's own answers. Raises `FormatError` if no layer reads the input.
        """
        if not self._inputs:
            raise FormatError(f"{path}: no quantized layer follows from the input")
        self._drop_replaced({str(one.origin) for one in outputs})
        if self._is_several:
            self._join_parts()
        left = [self._leave(output) for output in outputs]
        found: dict[str, Steps] = {}
        ends = tuple(dict.fromkeys(str(one.origin) for one in left))
        nodes = [self._linked(node, found) for node in self.nodes.values()]
        nodes.sort(key=lambda node: ends == (node.name,))  # stable: one output comes last
        network = IntegerNetwork(tuple(nodes), tuple(self._inputs), ends)
        said = [
            note for pair in zip(outputs, left, strict=True) for note in self._end(graph, *pair)
        ]
        return Imported(
            path,
            network,
            {port: in_file(codes, graph.stood_for) for port, codes in self._codes.items()},
            {name: one for name, one in self._sums.items() if one.tensor not in graph.made},
            found,
            self._source_inputs(graph),
            graph.batch,
            (
                *input_notes(self._inputs),
                *self._parted(),
                *self._rounded(),
                *self.notes,
                *dict.fromkeys(said),
                *notes,
            ),
            engine,
            graph.last,
        )

    def _drop_replaced(self, ends: set[str]) -> None:
        """Take out nodes that others stand for and nobody reads, and those that only they read."""
        left = self.replaced - ends
        while left:
            read = {link.value.origin for link in self._links}
            name = next((one for one in left if one not in read), "")
            if not name:
                return
            left.remove(name)
            left |= {str(link.value.origin) for link in self._links if link.consumer == name} - ends
            self._links = [link for link in self._links if link.consumer != name]
            for known in (self.nodes, self._inputs, self._sums, self._biases):
                known.pop(name, None)
            self._codes = {
                port: code for port, code in self._codes.items() if port.split(":")[0] != name
            }

    def _source_inputs(self, graph: Graph) -> tuple[SourceInput, ...]:
        """The inputs of the file, and how it quantizes each."""
        if not self._is_several:
            grids = {graph.input: input_grid(self._inputs)}
        else:
            grids = {one.input: grid_of(one) for one in reversed(self._inputs.values())}
        return tuple(
            SourceInput(one.name, one.sizes, one.kind, graph.is_code(one), grids.get(one.name))
            for one in graph.inputs
        )

    def _parted(self) -> tuple[str, ...]:
        """A note on an input of the file that the network's holds more than once."""
        count = len(self._inputs)
        if not self._is_several or len({one.input for one in self._inputs.values()}) == count:
            return ()
        return (
            f"the network's input holds what {count} quantizers make of the file's, one behind the other",
        )

    def _rounded(self) -> tuple[str, ...]:
        """A note on the layers whose bias the file has as floats."""
        names = self.rounded
        text = "the bias is a float in the file, and here in whole steps of the psum, as ONNX Runtime has it"
        return (f"{', '.join(names)}: {text}",) if names else ()

    def _end(self, graph: Graph, output: Value, left: Value) -> tuple[str, ...]:
        """Notes on the output; its sums become comparable where the file's output has their values."""
        if left is not output:
            assert left.grid is not None, "codes leave"  # noqa: S101
            scale, zero = left.grid.scale, left.grid.zero_point
            return (
                f"{left.origin} has the file's output codes; value: (code - {zero}) * {scale:g}",
            )
        is_whole, real = output.origin in self._biases, output.steps[0].apply
        name, is_output = str(output.origin), output.tensor in graph.outputs
        if name not in self._sums and is_output and not output.slack and isinstance(real, Affine):
            offset = np.zeros(1) if is_whole else real.offset
            whole = Affine(real.gain, offset)
            self._sums[name] = SourceSums(output.tensor, whole, output.places)
        elif name not in self._sums and name in self.shown:
            self._sums[name] = self.shown[name]
        return output_notes(output, has_bias=not is_whole)

    def _linked(self, node: Node, found: dict[str, Steps]) -> Node:
        links = tuple(
            requantize(node, link, found) for link in self._links if link.value.origin == node.name
        )
        why = "" if links else "it is the output of the network"
        if not links and isinstance(node, IntegerLayer) and node.name in self._biases:
            bias = np.broadcast_to(self._biases[node.name].codes.reshape(-1), (node.shape.oc,))
            return replace(node, unlinked=why, bias=bias.copy())
        return replace(node, requantizations=links, unlinked=why)


def end_of_network(
    path: Path, outputs: tuple[str, ...], values: dict[str, Value], losses: dict[str, Lost]
) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    """The outputs that follow from the input, or the last values before them, and what is left out.

    Of those that follow from one node, the first is kept. Scales and widths that are outputs too are
    constants.
    """
    ends: dict[str, Value] = {}
    notes: dict[str, None] = {}
    for name in outputs:
        lost = losses.get(name)
        value = values.get(name) or (lost.behind if lost is not None else None)
        if value is not None and value.origin is not None:
            ends.setdefault(value.origin, value)
            notes |= {} if lost is None or lost.behind is None else {lost.note(): None}
    if ends:
        return tuple(ends.values()), tuple(notes)
    raise HindranceError(
        [reason for name in outputs if name in losses for reason in losses[name].reasons]
        or [
            f"{path} must have one output that follows from a quantized layer, or more, not {list(outputs)}"
        ]
    )


def _real(value: Value) -> Affine:
    """From codes on the grid of a value to real values."""
    assert value.grid is not None, "only values on a grid have codes"  # noqa: S101
    grid = value.grid
    return Affine(np.array([grid.scale]), np.array([-grid.zero_point * grid.scale]))


def _source_codes(value: Value) -> SourceCodes:
    assert value.grid is not None, "every operand is quantized"  # noqa: S101
    moved = (value.last, value.places, value.fill)
    if value.codes_at is not None:
        return SourceCodes(value.codes_at, 1.0, value.shift, *moved)
    scale: float | npt.NDArray[np.float64] = value.grid.scale
    if value.by_channel is not None:
        scale = value.by_channel.scales.reshape(-1, *(() if value.is_flat else (1, 1)))
    return SourceCodes(value.tensor, scale, value.grid.zero_point, *moved)
