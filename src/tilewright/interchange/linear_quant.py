"""ONNX's QuantizeLinear and DequantizeLinear: formats, scales, zero-points, and constants behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import helper

from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.values import ByChannel, Value
from tilewright.spec import Ints, NumberFormat

LINEAR_QUANT = ("QuantizeLinear", "DequantizeLinear")
CODES = {
    "int8": NumberFormat(8, is_signed=True),
    "uint8": NumberFormat(8, is_signed=False),
    "int4": NumberFormat(4, is_signed=True),
    "uint4": NumberFormat(4, is_signed=False),
    "int2": NumberFormat(2, is_signed=True),
    "uint2": NumberFormat(2, is_signed=False),
}
"""Types of codes of activations and weights; biases are int32."""
WIDE_CODES = ("int16", "uint16", "int32")
ZERO_POINT = "the zero-point of activations"

SCALE_MARGIN = 2.0**-16
"""A bias is in steps of the psum if its scale is that of activation times weight within this part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Integers:
    """A constant that a file has as codes: int64, less their zero-point, and a scale that fits them.

    kind: its type, or "float" where ONNX Runtime makes codes of it.
    """

    codes: Ints
    kind: str
    scale: npt.NDArray[np.float64]

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The real values."""
        values: npt.NDArray[np.float64] = self.codes * self.scale
        return values

    def are_steps_of(self, gain: npt.NDArray[np.float64]) -> bool:
        """Whether these are int32 numbers in steps of a psum whose real size is `gain`."""
        scale = self.scale.reshape(-1)
        fits = scale.size in (1, gain.size) or gain.size == 1
        return (
            self.kind in ("int32", "float")
            and fits
            and bool(np.allclose(scale, gain, SCALE_MARGIN, atol=0))
        )


def rounded_bias(bias: npt.NDArray[np.float64], scale: npt.NDArray[np.float32]) -> Integers:
    """A bias of floats in whole steps of the psum, as ONNX Runtime makes it between codes."""
    codes = np.rint(bias.astype(np.float32) / scale).astype(np.int64)
    return Integers(codes, "float", scale.astype(np.float64))


def read_grid(op: Operator, constants: dict[str, Array]) -> Grid:
    """The one grid of activations that a QuantizeLinear or DequantizeLinear states.

    Refuses scales per channel, other widths than 4 and 8 bits, and what is not constant.
    """
    scale = scalar(op, _constant(op, constants, 1), "the scale of activations")
    if not scale > 0:
        op.refuse(f"the scale must be positive, not {scale}")
    _check_singles(op, constants)
    kind, zero = _zero_point(op, constants)
    _check_kind(op, kind)
    return Grid(CODES[kind], float(np.float32(scale)), int(scalar(op, zero, ZERO_POINT)))


def has_scales(op: Operator, constants: dict[str, Array]) -> bool:
    """Whether a QuantizeLinear or DequantizeLinear of activations states a scale for each channel.

    ONNX Runtime has no integer kernels for such codes, not even if the scales are all the same.
    """
    return _constant(op, constants, 1).size > 1


def read_grids(op: Operator, value: Value, constants: dict[str, Array]) -> ByChannel:
    """The grids of the channels of a value; refuses zero-points and types that differ, and other axes."""
    scales = _constant(op, constants, 1)
    axis, axes = int(op.number("axis", 1)), 2 if value.is_flat else 4
    if scales.ndim != 1 or axis % axes != 1 or int(op.number("block_size", 0)):
        op.refuse(
            f"the scales of activations must be one number, or one for each channel along axis 1, not "
            f"{scales.shape} along axis {axis}: quantize per tensor"
        )
    found = value.channels(op, scales.astype(np.float32).reshape(1, -1, *(1,) * (axes - 2)))
    if not (np.isfinite(found).all() and (found > 0).all()):
        op.refuse("the scale must be positive and finite")
    first = constants | {op.inputs[1]: scales[:1]}
    return ByChannel(read_grid(op, first), found)


def _check_singles(op: Operator, constants: dict[str, Array]) -> None:
    """Refuse scales of half precision: what they scale is computed in half precision, too."""
    if _constant(op, constants, 1).dtype == np.float16:
        op.refuse(
            "its scale is float16, so that the source computes with floats that hold no sums of a layer: "
            "export the network in float32"
        )


def _check_kind(op: Operator, kind: str) -> None:
    """Refuse codes that are none of ours."""
    if kind not in CODES:
        bits = (
            ": codes have at most 8 bits here; quantize activations and weights to 8 bits or fewer, in ONNX "
            "Runtime with activation_type=QuantType.QUInt8 or QInt8"
        )
        wide = bits if kind in WIDE_CODES else ": quantize to integers"
        op.refuse(f"codes must be of type {', '.join(CODES)}, not {kind}{wide}")


def _zero_point(op: Operator, constants: dict[str, Array]) -> tuple[str, Array]:
    if len(op.inputs) > 2 and op.inputs[2]:
        zero = _constant(op, constants, 2)
        return zero.dtype.name, zero.astype(np.int64)
    kind = int(op.attributes.get("output_dtype", 0))
    name = helper.tensor_dtype_to_np_dtype(kind).name if kind else "uint8"
    return name, np.zeros((), np.int64)


def read_integers(op: Operator, constants: dict[str, Array]) -> Integers:
    """What a DequantizeLinear makes of a constant.

    A scale may be negative, as NNCF writes it where the largest weight of a channel is positive; refuses 0.
    """
    codes, scale = constants[op.inputs[0]], _constant(op, constants, 1).astype(np.float64)
    kind, wide = codes.dtype.name, codes.astype(np.int64)
    _check_singles(op, constants)
    if kind != "int32":
        _check_kind(op, kind)
    if not (np.isfinite(scale).all() and scale.all()):
        op.refuse("the scale must be finite and not 0")
    zero = np.zeros((), np.int64)
    if len(op.inputs) > 2 and op.inputs[2]:
        zero = _constant(op, constants, 2).astype(np.int64)
    axes = [_along(op, one, wide) for one in (scale, zero)]
    return Integers(wide - axes[1].astype(np.int64), kind, axes[0])


def _along(op: Operator, values: Array, codes: Ints) -> Array:
    """One number, or one per place of the axis that the operation states, or per block, made to broadcast."""
    block = int(op.number("block_size", 0))
    if block > 0 and values.ndim == codes.ndim:
        axis = int(op.number("axis", 1)) % codes.ndim
        wide = values.repeat(block, axis)[tuple(slice(size) for size in codes.shape)]
        if wide.shape == codes.shape:
            return wide
    if values.size == 1:
        return values.reshape((1,) * codes.ndim)
    axis = int(op.number("axis", 1))
    axis += codes.ndim if axis < 0 else 0
    if values.ndim != 1 or not 0 <= axis < codes.ndim or values.size != codes.shape[axis]:
        op.refuse(
            f"its {values.shape} scales or zero-points do not fit axis {axis} of {codes.shape}"
        )
    return values.reshape([-1 if one == axis else 1 for one in range(codes.ndim)])


def quantize_constant(op: Operator, constants: dict[str, Array]) -> Array:
    """The codes that a QuantizeLinear makes of a constant, in float32 as every engine does."""
    values, scale = constants[op.inputs[0]], _constant(op, constants, 1)
    kind, zero = _zero_point(op, constants)
    _check_kind(op, kind)
    if not (scale > 0).all():
        op.refuse("the scale must be positive")
    codes, wide = CODES[kind], np.zeros(values.shape, np.int64)
    singles = values.astype(np.float32) / _along(op, scale, wide).astype(np.float32)
    rounded = np.rint(singles) + _along(op, zero, wide)
    clipped = np.clip(rounded, codes.min_code, codes.max_code)
    found: Array = clipped.astype(codes.dtype)
    return found


def clipped_format(op: Operator, codes: NumberFormat, low: int, high: int) -> NumberFormat:
    """The format of codes that a Clip keeps within low..high; refuses a range that is no format's."""
    low, high = max(low, codes.min_code), min(high, codes.max_code)
    kinds = [(bits, False, False) for bits in range(1, codes.bits + 1)]
    kinds += [(bits, True, is_narrow) for bits, _, _ in kinds[1:] for is_narrow in (False, True)]
    found = (NumberFormat(*kind) for kind in kinds)
    fits = [one for one in found if (one.min_code, one.max_code) == (low, high)]
    if not fits:
        op.refuse(f"it must leave the codes of a format, as 0..15 or -8..7, not {low}..{high}")
    return fits[0]


def _constant(op: Operator, constants: dict[str, Array], position: int) -> Array:
    name = op.inputs[position] if position < len(op.inputs) else ""
    if name not in constants:
        op.refuse(f"its input {position} must be a constant")
    return constants[name]
