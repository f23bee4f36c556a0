"""Gradients of learned step size quantization (LSQ) on integer codes.

`quantize` returns codes, not values on the grid, so the step takes part twice: here, and in
`rescale` after the convolution. LSQ's gradient of the step is the *sum* of both parts (`q - x /
step`, where each part alone is large), so whatever scales the gradient must scale both: every use
of a step goes through `view_step`.

Source: Esser et al., Learned Step Size Quantization, ICLR 2020, equations 1, 3, 5 and section 2.2.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

MIN_STEP = 2.0**-20
"""Steps are kept positive: every use of a step sees at least this."""


def view_step(step: Tensor, gradient_scale: Tensor) -> Tensor:
    """The step as it is used: at least `MIN_STEP`, and its gradient multiplied by `gradient_scale`.

    The gradient also passes where the bound holds the step, so that a step can rise again.
    """
    view: Tensor = _StepView.apply(step, gradient_scale)  # type: ignore[no-untyped-call]
    return view


def quantize(x: Tensor, step: Tensor, min_code: int, max_code: int) -> Tensor:
    """Codes ``round_half_even(clip(x / step, min_code, max_code))``, as floats of the shape of `x`.

    step: positive, 0-d or broadcastable to `x` along its first axis. Gradients (equations 3 and 5):
    to `x` ``1 / step`` and to `step` ``-x / step**2`` where ``min_code < x / step < max_code``,
    else 0.
    """
    codes: Tensor = _Quantize.apply(x, step, min_code, max_code)  # type: ignore[no-untyped-call]
    return codes


def signs(x: Tensor, step: Tensor) -> Tensor:
    """Codes -1 where `x` is below 0, else 1, as floats of the shape of `x`.

    step: as in `quantize`. Gradients are those of ``clip(x / step, -1, 1)``.
    """
    codes: Tensor = _Signs.apply(x, step)  # type: ignore[no-untyped-call]
    return codes


def power_of_two(step: Tensor) -> Tensor:
    """The power of two nearest to each positive step, by their logarithms; the gradient passes as it is."""
    rounded: Tensor = _PowerOfTwo.apply(step)  # type: ignore[no-untyped-call]
    return rounded


def rescale(psums: Tensor, scale: Tensor) -> Tensor:
    """``psums * scale`` in the dtype of `scale`; `scale` broadcasts along every axis but the second."""
    values: Tensor = _Rescale.apply(psums, scale)  # type: ignore[no-untyped-call]
    return values


class _StepView(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, step: Tensor, gradient_scale: Tensor) -> Tensor:
        ctx.save_for_backward(gradient_scale)
        return step.clamp_min(MIN_STEP)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient_scale,) = ctx.saved_tensors
        return gradients[0] * gradient_scale, None


class _Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor, min_code: int, max_code: int) -> Tensor:
        ratio = torch.div(x, step)
        ctx.save_for_backward(ratio, step)
        ctx.range = (min_code, max_code)
        return ratio.clamp(min_code, max_code).round_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        ratio, step = ctx.saved_tensors
        inside = torch.ops.aten.hardtanh_backward(gradients[0], ratio, *ctx.range)
        to_step = _sum_product(inside, ratio, step).div_(step).neg_()
        return inside.div_(step), to_step, None, None


class _Signs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor) -> Tensor:
        ratio = torch.div(x, step)
        ctx.save_for_backward(ratio, step)
        return torch.where(x < 0, -1.0, 1.0).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        ratio, step = ctx.saved_tensors
        inside = torch.ops.aten.hardtanh_backward(gradients[0], ratio, -1, 1)
        to_step = _sum_product(inside, ratio, step).div_(step).neg_()
        return inside.div_(step), to_step


class _PowerOfTwo(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, step: Tensor) -> Tensor:
        mantissa, exponent = torch.frexp(step)  # mantissa in 0.5..1
        one = torch.ones_like(step)
        return torch.ldexp(one, exponent - (mantissa < math.sqrt(0.5)).to(exponent.dtype))

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class _Rescale(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, psums: Tensor, scale: Tensor) -> Tensor:
        ctx.save_for_backward(psums, scale)
        return torch.mul(psums, scale).to(scale.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        psums, scale = ctx.saved_tensors
        to_scale = _sum_product(gradients[0], psums.to(scale.dtype), scale)
        return (gradients[0] * scale).to(psums.dtype), to_scale


def _sum_product(a: Tensor, b: Tensor, like: Tensor) -> Tensor:
    """``(a * b)`` summed to the shape of `like`; one pass without a temporary where it is one number."""
    if like.numel() > 1:
        return (a * b).sum_to_size(like.shape)
    if a.ndim == 4 and a.is_contiguous(memory_format=torch.channels_last):
        a, b = a.permute(0, 2, 3, 1), b.permute(0, 2, 3, 1)  # n h w c: a flat view, no copy
    return torch.dot(a.reshape(-1), b.reshape(-1)).reshape(like.shape)
