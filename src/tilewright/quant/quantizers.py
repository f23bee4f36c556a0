"""Quantizers: real values in, integer codes out; the scale of the codes is an attribute."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.errors import ConfigError
from tilewright.quant.input_check import MAX_PIXEL, FirstBatch, check_floating, check_pixels
from tilewright.quant.learned_step import MIN_STEP, power_of_two, quantize, signs, view_step
from tilewright.spec import BIPOLAR, NumberFormat
from tilewright.spec.code_bits import check_bits

INPUT_BITS = 8
"""Width of the codes of a network's input, where it has both signs."""


class LearnedQuantizer(nn.Module):
    """A quantizer whose step is learned (LSQ); `ActQuantizer`, `SignedActQuantizer` and
    `WeightQuantizer` are its kinds.

    The first batch sets the step to ``2 * mean|x| / sqrt(Qp)``, Qp the largest code. The factor on
    its gradient is ``1 / sqrt(N * Qp)``, N the number of values that share the step: weights, or
    the features of one image (the loss is a mean over the images already).
    """

    step: nn.Parameter
    gradient_scale: Tensor
    is_initialized: Tensor

    def __init__(self, number_format: NumberFormat, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.number_format = number_format
        self.step = nn.Parameter(torch.ones(shape))
        self.register_buffer("gradient_scale", torch.ones(()), persistent=False)
        self.register_buffer("is_initialized", torch.zeros((), dtype=torch.bool))
        self._is_ready = False  # mirrors the buffer, so that a forward does not wait for the device

    @property
    def scale(self) -> Tensor:
        """Real size of one code, positive; detached, of the shape of the step."""
        return self.step.detach().clamp_min(MIN_STEP)

    @property
    def has_step(self) -> bool:
        """Whether the step is set: by a batch before, or by what was loaded."""
        return self._is_ready or bool(self.is_initialized)

    def scale_view(self) -> Tensor:
        """The scale as every use of it in a forward must take it, with the gradient scaled."""
        return view_step(self.step, self.gradient_scale)

    def forward(self, x: Tensor) -> Tensor:
        """Codes of `x`: integers in the range of `number_format`, as floats of the same shape."""
        self.initialize(x)
        return quantize(
            x, self.scale_view(), self.number_format.min_code, self.number_format.max_code
        )

    def extra_repr(self) -> str:
        """The number format, for `repr`."""
        return str(self.number_format)

    @torch.no_grad()
    def initialize(self, *batch: Tensor) -> None:
        """Set the step from the first `batch`: tensors of one shape that share it; else do nothing."""
        if self._is_ready:
            return
        for x in batch:
            check_floating(x)
        largest = self.number_format.max_code
        count = sum(self._count(x) for x in batch)
        self.gradient_scale.fill_(1 / math.sqrt(count * largest))
        if not self.is_initialized:
            mean = torch.stack([self._mean(x.detach()) for x in batch]).mean(0)
            self.step.copy_(self._first_step(mean).clamp_min(MIN_STEP))
            self.is_initialized.fill_(True)
        self._is_ready = True

    def _first_step(self, mean: Tensor) -> Tensor:
        """From the mean of ``|x|``."""
        return 2 * mean / math.sqrt(self.number_format.max_code)

    def _count(self, x: Tensor) -> int:
        """The number of values of one image that share the step."""
        return max(x.numel() // len(x), 1)

    def _mean(self, x: Tensor) -> Tensor:
        """Mean |x| over the values that share a step, in the shape of the step."""
        shape = self.step.shape
        axes = [axis for axis in range(x.ndim) if not shape or shape[axis] == 1]
        return x.abs().mean(dim=axes, keepdim=bool(shape))

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        state.pop(f"{prefix}gradient_scale", None)  # kept by earlier versions
        super()._load_from_state_dict(state, prefix, *rest)
        self._is_ready = False


class ActQuantizer(LearnedQuantizer):
    """Activations to unsigned codes ``0..2**bits - 1``, one learned step for the tensor.

    Negative values have code 0 and no gradient, as behind a ReLU.
    """

    def __init__(self, bits: int) -> None:
        super().__init__(NumberFormat(check_bits(bits, "act_bits"), is_signed=False), ())

    def _mean(self, x: Tensor) -> Tensor:
        """Mean of what is not below 0: values that no ReLU has seen set the same step."""
        return super()._mean(x.clamp_min(0))


class SignedActQuantizer(LearnedQuantizer):
    """Activations of both signs to narrow codes, ``-127..127`` at 8 bits, one learned step."""

    def __init__(self, bits: int) -> None:
        check_bits(bits, "bits")
        super().__init__(NumberFormat(bits, is_signed=True, is_narrow=True), ())


class WeightQuantizer(LearnedQuantizer):
    """Weights to signed narrow codes, ``-7..7`` at 4 bits, with learned steps.

    shape: shape of the step, which broadcasts to the weight: ``(1, 1, 1, 1)`` or, for a step per
    output channel, ``(oc, 1, 1, 1)``; ``(1, 1)`` or ``(oc, 1)`` for a linear layer.
    """

    def __init__(self, bits: int, shape: tuple[int, ...]) -> None:
        check_bits(bits, "weight_bits")
        super().__init__(NumberFormat(bits, is_signed=True, is_narrow=True), shape)

    @torch.no_grad()
    def fit(self, weight: Tensor) -> None:
        """Set the steps such that codes times step come as near to `weight` as they can (least squares).

        Tried are the steps that give the largest weight one of the codes, and finer ones down to 1/32, eight
        to an octave, that clip it; the best of them is then the best one for its codes. Of steps that are
        equally good it is the finest: weights on a coarse grid stay as they are, and gain room for more.
        """
        low, high = self.number_format.min_code, self.number_format.max_code
        axes = [axis for axis in range(weight.ndim) if self.step.shape[axis] == 1]
        widest = weight.abs().amax(dim=axes, keepdim=True)
        negligible = 1e-12 * weight.square().sum(dim=axes, keepdim=True)
        least = torch.full_like(self.step, math.inf)
        parts = [*range(high, 0, -1), *(high * 2 ** (eighth / 8) for eighth in range(1, 41))]
        for part in parts:
            step = (widest / part).clamp_min(MIN_STEP)
            nearest = torch.div(weight, step).clamp_(low, high).round_().mul_(step)
            error = nearest.sub_(weight).square_().sum(dim=axes, keepdim=True)
            is_better = error < least - negligible
            self.step.copy_(torch.where(is_better, step, self.step))
            least = torch.where(is_better, error, least)
        codes = torch.div(weight, self.step).clamp_(low, high).round_()
        product = (codes * weight).sum(dim=axes, keepdim=True)
        best = product / codes.square().sum(dim=axes, keepdim=True)
        self.step.copy_(torch.where(best > MIN_STEP, best, self.step))  # no codes but 0: nan
        self.is_initialized.fill_(True)
        self._is_ready = False

    def _count(self, x: Tensor) -> int:
        """The number of weights that share a step."""
        return x.numel() // self.step.numel()


class BipolarWeightQuantizer(WeightQuantizer):
    """Weights to their signs, -1 and 1, with learned steps that begin at the mean of ``|w|``.

    The codes are written in 2 bits; raises `ConfigError` for other bits.
    """

    def __init__(self, bits: int, shape: tuple[int, ...]) -> None:
        if bits != BIPOLAR.bits:
            raise ConfigError(
                f"binary weights, -1 and 1, take {BIPOLAR.bits} bits in two's complement: weight_bits must "
                f"be {BIPOLAR.bits}, not {bits}"
            )
        super().__init__(bits, shape)
        self.number_format = BIPOLAR

    def forward(self, x: Tensor) -> Tensor:
        """Signs of `x`, as floats of the same shape."""
        self.initialize(x)
        return signs(x, self.scale_view())

    @torch.no_grad()
    def fit(self, weight: Tensor) -> None:
        """Set the steps to the mean of ``|w|``, with which signs come nearest to the weights."""
        self.step.copy_(self._mean(weight).clamp_min(MIN_STEP))
        self.is_initialized.fill_(True)
        self._is_ready = False

    def _first_step(self, mean: Tensor) -> Tensor:
        return mean


class PowerOfTwo:
    """Makes the scale of a `LearnedQuantizer` the power of two that is nearest to its step."""

    step: nn.Parameter
    gradient_scale: Tensor

    @property
    def scale(self) -> Tensor:
        """Real size of one code, a power of two; detached."""
        return power_of_two(self.step.detach().clamp_min(MIN_STEP))

    def scale_view(self) -> Tensor:
        """The scale as every use of it in a forward must take it."""
        return power_of_two(view_step(self.step, self.gradient_scale))


class PowerOfTwoActQuantizer(PowerOfTwo, ActQuantizer):
    """`ActQuantizer` with a power of two for its scale."""


class PowerOfTwoSignedActQuantizer(PowerOfTwo, SignedActQuantizer):
    """`SignedActQuantizer` with a power of two for its scale."""


class PowerOfTwoWeightQuantizer(PowerOfTwo, WeightQuantizer):
    """`WeightQuantizer` with powers of two for its scales."""


class GivenQuantizer(nn.Module):
    """Values of both signs to narrow 8-bit codes, ``-127..127``, of a scale that is given and not learned.

    For the input of a network: normalized images. Raises `ConfigError` if the scale is not positive.
    """

    scale: Tensor

    def __init__(self, scale: float) -> None:
        super().__init__()
        if not MIN_STEP <= scale < math.inf:
            raise ConfigError(f"input_scale must be at least 2^-20 and finite, not {scale}")
        self.number_format = NumberFormat(INPUT_BITS, is_signed=True, is_narrow=True)
        self.register_buffer("scale", torch.tensor(float(scale)))

    def scale_view(self) -> Tensor:
        """The scale; it is not learned."""
        return self.scale

    def forward(self, x: Tensor) -> Tensor:
        """Codes ``round_half_even(clip(x / scale, -127, 127))``, as floats of the same shape."""
        low, high = self.number_format.min_code, self.number_format.max_code
        return torch.div(x.detach().to(self.scale.dtype), self.scale).clamp_(low, high).round_()


class PixelQuantizer(nn.Module):
    """Raw 8-bit pixels are codes already; their scale is the constant 1/255.

    Raises `DataError` if the first batch holds anything but integers 0..255.
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.number_format = NumberFormat(8, is_signed=False)
        self.register_buffer("scale", torch.tensor(1 / MAX_PIXEL), persistent=False)
        self.first = FirstBatch()

    def scale_view(self) -> Tensor:
        """The scale; it is not learned."""
        return self.scale

    def forward(self, x: Tensor) -> Tensor:
        """Pixels 0..255, uint8 or float, to the same numbers as floats."""
        if x.dtype == torch.uint8:
            return x.to(self.scale.dtype)
        if not self.first.is_over:
            check_pixels(x.detach())
            self.first.is_over = True
        return x.detach().clamp(0, MAX_PIXEL).round_()
