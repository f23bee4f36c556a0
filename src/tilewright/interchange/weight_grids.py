"""Weights that a file has as floats, and that are codes times a scale all the same.

Tools that compute constants (onnxsim, exporters that fold them, training that rounds weights by hand) leave
weights without the quantizer that made them. Where all weights of a tensor, or of an output channel, are
whole multiples of one number, as float32 rounds them, that number is their scale.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.quant_node import FileQuantizer
from tilewright.interchange.read_layers import Weight
from tilewright.spec import NumberFormat
from tilewright.spec.number_format import signed_bits_needed

LARGEST_CODE = 255
"""Of a weight: of an unsigned one less its zero-point."""
ROUNDED = 2.0**-22
"""Of a weight: by how much it may miss a multiple of the scale, which is found from the largest one."""
SHIFTED = 2.0**-23
"""Of the largest weight: by how much any may miss it, where a term was added to multiples and taken away."""
LOOKED_AT = 64
"""Weights of a row at which a scale is tried before all of them are."""
MAX_BITS = 8

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


def weight_on_grid(op: Operator, name: str, constants: dict[str, Array]) -> Weight | None:
    """The weight of a layer that is a constant of floats; None if these are no multiples of a scale."""
    values = constants.get(name)
    if values is None or values.ndim < 2 or values.dtype.kind != "f" or not values.size:
        return None
    singles = values.astype(np.float32)
    found = rows_on_grids(singles.reshape(1, -1))
    shape: tuple[int, ...] = (1,) * values.ndim
    axis = _channels(op)
    if found is None and axis is not None:
        moved = np.moveaxis(singles, axis, 0)
        found = rows_on_grids(moved.reshape(len(moved), -1))
        if found is not None:
            codes = np.moveaxis(found[1].reshape(moved.shape), 0, axis)
            shape = tuple(-1 if at == axis else 1 for at in range(values.ndim))
            found = found[0], codes
    if found is None:
        return None
    scale, codes = found[0].reshape(shape), found[1].reshape(values.shape)
    missed = np.abs(singles / scale - codes)
    missed = np.where(missed <= ROUNDED * np.abs(codes), 0.0, missed)
    bits = min(MAX_BITS, max(2, signed_bits_needed(int(codes.min()), int(codes.max()))))
    quantizer = FileQuantizer(NumberFormat(bits, is_signed=True), scale)
    return Weight(codes, quantizer, (name,), missed=float(missed.max(initial=0.0)))


def _channels(op: Operator) -> int | None:
    """The axis of a layer's weight that counts output channels; None where no axis does."""
    if op.kind == "ConvTranspose":
        return 1 if int(op.number("group", 1)) == 1 else None
    return (
        1 if op.kind == "MatMul" or (op.kind == "Gemm" and not op.attributes.get("transB")) else 0
    )


def rows_on_grids(values: Singles) -> tuple[Reals, Reals] | None:
    """The scale of each row, the largest there is, and codes of the rows' shape; None if one row has none."""
    wide = values.astype(np.float64)
    largest = np.abs(wide).max(axis=1)
    if not np.isfinite(largest).all():
        return None
    scales = np.where(largest > 0, np.nan, 1.0)
    some = np.argsort(-np.abs(wide[:, :: max(1, wide.shape[1] // LOOKED_AT)]), axis=1)
    few = np.take_along_axis(wide[:, :: max(1, wide.shape[1] // LOOKED_AT)], some, axis=1)
    for code in range(1, LARGEST_CODE + 1):
        left = np.flatnonzero(np.isnan(scales))
        left = left[_are_multiples(few[left], largest[left] / code)]
        left = left[_are_multiples(wide[left], largest[left] / code)]
        scales[left] = largest[left] / code
        if not np.isnan(scales).any():
            break
    if np.isnan(scales).any():
        return None
    codes: Reals = np.rint(wide / scales[:, None])
    return _exact(scales, codes, values), codes


def _are_multiples(values: Reals, scales: Reals) -> npt.NDArray[np.bool_]:
    """Whether all numbers of each row are whole multiples of its scale, as float32 rounds them."""
    steps = scales[:, None]
    missed = np.abs(values - np.rint(values / steps) * steps)
    largest = np.abs(values).max(axis=1, keepdims=True, initial=0.0)
    allowed = np.maximum(ROUNDED * np.abs(values), SHIFTED * largest)
    is_one: npt.NDArray[np.bool_] = (missed <= allowed).all(axis=1)
    return is_one


def _exact(scales: Reals, codes: Reals, values: Singles) -> Reals:
    """Scales that are float32 numbers whose products with the codes are the values, where there are such."""
    first = scales.astype(np.float32)
    for near in (*(np.nextafter(first, np.float32(end)) for end in (0, np.inf)), first):
        is_exact = (codes.astype(np.float32) * near[:, None] == values).all(axis=1)
        scales = np.where(is_exact, near, scales)
    return scales
