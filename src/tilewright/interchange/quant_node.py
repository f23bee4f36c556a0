"""QONNX's Quant node: its format, its scale, and what it makes of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.interchange.graph_writer import QONNX_DOMAIN
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.rounding import DEFAULT, ROUNDINGS, Reals, read_rounding
from tilewright.interchange.values import Step
from tilewright.spec import BIPOLAR, NumberFormat
from tilewright.spec.number_format import signed_bits_needed
from tilewright.spec.step_search import Floats

QUANT_OPERATORS = ("Quant", "IntQuant")
DOMAINS = (QONNX_DOMAIN, "onnx.brevitas", "finn.custom_op.general")
"""QONNX's own domain, and two older ones."""

STATED = ("signed", "narrow")
MIN_BITS, MAX_BITS = 1, 8
MAX_BIAS_BITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class FileQuantizer:
    """A Quant node's format and scale, float64, of the shape that the file gives it, and its zero-point.

    rounding: its name. is_short: the highest code is never reached, as narrow unsigned codes have it.
    """

    number_format: NumberFormat
    scale: npt.NDArray[np.float64]
    zero_point: int = 0
    rounding: str = DEFAULT
    is_short: bool = False

    def _rounded(self, steps: Reals) -> Reals:
        """Codes of values in steps, in QONNX's order: add the zero-point, clip, round."""
        codes = self.number_format
        if codes == BIPOLAR:
            return np.where(steps >= 0, steps.dtype.type(1), steps.dtype.type(-1))
        shifted = steps + steps.dtype.type(self.zero_point)
        clipped = np.clip(shifted, codes.min_code, codes.max_code - self.is_short)
        return ROUNDINGS[self.rounding](clipped)

    def steps(self, values: Reals, scale: float | npt.NDArray[np.float64]) -> Reals:
        """Codes, less the zero-point, of activations ``n c`` in the float type that these have."""
        return self._rounded(values / np.asarray(scale, values.dtype)) - values.dtype.type(
            self.zero_point
        )

    def step(self, scale: float) -> Step:
        """From values to those on the grid of this scale."""

        def apply(values: Floats) -> Floats:
            found: Floats = self.steps(values, scale).astype(np.float64) * scale
            return found

        return Step(apply, is_exact=math.frexp(scale)[0] == 0.5)  # a power of two

    def codes(self, op: Operator, values: Array) -> npt.NDArray[np.float64]:
        """Codes of constants less the zero-point, in float32; refuses a scale that does not fit."""
        _check_scale(op, values, self.scale)
        with np.errstate(over="ignore"):  # what is beyond float32 is clipped
            steps: Reals = np.divide(values.astype(np.float32), self.scale.astype(np.float32))
        return self._rounded(steps).astype(np.float64) - self.zero_point

    def weight(self, op: Operator, values: Array) -> tuple[npt.NDArray[np.float64], FileQuantizer]:
        """Codes of a weight, and the quantizer with zero-point 0 and one scale axis an axis; as `codes`."""
        codes = self.codes(op, values)
        number_format = self.number_format
        if self.zero_point:
            bits = min(MAX_BITS, signed_bits_needed(int(codes.min()), int(codes.max())))
            number_format = NumberFormat(max(2, bits), is_signed=True)
        scale = self.scale
        if scale.size > 1:
            scale = scale.reshape((1,) * (values.ndim - scale.ndim) + scale.shape)
        return codes, FileQuantizer(number_format, scale)


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

    Refuses what is not constant, a zero-point that is no code, an unknown rounding, widths outside
    1..max_bits, and a node that does not state its sign and whether it is narrow: documents and programs
    disagree on the default.
    """
    refuse_other_quant_domain(op)
    missing = [key for key in STATED if key not in op.attributes]
    if missing:
        op.refuse(f"it must state {', '.join(STATED)}, but {missing[0]} is missing")
    rounding = read_rounding(op)
    scale, zero, bits = (_constant(op, constants, position) for position in (1, 2, 3))
    zero_point = scalar(op, zero, "the zero-point")
    width = scalar(op, bits, "the bit width")
    if width != int(width) or not MIN_BITS <= width <= max_bits:
        op.refuse(f"the bit width must be {MIN_BITS}..{max_bits}, not {width:g}")
    if op.inputs[0] not in constants:
        _check_positive(op, scale)
    elif not (np.isfinite(scale).all() and scale.all()):
        op.refuse("the scale of a constant must be finite and not 0")
    is_signed, is_narrow = bool(op.attributes["signed"]), bool(op.attributes["narrow"])
    number_format = NumberFormat(int(width), is_signed, is_narrow and is_signed and width > 1)
    is_code = zero_point == int(zero_point)
    is_code = is_code and bool(number_format.allowed(np.array(int(zero_point))))
    if is_signed and width == 1:  # what qonnx makes of it are signs
        number_format, is_code = BIPOLAR, zero_point == 0
    if not is_code:
        op.refuse(f"the zero-point must be one code of {number_format}, not {zero_point:g}")
    is_short = is_narrow and not is_signed
    if is_short and width == 1:
        op.refuse("narrow unsigned codes of 1 bit are all 0: set narrow to 0")
    wide = scale.astype(np.float64)
    return FileQuantizer(number_format, wide, int(zero_point), rounding, is_short)


def _check_positive(op: Operator, scale: Array) -> None:
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        op.refuse("the scale must be positive and finite")


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
    _check_positive(op, scale)
    _check_scale(op, values, scale)
    return np.where(values >= 0, 1.0, -1.0), FileQuantizer(BIPOLAR, scale.astype(np.float64))


def _constant(op: Operator, constants: dict[str, Array], position: int) -> Array:
    name = op.inputs[position] if position < len(op.inputs) else ""
    if name not in constants:
        op.refuse(f"its input {position} must be a constant")
    return constants[name]
