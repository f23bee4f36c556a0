"""Tensors whose numbers stand in other places than where they were computed, until somebody reads them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.blends import is_blend
from tilewright.interchange.casts import is_float
from tilewright.interchange.extremes import EXTREMES
from tilewright.interchange.held import QUANTIZERS, hold, named, over_tokens, standing, tokens_of
from tilewright.interchange.hindrances import ADVICE, PRODUCT, refuse_unknown
from tilewright.interchange.joins import Ahead, quantizer_ahead
from tilewright.interchange.moves import MOVES, Places, View, add_move, code_of, read_move
from tilewright.interchange.onnx_graph import Array, Graph, Operator
from tilewright.interchange.pixels import on_pixels, pixel_formats
from tilewright.interchange.sequences import PLANE, SEQUENCE, of_planes, stated_axes
from tilewright.interchange.values import BY_CHANNEL, NOWHERE, Value
from tilewright.spec.code_nodes import ZERO

RENAMES = ("Cast", "Dropout", "Identity")


class Views:
    """The views there are, by tensor. values, constants: of the reader, which get what is settled here.

    is_sequence: whether the convolution that is read is one of a sequence, which is a plane of one row here.
    """

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
        self._pixels = pixel_formats(graph)
        self._outputs, self._readers = graph.outputs, graph.readers()
        self._made: Places | None = None
        self._maker: Operator | None = None
        self._tokens: tuple[int, ...] | None = None
        self.is_sequence = False
        self._lent: dict[str, Value | None] = {}
        is_read = any(graph.input in op.inputs for op in graph.ops)
        if is_read and len(graph.plane or graph.input_shape) == 2:
            # neither flat nor a plane, until it is moved
            self.open[graph.input] = _input_view(graph, values.pop(graph.input))

    def followed(self, name: str) -> Value | None:
        """The value of a tensor that follows from the input; of a view, that of its source."""
        view = self.open.get(name)
        return self._values.get(name) if view is None else view.source

    def read(self, op: Operator) -> Operator | None:
        """Take an operation that only puts numbers in other places, or asks for sizes: None if it is one.

        For all others, views that they read are values from then on, and the operation is the one of these.
        """
        self._take_back()
        name = op.inputs[0] if op.inputs and not op.domain else ""
        view, value = self.open.get(name), self._values.get(name)
        if view is not None and op.kind in RENAMES and is_float(op):
            self.open[op.output] = view
            return None
        is_move = op.kind in MOVES and not is_blend(op)
        if value is not None and (is_move or op.kind == "Shape"):
            is_kept = op.kind != "Shape" and _is_plain(op, value, self._constants)
            view = None if is_kept else _start_view(op, value)
            if view is not None and value.by_channel is not None and op.kind != "Shape":
                op.refuse(BY_CHANNEL)
        if view is not None and op.kind == "Shape":
            self._constants[op.output] = _sizes_of(op, view, self._batch)
            return None
        if view is not None and is_move:
            batch, opset = self._batch, self._opset
            self.open |= read_move(op, view, self._constants, batch=batch, opset=opset)
            return None
        return self._of_tokens(op) or self._of_sequence(op) or self._held(op) or self._settle(op)

    def see_as(self, op: Operator, plane: tuple[int, ...]) -> None:
        """The numbers of an operation's value are of these sizes in the file, in the same order."""
        self.see(op, np.arange(int(np.prod(plane)), dtype=np.int32).reshape(plane))

    def see(self, op: Operator, places: Places) -> None:
        """The numbers of an operation's value stand in these places in the file."""
        made = replace(op, kind="View", written_as=op.written_as or op.kind)
        self.open[op.output] = View(self._values.pop(op.output), places, made)

    def close(self, op: Operator) -> None:
        """What an operation has made of views, number by number, is a view too, with the same places."""
        if self.is_sequence:
            self.see_as(op, self._values[op.output].plane[::2])
            return
        if self._tokens is not None:
            self._made = tokens_of(self._values[op.output].plane, self._tokens)
        if self._made is None:
            return
        value = self._values.pop(op.output)
        places = standing(self._made, value)
        self._assembly.lay_out(op.output, places)
        self.open[op.output] = View(replace(value, places=places), self._made, self._maker or op)

    def _take_back(self) -> None:
        """Values that the last operation read in place of views are no longer there."""
        for name, value in self._lent.items():
            self._values.pop(name, None)
            if value is not None:
                self._values[name] = value
        self._made, self._maker, self._tokens, self._lent = None, None, None, {}
        self.is_sequence = False

    def _lend(self, values: dict[str, Value]) -> None:
        self._lent = {name: self._values.get(name) for name in values}
        self._values |= values

    def _held(self, op: Operator) -> Operator | None:
        """An operation of each number by itself, where its views are no values that it could read."""
        followed = [name for name in dict.fromkeys(op.inputs) if self.followed(name) is not None]
        if not any(_must_stay(self.open[name]) for name in followed if name in self.open):
            return None
        views = {
            name: self.open.get(name) or _start_view(op, self._values[name]) for name in followed
        }
        found = hold(op, views, self._constants, self._assembly)
        if found is None:
            return None
        self._lend(found.values)
        self._made, self._maker = found.places, next(iter(views.values())).op
        return found.op

    def _of_tokens(self, op: Operator) -> Operator | None:
        """A linear layer of tokens, whose channels are its last axis, or their mean, as those of planes."""
        if op.kind == "MatMul" and self.followed(op.inputs[0]) is None:
            return self._from_left(op)
        name = op.inputs[0] if op.inputs else ""
        view, value = self.open.get(name), self._values.get(name)
        is_alone = all(self.followed(other) is None for other in op.inputs[1:])
        if op.kind in ("Einsum", "Gemm", "MatMul") and not is_alone:
            op.refuse(PRODUCT)
        if op.kind == "MatMul" and value is not None and not value.is_flat:
            view = _start_view(op, value)
        found = None if view is None else over_tokens(op, view, self._constants)
        if view is None or found is None or not is_alone:
            return None
        self._lend({name: self._planes_of(op, view, found.places, name)})
        self._tokens = view.places.shape[:-1] if op.kind == "MatMul" else None
        return found.op

    def _planes_of(self, op: Operator, view: View, places: Places, name: str) -> Value:
        """The tensor of a view as planes; an input of whole numbers is on its grid."""
        codes, source = self._pixels.get(view.source.input), view.source
        source = source if codes is None else on_pixels(source, codes)
        return _as_planes(replace(view, op=op, source=source), places, name, self._assembly)

    def _from_left(self, op: Operator) -> Operator | None:
        """A weight times a matrix of channels and steps: the convolution of 1 that it is over these steps."""
        weight, name = op.inputs
        view = self.open.get(name)
        if self.followed(name) is not None and (view is None or view.places.ndim != 2):
            op.refuse(
                "its weight is on the left, which is read of (n, channels, steps): transpose it"
            )
        return None if view is None else self._as_rows(op, view, name, weight)

    def _as_rows(self, op: Operator, view: View, name: str, weight: str) -> Operator:
        """A layer over the last axis of a view of two as a convolution over a plane of one row."""
        places = np.ascontiguousarray(view.places[:, None])
        planes = self._planes_of(op, view, places, name)
        self._lend({name: replace(planes, is_flat=False)})
        self.is_sequence = True
        inputs = (name, weight, *op.inputs[2:])
        attributes = op.attributes | of_planes(op)
        return replace(op, kind="Conv", inputs=inputs, attributes=attributes, written_as=op.kind)

    def _of_sequence(self, op: Operator) -> Operator | None:
        """A convolution along channels or tokens, in a network of planes, as one over a plane of one row."""
        name = op.inputs[0] if op.inputs else ""
        view = self.open.get(name)
        kernel = self._constants.get(op.inputs[1]) if len(op.inputs) > 1 else None
        if op.kind != "Conv" or view is None or view.places.ndim != 2:
            return None
        if kernel is None or kernel.ndim != SEQUENCE:
            return None
        return self._as_rows(op, view, name, op.inputs[1])

    def _quantizer(self, op: Operator, view: View) -> Ahead | None:
        """The quantizer of what a view has of the sums of a node: it may as well stand before the move."""
        if view.source.grid is not None or view.source.origin is None:
            return None
        readers = [op]
        if op.kind in ("Concat", *EXTREMES) and op.output not in self._outputs:
            readers = self._readers.get(op.output, [])
        is_met = all(one.kind in QUANTIZERS for one in readers)
        return quantizer_ahead(readers, self._constants) if is_met else None

    def _settle(self, op: Operator) -> Operator:
        for name in dict.fromkeys(op.inputs):
            if name in self.open:
                view = self.open[name]
                ahead = self._quantizer(op, view)
                self._values[name] = _settled(view, name, self._assembly, wanted=op, ahead=ahead)
                del self.open[name]
        return op


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
        axes = stated_axes(op, constants)
        is_all = not axes or sorted(axis % PLANE for axis in axes) == [2, 3]
        return is_unit and is_all and not value.is_flat
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


