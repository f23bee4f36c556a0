"""Operations of several tensors that follow, number by number, from the same codes or the same sums.

``x * sigmoid(x)`` is a function of x, whether x is codes or the sums of a layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.of_codes import on_codes_of
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.values import ByCode, Step, Value
from tilewright.spec.step_search import Floats

Constants = dict[str, Array]
COMPARISONS: dict[str, Callable[..., Any]] = {
    "Greater": lambda a, b: np.greater(a, b).astype(np.float64),
    "GreaterOrEqual": lambda a, b: np.greater_equal(a, b).astype(np.float64),
    "Less": lambda a, b: np.less(a, b).astype(np.float64),
    "LessOrEqual": lambda a, b: np.less_equal(a, b).astype(np.float64),
    "Where": lambda chosen, a, b: np.where(chosen != 0, a, b),
}
"""Operations that are read of such tensors alone, or of one and constants."""

TOGETHER: dict[str, Callable[..., Any]] = {
    **COMPARISONS,
    "Add": np.add,
    "Div": np.divide,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Sub": np.subtract,
}

RISING_TOGETHER = ("Add", "Max", "Min")
"""Those that rise with what rises."""


def read_together(
    op: Operator, values: list[Value], constants: Constants, assembly: Assembly, *, opset: int
) -> Value | None:
    """The value of an operation as a function of what all that it reads follow from; None if that differs."""
    if op.kind not in TOGETHER or any(one.is_code or one.by_channel for one in values):
        return None
    if any(one.by_code for one in values):
        values = [assembly.enter(one) if one.origin is None and one.grid else one for one in values]
    first, *others = values
    if op.kind not in COMPARISONS and (not others or all(one.grid is not None for one in values)):
        return None  # the kernels of codes, and constants
    if any(_place(one) != _place(first) for one in others) or not _are_as_placed(values):
        return None
    if all(one.follows_codes for one in values) and _are_of_one(values):
        return on_codes_of(op, first, constants, assembly, opset=opset, others=tuple(others))
    if first.origin is None and first.grid is not None:
        return None
    return _of_sums(op, values, constants)


def _place(value: Value) -> tuple[object, ...]:
    """From what a value follows, and what has been done to the plane of that."""
    return value.origin, value.input, value.plane, value.pools, value.is_flat, value.is_flattened


def _are_as_placed(values: list[Value]) -> bool:
    first = values[0].places
    return all(
        one.places is first
        or (one.places is not None and first is not None and np.array_equal(one.places, first))
        for one in values
    )


def _are_of_one(values: list[Value]) -> bool:
    """Whether values are those of the same codes."""
    sources = [ByCode.of(one).source for one in values]
    return len({(one.codes_at or one.tensor, one.grid) for one in sources}) == 1 or all(
        one is sources[0] for one in sources
    )


def _of_sums(op: Operator, values: list[Value], constants: Constants) -> Value:
    """The value as a step from the last one that all have in common, of sums or of the network's input."""
    first = values[0]
    alike = 0
    while all(len(one.steps) > alike and one.steps[alike] is first.steps[alike] for one in values):
        alike += 1
    found = {one.tensor: one.steps[alike:] for one in values}
    known = {}
    for name in op.inputs:
        if name not in found:
            if name not in constants:
                op.refuse(f"its input {name} must follow from what the others follow from")
            known[name] = first.channels(op, constants[name])

    def apply(sums: Floats) -> Floats:
        operands = []
        for name in op.inputs:
            made = sums if name in found else known[name]
            for step in found.get(name, ()):
                made = step.apply(made)
            operands.append(made)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            result: Floats = TOGETHER[op.kind](*operands)
        return result

    rests = [step for steps in found.values() for step in steps]
    turns = op.kind not in RISING_TOGETHER or any(step.turns or step.falls for step in rests)
    before = replace(first, steps=first.steps[:alike], slack=max(one.slack for one in values))
    return before.through(op, Step(apply, turns=turns))
