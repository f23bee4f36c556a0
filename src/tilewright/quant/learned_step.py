"""Gradients of learned step size quantization (LSQ) on integer codes.

`quantize` returns codes, not values on the grid, so the step takes part twice: here, and in
`rescale` after the convolution. LSQ's gradient of the step is the *sum* of both parts (`q - x /
step`, where each part alone is large), so whatever scales the gradient must scale both: every use
of a step goes through `view_step`.

Source: Esser et al., Learned Step Size Quantization, ICLR 2020, equations 1, 3, 5 and section 2.2.
"""

from __future__ import annotations

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
