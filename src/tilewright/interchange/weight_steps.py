"""What a file does with a quantized weight before a layer reads it: turned, reshaped, scaled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.folding import run_alone
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.read_layers import Weight

PLACED = ("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
WEIGHT_STEPS = (*PLACED, "Cast", "Div", "Identity", "Mul")


def read_weight_step(
    op: Operator, weights: dict[str, Weight], constants: dict[str, Array], opset: int
) -> Weight:
    """The weight after one of `WEIGHT_STEPS`; refuses a factor that is 0 or not finite."""
    name = next(name for name in op.inputs if name in weights)
    weight, others = weights[name], [other for other in op.inputs if other and other != name]
    if any(other not in constants for other in others):
        op.refuse(f"what it does with the weight must be constant, but {others} are not")
    if op.kind == "Div" and op.inputs[0] != name:
        op.refuse("a weight must be on the left")
    if op.kind in ("Div", "Mul"):
        return _scaled(op, weight, constants[others[0]])
    if op.kind not in PLACED:
        return weight
    read = {other: constants[other] for other in others}
    scale = np.broadcast_to(weight.quantizer.scale, weight.codes.shape)
    codes, scales = (
        run_alone(op, {name: np.ascontiguousarray(values), **read}, opset)[op.output]
        for values in (weight.codes, scale)
    )
    return replace(weight, codes=codes, quantizer=replace(weight.quantizer, scale=scales))


def _scaled(op: Operator, weight: Weight, factor: Array) -> Weight:
    factor = factor.astype(np.float64)
    if not (np.isfinite(factor).all() and factor.all()):
        op.refuse("a weight must be multiplied by finite numbers that are not 0")
    try:
        scale = np.broadcast_to(weight.quantizer.scale, weight.codes.shape)
        scale = scale * factor if op.kind == "Mul" else scale / factor
        is_kept = scale.shape == weight.codes.shape
    except ValueError:
        is_kept = False
    if not is_kept:
        op.refuse(f"its factor {factor.shape} does not fit the weight {weight.codes.shape}")
    return replace(weight, quantizer=replace(weight.quantizer, scale=scale), is_integer=False)
