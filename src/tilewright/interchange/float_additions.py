"""Additions of codes of many bits as layers, whose sums have few enough digits to be counted in parts.

The gains of an addition have up to 32 bits. A layer with two input channels for each output channel has
weights in nearly the same ratio, of at most `LARGEST_GAIN`, in parts of 8 bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_parts import LARGEST_WEIGHT, WEIGHTS, side_by_side
from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import Affine, Value
from tilewright.spec import ConvShape, IntegerLayer, ResidualAdd

LARGEST_GAIN = 512
NEAR = 0.25
"""By how many steps of its sums a layer may miss, if its gains can be so near."""
FEW_BITS = 5
"""Codes of no more have few enough values for parts of their own."""
FEW_SUMS = 2040
"""Eight parts count them."""


def as_layer(op: Operator, value: Value, assembly: Assembly) -> Value:
    """A value of an addition of codes of many bits as one of a layer; any other value as it is."""
    node = assembly.nodes.get(str(value.origin))
    if not isinstance(node, ResidualAdd) or node.act_format.bits <= FEW_BITS:
        return value
    if node.sum_bound() < FEW_SUMS or value.grid is not None or value.by_code:
        return value
    if value.pools or value.is_flattened:
        return value
    first, second, off = _gains(node.gains[0], abs(node.gains[1]))
    if not min(first, second):
        return value
    sign = 1 if node.gains[1] > 0 else -1
    step = node.gains[0] / first if first >= second else abs(node.gains[1]) / second
    layer, moved = _layer(node, (first, sign * second), assembly, op)
    added = assembly.add_integers(op, layer, [moved], Affine(np.ones(1), np.zeros(1)))
    largest = max(-node.act_format.min_code, node.act_format.max_code)
    assembly.replaced.add(node.name)
    return replace(
        value,
        origin=added.origin,
        steps=(Affine(np.array([step]), np.zeros(1)).step(), *value.steps),
        slack=off * largest + value.slack / step,
    )


def _gains(first: int, second: int) -> tuple[int, int, float]:
    """Small whole numbers in nearly the same ratio, and by how much the smaller one of them is off."""
    ratio = min(first, second) / max(first, second)
    larger = np.arange(1, LARGEST_GAIN + 1)
    off = np.abs(larger * ratio - np.rint(larger * ratio))
    near = np.flatnonzero(off * (1 << WEIGHTS.bits) <= NEAR)
    best = int(near[0]) if len(near) else int(off.argmin())
    pair = int(larger[best]), round(larger[best] * ratio)
    found = pair if first >= second else pair[::-1]
    return found[0], found[1], float(off[best])


def _layer(
    node: ResidualAdd, gains: tuple[int, int], assembly: Assembly, op: Operator
) -> tuple[IntegerLayer, Value]:
    """The layer, and what it reads: the operands, each as often as its gain has parts of 8 bits."""
    operands = [assembly.entered(assembly.reads(node.name, at)) for at in (0, 1)]
    taps = [(at, part) for at, gain in enumerate(gains) for part in _parts(gain)]
    order, grid = [at for at, _ in taps], Grid(node.act_format, 1.0)
    moved = side_by_side(op, f"{node.name}.operands", operands, order, grid, assembly)
    channels = node.plane[0]
    weight = np.tile(np.array([part for _, part in taps], np.int8), (channels, 1))
    layer = IntegerLayer(
        name=unique(f"{node.name}.layer", set(assembly.nodes)),
        shape=ConvShape(*moved.plane, channels, 1, 1, groups=channels),
        weight=weight[:, :, None, None],
        weight_format=WEIGHTS,
        act_format=node.act_format,
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    return layer, moved


def _parts(gain: int) -> list[int]:
    """Whole numbers of at most 127, whose sum is a gain."""
    sign, rest = (1, gain) if gain > 0 else (-1, -gain)
    whole = [sign * LARGEST_WEIGHT] * (rest // LARGEST_WEIGHT)
    return [*whole, sign * (rest % LARGEST_WEIGHT)] if rest % LARGEST_WEIGHT else whole
