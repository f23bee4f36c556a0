"""An ONNX file of low-bit integers as an integer network: QONNX, QDQ and QCDQ, and operators on codes.

The graph is walked once. Every tensor is a function of the integer sums of one node (`Value`); where a
convolution, an addition or an average pool reads it, that function becomes thresholds. What cannot be
stated in integers is refused with the name of the operation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tilewright.errors import FormatError, ShapeError
from tilewright.interchange.assembly import end_of_network
from tilewright.interchange.channels_first import ChannelsFirst
from tilewright.interchange.counted_steps import as_counts
from tilewright.interchange.folding import FOLDED
from tilewright.interchange.functions import FUNCTIONS
from tilewright.interchange.hindrances import (
    PRODUCT,
    HindranceError,
    Lost,
    UnlikeInputsError,
    refuse_other_dialects,
    refuse_other_domains,
    refuse_unknown,
)
from tilewright.interchange.known import JOINS, LAYERS, WEIGHTED, Known
from tilewright.interchange.linear_quant import LINEAR_QUANT
from tilewright.interchange.moves import MOVES
from tilewright.interchange.onnx_graph import Graph, Operator, needed, read_graph
from tilewright.interchange.plain_forms import (
    constants_first,
    in_plain_forms,
    without_estimators,
)
from tilewright.interchange.qoperator import Aliases, expand
from tilewright.interchange.quant_node import (
    DOMAINS,
    MAX_BIAS_BITS,
    MAX_BITS,
    QUANT_OPERATORS,
    check_inputs,
    read_quantizer,
)
from tilewright.interchange.read_layers import check_convolution
from tilewright.interchange.read_pools import POOLS
from tilewright.interchange.read_steps import ELEMENTWISE
from tilewright.interchange.sequences import with_rows
from tilewright.interchange.source import Imported
from tilewright.interchange.together import COMPARISONS
from tilewright.interchange.witness import AS_STATED

READ = (*ELEMENTWISE, *POOLS, *MOVES, *FOLDED, *LINEAR_QUANT, *FUNCTIONS, *JOINS, *COMPARISONS)
"""Operations, not layers, that are read where their inputs are."""


def read_onnx(path: Path) -> Imported:
    """Read a file of convolutions, linear layers, additions and pools on integers of up to 8 bits.

    Raises `FormatError` that names every operation that cannot be stated in integers, and why.
    """
    graph = read_graph(path)
    refuse_other_dialects(graph.ops, path)
    constants = dict(graph.constants)
    plain = needed(tuple(without_estimators(graph.ops)), graph.outputs)
    plain = tuple(as_counts(plain, graph.outputs, constants))
    spelled = (one for op in plain for one in in_plain_forms(op, constants))
    stood_for: Aliases = {}
    codes = {one.name: one.kind for one in graph.inputs if graph.is_code(one)}
    ops = tuple(expand(spelled, constants, stood_for, codes))
    made = {one for op in ops for one in op.outputs} - {
        one for op in graph.ops for one in op.outputs
    }
    graph = replace(graph, ops=ops, constants=constants, made=frozenset(made), stood_for=stood_for)
    graph = with_rows(graph)
    graph = constants_first(ChannelsFirst(graph).rewrite(graph))
    if graph.others:
        return _read(graph, path, is_several=True)
    try:
        return _read(graph, path, is_several=False)
    except UnlikeInputsError:  # as if each way to quantize the input were an input
        return _read(graph, path, is_several=True)


def _read(graph: Graph, path: Path, *, is_several: bool) -> Imported:
    reader = _Reader(graph, is_several=is_several)
    for op in graph.ops:
        reader.read(op)
    return reader.finish(path)


class _Reader:
    """The state of the reader after the operations read so far."""

    def __init__(self, graph: Graph, *, is_several: bool) -> None:
        self._graph, self._known = graph, Known(graph, is_several=is_several)
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
                self._known.views.close(op)
                return
        except ShapeError as error:
            reasons[f"{op.label}: {error}"] = None
        except FormatError as error:
            reasons[str(error)] = None
        found = (self._known.views.followed(name) for name in dict.fromkeys(op.inputs))
        followed = [value for value in found if value is not None]
        behind = next(iter(followed), next((one.behind for one in lost if one.behind), None))
        is_needed = op.kind in WEIGHTED or (op.kind in JOINS and len(followed) > 1)
        if is_needed:
            self._hindrances |= reasons
            reasons.clear()
        label = next((one.label for one in lost if one.behind), op.label)
        lost_now = Lost(tuple(reasons), None if is_needed else behind, label)
        self._lost |= dict.fromkeys(op.outputs, lost_now)

    def _read(self, op: Operator) -> None:
        found = self._known.views.read(op)
        if found is None:
            return
        op = found
        values = [self._known.values[name] for name in op.inputs if name in self._known.values]
        unread = next((name for name in op.inputs if name in self._known.stated.unread), None)
        if unread is not None and values:
            op.refuse(
                f"its constant {unread} is computed in a way that is not understood, by "
                f"{self._known.stated.unread[unread]}"
            )
        if len(op.outputs) > 1 and (values or op.kind not in FOLDED):
            op.refuse(f"it must have one output, not {len(op.outputs)}")
        refuse_other_domains(op)
        if op.kind in QUANT_OPERATORS:
            check_inputs(op)
        if op.kind in LAYERS:
            self._known.layers.read(op, values)
        elif values:
            self._known.read_activation(op, values)
        else:
            self._known.stated.read(op)

    def _read_alone(self, op: Operator) -> None:
        """Refuse what an operation states by itself; what it reads is not known."""
        refuse_other_domains(op)
        if op.kind in QUANT_OPERATORS:
            check_inputs(op)
            is_constant = op.inputs[0] in self._known.constants
            read_quantizer(
                op, self._known.constants, max_bits=MAX_BIAS_BITS if is_constant else MAX_BITS
            )
        elif op.kind in LAYERS:
            if len(op.inputs) < 2:
                op.refuse(f"it must read a value and a weight, not {op.inputs}")
            weight = self._known.layers.stated_weight(op)
            if self._known.views.followed(op.inputs[1]) is not None:
                op.refuse(PRODUCT)
            if weight is None and op.inputs[1] not in self._lost:
                op.refuse("it must read a quantized weight")
            if weight is not None and op.kind == "Conv":
                check_convolution(op, weight)
        elif op.kind not in READ:
            refuse_unknown(op)

    def finish(self, path: Path) -> Imported:
        """The network, when all operations are read; raises `HindranceError` if it cannot be stated."""
        if self._hindrances:
            raise HindranceError(self._hindrances)
        values = self._known.values
        for (
            name,
            view,
        ) in self._known.views.open.items():  # an output that is one is not in the integers
            if view.op.kind in MOVES:
                self._lost[name] = Lost((), view.source, view.op.label)
            else:
                values[name] = view.source
        ends, notes = end_of_network(path, self._graph.outputs, values, self._lost)
        is_qonnx = any(op.domain in DOMAINS for op in self._graph.ops)
        plain = AS_STATED if self._known.neighbors.changed else "onnxruntime"
        engine = "qonnx" if is_qonnx else plain
        return self._known.assembly.finish(path, self._graph, ends, notes=notes, engine=engine)
