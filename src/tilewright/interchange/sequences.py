"""Networks of sequences ``n channels length``, read as planes of one row.

Convolutions and pools over a sequence are those over its plane; constants with three axes get a row too, and
what names axes is told the new ones. The file's own tensors hold the same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tilewright.interchange.folding import FOLDED, fold
from tilewright.interchange.onnx_graph import Array, Graph, Operator
from tilewright.interchange.quant_node import QUANT_OPERATORS
from tilewright.interchange.read_steps import ARITHMETIC

WINDOWS = ("AveragePool", "Conv", "ConvTranspose", "MaxPool")
AXES = ("ReduceMax", "ReduceMean", "ReduceSum", "Squeeze", "Unsqueeze")
BY_CHANNEL = (*ARITHMETIC, "PRelu")
"""Operations with a constant that may have a number for each channel."""
ALONG = {"Concat": 1, "Gather": 0, "Split": 0}
"""Operations along one axis, and which that is if none is stated."""
RESIZES = ("Resize", "Upsample")

ROW, SEQUENCE, PLANE = 2, 3, 4
"""The axis of the row, and how many axes a sequence and a plane have, with the samples."""
ONE_ROW = {1: [0, 2, 1, 3], 2: [0, 1, 2, 3], 3: [0, 1, 3, 2]}
"""Where the axes of a plane are in that of one row, whose sequence has one axis less, and the other way."""


def has_sequences(graph: Graph) -> bool:
    """Whether a graph convolves sequences."""
    makers = {name: op for op in graph.ops for name in op.outputs}

    def rank(name: str, depth: int = 8) -> int:
        if name in graph.constants or depth == 0 or name not in makers:
            return int(graph.constants[name].ndim) if name in graph.constants else 0
        return rank(next(iter(makers[name].inputs), ""), depth - 1)

    kinds = (op for op in graph.ops if op.kind in ("Conv", "ConvTranspose") and len(op.inputs) > 1)
    return any(rank(op.inputs[1]) == 3 for op in kinds)


def with_rows(graph: Graph) -> Graph:
    """The graph of planes; `plane` holds the input's sizes with a row."""
    if len(graph.input_shape) != 2 or not has_sequences(graph):
        return graph
    by_channel = {name for op in graph.ops if op.kind in BY_CHANNEL for name in op.inputs}
    constants = {
        name: np.expand_dims(values, ROW)
        if values.ndim == 3
        else values[..., None]
        if values.ndim == 2 and values.shape[1] == 1 and name in by_channel
        else values
        for name, values in graph.constants.items()
    }
    constants |= _computed(graph)
    ops = tuple(_rewritten(graph.ops, constants))
    channels, length = graph.input_shape
    return replace(graph, ops=ops, constants=constants, plane=(channels, 1, length))


def _computed(graph: Graph) -> dict[str, Array]:
    """Whole numbers that the file computes of others: of the sizes of borders, torch's exporter does."""
    known = {name: one for name, one in graph.constants.items() if one.dtype.kind in "iu"}
    found: dict[str, Array] = {}
    for op in graph.ops:
        if op.kind in FOLDED and op.inputs and all(name in known for name in op.inputs if name):
            found |= fold(op, known, graph.opset)
            known |= found
    return found


def _rewritten(ops: tuple[Operator, ...], constants: dict[str, Array]) -> Iterator[Operator]:
    axes_of: dict[str, int] = {}
    for op in ops:
        known = [axes_of.get(name, SEQUENCE) for name in op.inputs if name not in constants]
        before = max(known, default=SEQUENCE)
        after = _axes_behind(op, before, constants)
        axes_of |= dict.fromkeys(op.outputs, after)
        if {before, after} == {SEQUENCE, PLANE} and op.kind in ("Squeeze", "Unsqueeze"):
            (axis,) = (axis % PLANE for axis in stated_axes(op, constants))
            kind, perm = "Identity" if axis == ROW else "Transpose", ONE_ROW.get(axis)
            if perm is None:
                op.refuse("it must leave the samples apart")
            stated = {} if axis == ROW else {"perm": perm}
            yield replace(
                op, kind=kind, inputs=op.inputs[:1], attributes=stated, written_as=op.kind
            )
            continue
        if before == PLANE and not (op.kind == "Reshape" and after == SEQUENCE):
            yield op
            continue
        is_sequence = before == SEQUENCE and op.inputs[0] not in constants
        if is_sequence and op.kind in (*ALONG, *RESIZES, "Pad", "Slice"):
            moved = _moved_with_row(op, constants)
            yield from [moved] if after == SEQUENCE else _without_row(moved, constants)
        elif op.kind in WINDOWS:
            yield replace(op, attributes=op.attributes | of_planes(op))
        elif op.kind == "Transpose" and len(op.attributes.get("perm", ())) == 3:
            order = [axis + (axis == ROW) for axis in op.attributes["perm"]]
            yield replace(op, attributes={"perm": [*order[:ROW], ROW, order[ROW]]})
        elif op.kind in AXES:
            yield _with_axes(op, constants)
        elif op.kind == "Reshape" and len(op.inputs) > 1:
            yield _with_constant(op, constants, lambda sizes: [*sizes[:2], 1, *sizes[2:]])
        else:
            yield op


def stated_axes(op: Operator, constants: Mapping[str, Array]) -> list[int]:
    """The axes that an operation names, as an attribute or as a constant."""
    if "axes" in op.attributes or len(op.inputs) < 2 or op.inputs[1] not in constants:
        return list(op.attributes.get("axes", ()))
    return [int(axis) for axis in constants[op.inputs[1]].reshape(-1)]


