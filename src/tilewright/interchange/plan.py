"""A network as an exporter walks it: each node with the sizes and names of its tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tilewright.errors import FormatError
from tilewright.interchange.graph_writer import FLOAT, GraphWriter, Shape, onnx_dtype
from tilewright.spec import (
    IntegerNetwork,
    Ints,
    Node,
    Requantization,
    SumPool,
    port_name,
)

Batch = int | str
PIXELS = "pixels"
"""Name of a written graph's input."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkPlan:
    """From a node's sums to one port of a consumer. `is_flat`: the sums are ``n c``, not ``n c h w``."""

    source: Node
    consumer: Node
    link: Requantization
    is_flat: bool

    def thresholds(self) -> Ints:
        """Thresholds ``c level``, moved to within one step of what the node's sums can reach.

        A threshold beyond that bound is never or always reached, wherever beyond it lies.
        """
        bound = self.source.sum_bound()
        return np.clip(self.link.thresholds, -bound, bound + 1)

    def direction(self, sign: Ints | int = 1) -> Ints | None:
        """Direction of each channel, to broadcast; None where no larger value is a smaller code.

        sign: of what a file has for one step of the sums, one or by channel.
        """
        direction: Ints = self.link.direction * sign
        if (direction > 0).all():
            return None
        return direction.reshape(1, -1, *(1,) * (0 if self.is_flat else 2))

    def levels_shape(self) -> tuple[int, ...]:
        """Sizes in which thresholds ``c level`` broadcast to sums with an axis of size 1 at their end."""
        channels, levels = self.link.thresholds.shape
        return (1, channels, *(1,) * (0 if self.is_flat else 2), levels)


@dataclass(frozen=True, slots=True, eq=False)
class NodePlan:
    """A node, the links that leave it, and whether its tensors are ``n c`` or ``n c h w``."""

    node: Node
    links: tuple[LinkPlan, ...]
    is_flat: bool

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the node's inputs."""
        return tuple(port_name(self.node.name, i) for i in range(self.node.operands))

    def input_shape(self, batch: Batch) -> Shape:
        """Sizes of each operand."""
        return self._sizes(batch, self.node.input_shape)

    def sum_shape(self, batch: Batch) -> Shape:
        """Sizes of the sums."""
        return self._sizes(batch, self.node.output_shape)

    def _sizes(self, batch: Batch, plane: tuple[int, int, int]) -> Shape:
        return (batch, plane[0]) if self.is_flat else (batch, *plane)


def plan_graph(network: IntegerNetwork) -> tuple[NodePlan, ...]:
    """The nodes in order. Raises `ShapeError` if the network does not run from input to output."""
    network.require_whole()
    flat: set[str] = set()
    plans = []
    for node in network.nodes:
        is_flat = node.name in flat
        hands_on = isinstance(node, SumPool) and node.area == 1
        if is_flat and not node.is_on_array and not hands_on:
            raise FormatError(
                f"{node.name}: only a linear layer can follow a flatten in these formats"
            )
        links = tuple(
            LinkPlan(node, network.node(link.consumer), link, is_flat)
            for link in node.requantizations
        )
        flat |= {link.consumer for link in node.requantizations if is_flat or link.is_flattened}
        plans.append(NodePlan(node, links, is_flat))
    return tuple(plans)


def write_planes(
    writer: GraphWriter, plan: LinkPlan, codes: str, *, batch: Batch, dtype: int
) -> str:
    """Add the pools and the flatten between a node and a consumer, on codes or on their values.

    Padding never wins: of floats it is ONNX's own, the lowest number; codes are padded with the lowest
    code, since not every engine pads a max-pool of integers rightly.
    """
    channels, *size = plan.source.output_shape
    for number, pool in enumerate(plan.link.pools):
        name, pads = f"{plan.link.port}.pooled{number or ''}", [*pool.padding, *pool.padding]
        if dtype != FLOAT and any(pads):
            size = [edge + 2 * pad for edge, pad in zip(size, pool.padding, strict=True)]
            padded = (batch, channels, *size)
            codes = _write_padding(writer, plan, codes, pool.padding, f"{name}.padded", padded)
            pool, pads = replace(pool, padding=(0, 0)), [0, 0, 0, 0]
        size = list(pool.output_size(*size))
        codes = writer.node(
            "MaxPool",
            (codes,),
            name,
            dtype=dtype,
            shape=(batch, channels, *size),
            kernel_shape=list(pool.kernel),
            strides=list(pool.stride),
            pads=pads,
        )
    if not plan.link.is_flattened or plan.is_flat:
        return codes
    sizes = (batch, channels * math.prod(size))
    return writer.node(
        "Flatten", (codes,), f"{plan.link.port}.flat", dtype=dtype, shape=sizes, axis=1
    )


def _write_padding(
    writer: GraphWriter,
    plan: LinkPlan,
    codes: str,
    padding: tuple[int, int],
    output: str,
    shape: Shape,
) -> str:
    """Add a border of the lowest code."""
    widths = np.array([0, 0, *padding] * 2, np.int64)
    lowest = np.array(plan.link.min_code, plan.link.dtype)
    constants = writer.constant(f"{output}.pads", widths), writer.constant(f"{output}.code", lowest)
    dtype = onnx_dtype(plan.link.dtype)
    return writer.node("Pad", (codes, *constants), output, dtype=dtype, shape=shape)
