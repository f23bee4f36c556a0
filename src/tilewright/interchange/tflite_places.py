"""Where the numbers of a TFLite tensor stand in the network's planes: the file has channels last."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.interchange.assembly import Assembly
from tilewright.interchange.moves import add_move
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.tflite_graph import Tensor, TfliteGraph
from tilewright.interchange.tflite_probe import run_alone
from tilewright.interchange.values import Value
from tilewright.spec import Plane
from tilewright.spec.code_nodes import ZERO

Places = npt.NDArray[np.int64]
Pads = tuple[int, int, int, int]
AXES = 4
"""Of the planes of samples, channels last."""
LITERAL, LOWEST = -2, -128
"""In place of a place: the lowest code that is put in and is not that of 0; the next one is one less."""
DIGITS = 3
"""Of 8 bits, to number the places of a tensor."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A tensor of the file, or "" if it has none: `places` has its sizes without the samples, and says where
    in the planes of `value`, flattened, each number stands; `ZERO` where the code of 0 was put in. is_bare:
    the tensor has no axis of samples, as where one sample is reshaped to rows.
    """

    tensor: str
    value: Value
    places: Places
    is_bare: bool = False

    @classmethod
    def of(cls, value: Value, tensor: Tensor) -> Seen:
        """A value as the file has it, channels last; value.plane: of the tensor.

        Raises `FormatError` if the file states other sizes than the value has.
        """
        is_bare = tensor.sizes[:1] != (1,) and math.prod(tensor.sizes) == math.prod(value.plane)
        sizes = tensor.sizes if is_bare else tensor.sizes[1:]
        if min(sizes, default=1) < 1 or math.prod(sizes) != math.prod(value.plane):
            raise FormatError(
                f"tensor {tensor.name} must hold {math.prod(value.plane)} numbers a sample, as what gives it "
                f"makes, not {'x'.join(map(str, sizes))}"
            )
        channels = np.arange(int(np.prod(value.plane))).reshape(value.plane)
        places = np.moveaxis(channels, 0, -1).reshape(sizes)
        return cls.at(value, tensor.name, places, is_bare=is_bare)

    @classmethod
    def at(cls, value: Value, name: str, places: Places, *, is_bare: bool = False) -> Seen:
        """A value whose codes the file has in a tensor at these places, each of them once."""
        is_turned = places.ndim < AXES and places.ndim + (not is_bare) > 2  # as `Graph.last` has it
        first = (channels_first(places) if is_turned else places).reshape(-1)
        order = None
        if (first != np.arange(first.size)).any():
            order = np.empty(first.size, np.int32)
            order[first] = np.arange(first.size)
        return cls(name, replace(value, tensor=name, codes_at=name, places=order), places, is_bare)

    @property
    def is_permuted(self) -> bool:
        """Whether each number of the value is there once."""
        numbers = int(np.prod(self.value.plane))
        return np.array_equal(np.sort(self.places, axis=None), np.arange(numbers))

    @property
    def is_kept(self) -> bool:
        """Whether the numbers are in the order of the value."""
        first = channels_first(self.places).reshape(-1)
        return np.array_equal(first, np.arange(int(np.prod(self.value.plane))))


def channels_first(places: Places) -> Places:
    """Places with the channels, which are their last axis, before the others."""
    return np.moveaxis(places, -1, 0) if places.ndim else places


def plane_of(sizes: tuple[int, ...]) -> Plane:
    """The plane of a tensor of the file, `sizes` without the samples: its channels are last."""
    *others, channels = sizes
    rows = others[0] if len(others) > 1 else 1
    return channels, rows, others[-1] if others else 1


def settled(op: Operator, seen: Seen, assembly: Assembly) -> Value:
    """The tensor as a value of planes, or of channels: the same one, another input, or a `CodeMove`."""
    value, first = seen.value, channels_first(seen.places)
    if first.ndim not in (1, 2, 3):
        op.refuse(f"{seen.tensor} must have 2 to 4 axes, not {first.ndim + 1}, to be read there")
    plane = plane_of(seen.places.shape)
    is_flat = first.ndim == 1
    if seen.is_kept and value.plane == plane:
        return replace(value, is_flat=is_flat)
    assert value.grid is not None, "all tensors have codes"  # noqa: S101
    index = first.astype(np.int32).reshape(plane)
    named = replace(op, outputs=(seen.tensor or value.tensor,))
    fill = value.grid.zero_point if (first == ZERO).any() else 0
    tensor = None if seen.is_bare else seen.tensor or None
    moved = add_move(named, value, index, assembly, tensor=tensor, fill=fill)
    return replace(moved, is_flat=is_flat)


def laid_out(seen: Seen, tensor: Tensor) -> Seen:
    """The graph's input as its only reader lays it out: the network's input from there on."""
    plane = plane_of(seen.places.shape or (1,))
    layout = (*seen.value.layout, f"laid out as {tensor.name}")
    value = replace(seen.value, plane=plane, is_flat=seen.places.ndim == 1, layout=layout)
    return Seen.of(value, tensor)


def without_border(seen: Seen) -> tuple[Seen, Pads]:
    """A plane without the rows and columns of 0 around it, and how many: top, left, bottom, right."""
    is_there = seen.places != ZERO
    if seen.places.ndim != 3 or is_there.all() or not is_there.any():
        return seen, (0, 0, 0, 0)
    rows, columns = (np.flatnonzero(is_there.any(axis=axes)) for axes in ((1, 2), (0, 2)))
    inner = seen.places[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = seen.places.shape[:2]
    ends = height - 1 - rows[-1], width - 1 - columns[-1]
    pads = (int(rows[0]), int(columns[0]), int(ends[0]), int(ends[1]))
    tensor = seen.value.tensor if replace(seen, places=inner).is_kept else ""
    return Seen(tensor, seen.value, inner), pads


def literals(places: Places) -> Places:
    """The codes, in order, that an operation puts in beside that of 0."""
    return LITERAL - np.unique(places[places <= LITERAL])[::-1] + LOWEST


def moved(
    file: TfliteGraph, op: Operator, sources: list[Seen], *, kernels: str
) -> list[tuple[Places, bool]]:
    """Where an operation that only puts codes in other places puts them, as the interpreter does it.

    Places of the results, without the samples, counted through all sources, flattened one behind the other;
    `LITERAL` and below where it puts in constants (`literals`). And whether a result has no axis of samples.
    """
    grids = {file.tensors[one.tensor].grid(op) for one in sources}
    grids |= {file.tensors[name].grid(op) for name in op.outputs}
    if len(grids) > 1:
        op.refuse("all it reads and gives must have one scale and zero-point")
    zero = next(iter(grids)).zero_point
    ends = np.cumsum([0, *(one.places.size for one in sources)]).tolist()
    numbers = [
        np.arange(end - one.places.size, end).reshape(
            *(() if one.is_bare else (1,)), *one.places.shape
        )
        for one, end in zip(sources, ends[1:], strict=True)
    ]
    dtype = np.dtype(file.tensors[op.inputs[0]].kind if sources else "int8")
    marks = [[np.full(one.shape, zero ^ other) for one in numbers] for other in (1, 2)]
    runs = [[one >> 8 * digit for one in numbers] for digit in range(DIGITS)]
    found = [
        run_alone(
            file,
            op,
            [(one & 255).astype(np.uint8).view(np.int8).astype(dtype) for one in run],
            kernels=kernels,
        )
        for run in runs
    ]
    first, second = (
        run_alone(file, op, [one.astype(dtype) for one in run], kernels=kernels) for run in marks
    )
    results = []
    for number, (mark, other) in enumerate(zip(first, second, strict=True)):
        is_bare = mark.shape[:1] != (1,)
        digits = [one[number].astype(np.int64) & 255 for one in found]
        places = sum(one << 8 * digit for digit, one in enumerate(digits))
        put_in = LITERAL - (mark.astype(np.int64) - LOWEST)
        if op.kind not in ("CONCATENATION", "PACK"):  # which have no border
            put_in = np.where(mark == zero, ZERO, put_in)
        found_at = np.where(mark == other, put_in, places)
        results.append((found_at if is_bare else found_at[0], is_bare))
    return results