def _sizes_of(op: Operator, view: View, batch: int) -> Array:
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


def _settled(
    view: View, tensor: str, assembly: Assembly, *, wanted: Operator, ahead: Ahead | None
) -> Value:
    """The tensor of a view as a value: the same one, a flat one, another input, or that of a `CodeMove`.

    ahead: the quantizer of what it reads of sums.
    """
    source, places, op = view.source, view.places, view.op
    is_kept, plane = _is_kept(view), _plane(places)
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
            places=None,
        )
    if is_kept and plane == source.plane and (places.ndim == 1) == source.is_flat:
        return named(view, tensor)
    if is_kept and places.ndim == 1 and not source.is_flat:
        return named(view, tensor).flattened(replace(op, outputs=(tensor,), attributes={}))
    if plane is None:
        if wanted.kind in ADVICE:
            refuse_unknown(wanted)
        op.refuse(
            f"it must give (n, channels) or (n, channels, h, w), not {places.ndim + 1} axes, which "
            f"{wanted.label} reads"
        )
    index, named_so = places.reshape(plane), replace(op, outputs=(tensor,))
    by_code = source.by_code
    if by_code is not None and (places != ZERO).all() and by_code.is_of_moved(source):
        moved = add_move(named_so, by_code.source, index, assembly, tensor=None)
        return by_code.after(replace(moved, is_flat=places.ndim == 1), named_so)
    if ahead is not None:
        first = replace(
            ahead.codes_of(wanted, source, None, assembly), tensor=NOWHERE, codes_at=None
        )
        moved = add_move(named_so, first, index, assembly, tensor=None, fill=ahead.code(view.fill))
        return replace(moved, is_flat=places.ndim == 1, places=None)
    if source.grid is None:
        op.refuse("it moves values that are not quantized: put a quantizer before it")
    moved = add_move(named_so, source, index, assembly, tensor=tensor, fill=_fill(view))
    return replace(moved, is_flat=places.ndim == 1)


