"""VGG with every layer quantized, or none, and its chokepoint."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.models.model_spec import ModelSpec
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.quant.quantizers import MAX_PIXEL

IMAGE_CHANNELS, IMAGE_EDGE = 3, 32


class QuantVGG(nn.Module):
    """Convolution, BatchNorm and ReLU in groups of three modules, max-pools, flatten, classifier.

    Input: raw pixels 0..255, uint8 or float, ``n 3 32 32``; output: logits ``n classes``. The
    modules of `features` are numbered as in torchvision's VGG with BatchNorm: in vgg16 the
    chokepoint is 24, 27, 30.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.features = nn.Sequential(*_features(spec))
        edge = IMAGE_EDGE >> len(spec.stages)
        self.classifier = _classifier(spec, spec.stages[-1][-1] * edge * edge)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``n classes`` of the pixels `x`."""
        if self.spec.is_float:
            x = x.contiguous(memory_format=torch.channels_last) / MAX_PIXEL  # as PixelQuantizer's
        logits: Tensor = self.classifier(self.features(x))
        return logits


def build_model(name: str, **values: Any) -> QuantVGG:
    """A fresh model; `values` are the fields of `ModelSpec`, which says what is valid and what is raised.

    >>> build_model("vgg16", weight_bits=4, act_bits=4, choke_width=8).features[27].out_channels
    8
    """
    return QuantVGG(ModelSpec(name, **values))


def _features(spec: ModelSpec) -> list[nn.Module]:
    modules: list[nn.Module] = []
    channels = IMAGE_CHANNELS
    for widths in spec.stages:
        for width in widths:
            is_choked = f"features.{len(modules)}" == spec.choke_layer
            modules += [
                _convolution(spec, channels, width, is_first=not modules),
                nn.BatchNorm2d(width) if spec.has_choke_norm or not is_choked else nn.Identity(),
                nn.ReLU(),
            ]
            channels = width
        modules.append(nn.MaxPool2d(2))
    return [*modules, nn.Flatten()]


def _convolution(spec: ModelSpec, channels: int, width: int, *, is_first: bool) -> nn.Module:
    """3x3 and without bias."""
    if spec.is_float:
        convolution = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        return convolution.to(memory_format=torch.channels_last)
    return QuantConv2d(
        channels,
        width,
        3,
        weight_bits=spec.weight_bits,
        act_bits=spec.act_bits,
        padding=1,
        is_pixel_input=is_first,
        is_per_channel=spec.is_per_channel,
    )


def _classifier(spec: ModelSpec, features: int) -> nn.Module:
    if spec.is_float:
        linear = nn.Linear(features, spec.classes, bias=False)
        nn.init.normal_(linear.weight, std=1 / math.sqrt(features))
        return linear
    return QuantLinear(features, spec.classes, weight_bits=spec.weight_bits, act_bits=spec.act_bits)
