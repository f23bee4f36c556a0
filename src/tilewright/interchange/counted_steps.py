"""How many thresholds a number reaches, as files of comparisons count them: a sum over one more axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.reach import Reach
from tilewright.interchange.values import Step, Value
from tilewright.spec.step_search import Floats

COUNT = "CountOfThresholds"
"""What such operations are together; its inputs: the numbers, and the thresholds ``channels levels``."""
REACHED = {"GreaterOrEqual": np.greater_equal, "Greater": np.greater}
CHANNELS = {True: -2, False: -4}
"""The axis of the channels among those of thresholds, of flat tensors or of planes."""


def as_counts(
    ops: Sequence[Operator], outputs: Sequence[str], constants: Mapping[str, Array]
) -> Iterator[Operator]:
    """The operations, with the last one of each such chain in place of all four.

    The chain is Unsqueeze, a comparison with constants, Cast, and ReduceSum over the axis put in.
    """
    makers = {name: op for op in ops for name in op.outputs}
    read = Counter(name for op in ops for name in op.inputs) + Counter(outputs)
    found = {op.output: _count(op, makers, read, constants) for op in ops if op.kind == "ReduceSum"}
    inside = {name for one in found.values() if one is not None for name in one[1]}
    for op in ops:
        made = found.get(op.output) if op.outputs else None
        if op.outputs and op.output not in inside:
            yield op if made is None else made[0]


def _count(
    total: Operator,
    makers: Mapping[str, Operator],
    read: Mapping[str, int],
    constants: Mapping[str, Array],
) -> tuple[Operator, tuple[str, ...]] | None:
    """The count that a sum ends, and the tensors between; None if it is none."""
    chain: list[Operator] = []
    for kinds in (("Cast",), tuple(REACHED), ("Unsqueeze",)):
        name = (chain[-1] if chain else total).inputs[0]
        maker = makers.get(name)
        if maker is None or maker.kind not in kinds or read[name] != 1:
            return None
        chain.append(maker)
    cast, compared, column = chain
    levels = constants.get(compared.inputs[1])
    if levels is None or levels.ndim < 1 or total.number("keepdims", 1):
        return None
    if not all(_is_last(op, constants, levels.ndim) for op in (total, column)):
        return None
    attributes = {"compared": compared.kind}
    inputs = (column.inputs[0], compared.inputs[1])
    made = replace(total, kind=COUNT, inputs=inputs, attributes=attributes)
    return made, (cast.output, compared.output, column.output)


def _is_last(op: Operator, constants: Mapping[str, Array], rank: int) -> bool:
    """Whether an operation is along the last of so many axes."""
    axes = op.attributes.get("axes")
    if axes is None and len(op.inputs) > 1:
        axes = constants.get(op.inputs[1])
    return axes is not None and [int(axis) for axis in np.reshape(axes, -1)] in ([-1], [rank - 1])


def read_count(op: Operator, value: Value, constants: dict[str, Array]) -> Value:
    """The counts as codes from 0 on."""
    levels = constants[op.inputs[1]].astype(np.float64)
    channels, number = value.plane[0], levels.shape[-1]
    axis = CHANNELS[value.is_flat]
    is_by_channel = levels.ndim >= -axis and levels.shape[axis] == channels
    if levels.size not in (number, number * channels if is_by_channel else number):
        op.refuse(
            f"its thresholds must be (levels), or have an axis of {channels} channels before them, not "
            f"{levels.shape}"
        )
    if value.is_flattened and levels.size != number:
        op.refuse("after a flatten, thresholds per channel are not supported: put them before")
    if not 1 <= number <= 255:
        op.refuse(f"it must count 1 to 255 thresholds, not {number}: codes have at most 8 bits")
    steps, reached = levels.reshape(-1, number), REACHED[op.attributes["compared"]]

    def apply(values: Floats) -> Floats:
        counts: Floats = reached(values[..., None], steps).sum(axis=-1).astype(np.float64)
        return counts

    reach = Reach(0.0, float(number), is_whole=True)
    grid = reach.grid()
    assert isinstance(grid, Grid), "so few whole numbers are codes"  # noqa: S101
    return value.on_grid(op, grid, Step(apply, is_exact=True))
