"""The QONNX dialect: Quant nodes, and MultiThreshold for the step from sums to codes."""

from __future__ import annotations

import numpy as np

from tilewright.errors import FormatError
from tilewright.interchange.float_graph import Floats32
from tilewright.interchange.graph_writer import FLOAT, QONNX_DOMAIN, GraphWriter, Shape
from tilewright.interchange.plan import LinkPlan
from tilewright.spec import IntegerLayer, NumberFormat

ROUNDING = "ROUND"
"""QONNX's name for half to even."""


class Qonnx:
    """QONNX 1.0: each Quant node states signed, narrow and rounding_mode, and has its scale."""

    name = "qonnx"

    def act(
        self,
        writer: GraphWriter,
        port: str,
        value: str,
        grid: tuple[NumberFormat, str],
        shape: Shape,
    ) -> str:
        """A Quant node on activations."""
        return _quant(writer, (value, grid[1]), grid[0], f"{port}.act", shape)

    def weight(self, writer: GraphWriter, layer: IntegerLayer, scale: Floats32, axis: int) -> str:
        """A Quant node on the weight's real values, which lie on its grid already."""
        if layer.weight_format.bits < 2:
            raise FormatError(
                f"layer {layer.name}: 1-bit weights are -1 and +1 in QONNX, not {layer.weight_format}: "
                "use at least 2 bits"
            )
        codes = layer.weight[:, :, 0, 0].T if axis else layer.weight
        step = scale.reshape((1, -1) if axis else (-1, 1, 1, 1))
        values = writer.constant(f"{layer.name}.weight_values", codes * step)
        steps = writer.constant(f"{layer.name}.weight_scale", step)
        name = f"{layer.name}.weight"
        return _quant(writer, (values, steps), layer.weight_format, name, codes.shape)

    def count(
        self,
        writer: GraphWriter,
        plan: LinkPlan,
        value: str,
        thresholds: Floats32,
        scale: float,
        shape: Shape,
    ) -> str:
        """A MultiThreshold node."""
        codes = plan.consumer.act_format
        levels = writer.constant(f"{plan.link.port}.thresholds", thresholds)
        return writer.node(
            "MultiThreshold",
            (value, levels),
            f"{plan.link.port}.stepped",
            dtype=FLOAT,
            shape=shape,
            domain=QONNX_DOMAIN,
            out_dtype=f"{'INT' if codes.is_signed else 'UINT'}{codes.bits}",
            out_scale=scale,
            out_bias=plan.link.min_code * scale,
            data_layout="NC" if plan.is_flat else "NCHW",
        )


def _quant(
    writer: GraphWriter,
    value_and_scale: tuple[str, str],
    number_format: NumberFormat,
    output: str,
    shape: Shape,
) -> str:
    width = number_format.bits
    zero = writer.constant("zero_point", np.array(0, np.float32))
    bits = writer.constant(f"bits_{width}", np.array(width, np.float32))
    return writer.node(
        "Quant",
        (*value_and_scale, zero, bits),
        output,
        dtype=FLOAT,
        shape=shape,
        domain=QONNX_DOMAIN,
        signed=int(number_format.is_signed),
        narrow=int(number_format.is_narrow),
        rounding_mode=ROUNDING,
    )