def _axes_behind(op: Operator, before: int, constants: dict[str, Array]) -> int:
    """How many axes the result of an operation has, of which the first operand has `before`."""
    if op.kind in ("Flatten", "Gemm"):
        return 2
    if op.kind == "Unsqueeze":
        return before + len(stated_axes(op, constants))
    if op.kind == "Squeeze" or (op.kind in AXES and not op.attributes.get("keepdims", 1)):
        return before - len(stated_axes(op, constants))
    if op.kind == "Reshape" and len(op.inputs) > 1 and op.inputs[1] in constants:
        return int(constants[op.inputs[1]].size)
    if op.kind == "Gather" and len(op.inputs) > 1 and op.inputs[1] in constants:
        return before - 1 + constants[op.inputs[1]].ndim
    return before


def _moved_with_row(op: Operator, constants: dict[str, Array]) -> Operator:
    """An operation that puts the numbers of a sequence in other places as one of a plane of one row."""

    def planes(axes: list[Any]) -> list[Any]:
        return [axis % SEQUENCE + (axis % SEQUENCE >= ROW) for axis in axes]

    def ends(pads: list[Any]) -> list[Any]:
        return [*pads[:ROW], 0, *pads[ROW:5], 0, *pads[5:]] if len(pads) == 6 else pads

    def sizes(numbers: list[Any]) -> list[Any]:
        return [*numbers[:ROW], 1, *numbers[ROW:]] if len(numbers) == SEQUENCE else numbers

    stated = op.attributes
    if op.kind in ALONG:
        (axis,) = planes([int(op.number("axis", ALONG[op.kind]))])
        return replace(op, attributes=stated | {"axis": axis})
    changes = {key: planes(stated[key]) for key in ("axes",) if key in stated}
    if op.kind == "Slice":
        if not changes and (len(op.inputs) < 4 or op.inputs[3] not in constants):
            op.refuse("it must state its axes, as constants, in a network of sequences")
        return _with_input(replace(op, attributes=stated | changes), 3, constants, planes)
    if op.kind == "Pad":
        changes |= {key: ends(stated[key]) for key in ("pads", "paddings") if key in stated}
        op = _with_input(replace(op, attributes=stated | changes), 3, constants, planes)
        return op if len(op.inputs) > 3 and op.inputs[3] else _with_input(op, 1, constants, ends)
    changes |= {key: sizes(stated[key]) for key in ("scales",) if key in stated}
    op = replace(op, attributes=stated | changes)
    for place in range(1, len(op.inputs)) if "axes" not in changes else ():
        op = _with_input(op, place, constants, sizes)
    return op


def _without_row(op: Operator, constants: dict[str, Array]) -> list[Operator]:
    """An operation that takes one of a sequence, or of its channels, and the row that stays."""
    between, axes = f"{op.output}.with_row", f"{op.output}.row"
    row = ROW if op.attributes["axis"] > ROW else ROW - 1
    constants[axes] = np.array([row], np.int64)
    last = replace(op, kind="Squeeze", inputs=(between, axes), attributes={}, written_as=op.kind)
    return [replace(op, outputs=(between,)), last]


def _with_input(
    op: Operator, place: int, constants: dict[str, Array], change: Callable[[list[Any]], list[Any]]
) -> Operator:
    """An operation of which one input, if it is a constant, is changed."""
    name = op.inputs[place] if len(op.inputs) > place else ""
    if name not in constants:
        return op
    changed = f"{op.output}.with_rows.{place}"
    values = constants[name]
    constants[changed] = np.array(change(values.reshape(-1).tolist()), values.dtype)
    return replace(op, inputs=(*op.inputs[:place], changed, *op.inputs[place + 1 :]))


def of_planes(op: Operator) -> dict[str, list[int]]:
    """The attributes of windows, with those of the row."""
    found = {
        key: [1, *op.attributes[key]]
        for key in ("dilations", "kernel_shape", "strides")
        if len(op.attributes.get(key, ())) == 1
    }
    pads = op.attributes.get("pads", ())
    if len(pads) == 2:
        found["pads"] = [0, pads[0], 0, pads[1]]
    extra = op.attributes.get("output_padding", ())
    return found | ({"output_padding": [0, *extra]} if len(extra) == 1 else {})


def _with_axes(op: Operator, constants: dict[str, Array]) -> Operator:
    """An operation over the sequence as one over rows and columns."""

    drops = op.kind in ("Squeeze", "Unsqueeze") or not op.attributes.get("keepdims", 1)

    def planes(axes: list[int]) -> list[int]:
        """Of a sequence the row and its pixels; of its channels, which are all if these go, the row too."""
        known = [axis % SEQUENCE for axis in axes]
        return [2, 3] if known == [2] else [1, 2] if known == [1] and drops else known

    if "axes" in op.attributes:
        axes = planes(list(op.attributes["axes"]))
        return replace(op, attributes=op.attributes | {"axes": axes})
    return _with_constant(op, constants, planes)


def _with_constant(op: Operator, constants: dict[str, Array], change: object) -> Operator:
    """An operation whose second input, a constant of up to three integers, is changed."""
    name = op.inputs[1] if len(op.inputs) > 1 else ""
    if name not in constants or op.kind in QUANT_OPERATORS:
        return op
    before = [int(one) for one in constants[name].reshape(-1)]
    if op.kind == "Reshape" and len(before) != 3:
        return op
    changed = f"{op.output}.with_rows"
    constants[changed] = np.array(change(before), np.int64)  # type: ignore[operator]
    return replace(op, inputs=(op.inputs[0], changed, *op.inputs[2:]))
