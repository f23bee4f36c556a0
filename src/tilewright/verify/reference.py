"""The naive int64 reference: the only source of expected values.

Plain loops over the taps and plain integer products, in int64 from the first step, written to be easy to
check by reading, not to be fast.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.registry import Registry
from tilewright.spec import (
    ConvShape,
    IntArray,
    IntegerLayer,
    IntegerNetwork,
    MaxPool,
    Node,
    Requantization,
    ResidualAdd,
    SumPool,
    Trace,
    op_of,
    port_name,
)

Reference = Callable[..., npt.NDArray[np.int64]]
"""A node, and codes ``n ic ih iw`` of each operand, to sums int64 ``n oc oh ow``: naive, and of its own."""

REFERENCES: Registry[Reference] = Registry(
    "reference",
    ours={
        **{
            name: f"tilewright.verify.code_references:reference_{name}"
            for name in ("move", "product", "table")
        },
        **{
            name: f"tilewright.verify.attention_references:reference_{name}"
            for name in ("matmul", "softmax", "norm")
        },
    },
)
"""The reference of each op, by the op's name."""


def reference_tap_psums(
    codes: IntArray, weight: IntArray, shape: ConvShape, *, zero_point: int = 0
) -> npt.NDArray[np.int64]:
    """Psums of each tap alone: codes ``n ic ih iw``, weight ``oc ic kh kw`` to ``kij n oc oh ow``.

    In a convolution with groups, an output channel sees the input channels of its own group alone. A
    product is ``weight * (code - zero_point)``, and 0 on the padding.
    """
    if codes.shape[1:] != (shape.ic, shape.ih, shape.iw):
        raise ShapeError(
            f"codes must be (n, ic, ih, iw) = (n, {shape.ic}, {shape.ih}, {shape.iw}), not {codes.shape}"
        )
    (pad_h, pad_w), (step_h, step_w) = shape.padding, shape.stride
    plane = np.zeros((len(codes), shape.ic, shape.padded_h, shape.padded_w), np.int64)
    plane[:, :, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = (
        codes.astype(np.int64) - zero_point
    )
    psums = np.zeros((shape.taps, len(codes), shape.oc, shape.oh, shape.ow), np.int64)
    pixels = [(oh, ow) for oh in range(shape.oh) for ow in range(shape.ow)]
    for kij in range(shape.taps):
        row, column = divmod(kij, shape.kw)
        for group in range(shape.groups):
            ic = slice(group * shape.ic_per_group, (group + 1) * shape.ic_per_group)
            oc = slice(group * shape.oc_per_group, (group + 1) * shape.oc_per_group)
            kernel = weight[oc, :, row, column].astype(np.int64)  # oc ic
            for oh, ow in pixels:
                pixel = plane[:, ic, oh * step_h + row, ow * step_w + column]  # n ic
                psums[kij, :, oc, oh, ow] = pixel @ kernel.T
    return psums


def _layer(node: IntegerLayer, codes: IntArray) -> npt.NDArray[np.int64]:
    return reference_psums(codes, node)


def reference_psums(codes: IntArray, layer: IntegerLayer) -> npt.NDArray[np.int64]:
    """Psums of a layer: codes ``n ic ih iw`` to int64 ``n oc oh ow``, its bias included."""
    taps = reference_tap_psums(codes, layer.weight, layer.shape, zero_point=layer.zero_point)
    psums: npt.NDArray[np.int64] = taps.sum(axis=0)
    if layer.bias is not None:
        for oc in range(layer.shape.oc):
            psums[:, oc] += int(layer.bias[oc])
    return psums


def reference_sums(node: Node, *operands: IntArray) -> npt.NDArray[np.int64]:
    """Sums of a node: codes ``n ic ih iw`` of each operand to int64 ``n oc oh ow``.

    Raises `ShapeError` if the operands are not those of the node.
    """
    planes = getattr(node, "operand_shapes", (node.input_shape,) * len(operands))
    for number, codes in enumerate(operands):
        expected = planes[min(number, len(planes) - 1)]
        if len(operands) != node.operands or codes.shape[1:] != expected:
            raise ShapeError(
                f"{node.name} must read {node.operands} times codes (n, ic, ih, iw) = "
                f"(n, {', '.join(map(str, expected))}), not {[o.shape for o in operands]}"
            )
    return REFERENCES.get(op_of(node).name)(node, *operands)


def _add(node: ResidualAdd, first: IntArray, second: IntArray) -> npt.NDArray[np.int64]:
    gain, other = node.gains
    sums: npt.NDArray[np.int64] = gain * first.astype(np.int64) + other * second.astype(np.int64)
    return sums


def reference_trace(network: IntegerNetwork, images: IntArray) -> Trace:
    """Codes and sums of every node of a network, from images ``n ic ih iw`` on.

    Raises `ShapeError` if the network does not run from input to output.
    """
    network.require_whole()
    trace = Trace(dict.fromkeys(network.inputs, images), {})
    for node in network.nodes:
        ports = [port_name(node.name, operand) for operand in range(node.operands)]
        sums = reference_sums(node, *(trace.codes[port] for port in ports))
        trace.sums[node.name] = sums
        for link in node.requantizations:
            trace.codes[link.port] = reference_next_codes(sums, link)
    return trace


def reference_next_codes(
    psums: npt.NDArray[np.int64], requantization: Requantization
) -> npt.NDArray[np.int64]:
    """Input codes of the consumer: sums ``n oc oh ow`` to int64 ``n ic ih iw``."""
    oriented = psums * requantization.direction[:, None, None]  # n oc oh ow
    codes = np.full_like(psums, requantization.min_code)
    for level in range(requantization.thresholds.shape[1]):
        codes += oriented >= requantization.thresholds[:, level, None, None]
    for pool in requantization.pools:
        codes = max_pool(codes, pool, lowest=requantization.min_code)
    return codes.reshape(len(codes), -1, 1, 1) if requantization.is_flattened else codes


def _sum_pool(node: SumPool, codes: IntArray) -> npt.NDArray[np.int64]:
    _, height, width = node.output_shape
    sums = np.zeros((len(codes), *node.output_shape), np.int64)
    for oh in range(height):
        for ow in range(width):
            top, left = oh * node.stride[0], ow * node.stride[1]
            window = codes[:, :, top : top + node.kernel[0], left : left + node.kernel[1]]
            sums[:, :, oh, ow] = window.sum(axis=(2, 3), dtype=np.int64)
    return sums


def max_pool(codes: npt.NDArray[np.int64], pool: MaxPool, *, lowest: int) -> npt.NDArray[np.int64]:
    """Largest of each window of ``n c h w``; the padding holds `lowest`."""
    (pad_h, pad_w) = pool.padding
    edges = ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w))
    plane = np.pad(codes, edges, constant_values=lowest)  # n oc oh ow
    windows = np.lib.stride_tricks.sliding_window_view(plane, pool.kernel, axis=(2, 3))
    pooled: npt.NDArray[np.int64] = windows[:, :, :: pool.stride[0], :: pool.stride[1]].max(
        axis=(4, 5)
    )
    return pooled


REFERENCES.add("layer", _layer)
REFERENCES.add("add", _add)
REFERENCES.add("pool", _sum_pool)
