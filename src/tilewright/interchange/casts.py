"""Casts of a foreign graph: to floats, and to integers, as quantizers that are spelled out have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import TensorProto
from onnx.helper import tensor_dtype_to_np_dtype as kind_of

from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.reach import INTEGERS, Reach, reach_of
from tilewright.interchange.values import Step, Value


def is_to_integers(op: Operator) -> bool:
    """Whether an operation is a Cast to integers."""
    return op.kind == "Cast" and op.attributes.get("to") in INTEGERS


def is_float(op: Operator) -> bool:
    """Whether an operation, if it is a Cast, makes floats."""
    kinds = (TensorProto.FLOAT, TensorProto.DOUBLE)
    return op.kind != "Cast" or op.attributes.get("to") in kinds


def read_cast(op: Operator, value: Value, constants: dict[str, Array]) -> Value:  # noqa: ARG001
    """Cast: to floats, it changes nothing that matters; to integers, it cuts off, which whole numbers do not
    notice.
    """
    if is_float(op):
        return replace(value.renamed(op), reach=replace(value.reach, is_integer=False))
    kind = op.attributes.get("to", 0)
    if kind not in INTEGERS:
        op.refuse("it must make floats or integers of its input")
    held, reach, grid = np.iinfo(kind_of(int(kind))), value.reach, value.grid
    if grid is not None and grid.scale == 1:
        reach = Reach(grid.low, grid.high, is_whole=True)
    elif value.by_code is not None:
        reach = reach_of(value.by_code.values)
    if not held.min <= reach.low <= reach.high <= held.max:
        op.refuse(
            "it must follow a Clip to numbers that its type holds: others are not cut off alike"
        )
    if reach.is_whole:
        whole = replace(reach, is_integer=True, most=float(held.max))
        return replace(value.renamed(op), reach=whole)
    return value.through(op, Step(np.trunc, is_exact=True))


def codes_as_values(op: Operator, value: Value, grid: Grid) -> Value:
    """Codes as the numbers that they are, which layers of integers read; refuses other types than floats."""
    if not is_float(op):
        op.refuse("it must make floats of its codes")
    number = Step(lambda values: np.rint(values / grid.scale) + grid.zero_point, is_exact=True)
    after = value.on_grid(op, Grid(grid.number_format, 1.0), replace(number, is_of_codes=True))
    return of_input(value, after, value.tensor)


def of_input(value: Value, after: Value, codes_at: str) -> Value:
    """`after`, a step behind the codes `value`: one quantizer with it, where they are those of the input."""
    if value.origin is None and value.steps:
        step = after.steps[-1]
        after = replace(after, steps=(*value.steps[:-1], value.steps[-1].then(step)))
    return replace(after, codes_at=codes_at)
