"""Convolutions with holes as TensorFlow writes them: planes cut into several, each convolved, and joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.onnx_graph import Graph, Operator

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
BETWEEN = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
"""Operations that give a sequence its row, and take it away."""


def read_dilated(op: Operator, graph: Graph) -> tuple[Operator, tuple[str, ...]] | None:
    """The convolution that begins with a SPACE_TO_BATCH_ND and the tensors inside; None if it is none.

    It has the `border` above, left, below and right that is not cut off again at the end.
    """
    readers, inside, layer = graph.readers(), [op.output], None
    while (
        (ops := readers.get(inside[-1], [])) and len(ops) == 1 and inside[-1] not in graph.outputs
    ):
        inner = ops[0]
        if inner.kind == "BATCH_TO_SPACE_ND":
            return None if layer is None else _joined(op, layer, inner, graph, tuple(inside))
        if inner.kind in CONVOLUTIONS and layer is None:
            layer = inner
        elif inner.kind not in BETWEEN:
            return None
        inside.append(inner.output)
    return None


def _joined(
    first: Operator, layer: Operator, last: Operator, graph: Graph, inside: tuple[str, ...]
) -> tuple[Operator, tuple[str, ...]] | None:
    known = graph.constants
    names = (*first.inputs[1:3], *last.inputs[1:3])
    stated = [known[name] for name in names if name in known]
    is_plain = all(layer.attributes.get(f"stride{axis}") == 1 for axis in "HW")
    is_plain &= all(layer.attributes.get(f"dilation{axis}Factor", 1) == 1 for axis in "HW")
    if len(stated) != 4 or not is_plain or layer.attributes.get("padding") != 1:  # VALID
        return None
    block, pads, again, crops = stated
    border = pads.reshape(-1, 2) - crops.reshape(-1, 2)
    if not np.array_equal(block, again) or block.size not in (1, 2) or border.min() < 0:
        return None
    rows = np.zeros((2 - block.size, 2), np.int64)  # of a sequence
    (top, bottom), (left, right) = np.concatenate([rows, border]).tolist()
    height, width = np.append(np.ones(2 - block.size, np.int64), block).tolist()
    attributes = layer.attributes | {"dilationHFactor": height, "dilationWFactor": width}
    attributes |= {"border": (top, left, bottom, right)}
    inputs = (first.inputs[0], *layer.inputs[1:])
    return replace(layer, inputs=inputs, outputs=last.outputs, attributes=attributes), (
        *inside,
        last.output,
    )
