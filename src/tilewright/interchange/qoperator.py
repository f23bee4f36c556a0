"""ONNX Runtime's operators on codes, as float operators between DequantizeLinear and QuantizeLinear.

Both ways to write an 8-bit network then read alike: ONNX Runtime itself turns the second into the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tilewright.interchange.onnx_graph import Array, Operator

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The inputs of an operator: triples (codes, scale, zero-point), a bias, and the output's pair.

    axis: of the second operand, where its scales are per channel.
    """

    kind: str
    operands: tuple[Names, ...]
    bias: str
    output: Names
    axis: int = 0


def _convolution(op: Operator) -> Parts:
    x, w, y, bias = op.inputs[:3], op.inputs[3:6], op.inputs[6:8], op.inputs[8:9]
    return Parts("Conv", (x, w), bias[0] if bias else "", y)


def _matmul(op: Operator) -> Parts:
    return Parts("MatMul", (op.inputs[:3], op.inputs[3:6]), "", op.inputs[6:8], axis=1)


def _gemm(op: Operator) -> Parts:
    bias = op.inputs[6] if len(op.inputs) > 6 else ""
    axis = 0 if op.attributes.get("transB", 0) else 1
    return Parts("Gemm", (op.inputs[:3], op.inputs[3:6]), bias, op.inputs[7:9], axis)


def _two(op: Operator) -> Parts:
    return Parts(op.kind[7:], (op.inputs[:3], op.inputs[3:6]), "", op.inputs[6:8])


def _one(op: Operator) -> Parts:
    return Parts(op.kind[7:], (op.inputs[:3],), "", op.inputs[3:5])


def _several(op: Operator) -> Parts:
    operands = tuple(op.inputs[at : at + 3] for at in range(2, len(op.inputs), 3))
    return Parts(op.kind[7:], operands, "", op.inputs[:2])


OPERATORS: dict[str, Callable[[Operator], Parts]] = {
    "QGemm": _gemm,
    "QLinearAdd": _two,
    "QLinearAveragePool": _one,
    "QLinearConcat": _several,
    "QLinearConv": _convolution,
    "QLinearGlobalAveragePool": _one,
    "QLinearLeakyRelu": _one,
    "QLinearMatMul": _matmul,
    "QLinearMul": _two,
    "QLinearSigmoid": _one,
    "QLinearSoftmax": _one,
}
DOMAIN = "com.microsoft"
"""Of ONNX Runtime's own operators; QLinearConv and QLinearMatMul are standard ones."""


def expand(ops: Iterable[Operator], constants: dict[str, Array]) -> Iterator[Operator]:
    """The operations, those on codes written as three or more; scales of biases are added to `constants`."""
    for op in ops:
        if op.kind in OPERATORS and op.domain in ("", "ai.onnx", DOMAIN):
            if op.attributes.get("channels_last"):
                op.refuse("channels_last must be 0: export with channels first")
            yield from _expanded(op, OPERATORS[op.kind](op), constants)
        else:
            yield op


def _expanded(op: Operator, parts: Parts, constants: dict[str, Array]) -> Iterator[Operator]:
    inputs = []
    for number, operand in enumerate(parts.operands):
        inputs.append(f"{op.output}.operand{number}")
        attributes: dict[str, object] = {"axis": parts.axis}
        yield _node(op, "DequantizeLinear", operand, inputs[-1], attributes)
    if parts.bias:
        inputs.append(f"{op.output}.bias")
        scales = [operand[1] for operand in parts.operands if len(operand) > 1]
        if any(name not in constants for name in scales):
            op.refuse(f"its scales {scales} must be constants")
        scale = f"{op.output}.bias_scale"
        first, second = (constants[name].astype(np.float32).reshape(-1) for name in scales)
        if first.size != second.size and 1 not in (first.size, second.size):
            op.refuse(f"its scales must fit one another, not be {first.size} and {second.size}")
        constants[scale] = first * second
        yield _node(op, "DequantizeLinear", (parts.bias, scale), inputs[-1], {"axis": 0})
    is_float = not any(parts.output)
    result = op.output if is_float else f"{op.output}.value"
    kept = {key: value for key, value in op.attributes.items() if key != "channels_last"}
    yield replace(_node(op, parts.kind, tuple(inputs), result, kept), domain="", written_as=op.kind)
    if not is_float:
        yield _node(op, "QuantizeLinear", (result, *parts.output), op.output, {})


def _node(
    op: Operator, kind: str, inputs: Names, output: str, attributes: dict[str, object]
) -> Operator:
    return Operator(
        kind,
        op.name,
        "",
        inputs,
        (output,),
        attributes,
        op.scope,
        written_as=f"{kind} of {op.kind}",
    )
