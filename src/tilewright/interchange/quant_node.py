"""QONNX's Quant node: its format, its scale, and what it makes of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.interchange.graph_writer import QONNX_DOMAIN
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.spec import BIPOLAR, NumberFormat

QUANT_OPERATORS = ("Quant", "IntQuant")
DOMAINS = (QONNX_DOMAIN, "onnx.brevitas", "finn.custom_op.general")
"""QONNX's own domain, and two older ones."""

ROUNDING = "ROUND"
"""Half to even, the only rounding that is read."""

STATED = ("signed", "narrow", "rounding_mode")
MIN_BITS, MAX_BITS = 2, 8
MAX_BIAS_BITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class FileQuantizer:
    """A Quant node's format and scale, float64, of the shape that the file gives it, and its zero-point."""

    number_format: NumberFormat
    scale: npt.NDArray[np.float64]
    zero_point: int = 0

    def codes(self, op: Operator, values: Array) -> npt.NDArray[np.float64]:
        """Codes of real values, in QONNX's order: divide, clip, round; refuses a scale that does not fit."""
        _check_scale(op, values, self.scale)
        if self.zero_point:
            op.refuse(f"the zero-point of a constant must be 0, not {self.zero_point}")
        steps = values.astype(np.float64) / self.scale
        return np.rint(np.clip(steps, self.number_format.min_code, self.number_format.max_code))


def refuse_other_quant_domain(op: Operator) -> None:
    """Refuse a node that is not of a domain of QONNX."""
    if op.domain not in DOMAINS:
        op.refuse(f"its domain must be one of {', '.join(DOMAINS)}, not {op.domain!r}")


def check_inputs(op: Operator) -> None:
    """Refuse a Quant node that does not read four inputs: no checker knows its domain."""
    if len(op.inputs) != 4:
        op.refuse(f"it must read a value, a scale, a zero-point and a width, not {op.inputs}")


def read_quantizer(
    op: Operator, constants: dict[str, Array], *, max_bits: int = MAX_BITS
) -> FileQuantizer:
    """The quantizer that a Quant node states.

    Refuses what is not constant, a zero-point that is no code, another rounding than half to even, widths
    outside 2..max_bits, and a node that leaves an attribute to a default: documents and programs
    disagree on that of narrow.
    """
    refuse_other_quant_domain(op)
    missing = [key for key in STATED if key not in op.attributes]
    if missing:
        op.refuse(f"it must state {', '.join(STATED)}, but {missing[0]} is missing")
    op.expect(rounding_mode=ROUNDING)
    scale, zero, bits = (_constant(op, constants, position) for position in (1, 2, 3))
    zero_point = scalar(op, zero, "the zero-point") if zero.size == 1 else float(zero.any())
    width = scalar(op, bits, "the bit width")
    if width != int(width) or not MIN_BITS <= width <= max_bits:
        op.refuse(f"the bit width must be {MIN_BITS}..{max_bits}, not {width:g}")
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        op.refuse("the scale must be positive and finite")
    is_signed, is_narrow = bool(op.attributes["signed"]), bool(op.attributes["narrow"])
    if is_narrow and not is_signed:
        op.refuse("narrow unsigned codes are not supported: set narrow to 0")
    number_format = NumberFormat(int(width), is_signed, is_narrow)
    if zero_point != int(zero_point) or not number_format.allowed(np.array(int(zero_point))):
        op.refuse(f"the zero-point must be one code of {number_format}, not {zero_point:g}")
    return FileQuantizer(number_format, scale.astype(np.float64), int(zero_point))


def _check_scale(op: Operator, values: Array, scale: Array) -> None:
    fits = scale.ndim <= values.ndim and all(
        one in (1, size) for one, size in zip(scale.shape[::-1], values.shape[::-1], strict=False)
    )
    if not fits:
        op.refuse(f"the scale must broadcast to the constant {values.shape}, not be {scale.shape}")


def read_bipolar(op: Operator, constants: dict[str, Array]) -> tuple[Array, FileQuantizer]:
    """Codes -1 and +1 of a constant that a BipolarQuant node quantizes, and their quantizer."""
    refuse_other_quant_domain(op)
    values, scale = (_constant(op, constants, position) for position in (0, 1))
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        op.refuse("the scale must be positive and finite")
    _check_scale(op, values, scale)
    return np.where(values >= 0, 1.0, -1.0), FileQuantizer(BIPOLAR, scale.astype(np.float64))


def _constant(op: Operator, constants: dict[str, Array], position: int) -> Array:
    name = op.inputs[position] if position < len(op.inputs) else ""
    if name not in constants:
        op.refuse(f"its input {position} must be a constant")
    return constants[name]
