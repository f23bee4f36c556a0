"""Learned clipping bounds on integer codes: PACT activations and normalized weights.

Codes and gradients are those of the course's fake-quantized floats, in its order of operations; only
the convolution is of codes, and the scale multiplies its psums. The gradient of a bound comes from the
codes alone: through the scale and through the codes it would be the difference of two large sums.

Source: Choi et al., PACT: Parameterized Clipping Activation for Quantized Neural Networks, 2018,
equations 1 to 3; weights as in Li et al., Additive Powers-of-Two Quantization, ICLR 2020, section 2.3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tilewright.quant.learned_step import MIN_STEP
from tilewright.spec import NumberFormat
from tilewright.spec.code_bits import check_bits

ACT_ALPHA, WEIGHT_ALPHA = 8.0, 3.0
"""Where the bounds start."""

SIGNED_INPUT_BITS = 8


def clip_to_codes(x: Tensor, alpha: Tensor, levels: int, *, is_two_sided: bool) -> Tensor:
    """Codes ``round_half_even(min(x / alpha, 1) * levels)``; two-sided: of ``|x|``, with the sign of `x`.

    Gradients, with g that of the code times ``levels / alpha``: to `x`, g up to the bound; to `alpha`,
    the sum of g (two-sided: with the sign of `x`) beyond it.
    """
    codes: Tensor = _ClipToCodes.apply(x, alpha, levels, is_two_sided)  # type: ignore[no-untyped-call]
    return codes


class _ClippingQuantizer(nn.Module):
    """A quantizer whose largest value, alpha, is learned."""

    def __init__(self, number_format: NumberFormat, alpha: float, levels: int) -> None:
        super().__init__()
        self.number_format, self.levels = number_format, levels
        self.alpha = nn.Parameter(torch.tensor(alpha))

    @property
    def scale(self) -> Tensor:
        """Real size of one code, positive; detached, one number."""
        return self.alpha.detach().clamp_min(MIN_STEP) / self.levels

    def scale_view(self) -> Tensor:
        """The scale; the gradient of alpha comes from the codes."""
        return self.scale

    def extra_repr(self) -> str:
        """The number format, for `repr`."""
        return str(self.number_format)


class PactActQuantizer(_ClippingQuantizer):
    """Activations to codes of at most ``2**bits - 1``; alpha starts at 8.

    Unsigned, for inputs that are not negative. has_signed_input: for the course's first layer, which
    reads normalized images: there is no lower bound but that of 8-bit codes, -128, which such images
    reach when alpha falls below about 0.3 (at 4 bits).
    """

    def __init__(self, bits: int, *, has_signed_input: bool = False) -> None:
        unsigned = NumberFormat(check_bits(bits, "act_bits"), is_signed=False)
        signed = NumberFormat(SIGNED_INPUT_BITS, is_signed=True)
        super().__init__(signed if has_signed_input else unsigned, ACT_ALPHA, unsigned.max_code)

    def forward(self, x: Tensor) -> Tensor:
        """Codes of `x`, as floats of the same shape."""
        codes = clip_to_codes(x, self.alpha, self.levels, is_two_sided=False)
        return codes.clamp_min(self.number_format.min_code)


class PactWeightQuantizer(_ClippingQuantizer):
    """Weights, normalized by their mean and standard deviation, to signed narrow codes; alpha starts at 3.

    Mean and unbiased deviation are those of the present weights in every forward, in evaluation too, and
    constants to the gradient. The scale is that of the *normalized* weights: nothing undoes the
    normalization.
    """

    def __init__(self, bits: int) -> None:
        check_bits(bits, "weight_bits")
        narrow = NumberFormat(bits, is_signed=True, is_narrow=True)
        super().__init__(narrow, WEIGHT_ALPHA, narrow.max_code)

    def forward(self, weight: Tensor) -> Tensor:
        """Codes of `weight`, as floats of the same shape."""
        mean, std = weight.detach().mean(), weight.detach().std().clamp_min(MIN_STEP)
        normalized = (weight - mean) / std
        return clip_to_codes(normalized, self.alpha, self.levels, is_two_sided=True)


class _ClipToCodes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor, levels: int, is_two_sided: bool) -> Tensor:
        ratio = torch.div(x, alpha.clamp_min(MIN_STEP))
        ctx.save_for_backward(ratio, alpha)
        ctx.levels, ctx.is_two_sided = levels, is_two_sided
        return ratio.clamp(-1 if is_two_sided else None, 1).mul_(levels).round_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        ratio, alpha = ctx.saved_tensors
        gradient = gradients[0] * (ctx.levels / alpha.clamp_min(MIN_STEP))
        is_beyond = (ratio.abs() if ctx.is_two_sided else ratio) > 1
        beyond = torch.where(is_beyond, gradient, 0)
        to_alpha = (beyond * ratio.sign() if ctx.is_two_sided else beyond).sum()
        return gradient.masked_fill_(is_beyond, 0), to_alpha, None, None
