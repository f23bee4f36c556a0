"""Values that nobody has quantized, as parts of 8 bits: what these count, times weights, is the value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.grid import Grid
from tilewright.interchange.moves import on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, Step, Value
from tilewright.spec import CodeMove, Ints, NumberFormat
from tilewright.spec.step_search import Floats

COUNTED = Grid(NumberFormat(8, is_signed=False), 1.0)
LARGEST = 255
"""That a part counts."""
LARGEST_WEIGHT = 127
WEIGHTS = NumberFormat(8, is_signed=True)
"""The format of a part's weights."""
MOST_PARTS = 512
NEAR = 1e-6
"""A part of a unit that counts as none."""
FLOAT32_ROUNDING = 2.0**-22
"""Of a value, as the source computes it: four halves of its last digit."""
UNQUANTIZED = "it reads values that are not quantized: put a quantizer before it"

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tap:
    """Counts 0..255 of a plane, and how many units each is worth, by channel: int64 ``c``, at most 127."""

    value: Value
    weights: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A value in units: its taps, what it is where all of these count 0, float64 ``c``, and by how many units
    the sum of the taps may miss it.
    """

    taps: tuple[Tap, ...]
    offset: Reals
    missed: float


def rounding_of(largest: Reals, unit: Reals) -> float:
    """By how many units the source's own rounding may miss values of at most this size."""
    return float((largest / unit).max()) * FLOAT32_ROUNDING


def counted(value: Value, apply: Callable[[Floats], Floats]) -> Value:
    """Counts 0..255 of what a value follows from."""
    kept = Value(NOWHERE, value.origin, value.plane, value.is_flat, pools=value.pools)
    step = Step(apply, is_own=True)
    return replace(kept, steps=(step,), grid=COUNTED, is_flattened=value.is_flattened)


def unary(
    op: Operator,
    value: Value,
    levels: Callable[[Floats], Floats],
    span: Reals,
    unit: Reals,
) -> tuple[Tap, ...]:
    """Parts that together count so many units, of 255 each. span: of the real value."""
    count = -(-int(np.ceil((span / unit).max(initial=0.0))) // LARGEST)
    if count > MOST_PARTS:
        op.refuse(f"{UNQUANTIZED}, for it would need {count:,} parts of 8 bits")

    def part(number: int) -> Callable[[Floats], Floats]:
        def apply(sums: Floats) -> Floats:
            found: Floats = np.clip(np.rint(levels(sums)) - LARGEST * number, 0, LARGEST)
            return found

        return apply

    weights = np.ones(len(unit), np.int64)
    return tuple(Tap(counted(value, part(number)), weights) for number in range(count))


def counts(
    op: Operator,
    value: Value,
    count: Callable[[Floats], Floats],
    span: Ints,
    factor: Reals,
) -> tuple[tuple[Tap, ...], float]:
    """Counts from 0 to `span`, each worth so many units, by channel; and by how many their sum may miss.

    Of each part, the whole part of the factor is weights; what its rest makes of the count is counted anew.
    """
    if factor.max(initial=0.0) < 1:
        units = np.ones(len(factor))
        return unary(op, value, lambda sums: factor * count(sums), factor * span, units), 0.5
    taps: list[Tap] = []
    missed = 0.0
    for number in range(-(-int(span.max()) // LARGEST)):
        top = (span - LARGEST * number).clip(0, LARGEST)

        def part(sums: Floats, number: int = number, top: Ints = top) -> Floats:
            return np.clip(count(sums) - LARGEST * number, 0, top)

        more, miss = _scaled(op, value, part, top, factor)
        taps.extend(more)
        missed += miss
    return tuple(taps), missed


def _scaled(
    op: Operator,
    value: Value,
    count: Callable[[Floats], Floats],
    top: Ints,
    factor: Reals,
) -> tuple[tuple[Tap, ...], float]:
    """The same of counts of at most 255."""
    whole = np.floor(factor + NEAR)
    rest = np.where(factor - whole > NEAR, factor - whole, 0.0)
    itself, taps = counted(value, count), []
    for number in range(-(-int(whole.max()) // LARGEST_WEIGHT)):
        weights = (whole - LARGEST_WEIGHT * number).clip(0, LARGEST_WEIGHT).astype(np.int64)
        taps.append(Tap(itself, weights))
    if not rest.any():
        return tuple(taps), 0.0
    units = np.ones(len(rest))
    more = unary(op, value, lambda sums: rest * count(sums), rest * top, units)
    return (*taps, *more), 0.5


def side_by_side(
    op: Operator,
    name: str,
    operands: Sequence[Value],
    taps: Sequence[int],
    grid: Grid,
    assembly: Assembly,
) -> Value:
    """The operands of each channel behind one another, for a layer with a group for each channel.

    operands: codes of one plane ``c h w``, on a grid with scale 1. taps: which operand stands at each of the
    places of a channel. The value has ``c * taps`` channels.
    """
    channels, *size = plane = operands[0].plane
    numbers = int(np.prod(plane))
    places = np.arange(numbers, dtype=np.int32).reshape(channels, 1, *size)
    index = np.concatenate([places + np.int32(numbers * at) for at in taps], axis=1)
    index = np.ascontiguousarray(index.reshape(-1, *size))
    name = unique(name, set(assembly.nodes))
    move = CodeMove(name, (plane,) * len(operands), index, grid.number_format, 1.0)
    one = Affine(np.ones(1), np.zeros(1))
    moved = on_codes(grid, assembly.add_integers(op, move, list(operands), one))
    return replace(moved, tensor=NOWHERE)
