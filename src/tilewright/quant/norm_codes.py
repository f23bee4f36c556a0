"""BatchNorm of psums, max-pool and quantizer as one function: exact psums in, the next layer's codes out.

A map is read twice each way: for the sums over each channel, and for what is then written, which are codes
as the bytes that the next convolution reads, or gradients in the dtype that its backward pass takes. The
function is that of `normalize_sums`, `nn.MaxPool2d(2)` and `quantize` one after the other, up to the rounding
of floats. Values are compared before they are rounded to codes, and the first of equal ones in a window,
row by row, gets the gradient, as torch has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tilewright.quant.carried import Carried, empty_edge
from tilewright.quant.compiled_loops import PARTS, Array, as_rows, empty_map, share
from tilewright.quant.sum_norm import track

NO_FRACTION = {torch.float32: 1.5 * 2**23, torch.float64: 1.5 * 2**52}
"""Added to a small number, it leaves no fraction: halves go to even."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the next layer reads a map: pooled by 2x2 or not, codes 0..top, gradients in `dtype`."""

    is_pooled: bool
    top: int
    dtype: torch.dtype


@dataclass(frozen=True, slots=True)
class _Line:
    """What the function computes of a psum of each channel, ``c``: ``slope * psum + offset`` codes.

    number: that of the psums' scale, which epsilon is divided by the square of.
    """

    mean: Array
    inverse: Array
    variance: Array
    gain: Array
    bias: Array
    step: float
    number: float
    eps: float

    @property
    def slope(self) -> Array:
        """Codes of 1 in a psum."""
        slope: Array = self.gain * self.inverse / self.step
        return slope

    @property
    def offset(self) -> Array:
        """Codes of a psum of 0."""
        offset: Array = self.bias / self.step - self.mean * self.slope
        return offset


def normalize_to_codes(
    norm: nn.BatchNorm2d, psums: Carried, scale: Tensor, step: Tensor, reading: Reading
) -> Carried:
    """Codes uint8 ``n c oh ow`` of psums ``n c h w``; `norm` keeps its running statistics as ever.

    scale, step: one number each, positive, differentiable. Psums, weights and scale have one dtype,
    float32 or float64. The loops must be there: `has_kernels`.
    """
    numbers = psums.numbers
    count = numbers.numel() // numbers.shape[1]
    total, squares = _sum(as_rows(numbers))
    mean = total / count
    variance = np.maximum(squares / count - mean * mean, 0)
    number = float(scale.detach())
    real_mean, real_variance = (
        torch.from_numpy(mean * number),
        torch.from_numpy(variance * number**2),
    )
    track(norm, real_mean, real_variance, count)
    line = _Line(
        mean=mean,
        inverse=1 / np.sqrt(variance + norm.eps / number**2),
        variance=variance,
        gain=norm.weight.detach().double().numpy(),
        bias=norm.bias.detach().double().numpy(),
        step=float(step.detach()),
        number=number,
        eps=norm.eps,
    )
    edge, codes = _ToCodes.apply(  # type: ignore[no-untyped-call]
        psums.edge, numbers, scale, norm.weight, norm.bias, step, line, reading
    )
    return Carried(codes, edge)


def _sum(rows: Array) -> Array:
    """Sums and sums of squares of each channel of ``n h w c``, ``2 c``: exact below 2**53."""
    from tilewright.quant import map_kernels

    flat = rows.reshape(-1, rows.shape[-1])  # nhw c
    sums = np.empty((PARTS, 2, flat.shape[1]))
    share(partial(map_kernels.sum_channels, flat, sums), PARTS)
    found: Array = sums.sum(axis=0)
    return found


