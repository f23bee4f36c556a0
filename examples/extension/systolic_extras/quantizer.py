"""A quantizer that learns the largest value that it can tell, instead of the size of a step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.spec import NumberFormat
from tilewright.spec.quantizer import Quantizer


class Bounded(nn.Module):
    """Values to codes of `number_format`; gradients pass through the rounding to values and bound."""

    def __init__(self, number_format: NumberFormat) -> None:
        super().__init__()
        self.number_format = number_format
        self.bound = nn.Parameter(torch.tensor(2.0))

    @property
    def scale(self) -> Tensor:
        """Real size of a code, detached: what the integer network states."""
        return self.bound.detach() / self.number_format.max_code

    def scale_view(self) -> Tensor:
        """The same with its gradient: what a forward multiplies sums with."""
        return self.bound / self.number_format.max_code

    def forward(self, x: Tensor) -> Tensor:
        """Codes of `x`, as floats."""
        low, high = self.number_format.min_code, self.number_format.max_code
        steps = torch.clamp(x / self.scale_view(), low, high)
        return steps + (steps.round() - steps).detach()


def _bounded(*, is_signed: bool) -> Callable[..., Bounded]:
    def make(bits: int, *_step_shape: Any) -> Bounded:
        return Bounded(NumberFormat(bits, is_signed, is_narrow=is_signed))

    return make


BOUNDED = Quantizer(
    act=_bounded(is_signed=False),
    signed_act=_bounded(is_signed=True),
    weight=_bounded(is_signed=True),
    has_channel_steps=False,
)