def _fill(view: View) -> int:
    """The code that a view puts in, if it puts in any."""
    return code_of(view.op, view.source, view.fill) if (view.places == ZERO).any() else 0


def _as_planes(view: View, places: Places, tensor: str, assembly: Assembly) -> Value:
    """The tensor of a view as a value of these planes: its source, if that has them, or a `CodeMove`."""
    source = view.source
    numbers = np.arange(int(np.prod(source.plane)))
    if np.array_equal(places.reshape(-1), numbers) and source.plane[0] == len(places):
        return replace(named(view, tensor), is_flat=False)
    if source.grid is None:
        view.op.refuse("it reads values that are not quantized: put a quantizer before it")
    moved = add_move(view.op, source, places, assembly, tensor=None, fill=_fill(view))
    if moved.codes_at is not None:
        return replace(moved, tensor=tensor)
    found = np.arange(view.places.size, dtype=np.int32).reshape(view.places.shape)
    return replace(moved, tensor=tensor, places=np.moveaxis(found, -1, 0).reshape(-1))


def _must_stay(view: View) -> bool:
    """Whether a view is no value that an operation of each number could read."""
    plane, source = _plane(view.places), view.source
    is_plain = _is_kept(view) and (view.places.ndim == 1 or plane == source.plane)
    return plane is None or (source.grid is None and not is_plain)


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
