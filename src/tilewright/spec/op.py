"""Ops: the kinds of nodes, and the interface that network files, engine and export need of each.

A new op is a node (a frozen dataclass with the properties of `Node`), an `Op` added to `OPS` under its
name, and its reference added to `tilewright.verify.REFERENCES`. What an op does not say is refused by name
where it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.registry import Registry
from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.node import Node

Facts = dict[str, Any]
Array = npt.NDArray[Any]
Arrays = dict[str, Array]
Sizes = tuple[int | str, ...]

Operation = Callable[..., Array]
"""Codes ``n ih iw ic`` of each operand to sums ``n oh ow oc``."""


class Writer(Protocol):
    """A graph of ONNX in the making; its methods return the name of the tensor that they add."""

    def constant(self, name: str, values: Array) -> str:
        """Add a constant, or find the one of that name again."""

    def node(
        self,
        kind: str,
        inputs: tuple[str, ...],
        output: str,
        *,
        dtype: int,
        shape: Sizes,
        **rest: Any,
    ) -> str:
        """Add a node of one output; `rest` are its attributes and its domain."""

    def dtype(self, name: str) -> int:
        """ONNX's number of a numpy type of numbers."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The tensor of a node's sums in a graph: its name and sizes.

    is_flat: it and the codes are ``n c``, not ``n c h w``.
    """

    name: str
    sizes: Sizes
    is_flat: bool


WriteWeight = Callable[[IntegerLayer], str]
"""Adds the real values of a layer's weight to a graph, as its dialect has them."""


class Op:
    """The interface of a kind of node. This base refuses every operation that an op does not define.

    name: that of `OPS`, in network files too. noun: class of the nodes.
    """

    name: str
    noun: type[Any]

    def describe(self, node: Any) -> Facts:
        """Facts of a node beyond those that every node has, as JSON."""
        return {}

    def arrays(self, node: Any) -> Arrays:
        """Arrays of a node beyond its thresholds, by the names of its fields."""
        return {}

    def values(self, facts: Mapping[str, Any], arrays: Arrays) -> Facts:
        """Values of the fields, from the node's facts and arrays; lists of JSON are tuples already."""
        return {**facts, **arrays}

    def operation(self, node: Any) -> Operation | None:
        """How an engine computes the sums, in int32; None for layers, which it convolves itself."""
        self._refuse(node, "operation for the engine")

    def onnx_sums(self, node: Any, codes: tuple[str, ...], sums: Sums, writer: Writer) -> str:
        """Add integer operators that make int32 sums of codes; returns the tensor's name."""
        self._refuse(node, "integer operator in ONNX")

    def onnx_values(
        self, node: Any, acts: tuple[str, ...], sums: Sums, writer: Writer, weight: WriteWeight
    ) -> str:
        """Add float operators that make the sums' real values of the codes' ones; returns their name."""
        self._refuse(node, "float operator in ONNX")

    def onnx_step(self, node: Any, act_step: float, *, is_unit: bool) -> npt.NDArray[np.float64]:
        """The value of a step of the sum in a graph of floats, ``(1,)`` or ``(c,)``.

        act_step: what a step of the codes is there. is_unit: weights have steps of 1 there.
        """
        step: npt.NDArray[np.float64] = act_step * node.sum_scale
        return step

    def terms(self, node: Any) -> tuple[int, int]:
        """The number of terms of a sum, and the largest sum of their absolute values."""
        low, high = node.sum_range()
        return node.operands, max(-low, high)

    def _refuse(self, node: Node, what: str) -> NoReturn:
        raise FormatError(f"{node.name}: op {self.name} has no {what}")


OPS: Registry[Op] = Registry(
    "op",
    ours={
        "layer": "tilewright.ops.layer:OP",
        "add": "tilewright.ops.add:OP",
        "pool": "tilewright.ops.pool:OP",
        "move": "tilewright.ops.move:OP",
        "product": "tilewright.ops.product:OP",
        "table": "tilewright.ops.table:OP",
        "matmul": "tilewright.ops.matmul:OP",
        "softmax": "tilewright.ops.softmax:OP",
        "norm": "tilewright.ops.norm:OP",
    },
)


def op_of(node: Node) -> Op:
    """The op of a node; raises `FormatError` if its class is registered as none."""
    for op in OPS:
        if type(node) is op.noun:
            return op
    raise FormatError(
        f"{node.name}: a {type(node).__name__} must be the node of an op, but those are "
        f"{', '.join(OPS.names())}: add its op to tilewright.spec.OPS"
    )
