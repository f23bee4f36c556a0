"""Tensors whose numbers stand in other places than where they were computed, until somebody reads them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.moves import MOVES, Places, View, add_move, read_move
from tilewright.interchange.onnx_graph import Array, Graph, Operator
from tilewright.interchange.quant_node import QUANT_OPERATORS
from tilewright.interchange.read_steps import ARITHMETIC, is_float
from tilewright.interchange.values import Value

RENAMES = ("Cast", "Dropout", "Identity")

POINTWISE = (*QUANT_OPERATORS, *ARITHMETIC, "BipolarQuant", "Clip", "Relu")
"""Operations of each number by itself."""


class Views:
    """The views there are, by tensor. values, constants: of the reader, which get what is settled here."""

    def __init__(
        self,
        graph: Graph,
        values: dict[str, Value],
        constants: dict[str, Array],
        assembly: Assembly,
    ) -> None:
        self.open: dict[str, View] = {}
        self._values, self._constants, self._assembly = values, constants, assembly
        self._batch, self._opset = graph.batch, graph.opset
        self._held: View | None = None
        if (
            len(graph.plane or graph.input_shape) == 2
        ):  # neither flat nor a plane, until it is moved
            self.open[graph.input] = _input_view(graph, values.pop(graph.input))

    def followed(self, name: str) -> Value | None:
        """The value of a tensor that follows from the input; of a view, that of its source."""
        view = self.open.get(name)
        return self._values.get(name) if view is None else view.source

    def read(self, op: Operator) -> bool:
        """Take an operation that only puts numbers in other places, or asks for sizes; whether it is one.

        For all others, views that they read are values from then on.
        """
        self._held = None
        name = op.inputs[0] if op.inputs and not op.domain else ""
        view, value = self.open.get(name), self._values.get(name)
        if view is not None and op.kind in RENAMES and is_float(op):
            self.open[op.output] = view
            return True
        if value is not None and op.kind in (*MOVES, "Shape"):
            is_kept = op.kind != "Shape" and _is_plain(op, value, self._constants)
            view = None if is_kept else _start_view(op, value)
        if view is not None and op.kind == "Shape":
            self._constants[op.output] = _sizes_of(op, view, self._batch)
            return True
        if view is not None and op.kind in MOVES:
            batch, opset = self._batch, self._opset
            self.open |= read_move(op, view, self._constants, batch=batch, opset=opset)
            return True
        self._settle(op)
        return False

    def hold(self, op: Operator) -> None:
        """What an operation has made of an input of two axes, number by number, has these axes too."""
        if self._held is not None:
            self.open[op.output] = replace(self._held, source=self._values.pop(op.output))

    def _settle(self, op: Operator) -> None:
        for name in dict.fromkeys(op.inputs):
            if name not in self.open:
                continue
            view = self.open.pop(name)
            is_input = view.source.origin is None and view.places.ndim == 2 and _is_kept(view)
            if is_input and op.kind in POINTWISE:
                self._held = view
                self._values[name] = replace(view.source, tensor=name)
            else:
                self._values[name] = _settled(view, name, self._assembly, wanted=op)


def _input_view(graph: Graph, value: Value) -> View:
    """The input of a graph that has two axes beside the samples."""
    places = np.arange(int(np.prod(graph.input_shape)), dtype=np.int32)
    reads = next(op for op in graph.ops if graph.input in op.inputs)
    return View(value, places.reshape(graph.input_shape), reads)


def _is_plain(op: Operator, value: Value, constants: dict[str, Array]) -> bool:
    """Whether a move of a value flattens it, or lays the input out, and no index of places is needed."""
    is_unit = value.plane[1:] == (1, 1)
    if op.attributes.get("channels_last") or op.kind == "Flatten":
        return True
    if op.kind == "Squeeze":
        return is_unit and not value.is_flat
    if op.kind == "Transpose":
        order = op.attributes.get("perm")
        return value.origin is None or (isinstance(order, list) and order == sorted(order))
    if op.kind != "Reshape" or len(op.inputs) < 2 or op.inputs[1] not in constants:
        return op.kind == "Reshape"
    sizes = [int(size) for size in constants[op.inputs[1]].reshape(-1)][1:]
    if value.origin is None:
        return len(sizes) in (0, 1, 3)
    numbers = int(np.prod(value.plane))
    is_gate = is_unit and value.is_flat and sizes in ([numbers, 1, 1], [-1, 1, 1])
    return (is_gate and not value.is_flattened) or sizes in ([numbers], [-1])


def _sizes_of(op: Operator, view: View, batch: int) -> npt.NDArray[np.int64]:
    """What Shape makes of a tensor; where the batch is open, it is 1."""
    sizes = [max(1, batch), *view.places.shape]
    start, end = int(op.number("start", 0)), int(op.number("end", len(sizes)))
    return np.array(sizes[start:end], np.int64)


def _start_view(op: Operator, value: Value) -> View:
    """A tensor as a view of itself."""
    if value.last is not None:
        op.refuse("what was flattened with its channels last cannot be moved")
    sizes = value.plane[:1] if value.is_flat else value.plane
    places = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(sizes)
    return View(value, places, op)


def _settled(view: View, tensor: str, assembly: Assembly, *, wanted: Operator) -> Value:
    """The tensor of a view as a value: the same one, a flat one, another input, or that of a `CodeMove`."""
    source, places, op = view.source, view.places, view.op
    is_kept = _is_kept(view)
    plane = _plane(places)
    is_code = source.is_code
    if plane is not None and source.origin is None and (source.grid is None or _permutes(view)):
        how = f"laid out by {op.label}"
        moved = source.laid_out(op, places.shape, how) if not is_kept else source
        return replace(
            moved,
            tensor=tensor,
            plane=plane,
            is_flat=places.ndim == 1,
            layout=moved.layout or (how,),
            codes_at=tensor if is_code else None,
        )
    if is_kept and plane == source.plane and (places.ndim == 1) == source.is_flat:
        return replace(source, tensor=tensor, codes_at=tensor if is_code else source.codes_at)
    if is_kept and places.ndim == 1 and not source.is_flat:
        return source.flattened(replace(op, outputs=(tensor,), attributes={}))
    if plane is None:
        op.refuse(
            f"it must give (n, channels) or (n, channels, h, w), not {places.ndim + 1} axes, which "
            f"{wanted.label} reads"
        )
    if source.grid is None:
        op.refuse("it moves values that are not quantized: put a quantizer before it")
    index = places.reshape(plane)
    moved = add_move(replace(op, outputs=(tensor,)), source, index, assembly, tensor=tensor)
    return replace(moved, is_flat=places.ndim == 1)


def _plane(places: Places) -> tuple[int, int, int] | None:
    if places.ndim == 1:
        return places.size, 1, 1
    return (places.shape[0], places.shape[1], places.shape[2]) if places.ndim == 3 else None


def _is_kept(view: View) -> bool:
    """Whether the numbers are in the order of the source."""
    return np.array_equal(view.places.reshape(-1), np.arange(int(np.prod(view.source.plane))))


def _permutes(view: View) -> bool:
    """Whether each number of the source is there once."""
    numbers = int(np.prod(view.source.plane))
    return np.array_equal(np.sort(view.places, axis=None), np.arange(numbers))
