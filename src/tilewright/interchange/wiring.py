"""The parts of a foreign graph put together: links, the grid of the input, and what is left out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from tilewright.interchange.hindrances import UnlikeInputsError
from tilewright.interchange.onnx_graph import Graph, Operator
from tilewright.interchange.source import InputGrid
from tilewright.interchange.values import Affine, Value
from tilewright.spec import Node, Requantization, port_name
from tilewright.spec.step_search import Steps, find_steps


@dataclass(frozen=True, slots=True, eq=False)
class FoundLink:
    """A value that a node reads as an operand."""

    value: Value
    consumer: str
    operand: int


def requantize(node: Node, link: FoundLink, found: dict[str, Steps]) -> Requantization:
    """The thresholds of a link from `node`; the steps go into `found`."""
    value = link.value
    assert value.grid is not None, "every operand is quantized"  # noqa: S101
    codes, port = value.grid.number_format, port_name(link.consumer, link.operand)
    steps = find_steps(
        value.codes,
        channels=node.output_shape[0],
        levels=codes.max_code - codes.min_code,
        bound=node.sum_bound(),
        rounds=value.rounds,
        name=f"from {node.name} to {port}",
        slack=value.slack,
    )
    found[port] = steps
    return Requantization(
        steps.thresholds,
        steps.direction,
        link.consumer,
        value.pools,
        value.is_flattened,
        codes.min_code,
        link.operand,
    )


def input_values(graph: Graph) -> dict[str, Value]:
    """The graph's inputs as values, by name."""
    found = {}
    for one in graph.inputs:
        sizes = graph.plane if one.name == graph.input and graph.plane else one.sizes
        plane = (int(np.prod(sizes)), 1, 1) if len(sizes) < 3 else (sizes[0], sizes[1], sizes[2])
        found[one.name] = Value(one.name, None, plane, len(sizes) < 3, input=one.name)
    return found


def input_grid(inputs: dict[str, Value]) -> InputGrid:
    """The grid on which all nodes read the input."""
    (first, value), *others = inputs.items()
    for name, other in others:
        if (other.grid, other.layout, other.plane) != (value.grid, value.layout, value.plane):
            raise UnlikeInputsError(
                f"{first} and {name} must read the input with the same scale and format, and laid out "
                "alike"
            )
    return grid_of(value)


def grid_of(value: Value) -> InputGrid:
    """How the file quantizes an input that a value is."""
    assert value.grid is not None, "a node reads codes"  # noqa: S101
    real = Affine(np.ones(1), np.zeros(1))
    for step in value.steps:
        if isinstance(step.apply, Affine):
            gain, offset = step.apply.gain.mean(), step.apply.offset.mean()
            real = Affine(real.gain * gain, real.offset * gain + offset)
    return InputGrid(value.grid, real)


def input_notes(inputs: dict[str, Value]) -> tuple[str, ...]:
    """Notes on what lies between the file's input and the network's."""
    notes: dict[str, None] = {}
    readers = Counter(one.input for one in inputs.values())
    for value in {one.input: one for one in reversed(inputs.values())}.values():
        if value.layout and readers[value.input] == 1:
            notes[f"the network's input is the file's, {', then '.join(value.layout)}"] = None
        steps = list(value.steps)
        while steps and _is_scaling(steps[-1].apply):  # of codes
            steps.pop()
        if value.pools or any(not _is_scaling(step.apply) for step in steps[:-1]):
            text = f"what comes before the quantizer of the input, {value.tensor}, is not in the integers"
            notes[text] = None
    return tuple(notes)


def _is_scaling(step: object) -> bool:
    return isinstance(step, Affine) and step.gain.size == step.offset.size == 1


def output_notes(output: Value, *, has_bias: bool) -> tuple[str, ...]:
    """Notes on the part of the output that the sums of the last node do not contain.

    has_bias: what the value adds to the sums is not in them.
    """
    notes = []
    real, *more = output.steps
    if has_bias and isinstance(real.apply, Affine) and real.apply.offset.any():
        shift, gain = real.apply.offset, real.apply.gain
        is_same = len(np.unique(shift)) == len(np.unique(gain)) == 1  # in all channels
        order = "" if is_same else ", and the largest psum need not be the largest output"
        notes.append(
            f"{output.origin}: its bias is not in the integers: the outputs are psum * scale + bias{order}"
        )
    if more or output.pools:
        notes.append(f"what follows {output.origin} is not in the integers")
    return tuple(notes)


def name_sum(op: Operator) -> str:
    """What an addition or a pool is called: the module that it is in, or the operation."""
    path = re.sub(r"\.output(:\w+)?$", "", op.name).strip("/").split("/")
    return op.scope or ".".join(path[:-1] or path) or op.output
