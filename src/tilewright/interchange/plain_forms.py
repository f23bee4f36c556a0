"""Operations that are others written in another way: sums of many, equations, estimators of gradients."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tilewright.interchange.folding import FOLDED
from tilewright.interchange.onnx_graph import Array, Graph, Operator

LINEAR_EQUATION = re.compile(r"^(\.\.\.|[a-z]*)([a-z]),([a-z])([a-z])->\1([a-z])$")
"""Of an Einsum of the last axis and a weight ``ic oc`` or ``oc ic``."""


def in_plain_forms(op: Operator, constants: dict[str, Array]) -> Iterator[Operator]:
    """What an operation is, in those that are read; constants of these are added to `constants`."""
    if op.kind == "Einsum":
        yield from _as_matmul(op)
    elif op.kind in ("Sum", "Mean") and not op.domain:
        yield from _added(op, constants)
    else:
        yield op


def without_estimators(ops: Sequence[Operator]) -> Iterator[Operator]:
    """Operations, where x + (q - x) is q: what a straight-through estimator leaves in a file."""
    makers = {name: op for op in ops for name in op.outputs}
    for op in ops:
        pairs = zip(op.inputs, op.inputs[::-1], strict=True) if op.kind == "Add" else ()
        steps = [(makers.get(step), value) for step, value in pairs]
        kept = [
            step.inputs[0]
            for step, value in steps
            if step is not None and step.kind == "Sub" and step.inputs[1] == value
        ]
        if op.domain or not kept:
            yield op
        else:
            yield replace(op, kind="Identity", inputs=(kept[0],))


def constants_first(graph: Graph) -> Graph:
    """The graph with what it computes of constants alone before all else: the scale of a quantizer is then
    known to what stands before that.
    """
    known, first, others = {*graph.constants}, list[Operator](), list[Operator]()
    for op in graph.ops:
        is_constant = (
            op.kind in FOLDED and op.inputs and all(one in known for one in op.inputs if one)
        )
        (first if is_constant else others).append(op)
        known.update(op.outputs if is_constant else ())
    return replace(graph, ops=(*first, *others))


def _as_matmul(op: Operator) -> Iterator[Operator]:
    """An Einsum as the MatMul that it is, if it is one."""
    found = LINEAR_EQUATION.match(str(op.attributes.get("equation", "")).replace(" ", ""))
    last, *axes = found.groups()[1:] if found else ("", "", "", "")
    plain = replace(op, kind="MatMul", attributes={}, written_as="Einsum")
    if found and axes == [last, axes[1], axes[1]]:
        yield plain
    elif found and axes == [axes[0], last, axes[0]]:
        turned = f"{op.output}.turned"
        yield replace(
            plain,
            kind="Transpose",
            inputs=op.inputs[1:],
            outputs=(turned,),
            attributes={"perm": [1, 0]},
        )
        yield replace(plain, inputs=(op.inputs[0], turned))
    else:
        yield op


def _added(op: Operator, constants: dict[str, Array]) -> Iterator[Operator]:
    """The sum or the mean of tensors, one added after the other."""
    (total, *others), is_mean = op.inputs, op.kind == "Mean"
    ends = [f"{op.output}.sum{number}" for number in range(len(others))]
    if others and not is_mean:
        ends[-1] = op.output
    for other, end in zip(others, ends, strict=True):
        yield replace(op, kind="Add", inputs=(total, other), outputs=(end,), written_as=op.kind)
        total = end
    if is_mean:
        share = f"{op.output}.share"
        constants[share] = np.array(1 / (len(others) + 1), np.float32)
        yield replace(op, kind="Mul", inputs=(total, share), written_as=op.kind)
    elif not others:
        yield replace(op, kind="Identity", written_as=op.kind)
