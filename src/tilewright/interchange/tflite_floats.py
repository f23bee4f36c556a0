"""Functions that the TFLite converter leaves in floats, between DEQUANTIZE and QUANTIZE, as ones of codes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tilewright.interchange.onnx_graph import Graph, Operator


def read_floats(
    op: Operator, graph: Graph, functions: Collection[str]
) -> tuple[Operator, tuple[str, ...]] | None:
    """The function that begins with a DEQUANTIZE, and the tensors inside; None if it is none.

    functions: kinds of operations of each number by itself; their other inputs must be constants of one
    number. The operation has all that it stands for as `chain`.
    """
    readers, chain = graph.readers(), [op]
    while chain[-1].kind != "QUANTIZE":
        behind = readers.get(chain[-1].output, [])
        if len(behind) != 1 or chain[-1].output in graph.outputs:
            return None
        (one,) = behind
        others = [name for name in one.inputs if name and name != chain[-1].output]
        known = [graph.constants.get(name) for name in others]
        if one.kind not in functions or any(each is None or each.size != 1 for each in known):
            return None
        chain.append(one)
    if len(chain) < 3:
        return None
    inside = tuple(one.output for one in chain)
    first = chain[1]
    attributes = {"chain": tuple(chain)}
    inputs, outputs = op.inputs[:1], chain[-1].outputs
    return replace(first, inputs=inputs, outputs=outputs, attributes=attributes), inside
