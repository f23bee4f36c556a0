"""BatchNorm of unscaled psums: the scale is not applied, because BatchNorm divides it out again.

With one scale s, ``BatchNorm(s * psums)`` of epsilon e is ``BatchNorm(psums)`` of epsilon ``e / s**2``: the
same function with the same gradients, without two passes over the map in each training step.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tilewright.quant.hooks import has_hooks
from tilewright.quant.learned_step import rescale


def normalize_sums(norm: nn.Module, psums: Tensor, scale: Tensor) -> Tensor:
    """``norm(rescale(psums, scale))`` up to rounding; `norm` keeps its running statistics as ever.

    psums: ``n c h w``. Where the scale has to be multiplied out, it is: in evaluation, with a scale for each
    channel, with psums in another dtype than their scale, on devices that should not wait for a number,
    and if `norm` is anything but an `nn.BatchNorm2d` with weights, running statistics and no hooks.
    """
    is_simple = scale.numel() == 1 and psums.dtype == scale.dtype and psums.device.type == "cpu"
    count = psums.numel() // psums.shape[1]
    if not (is_simple and count > 1 and is_plain(norm)):
        values: Tensor = norm(rescale(psums, scale))
        return values
    number = float(scale.detach())
    values, mean, inverse = _Normalize.apply(  # type: ignore[no-untyped-call]
        psums, scale, norm.weight, norm.bias, number, norm.eps
    )
    track(norm, mean * number, inverse.pow(-2) * number**2 - norm.eps, count)
    return values


def is_plain(norm: nn.Module) -> TypeGuard[nn.BatchNorm2d]:
    """Whether `norm` is a BatchNorm in training, with weights and running statistics, and without hooks."""
    if type(norm) is not nn.BatchNorm2d or has_hooks(norm):
        return False
    return norm.training and norm.affine and norm.track_running_stats


@torch.no_grad()
def track(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move the running statistics as `nn.BatchNorm2d` does, the variance by the unbiased one."""
    buffers = (norm.num_batches_tracked, norm.running_mean, norm.running_var)
    batches, running_mean, running_var = (b for b in buffers if b is not None)  # all are there
    mean, variance = mean.to(running_mean.dtype), variance.to(running_var.dtype)
    batches.add_(1)
    momentum = 1 / int(batches) if norm.momentum is None else norm.momentum
    running_mean.lerp_(mean, momentum)
    running_var.lerp_(variance.clamp_min(0) * (count / (count - 1)), momentum)


class _Normalize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        psums: Tensor,
        scale: Tensor,
        weight: Tensor,
        bias: Tensor,
        number: float,  # that of `scale`
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        values, mean, inverse = torch.native_batch_norm(
            psums, weight, bias, None, None, True, 0.0, eps / number**2
        )
        ctx.save_for_backward(psums, scale, weight, mean, inverse)
        ctx.number, ctx.eps = number, eps
        ctx.mark_non_differentiable(mean, inverse)
        return values, mean, inverse

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None, None]:
        psums, scale, weight, mean, inverse = ctx.saved_tensors
        statistics = (None, None, mean, inverse, True, ctx.eps / ctx.number**2)
        to_psums, to_weight, to_bias = torch.ops.aten.native_batch_norm_backward(
            gradients[0], psums, weight, *statistics, [True, True, True]
        )
        # All that the scale moves is inverse = (variance + eps / scale**2) ** -0.5. Its derivative by the
        # scale is inverse**3 * eps / scale**3; that of the loss by it, weight * to_weight / inverse.
        to_scale = (weight * to_weight * inverse.square()).sum() * (ctx.eps / ctx.number**3)
        return to_psums, to_scale.reshape(scale.shape), to_weight, to_bias, None, None
