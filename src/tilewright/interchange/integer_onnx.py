"""A network in the integer operators of plain ONNX: uint8 pixels in, int32 sums of the last node out."""

from __future__ import annotations

import numpy as np
import onnx

from tilewright.errors import FormatError
from tilewright.interchange.graph_writer import BOOL, INT32, UINT8, GraphWriter, onnx_dtype
from tilewright.interchange.plan import (
    PIXELS,
    Batch,
    LinkPlan,
    NodePlan,
    geometry,
    plan_graph,
    sum_bound,
    write_planes,
)
from tilewright.interchange.tensors import sum_step
from tilewright.spec import IntegerLayer, IntegerNetwork, Node, SumPool

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
            pixels = writer.input(PIXELS, UINT8, plan.input_shape(batch))
            codes |= dict.fromkeys(plan.ports, pixels)
        psum = _write_sums(writer, plan, [codes[port] for port in plan.ports], batch)
        for link in plan.links:
            codes[link.link.port] = _write_codes(writer, link, psum, plan, batch)
    return writer.model("integer", inputs=[PIXELS], outputs=[psum], facts=_facts(network.output))


def _write_sums(writer: GraphWriter, plan: NodePlan, codes: list[str], batch: Batch) -> str:
    node, sizes = plan.node, plan.sum_shape(batch)
    psum, name = f"{node.name}.psum", f"{node.name}.weight"
    if isinstance(node, SumPool):
        return _write_window_sums(writer, plan, codes[0], batch)
    if not isinstance(node, IntegerLayer):
        wide = [
            writer.node("Cast", (code,), f"{port}.wide", dtype=INT32, shape=sizes, to=INT32)
            for port, code in zip(plan.ports, codes, strict=True)
        ]
        return writer.node("Add", (wide[0], wide[1]), psum, dtype=INT32, shape=sizes)
    if plan.is_flat:
        weight = writer.constant(name, node.weight[:, :, 0, 0].T.copy())  # ic oc
        return writer.node("MatMulInteger", (codes[0], weight), psum, dtype=INT32, shape=sizes)
    weight = writer.constant(name, node.weight)
    return writer.node(
        "ConvInteger", (codes[0], weight), psum, dtype=INT32, shape=sizes, **geometry(node)
    )


def _write_window_sums(writer: GraphWriter, plan: NodePlan, codes: str, batch: Batch) -> str:
    """The sums of an average pool: a convolution of each channel with ones."""
    node = plan.node
    if not isinstance(node, SumPool) or node.act_format.is_signed:
        raise FormatError(
            f"{node.name}: an average pool of signed codes has no integer operator in ONNX: "
            "use --format qonnx or qcdq"
        )
    channels = node.plane[0]
    ones = writer.constant(f"{node.name}.window", np.ones((channels, 1, *node.kernel), np.int8))
    return writer.node(
        "ConvInteger",
        (codes, ones),
        f"{node.name}.psum",
        dtype=INT32,
        shape=plan.sum_shape(batch),
        kernel_shape=list(node.kernel),
        strides=list(node.stride),
        group=channels,
    )


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
    if sum_bound(node) >= INT32_MAX:
        raise FormatError(
            f"{node.name}: its sums must fit int32, the result of ConvInteger, but may reach "
            f"{sum_bound(node)}"
        )


def _facts(output: Node) -> dict[str, str]:
    steps = " ".join(repr(float(step)) for step in sum_step(output))
    return {
        "output": f"{output.name}.psum, integers; times output_scale the network's outputs",
        "output_scale": steps,
    }
