"""Scales that differ by input channel, of activations or weights, where whole weights hold their ratios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.quant_node import FileQuantizer
from tilewright.interchange.read_layers import Weight
from tilewright.interchange.values import ByChannel, Step, Value, clip
from tilewright.spec import NumberFormat
from tilewright.spec.number_format import signed_bits_needed
from tilewright.spec.step_search import Floats

LARGEST_WEIGHT = 1024
"""Of whole weights with the ratios in them: more would be too many parts of 8 bits."""

NEAR = 64
"""Ratios are near enough if psums miss those of the file by at most such a part of a step behind them."""

NEARLY = (
    "scales that differ by input channel have the ratios of small whole numbers here, which are nearly those "
    "of the file, so that its sums are not compared"
)
LARGEST_NEARLY = 4096
"""Of whole weights with such ratios in them."""
WEIGHTS = "quantize by output channel"

Reals = npt.NDArray[np.float64]


def quantized_by_channel(op: Operator, value: Value, quantizer: FileQuantizer) -> Value:
    """The value behind a quantizer with a scale for each channel."""
    scales = value.channels(op, quantizer.scale)
    first = float(scales[0])
    grid = Grid(quantizer.number_format, first, quantizer.zero_point)

    def apply(values: Floats) -> Floats:
        steps: Floats = quantizer.steps(values, scales).astype(np.float64)
        return steps * first

    exact = bool((np.abs(np.frexp(scales)[0]) == 0.5).all())  # powers of two
    after = value.on_grid(op, grid, Step(apply, is_exact=exact))
    return replace(after, grid=None, by_channel=ByChannel(grid, scales))


def quantized_linearly(op: Operator, value: Value, found: ByChannel) -> Value:
    """The codes behind a QuantizeLinear with a scale for each channel: floats, in ONNX Runtime too."""
    grid, scales = found.grid, found.scales.astype(np.float32)

    def apply(values: Floats) -> Floats:
        steps = np.rint(values.astype(np.float32) / scales).clip(grid.low, grid.high)
        values_on_grid: Floats = steps.astype(np.float64) * grid.scale
        return values_on_grid

    after = value.on_grid(op, grid, Step(apply, is_of_codes=value.follows_codes))
    return replace(after, grid=None, by_channel=found, codes_at=op.output)


def clipped(op: Operator, value: Value, narrow: Grid) -> Value:
    """Such codes within the range of a narrower format."""
    known = value.by_channel
    assert known is not None, "codes with a scale for each channel"  # noqa: S101
    by_channel = replace(known, grid=narrow)
    after = replace(value, tensor=op.output, codes_at=op.output, by_channel=by_channel)
    return replace(after, steps=(*value.steps, clip(narrow)))


def dequantized(op: Operator, value: Value, stated: ByChannel) -> Value:
    """The values behind the DequantizeLinear of such codes; refuses another grid."""
    found = value.by_channel
    if found is None and value.origin is None and value.grid is None:  # the input is codes
        return replace(value, tensor=op.output, by_channel=stated)
    is_alike = found is not None and found.scales.tolist() == stated.scales.tolist()
    if found is None or not is_alike or found.grid.zero_point != stated.grid.zero_point:
        op.refuse("its scales or its zero-point are not those of its codes: quantize again instead")
    return replace(value, tensor=op.output, codes_at=None)


def with_one_scale(
    op: Operator, value: Value, weight: Weight, *, ahead: float | None
) -> tuple[Value, Weight, float]:
    """What a layer reads, its weight ``oc ic ...`` with one scale for each output channel, and by how much
    its psums may miss those of the file.

    Ratios of scales that differ by input channel become factors of whole weights. Where they are not whole,
    those of small whole numbers do, if a quantizer of the scale `ahead` follows: what they miss is little.
    """
    codes, known = weight.codes, value.by_channel
    scale = np.broadcast_to(weight.quantizer.scale, codes.shape)
    if known is not None:
        scale = scale * _of_weight(op, known.ratios, codes.shape)
        value = replace(value, grid=known.grid)
    each = scale.reshape(len(codes), -1)
    if (each == each[:, :1]).all():
        kept = weight.quantizer.scale if known is None else _by_output(each[:, 0], codes.ndim)
        return value, replace(weight, quantizer=replace(weight.quantizer, scale=kept)), 0.0
    least = each.min(axis=1)
    ratios = scale / _by_output(least, codes.ndim)
    found = _whole(codes, ratios, value, least, ahead)
    if found is None:
        what = "its input and its weight have" if known is not None else "its weight has"
        remedy = "let the quantizer of its input have one scale" if known is not None else WEIGHTS
        op.refuse(
            f"{what} scales that differ by input channel, and not by whole factors that weights up to "
            f"{LARGEST_WEIGHT} hold: {remedy}"
        )
    whole, part, missed = found
    bits = min(8, signed_bits_needed(int(whole.min()), int(whole.max())))
    wide = NumberFormat(max(2, bits), is_signed=True)
    quantizer = FileQuantizer(wide, _by_output(least / part, codes.ndim))
    return value, replace(weight, codes=whole, quantizer=quantizer, is_integer=False), missed


def _whole(
    codes: Reals, ratios: Reals, value: Value, least: Reals, ahead: float | None
) -> tuple[Reals, int, float] | None:
    """Weights times their ratios in whole numbers, into how many parts these divide the least scale, and by
    how much a psum of them may miss; None if weights get too large.
    """
    grid, sizes = value.grid, np.abs(codes)
    assert grid is not None, "a layer reads codes"  # noqa: S101
    if (ratios == np.rint(ratios)).all():
        whole = codes * ratios
        return (whole, 1, 0.0) if np.abs(whole).max() <= LARGEST_WEIGHT else None
    for part in range(1, LARGEST_NEARLY) if ahead is not None else ():
        factors = np.rint(ratios * part)
        if (sizes * factors).max() > LARGEST_NEARLY:
            break
        off = sizes * np.abs(ratios * part - factors)
        missed = off.reshape(len(codes), -1).sum(axis=1) * max(-grid.low, grid.high)
        if ahead is not None and (missed * least * grid.scale / part).max() <= ahead / NEAR:
            return codes * factors, part, float(missed.max())
    return None


def _by_output(values: npt.NDArray[np.float64], axes: int) -> npt.NDArray[np.float64]:
    return values.reshape(-1, *(1,) * (axes - 1))


def _of_weight(
    op: Operator, ratios: npt.NDArray[np.float64], sizes: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Ratios of all input channels as those of a weight ``oc ic ...``, group by group."""
    groups = int(op.number("group", 1))
    oc, ic = sizes[:2]
    if groups < 1 or oc % groups or groups * ic != ratios.size:
        op.refuse(f"its weight {sizes} does not fit the {ratios.size} channels that it reads")
    found = ratios.reshape(groups, 1, ic).repeat(oc // groups, axis=1)
    return found.reshape(oc, ic, *(1,) * (len(sizes) - 2))
