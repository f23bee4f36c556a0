"""What is known of the constants of a foreign graph: their values, and which of them are codes of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tilewright.interchange.folding import FOLDED, fold
from tilewright.interchange.linear_quant import (
    LINEAR_QUANT,
    Integers,
    quantize_constant,
    read_integers,
)
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.quant_node import (
    MAX_BIAS_BITS,
    MAX_BITS,
    QUANT_OPERATORS,
    read_bipolar,
    read_quantizer,
)
from tilewright.interchange.read_layers import Weight
from tilewright.interchange.weight_steps import WEIGHT_STEPS, read_weight_step

STEPS_OF_CONSTANTS = ("Add", "Div", "Mul", "Sub")


@dataclass(slots=True)
class KnownConstants:
    """values: of each constant. readers: of each tensor. weights: codes of those that are quantized;
    integers: of those that ONNX's own quantizers have made; unread: constants not understood, by their maker.
    """

    values: dict[str, Array]
    readers: Mapping[str, Sequence[Operator]]
    opset: int
    weights: dict[str, Weight] = field(default_factory=dict)
    integers: dict[str, Integers] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def read(self, op: Operator) -> None:
        """An operation of constants alone: weights, quantized biases, and what is not understood."""
        if op.kind in QUANT_OPERATORS:
            self._read_quantized(op)
        elif op.kind == "BipolarQuant":
            codes, quantizer = read_bipolar(op, self.values)
            self.weights[op.output] = Weight(codes, quantizer, op.inputs[:2])
        elif op.kind in WEIGHT_STEPS and any(name in self.weights for name in op.inputs):
            found = read_weight_step(op, self.weights, self.values, self.opset)
            self.weights[op.output] = found
        elif op.inputs and op.inputs[0] in self.values and self._is_of_codes(op):
            self._read_linear(op)
        elif op.kind in FOLDED and all(name in self.values for name in op.inputs if name):
            self.values |= fold(op, self.values, self.opset)
        else:
            self.unread |= dict.fromkeys(op.outputs, op.label)

    def _read_quantized(self, op: Operator) -> None:
        """A quantized weight, or a quantized bias, which is as good as its real values."""
        if op.inputs[0] not in self.values:
            op.refuse(f"its input {op.inputs[0]} is neither a constant nor computed from the input")
        constant = self.values[op.inputs[0]]
        is_bias = constant.ndim < 2 or all(
            reader.kind in STEPS_OF_CONSTANTS for reader in self.readers.get(op.output, ())
        )
        max_bits = MAX_BIAS_BITS if is_bias else MAX_BITS
        quantizer = read_quantizer(op, self.values, max_bits=max_bits)
        real = quantizer.codes(op, constant) * quantizer.scale
        self.values[op.output] = real.astype(np.float32)
        if constant.ndim > 1 and quantizer.number_format.bits <= MAX_BITS:
            self.weights[op.output] = Weight(*quantizer.weight(op, constant), op.inputs[:2])

    def _is_of_codes(self, op: Operator) -> bool:
        """Whether an operation of a constant is one of its codes, as QDQ and QCDQ have it."""
        is_clip = op.kind == "Clip" and self.values[op.inputs[0]].dtype.kind in "iu"
        return op.kind in LINEAR_QUANT or is_clip

    def _read_linear(self, op: Operator) -> None:
        """A constant that ONNX's own operators quantize, clip or give its values."""
        name = op.inputs[0]
        if op.kind == "QuantizeLinear":
            self.values[op.output] = quantize_constant(op, self.values)
        elif op.kind == "Clip":
            low, high = bounds(op, self.values)
            kind = self.values[name].dtype
            self.values[op.output] = self.values[name].clip(low, high).astype(kind)
        else:
            found = read_integers(op, self.values)
            self.integers[op.output] = found
            self.values[op.output] = found.values
            if found.codes.ndim > 1 and found.kind != "int32":
                self.weights[op.output] = Weight.of_integers(op, found)


def bounds(op: Operator, constants: dict[str, Array]) -> tuple[int, int]:
    """What a Clip of codes keeps."""
    bounds = [-128, 255]
    for place, name in enumerate(op.inputs[1:3]):
        if name in constants:
            bounds[place] = int(scalar(op, constants[name], "its bound"))
    return bounds[0], bounds[1]
