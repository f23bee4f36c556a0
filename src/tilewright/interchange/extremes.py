"""Max and Min of activations: codes side by side on one grid, of which a max-pool takes the largest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.grid import Grid
from tilewright.interchange.joins import Ahead
from tilewright.interchange.moves import broadcast, on_codes
from tilewright.interchange.one_format import on_one_format
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeMove, CodeTable, MaxPool

EXTREMES = ("Max", "Min")


def read_extreme(
    op: Operator, values: list[Value], assembly: Assembly, *, ahead: Ahead | None
) -> Value:
    """The larger, or the smaller, of two activations or more, number by number.

    Quantizers never fall, so that the largest of the values has the largest of their codes: operands on grids
    of their own are first put on that of the quantizer behind them, code by code.
    """
    if len(values) != len(op.inputs):
        op.refuse("it must read activations alone, or one and a constant")
    if ahead is None:
        values = on_one_format(op, values, assembly)
    else:
        values = [_met(op, value, assembly, ahead) for value in values]
    grids = [value.grid for value in values if value.grid is not None]
    if len(grids) < len(values):
        op.refuse("it compares values that are not quantized: put a quantizer before each")
    is_one = len(set(grids)) == 1
    if ahead is None and not is_one:
        op.refuse(
            "it compares codes of different scales or zero-points: let them share one quantizer, or put a "
            "quantizer behind it"
        )
    grid = grids[0] if is_one or ahead is None else ahead.grid
    is_least = op.kind == "Min"
    if is_least or not is_one:
        to = None if is_one else ahead
        recoded = (_recoded(op, one, assembly, to, is_turned=is_least) for one in values)
        values = [replace(one, tensor=NOWHERE) for one in recoded]
    found = largest_of(op, values, grid, assembly)
    if not is_least:
        return found
    return _recoded(op, replace(found, tensor=NOWHERE), assembly, None, is_turned=True)


def _met(op: Operator, value: Value, assembly: Assembly, ahead: Ahead) -> Value:
    """The value on the grid of the quantizer behind, if it is of sums that none has quantized before."""
    if value.grid is not None or value.origin is None:
        return value
    return replace(ahead.codes_of(op, value, None, assembly), tensor=NOWHERE, codes_at=None)


def largest_of(op: Operator, values: list[Value], grid: Grid, assembly: Assembly) -> Value:
    """The largest of codes on one grid, of planes that are made to fit one another."""
    if len({value.is_flat for value in values}) > 1 or any(value.last for value in values):
        op.refuse("it must compare tensors of as many axes, flattened with their channels first")
    planes = tuple(value.plane for value in values)
    places = np.stack(broadcast(op, planes), axis=-1)
    index = places.reshape(*places.shape[:2], -1)  # c h (w operand)
    name = unique(name_sum(op), set(assembly.nodes))
    node = CodeMove(name, planes, index, grid.number_format, grid.scale)
    real = Affine(np.array([grid.scale]), np.array([-grid.zero_point * grid.scale]))
    side_by_side = on_codes(grid, assembly.add_integers(op, node, values, real))
    window = (1, len(values))
    return side_by_side.pooled(op, MaxPool(window, window))


def _recoded(
    op: Operator, value: Value, assembly: Assembly, ahead: Ahead | None, *, is_turned: bool
) -> Value:
    """The value by a table of its codes: on the grid of a quantizer, and counted downwards if turned."""
    before = value.grid
    assert before is not None, "seen before"  # noqa: S101
    codes, grid = before.number_format, before if ahead is None else ahead.grid
    steps = np.arange(codes.min_code, codes.max_code + 1) - before.zero_point
    if ahead is not None:
        steps = ahead.steps((steps * before.scale).astype(np.float32))
    table = (grid.low + grid.high - steps if is_turned else steps).astype(np.int32)
    name, unit = unique(name_sum(op), set(assembly.nodes)), grid.scale / before.scale
    node = CodeTable(name, (value.plane,), table, codes, before.scale, unit)
    real = Affine(np.array([grid.scale]), np.zeros(1))
    return on_codes(grid, assembly.add_integers(op, node, [value], real))
