"""A number for each channel, added after the scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tilewright.errors import ShapeError


class ChannelBias(nn.Module):
    """``x + bias`` for each channel: the bias of a layer whose psums have none.

    Like BatchNorm it acts on real values between a layer's psums and the next quantizer, so it moves
    thresholds and no psum. Input ``n c`` or ``n c h w``.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`x` with the bias of its channel added; raises `ShapeError` if `x` has other axes."""
        if x.ndim not in (2, 4):
            raise ShapeError(
                f"a bias is added to n c or n c h w, not to {tuple(x.shape)}: flatten the input"
            )
        return x + self.bias.reshape(-1, *(1,) * (x.ndim - 2))

    def extra_repr(self) -> str:
        """Size, for `repr`."""
        return str(len(self.bias))
