"""How fine values must be known that nobody has quantized: the scale of the quantizers behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.quant_node import QUANT_OPERATORS

WITH_SCALE = ("BipolarQuant", *QUANT_OPERATORS, "QuantizeLinear")
"""Quantizers whose second input is their scale."""

ROUNDINGS = ("Ceil", "Floor", "Round")
"""Of quantizers that a file spells out, behind a factor: their steps are 1."""

PASSED = (
    *("Add", "AveragePool", "Cast", "Clip", "Concat", "Dropout", "Flatten", "GlobalAveragePool"),
    *("GlobalMaxPool", "Identity", "LeakyRelu", "Max", "MaxPool", "Min", "PRelu", "ReduceMax"),
    *("ReduceMean", "Relu", "Reshape", "Slice", "Split", "Squeeze", "Sub", "Transpose"),
    *("Unsqueeze",),
)
"""Operations that make no difference larger, of values that they read."""

SCALED = ("BatchNormalization", "Div", "Mul")
STEEPEST = 2.0
"""More than what a function that is `GENTLE` may make of a difference."""
GENTLE = (
    *("Abs", "Celu", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish", "Mish", "Selu", "Sigmoid"),
    *("Softplus", "Softsign", "Tanh"),
)


def scale_ahead(
    tensor: str, readers: Mapping[str, Sequence[Operator]], constants: Mapping[str, Array]
) -> float | None:
    """The least scale of the quantizers that follow a tensor, in terms of its values; None if none does."""
    found = []
    for op in readers.get(tensor, ()):
        if op.kind in WITH_SCALE and len(op.inputs) > 1 and op.inputs[1] in constants:
            least = float(np.min(np.abs(constants[op.inputs[1]]), initial=np.inf))
            found.append(least if least > 0 else None)
        elif op.kind in ROUNDINGS:
            found.append(1.0)
        elif op.kind == "MultiThreshold" and op.inputs[1] in constants:
            steps = np.diff(np.sort(constants[op.inputs[1]].astype(np.float64), axis=-1), axis=-1)
            least = float(np.min(steps[steps > 0], initial=np.inf))
            found.append(least if np.isfinite(least) else None)
        elif op.kind in PASSED:
            found.extend(scale_ahead(name, readers, constants) for name in op.outputs)
        elif op.kind in GENTLE:
            behind = scale_ahead(op.output, readers, constants)
            found.append(behind / STEEPEST if behind else None)
        elif op.kind in SCALED and all(name in constants for name in op.inputs if name != tensor):
            factor = _factor(op, tensor, constants)
            behind = scale_ahead(op.output, readers, constants)
            found.append(behind / factor if behind and factor else None)
    known = [one for one in found if one is not None]
    return min(known) if known else None


def _factor(op: Operator, tensor: str, constants: Mapping[str, Array]) -> float:
    """By how much an operation of a value and constants multiplies it, at most; 0 if that is not known."""
    if op.kind == "BatchNormalization":
        scale, variance = (np.asarray(constants[op.inputs[at]], np.float64) for at in (1, 4))
        spread = variance + op.number("epsilon", 1e-5)
        return float(np.max(np.abs(scale) / np.sqrt(spread))) if (spread > 0).all() else 0.0
    others = [name for name in op.inputs if name != tensor]
    largest = float(np.max(np.abs(constants[others[0]]))) if others else 0.0
    if op.kind == "Mul":
        return largest
    least = float(np.min(np.abs(constants[others[0]]))) if others else 0.0
    return 1 / least if least else 0.0