class _ToCodes(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        edge: Tensor,
        psums: Tensor,
        scale: Tensor,
        weight: Tensor,
        bias: Tensor,
        step: Tensor,
        line: _Line,
        reading: Reading,
    ) -> tuple[Tensor, Tensor]:
        del weight, bias  # their gradients are asked for; their numbers are in the line
        ctx.save_for_backward(psums)
        ctx.line, ctx.reading, ctx.dtype = line, reading, edge.dtype
        ctx.shapes = scale.shape, step.shape
        codes = _quantize(psums, line, reading)
        ctx.mark_non_differentiable(codes)
        return empty_edge(codes, reading.dtype), codes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (psums,) = ctx.saved_tensors
        line: _Line = ctx.line
        passed, moments = _sum_gradients(psums, gradients[0], line, ctx.reading)
        to_weight = line.inverse * moments / line.step
        to_step = -(line.gain * line.inverse * moments + line.bias * passed).sum() / line.step**2
        # All that the scale moves is the inverse: see `sum_norm`.
        to_scale = (line.gain * to_weight * line.inverse**2).sum() * (line.eps / line.number**3)
        to_psums = None
        if ctx.needs_input_grad[0]:
            to_psums = empty_map(tuple(psums.shape), ctx.dtype)
            _write_gradients(psums, gradients[0], line, ctx.reading, (passed, moments), to_psums)
        numbers = (to_scale, to_weight, passed / line.step, to_step)
        scale, weight, bias, step = (torch.as_tensor(n, dtype=psums.dtype) for n in numbers)
        shapes = ctx.shapes
        return (
            to_psums,
            None,
            scale.reshape(shapes[0]),
            weight,
            bias,
            step.reshape(shapes[1]),
            None,
            None,
        )


def _quantize(psums: Tensor, line: _Line, reading: Reading) -> Tensor:
    """Codes uint8 of psums."""
    from tilewright.quant import map_kernels

    (n, c, h, w), rows = psums.shape, as_rows(psums)
    codes = empty_map((n, c, h // 2, w // 2) if reading.is_pooled else (n, c, h, w), torch.uint8)
    found = as_rows(codes)
    kind = rows.dtype.type
    numbers = (np.stack([line.slope, line.offset]).astype(kind), kind(reading.top))
    half = kind(NO_FRACTION[psums.dtype])
    if reading.is_pooled:
        work = partial(map_kernels.quantize_windows, rows, *numbers, half, found, PARTS)
    else:
        flat, found = rows.reshape(-1, c), found.reshape(-1, c)  # nhw c
        work = partial(map_kernels.quantize_rows, flat, *numbers, half, found, PARTS)
    share(work, PARTS)
    return codes


def _sum_gradients(
    psums: Tensor, gradient: Tensor, line: _Line, reading: Reading
) -> tuple[Array, Array]:
    """Of each channel: the sum of the gradients within the range, and of them times what psums have above
    their mean.
    """
    from tilewright.quant import map_kernels

    rows, given = as_rows(psums), as_rows(gradient)
    kind = rows.dtype.type
    lines = np.stack([line.slope, line.offset, line.mean]).astype(kind)
    sums = np.empty((PARTS, 2, rows.shape[-1]))
    work = map_kernels.sum_window_gradients
    if not reading.is_pooled:
        rows, given = (a.reshape(-1, a.shape[-1]) for a in (rows, given))  # nhw c
        work = map_kernels.sum_gradients
    share(partial(work, rows, given, lines, kind(reading.top), sums), PARTS)
    passed, moments = sums.sum(axis=0)
    return passed, moments + (lines[2] - line.mean) * passed


def _write_gradients(
    psums: Tensor,
    gradient: Tensor,
    line: _Line,
    reading: Reading,
    sums: tuple[Array, Array],
    found: Tensor,
) -> None:
    """Write to `found` the gradients of psums, from those of the codes and their `sums`."""
    from tilewright.quant import map_kernels

    rows, given, written = as_rows(psums), as_rows(gradient), as_rows(found)
    kind, count = rows.dtype.type, rows.size // rows.shape[-1]
    passed, moments = sums
    tilt = -line.slope * line.inverse**2 * moments / count
    mean = line.mean.astype(kind)
    shift = -line.slope * passed / count + (mean - line.mean) * tilt
    lines = np.stack([line.slope, line.offset, mean, tilt, shift]).astype(kind)
    numbers = (lines, kind(reading.top), written.dtype.type(0))
    work = map_kernels.write_window_gradients
    if not reading.is_pooled:
        rows, given, written = (a.reshape(-1, a.shape[-1]) for a in (rows, given, written))  # nhw c
        work = map_kernels.write_gradients
    share(partial(work, rows, given, *numbers, written, PARTS), PARTS)
