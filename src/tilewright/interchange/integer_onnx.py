"""A network in the integer operators of plain ONNX: codes in, int32 sums of the last node out."""

from __future__ import annotations

import numpy as np
import onnx

from tilewright.errors import FormatError
from tilewright.interchange.graph_writer import BOOL, INT32, GraphWriter, onnx_dtype
from tilewright.interchange.plan import (
    PIXELS,
    Batch,
    LinkPlan,
    NodePlan,
    plan_graph,
    write_planes,
)
from tilewright.interchange.tensors import output_scales
from tilewright.spec import IntegerNetwork, Node, op_of
from tilewright.spec.op import Sums

INT32_MAX = 2**31 - 1


def write_integer_onnx(network: IntegerNetwork, *, batch: Batch) -> onnx.ModelProto:
    """The network with ConvInteger, MatMulInteger, additions, comparisons and MaxPool.

    Tensors are called ``NODE.codes`` and ``NODE.psum``; the input is ``pixels``. Raises `FormatError`
    where a sum may not fit int32, and `ShapeError` if the network is not whole.
    """
    plans, writer = plan_graph(network), GraphWriter()
    codes: dict[str, str] = {}
    for plan in plans:
        _check_width(plan.node)
        if plan.node.name in network.inputs:
            dtype = onnx_dtype(plan.node.act_format.dtype)
            pixels = writer.input(PIXELS, dtype, plan.input_shape(batch))
            codes |= dict.fromkeys(plan.ports, pixels)
        sums = Sums(f"{plan.node.name}.psum", plan.sum_shape(batch), plan.is_flat)
        operands = tuple(codes[port] for port in plan.ports)
        psum = op_of(plan.node).onnx_sums(plan.node, operands, sums, writer)
        for link in plan.links:
            codes[link.link.port] = _write_codes(writer, link, psum, plan, batch)
    outputs = [f"{name}.psum" for name in network.outputs]
    return writer.model("integer", inputs=[PIXELS], outputs=outputs, facts=_facts(network))


def _write_codes(
    writer: GraphWriter, plan: LinkPlan, psum: str, source: NodePlan, batch: Batch
) -> str:
    """Count the thresholds that each sum reaches, from the lowest code on; then pool and flatten."""
    port, shape = plan.link.port, source.sum_shape(batch)
    direction = plan.direction()
    if direction is not None:
        factor = writer.constant(f"{port}.direction", direction.astype(np.int32))
        psum = writer.node("Mul", (psum, factor), f"{port}.oriented", dtype=INT32, shape=shape)
    thresholds = plan.thresholds().astype(np.int32).reshape(plan.levels_shape())
    levels = writer.constant(f"{port}.thresholds", thresholds)
    axis = writer.constant("level_axis", np.array([-1], np.int64))
    wide = (*shape, thresholds.shape[-1])
    column = writer.node(
        "Unsqueeze", (psum, axis), f"{port}.column", dtype=INT32, shape=(*shape, 1)
    )
    reached = writer.node(
        "GreaterOrEqual", (column, levels), f"{port}.reached", dtype=BOOL, shape=wide
    )
    ones = writer.node("Cast", (reached,), f"{port}.ones", dtype=INT32, shape=wide, to=INT32)
    count = writer.node(
        "ReduceSum", (ones, axis), f"{port}.count", dtype=INT32, shape=shape, keepdims=0
    )
    if plan.link.min_code:
        lowest = writer.constant(
            f"lowest{plan.link.min_code}", np.array(plan.link.min_code, np.int32)
        )
        count = writer.node("Add", (count, lowest), f"{port}.signed", dtype=INT32, shape=shape)
    dtype = onnx_dtype(plan.link.dtype)
    codes = writer.node("Cast", (count,), f"{port}.codes", dtype=dtype, shape=shape, to=dtype)
    return write_planes(writer, plan, codes, batch=batch, dtype=dtype)


def _check_width(node: Node) -> None:
    if node.sum_bound() >= INT32_MAX:
        raise FormatError(
            f"{node.name}: its sums must fit int32, the result of ConvInteger, but may reach "
            f"{node.sum_bound()}"
        )


def _facts(network: IntegerNetwork) -> dict[str, str]:
    tensors = ", ".join(f"{name}.psum" for name in network.outputs)
    text = f"{tensors}, integers; times output_scale the network's outputs"
    return {"output": text} | output_scales(network, is_unit=False)
