"""Networks to exchange."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tilewright.models import build_model
from tilewright.quant import QuantAdd, QuantAvgPool2d, QuantConv2d, QuantLinear
from tilewright.recover import recover
from tilewright.spec import IntegerNetwork


@dataclass(frozen=True)
class Known:
    """A network with pixels uint8 ``n c h w``."""

    network: IntegerNetwork
    pixels: np.ndarray


def settle(model: nn.Module, batch: torch.Tensor) -> nn.Module:
    """Random BatchNorms of both signs, and steps from a first batch."""
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    model.train()(batch)
    return model


def recovered(model: nn.Module, images: int, edge: int = 32) -> Known:
    """An untrained model in integers."""
    batch = torch.randint(0, 256, (max(2, images), 3, edge, edge), dtype=torch.uint8)
    network, _ = recover(settle(model, batch), batch[:1], np.arange(1))
    return Known(network, batch[:images].numpy())


def untrained(name: str, images: int, **options) -> Known:
    """One of our models, untrained."""
    torch.manual_seed(0)
    return recovered(build_model(name, **options), images)


class Residual(nn.Module):
    """Two blocks as in ResNet, one with a strided shortcut, then an average pool; ic != oc, h != w."""

    def __init__(self, pool: tuple[int, int] = (4, 3)) -> None:
        super().__init__()
        bits = {"weight_bits": 4, "act_bits": 4}
        self.stem = QuantConv2d(3, 6, 3, padding=1, is_pixel_input=True, **bits)
        self.norm = nn.BatchNorm2d(6)
        self.first = QuantConv2d(6, 6, 3, padding=1, **bits)
        self.first_norm = nn.BatchNorm2d(6)
        self.add = QuantAdd(5)
        self.second = QuantConv2d(6, 8, 3, padding=1, stride=2, **bits)
        self.second_norm = nn.BatchNorm2d(8)
        self.short = QuantConv2d(6, 8, 1, stride=2, **bits)
        self.short_norm = nn.BatchNorm2d(8)
        self.second_add = QuantAdd(5, is_difference=True)
        self.pool = QuantAvgPool2d(pool, act_bits=4)
        self.head = QuantLinear(8 * (4 // pool[0]) * (3 // pool[1]), 3, **bits)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        x = self.add(self.first_norm(self.first(x)), x).relu()
        x = self.second_add(self.second_norm(self.second(x)), self.short_norm(self.short(x)))
        return self.head(torch.flatten(self.pool(x.relu()), 1))


def residual(pool: tuple[int, int] = (4, 3)) -> Known:
    """The residual network on images 3x8x6."""
    torch.manual_seed(0)
    batch = torch.randint(0, 256, (3, 3, 8, 6), dtype=torch.uint8)
    network, _ = recover(settle(Residual(pool), batch), batch, np.arange(3))
    return Known(network, batch.numpy())
