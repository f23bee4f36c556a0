"""A network as a graph of floats on grids, the form that QONNX and QCDQ share.

Nodes read values ``code * scale``. A threshold t on a sum becomes a threshold on the real value, half
a step of the sum below: ``value >= (t - 1/2) * step``. A sum is an integer, so its value lies half a
step from every such threshold, and float rounding changes no code while its error stays below half a
step (`worst_error`). With unit scales the values are the codes and sums themselves, and float32 holds
them exactly.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnx

from tilewright.errors import FormatError
from tilewright.interchange.graph_writer import FLOAT, GraphWriter, Shape
from tilewright.interchange.plan import (
    PIXELS,
    Batch,
    LinkPlan,
    NodePlan,
    plan_graph,
    write_planes,
)
from tilewright.interchange.tensors import output_scales, sum_step
from tilewright.spec import IntegerLayer, IntegerNetwork, Node, NumberFormat, op_of
from tilewright.spec.op import Sums

HALF_STEPS_EXACT = 1 << 22
"""Up to this sum, float32 holds the sum and half a step beside it exactly, with room to spare."""

FLOAT32_ROUNDING = 2.0**-24

Floats32 = npt.NDArray[np.float32]


class Dialect(Protocol):
    """How a dialect of ONNX quantizes, and how it counts thresholds."""

    name: str

    def act(
        self,
        writer: GraphWriter,
        port: str,
        value: str,
        grid: tuple[NumberFormat, str],
        shape: Shape,
    ) -> str:
        """Put the values at a port on the grid of its format and the constant that holds its scale."""

    def weight(self, writer: GraphWriter, layer: IntegerLayer, scale: Floats32, axis: int) -> str:
        """The weight's real values; `axis` is that of the output channels: 0 in ``oc ic kh kw``, 1 in
        ``ic oc``, which is how a linear layer holds it.
        """

    def count(
        self,
        writer: GraphWriter,
        plan: LinkPlan,
        value: str,
        thresholds: Floats32,
        scale: float,
        shape: Shape,
    ) -> str:
        """The codes, times `scale`: the lowest code and the number of thresholds that `value` reaches."""


class FloatGraph:
    """Writes a network in a dialect; `is_unit`: with scales of 1."""

    def __init__(self, dialect: Dialect, *, batch: Batch, is_unit: bool) -> None:
        self._dialect, self._batch, self._is_unit = dialect, batch, is_unit
        self._writer = GraphWriter()

    def write(self, network: IntegerNetwork) -> onnx.ModelProto:
        """Pixels (float, 0..255) in, real outputs of the last node out.

        Raises `FormatError` where a sum is too large for float32, `ShapeError` if the network is not
        whole.
        """
        values: dict[str, str] = {}
        for plan in plan_graph(network):
            _check_width(plan.node)
            if plan.node.name in network.inputs:
                values |= dict.fromkeys(plan.ports, self._pixels(plan))
            output = self._sums(plan, values)
            for link in plan.links:
                values[link.link.port] = self._step(link, plan, output)
        facts = {"output": "real values; divided by output_scale, integers"}
        facts |= output_scales(network, is_unit=self._is_unit)
        outputs = [f"{name}.output" for name in network.outputs]
        return self._writer.model(self._dialect.name, inputs=[PIXELS], outputs=outputs, facts=facts)

    def _pixels(self, plan: NodePlan) -> str:
        shape = plan.input_shape(self._batch)
        pixels = self._writer.input(PIXELS, FLOAT, shape)
        if self._is_unit:
            return pixels
        image = f"{plan.node.name}.image"
        return self._writer.node(
            "Mul", (pixels, self._act_scale(plan.node)), image, dtype=FLOAT, shape=shape
        )

    def _sums(self, plan: NodePlan, values: dict[str, str]) -> str:
        """Quantize the operands, and make the sums' real values of them."""
        node, shape = plan.node, plan.input_shape(self._batch)
        grid = node.act_format, self._act_scale(node)
        acts = [
            self._dialect.act(self._writer, port, values[port], grid, shape) for port in plan.ports
        ]
        sums = Sums(f"{node.name}.output", plan.sum_shape(self._batch), plan.is_flat)

        def weight(layer: IntegerLayer) -> str:
            one = np.ones(1, np.float32)
            scale = one if self._is_unit else layer.weight_scale.astype(np.float32)
            return self._dialect.weight(self._writer, layer, scale, int(plan.is_flat))

        return op_of(node).onnx_values(node, tuple(acts), sums, self._writer, weight)

    def _step(self, plan: LinkPlan, source: NodePlan, value: str) -> str:
        """Count thresholds, then pool and flatten; the result is real, in the consumer's scale."""
        port, shape = plan.link.port, source.sum_shape(self._batch)
        step = sum_step(plan.source, is_unit=self._is_unit)
        direction = plan.direction(np.sign(step).astype(np.int64))  # scales may be negative
        if direction is not None:
            factor = self._writer.constant(f"{port}.direction", direction.astype(np.float32))
            value = self._writer.node(
                "Mul", (value, factor), f"{port}.oriented", dtype=FLOAT, shape=shape
            )
        thresholds = ((plan.thresholds() - 0.5) * np.abs(step)[:, None]).astype(np.float32)
        scale = 1.0 if self._is_unit else float(np.float32(plan.consumer.act_scale))
        value = self._dialect.count(self._writer, plan, value, thresholds, scale, shape)
        return write_planes(self._writer, plan, value, batch=self._batch, dtype=FLOAT)

    def _act_scale(self, node: Node) -> str:
        scale = np.array(1.0 if self._is_unit else node.act_scale, np.float32)
        return self._writer.constant(f"{node.name}.act_scale", scale)


def worst_error(node: Node) -> float:
    """Bound on the float32 error of a node's values, in steps of its sum, whatever the order of summation.

    Each term has at most three roundings, a sum of K terms K - 1 more, and the comparison with a
    rounded threshold three (Higham, Accuracy and Stability of Numerical Algorithms, ch. 3).
    """
    terms, largest = op_of(node).terms(node)
    error = (terms + 5) * FLOAT32_ROUNDING
    return error / (1 - error) * largest


def _check_width(node: Node) -> None:
    low, high = node.sum_range()
    if max(-low, high) >= HALF_STEPS_EXACT:
        raise FormatError(
            f"{node.name}: sums must stay below {HALF_STEPS_EXACT} to be exact in float32, but reach "
            f"{low}..{high}: use --format onnx, which computes with integers"
        )
