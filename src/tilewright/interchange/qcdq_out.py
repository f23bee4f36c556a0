"""The QCDQ dialect: QuantizeLinear, Clip, DequantizeLinear, in plain ONNX operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.interchange.float_graph import Floats32
from tilewright.interchange.graph_writer import BOOL, FLOAT, GraphWriter, Shape, onnx_dtype
from tilewright.interchange.plan import LinkPlan
from tilewright.spec import IntegerLayer, NumberFormat


class Qcdq:
    """Codes are uint8 and int8 with zero-point 0; a smaller range is a Clip between the two nodes."""

    name = "qcdq"

    def act(
        self,
        writer: GraphWriter,
        port: str,
        value: str,
        grid: tuple[NumberFormat, str],
        shape: Shape,
    ) -> str:
        """QuantizeLinear, Clip to the format's range, DequantizeLinear."""
        codes_format, scale = grid
        kind, dtype = codes_format.dtype, onnx_dtype(codes_format.dtype)
        zero = _number(writer, 0, kind)
        codes = writer.node(
            "QuantizeLinear", (value, scale, zero), f"{port}.codes", dtype=dtype, shape=shape
        )
        low, high = codes_format.min_code, codes_format.max_code
        if (low, high) != (np.iinfo(kind).min, np.iinfo(kind).max):
            ends = _number(writer, low, kind), _number(writer, high, kind)
            codes = writer.node("Clip", (codes, *ends), f"{port}.clipped", dtype=dtype, shape=shape)
        return writer.node(
            "DequantizeLinear", (codes, scale, zero), f"{port}.act", dtype=FLOAT, shape=shape
        )

    def weight(self, writer: GraphWriter, layer: IntegerLayer, scale: Floats32, axis: int) -> str:
        """DequantizeLinear on the weight's codes."""
        codes = layer.weight[:, :, 0, 0].T.copy() if axis else layer.weight
        is_per_channel = scale.size > 1
        step = scale if is_per_channel else scale.reshape(())
        names = (
            writer.constant(f"{layer.name}.weight_codes", codes),
            writer.constant(f"{layer.name}.weight_scale", step),
            writer.constant(f"{layer.name}.weight_zero_point", np.zeros(step.shape, np.int8)),
        )
        where: dict[str, Any] = {"axis": axis} if is_per_channel else {}
        return writer.node(
            "DequantizeLinear",
            names,
            f"{layer.name}.weight",
            dtype=FLOAT,
            shape=codes.shape,
            **where,
        )

    def count(
        self,
        writer: GraphWriter,
        plan: LinkPlan,
        value: str,
        thresholds: Floats32,
        scale: float,
        shape: Shape,
    ) -> str:
        """Compare with every threshold, and add up."""
        port = plan.link.port
        bounds = writer.constant(f"{port}.thresholds", thresholds.reshape(plan.levels_shape()))
        axis = writer.constant("level_axis", np.array([-1], np.int64))
        column = writer.node(
            "Unsqueeze", (value, axis), f"{port}.column", dtype=FLOAT, shape=(*shape, 1)
        )
        wide = (*shape, thresholds.shape[1])
        reached = writer.node(
            "GreaterOrEqual", (column, bounds), f"{port}.reached", dtype=BOOL, shape=wide
        )
        ones = writer.node("Cast", (reached,), f"{port}.ones", dtype=FLOAT, shape=wide, to=FLOAT)
        count = writer.node(
            "ReduceSum", (ones, axis), f"{port}.count", dtype=FLOAT, shape=shape, keepdims=0
        )
        if plan.link.min_code:
            lowest = _number(writer, plan.link.min_code, np.dtype(np.float32))
            count = writer.node("Add", (count, lowest), f"{port}.signed", dtype=FLOAT, shape=shape)
        factor = writer.constant(f"{port}.scale", np.array(scale, np.float32))
        return writer.node("Mul", (count, factor), f"{port}.stepped", dtype=FLOAT, shape=shape)


def _number(writer: GraphWriter, value: int, kind: np.dtype[Any]) -> str:
    return writer.constant(f"{kind.name}_{value}", np.array(value, kind))
