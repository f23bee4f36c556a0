"""Values of a layer's sums that nobody has quantized, as parts of 8 bits.

Behind BatchNormalization and Relu a value rises from a first sum to a last one. Where these are few, parts of
255 sums each count them. Where they are many, one part counts blocks of sums, and a copy of the layer, from
whose sums the blocks are taken away, counts the sums within a block (`float_digits`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_digits import MOST_BLOCKS, low_digits
from tilewright.interchange.float_parts import (
    LARGEST,
    LARGEST_WEIGHT,
    UNQUANTIZED,
    Parts,
    Reals,
    Tap,
    counted,
    counts,
    rounding_of,
    unary,
)
from tilewright.interchange.float_valleys import beside_ramp, rising_part
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.ramps import Ramp, find_ramp, real_of
from tilewright.interchange.values import Value
from tilewright.spec import IntegerLayer, Ints
from tilewright.spec.step_search import Floats

MOST_COUNTS = 8
"""Parts that count the sums of a layer one by one; a copy of the layer costs less than more of them."""


def step_of_sums(value: Value, assembly: Assembly) -> tuple[Reals, int] | None:
    """By how much a value rises or falls from sum to sum, by channel, and how many weights take a block of
    sums away; None if it does not rise evenly.
    """
    node = assembly.nodes[str(value.origin)]
    ramp = find_ramp(rising_part(value, node) if value.turns else value, node)
    return None if ramp is None else (ramp.gain, _taken(ramp))


def _taken(ramp: Ramp) -> int:
    """Weights of 127 that make a block, of which a part counts up to 255."""
    return -(-int((ramp.last - ramp.first).max() + 1) // ((LARGEST + 1) * LARGEST_WEIGHT))


def of_sums(op: Operator, value: Value, unit: Reals, assembly: Assembly) -> Parts:
    """A value of a node's sums in units of these sizes, float64 ``c``."""
    node = assembly.nodes[str(value.origin)]
    if value.is_flattened and node.output_shape[1:] != (1, 1):
        op.refuse(UNQUANTIZED)
    if value.turns:
        beside = beside_ramp(op, value, node, unit)
        found = of_sums(op, rising_part(value, node), unit, assembly)
        taps, missed = (*found.taps, *beside.taps), found.missed + beside.missed
        return Parts(taps, found.offset + beside.offset, missed)
    ramp = find_ramp(value, node)
    if value.slack and ramp is None:
        op.refuse(UNQUANTIZED)
    if ramp is not None and (ramp.last - ramp.first).max() < LARGEST * MOST_COUNTS:
        return _counted(op, value, ramp, unit)
    if ramp is not None and isinstance(node, IntegerLayer) and not value.pools:
        return _in_digits(op, value, ramp, unit, node, assembly)
    ends = np.array([[-node.sum_bound()], [node.sum_bound()]], np.float64)
    values = real_of(value, ends.repeat(node.output_shape[0], axis=1))
    least, largest = values.min(axis=0), values.max(axis=0)
    taps = unary(
        op, value, lambda sums: (real_of(value, sums) - least) / unit, largest - least, unit
    )
    return Parts(taps, least, 0.5 + rounding_of(np.maximum(np.abs(least), np.abs(largest)), unit))


def _counted(op: Operator, value: Value, ramp: Ramp, unit: Reals) -> Parts:
    """The sums of a ramp, one by one; the jumps to its first one and behind its last one count apart."""
    factor, span = ramp.gain / unit, ramp.last - ramp.first

    def count(sums: Floats) -> Floats:
        return np.clip(ramp.direction * sums - ramp.first, 0, span)

    taps, missed = counts(op, value, count, span, factor)
    jumps, jumped = _jumps(op, value, ramp, unit)
    missed += jumped + value.slack * float(factor.max()) + rounding_of(_largest(ramp), unit)
    return Parts((*taps, *jumps), ramp.base, missed)


def _largest(ramp: Ramp) -> Reals:
    found: Reals = np.maximum(np.abs(ramp.base), np.abs(ramp.top))
    return found


def _jumps(op: Operator, value: Value, ramp: Ramp, unit: Reals) -> tuple[tuple[Tap, ...], float]:
    """What a value has at its first sum more than before, and behind its last one more than there."""
    taps: list[Tap] = []
    missed = 0.0
    for height, at in ((ramp.jump, ramp.first), (ramp.rest, ramp.last + 1)):
        units = np.rint(height / unit)
        missed += float(np.abs(height / unit - units).max())

        def count(sums: Floats, at: Ints = at) -> Floats:
            found: Floats = (ramp.direction * sums >= at).astype(np.float64)
            return found

        if units.any():
            more, _ = counts(op, value, count, np.ones(len(units), np.int64), units)
            taps.extend(more)
    return tuple(taps), missed


def _in_digits(
    op: Operator,
    value: Value,
    ramp: Ramp,
    unit: Reals,
    node: IntegerLayer,
    assembly: Assembly,
) -> Parts:
    """The sums of a ramp in blocks, and those of a copy of the layer within each block."""
    span = ramp.last - ramp.first  # sums behind the first one
    taken = _taken(ramp)
    if taken > MOST_BLOCKS:
        op.refuse(f"{UNQUANTIZED}, for its layer's sums have too many digits")
    block = taken * LARGEST_WEIGHT
    highest = span // block

    def blocks(sums: Floats) -> Floats:
        return np.clip(np.floor((ramp.direction * sums - ramp.first) / block), 0, highest)

    factor = ramp.gain / unit
    high, missed = counts(op, value, blocks, highest, factor * block)
    copy, shift = low_digits(op, node, counted(value, blocks), ramp.direction, taken, assembly)
    copy = replace(copy, plane=value.plane, is_flat=value.is_flat)
    more = np.where(ramp.is_held, block - 1 - span % block, 0)  # behind the last sum

    def within(sums: Floats) -> Floats:
        return np.clip(ramp.direction * sums - shift - ramp.first, 0, block - 1)

    def beyond(sums: Floats) -> Floats:
        return np.clip(ramp.direction * sums - ramp.last, 0, more)

    low, miss = counts(op, copy, within, np.full(len(span), block - 1), factor)
    over, miss_behind = counts(op, value, beyond, more, factor) if more.any() else ((), 0.0)
    over = tuple(replace(tap, weights=-tap.weights) for tap in over)
    jumps, jumped = _jumps(op, value, ramp, unit)
    missed += miss + miss_behind + jumped + value.slack * float(factor.max())
    taps = (*high, *low, *over, *jumps)
    return Parts(taps, ramp.base, missed + rounding_of(_largest(ramp), unit))
