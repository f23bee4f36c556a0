"""Operations on tensors that are views: as on what they are views of, wherever the numbers stand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.functions import FUNCTIONS
from tilewright.interchange.linear_quant import LINEAR_QUANT
from tilewright.interchange.moves import View, add_move
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.quant_node import QUANT_OPERATORS
from tilewright.interchange.read_steps import ARITHMETIC
from tilewright.interchange.values import Value
from tilewright.spec.code_nodes import ZERO

QUANTIZERS = (*QUANT_OPERATORS, *LINEAR_QUANT)
SAME_AT_0 = (*QUANTIZERS, "Relu")
"""Operations that make 0 of 0."""

POINTWISE = (
    *(*QUANTIZERS, *ARITHMETIC, *FUNCTIONS, "BatchNormalization", "BipolarQuant", "Clip", "Max"),
    *("Cast", "Min", "Neg", "PRelu", "Relu"),
)
"""Operations of each number by itself, and of constants by channel."""

REDUCTIONS = ("ReduceMax", "ReduceMean", "ReduceSum")


@dataclass(frozen=True, slots=True)
class Held:
    """An operation as it is read of `values`, in place of the views that the file names.

    places: of the view that it makes; of one over tokens, of the plane that it reads.
    """

    op: Operator
    values: dict[str, Value]
    places: npt.NDArray[np.int32]


def inverse(places: npt.NDArray[np.int32]) -> npt.NDArray[np.int32] | None:
    """Where each number of the source stands in a view that has all; None if each has its own place."""
    flat = places.reshape(-1)
    there = np.flatnonzero(flat != ZERO)
    found = np.empty(len(there), np.int32)
    found[flat[there]] = there
    return None if np.array_equal(found, np.arange(flat.size)) else found


def has_all(places: npt.NDArray[np.int32], source: Value) -> bool:
    """Whether a view has each number of its source once."""
    there = places[places != ZERO]
    return np.array_equal(np.sort(there, axis=None), np.arange(int(np.prod(source.plane))))


def standing(places: npt.NDArray[np.int32], source: Value) -> npt.NDArray[np.int32] | None:
    """Where each number of the source stands in a view; None too if the view has others: none is looked for
    there before they are codes.
    """
    return inverse(places) if has_all(places, source) else None


def _is_of_sums(op: Operator, view: View, constants: list[Array]) -> bool:
    """Whether an operation treats all numbers alike of a view of what nobody has quantized."""
    is_bare = view.source.grid is None and view.source.origin is not None
    is_alike = op.kind not in QUANTIZERS and all(one.size == 1 for one in constants)
    return is_bare and is_alike and not (view.places == ZERO).any()


def hold(
    op: Operator, views: dict[str, View], constants: dict[str, Array], assembly: Assembly
) -> Held | None:
    """An operation of each number by itself as one on what its views are views of; None if it is no such one.

    views: all that it reads and does not find in constants; they are put in the order of the first one's
    source. Constants by channel are added to `constants` as those of the source.
    """
    first = next(iter(views.values()))
    rest = [name for name in op.inputs if name and name not in views]
    sizes = {one.places.shape for one in views.values()}
    if op.kind not in POINTWISE or len(sizes) > 1:
        return None
    if not all(has_all(one.places, one.source) for one in views.values()):
        constants_of = [constants[name] for name in rest if name in constants]
        are_alike = all(np.array_equal(one.places, first.places) for one in views.values())
        if not are_alike or not all(_is_of_sums(op, one, constants_of) for one in views.values()):
            return None
    else:
        views = {name: _aligned(op, view, first, assembly) for name, view in views.items()}
    if any(name not in constants for name in rest):
        return None
    if (first.places == ZERO).any() and (
        op.kind not in SAME_AT_0 or any(one.fill for one in views.values())
    ):
        return None
    known = {}
    for name in rest:
        if constants[name].size > 1 and op.kind not in QUANTIZERS:
            moved = _by_channel(op, constants[name], first)
            if moved is None:
                return None
            known[name] = f"{name}.of.{op.output}"
            constants[known[name]] = moved
    inputs = tuple(known.get(name, name) for name in op.inputs)
    values = {name: named(view, name) for name, view in views.items()}
    return Held(replace(op, inputs=inputs), values, first.places)


def _aligned(op: Operator, view: View, first: View, assembly: Assembly) -> View:
    """A view of numbers in the order and plane in which another one, of as many, has those of its source."""
    source, plane = view.source, first.source.plane
    wanted = inverse(first.places)
    index = view.places.reshape(-1) if wanted is None else view.places.reshape(-1)[wanted]
    if source.plane == plane and np.array_equal(index, np.arange(index.size)):
        return view
    if source.grid is None:
        op.refuse(
            "it reads values in two orders that are not quantized: put a quantizer before each of them"
        )
    moved = add_move(op, source, index.reshape(plane).astype(np.int32), assembly, tensor=None)
    moved = replace(moved, is_flat=first.source.is_flat)
    return replace(view, source=moved, places=first.places)


def named(view: View, tensor: str) -> Value:
    """What a view is a view of, as the tensor that the file has of it."""
    source = view.source
    if source.is_code:
        return replace(source, tensor=tensor, codes_at=tensor, places=standing(view.places, source))
    if source.codes_at is None:
        return replace(source, tensor=tensor, places=standing(view.places, source))
    return replace(source, tensor=tensor)


def _by_channel(op: Operator, constant: Array, view: View) -> Array | None:
    """A constant that fits a view as one by channel of its source, or None if it is none."""
    values = constant
    if op.kind == "BatchNormalization":
        values = constant.reshape(-1, *(1,) * (view.places.ndim - 1))
    try:
        wide = np.broadcast_to(values, (1, *view.places.shape)).reshape(-1)
    except ValueError:
        return None
    channels, source = view.source.plane[0], inverse(view.places)
    each = (wide if source is None else wide[source]).reshape(channels, -1)
    if (each != each[:, :1]).any():
        return None
    if op.kind == "BatchNormalization":
        return each[:, 0]
    return each[:, 0].reshape(1, channels, *(() if view.source.is_flat else (1, 1)))


def over_tokens(op: Operator, view: View, constants: dict[str, Array]) -> Held | None:
    """A linear layer of the last axis of a view, or a reduction of all others, as one of planes."""
    if view.places.ndim not in (2, 3):
        return None
    if op.kind == "MatMul":
        return Held(op, {}, _planes(view.places))
    axes = op.attributes.get("axes")
    if axes is None and len(op.inputs) > 1 and op.inputs[1] in constants:
        axes = [int(axis) for axis in constants[op.inputs[1]].reshape(-1)]
    wanted = list(range(1, view.places.ndim))
    is_all = axes is not None and sorted(axis % (view.places.ndim + 1) for axis in axes) == wanted
    if op.kind not in REDUCTIONS or not is_all or op.attributes.get("keepdims", 1) != 0:
        return None
    attributes = op.attributes | {"axes": [2, 3]}
    changed = replace(op, inputs=op.inputs[:1], attributes=attributes)
    return Held(changed, {}, _planes(view.places))


def _planes(places: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Places ``... c`` as those of a plane ``c h w``."""
    moved = np.moveaxis(places, -1, 0)
    return np.ascontiguousarray(moved if moved.ndim == 3 else moved[:, None, :])


def tokens_of(plane: tuple[int, int, int], sizes: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Places, in a plane ``c h w``, of a tensor of so many tokens whose last axis is the channels."""
    numbers = np.arange(int(np.prod(plane)), dtype=np.int32).reshape(plane[0], -1)
    return np.ascontiguousarray(numbers.T.reshape(*sizes, plane[0]))
