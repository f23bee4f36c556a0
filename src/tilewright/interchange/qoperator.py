"""Operators on codes as operators on floats, which are read: between DequantizeLinear and QuantizeLinear, or
of whole numbers.

Both ways to write an 8-bit network then read alike: ONNX Runtime itself turns the second into the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from onnx import TensorProto

from tilewright.interchange.onnx_graph import Array, Operator

Names = tuple[str, ...]
Aliases = dict[str, tuple[str, int]]
"""Tensors that are others less a number."""


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
OF_INTEGERS = {"ConvInteger": "Conv", "MatMulInteger": "MatMul"}
"""Operators whose sums stay integers, to the ones that add the same numbers as floats."""


def expand(
    ops: Iterable[Operator],
    constants: dict[str, Array],
    stood_for: Aliases,
    code_inputs: Mapping[str, str],
) -> Iterator[Operator]:
    """The operations, those on codes written as three or more; scales of biases are added to `constants`.

    stood_for: gets the tensors that the file does not have, as another one of whole numbers less a number.
    code_inputs: of the file, that are codes, and the type of each.
    """
    for op in ops:
        if op.kind in OPERATORS and op.domain in ("", "ai.onnx", DOMAIN):
            if op.attributes.get("channels_last"):
                op.refuse("channels_last must be 0: export with channels first")
            yield from _expanded(op, OPERATORS[op.kind](op), constants)
        elif op.kind in OF_INTEGERS and op.inputs[1] in constants:
            kind = code_inputs.get(op.inputs[0], "")
            yield from _of_integers(op, constants, stood_for, kind=kind)
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


def _of_integers(
    op: Operator, constants: dict[str, Array], stood_for: Aliases, *, kind: str
) -> Iterator[Operator]:
    """A layer of codes less their zero-points, whose sums nobody scales; its pads stand for the zero-point.

    kind: the type of the input of the file, if it reads that and it is codes, or empty.
    """
    zeros = [constants.get(name) if name else np.zeros(1) for name in (*op.inputs, "", "")[2:4]]
    if any(zero is None for zero in zeros):
        op.refuse("its zero-points must be constants: quantize activations statically")
    of_values, of_weights = (np.asarray(zero).reshape(-1) for zero in zeros)
    if of_values.size != 1:
        op.refuse(f"its first operand must have one zero-point, not {of_values.size}")
    if op.kind == "ConvInteger":
        of_weights = of_weights.reshape(-1, *(1,) * (constants[op.inputs[1]].ndim - 1))
    codes, value, weight = op.inputs[0], f"{op.output}.operand0", f"{op.output}.weight"
    constants[weight] = (constants[op.inputs[1]] - of_weights.astype(np.int64)).astype(np.float32)
    scale, zero = f"{value}.scale", f"{value}.zero"
    constants |= {scale: np.ones(1, np.float32), zero: of_values.astype(np.float32)}
    if kind:
        constants[zero] = of_values.astype(kind)
        yield _node(op, "DequantizeLinear", (codes, scale, zero), value, {})
    else:
        yield _node(op, "Cast", (codes,), value, {"to": TensorProto.FLOAT})
        stood_for[value] = codes, 0
        if of_values[0]:
            yield _node(op, "Sub", (value, zero), f"{value}.moved", {})
            value = f"{value}.moved"
            stood_for[value] = codes, int(of_values[0])
    layer = _node(op, OF_INTEGERS[op.kind], (value, weight), op.output, op.attributes)
    yield replace(layer, written_as=op.kind)


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
