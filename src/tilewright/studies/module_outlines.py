"""The layers of a module as outlines, found without computing anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright.config import ModelConfig
from tilewright.cost import LayerOutline
from tilewright.models import build_model
from tilewright.pipeline.stages.train import model_spec
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.spec import ConvShape

CLASSES, IMAGE = 10, (1, 3, 32, 32)
"""Classes and n c h w of every data set that we have."""


def outline_model(config: ModelConfig) -> tuple[LayerOutline, ...]:
    """The quantized layers of the configured model, in the order in which they run."""
    with torch.device("meta"):  # tensors have sizes there, and no values
        module = build_model(**asdict(model_spec(config, CLASSES)))
        return outline_module(module.eval(), torch.empty(IMAGE))


def outline_module(module: nn.Module, batch: Tensor) -> tuple[LayerOutline, ...]:
    """The quantized layers that `batch` runs through, in that order.

    module, batch: on the meta device. The module is spoiled: its layers have no quantizers afterwards.
    """
    outlines: list[LayerOutline] = []
    for name, layer in module.named_modules():
        if isinstance(layer, QuantConv2d | QuantLinear):
            layer.forward = _recorder(name, layer, outlines)  # type: ignore[method-assign,assignment]
    with torch.no_grad():
        module(batch)
    return tuple(outlines)


def _recorder(
    name: str, layer: QuantConv2d | QuantLinear, outlines: list[LayerOutline]
) -> Callable[[Tensor], Tensor]:
    """A forward that writes down what it was given."""

    def forward(x: Tensor) -> Tensor:
        formats = layer.act_quantizer.number_format, layer.weight_quantizer.number_format
        outlines.append(LayerOutline(name, _shape(layer, x), *formats))
        if isinstance(layer, QuantLinear):
            return functional.linear(x, layer.weight)
        return functional.conv2d(x, layer.weight, stride=layer.stride, padding=layer.padding)

    return forward


def _shape(layer: QuantConv2d | QuantLinear, x: Tensor) -> ConvShape:
    if isinstance(layer, QuantLinear):
        return ConvShape(layer.in_features, 1, 1, layer.out_features, 1, 1)
    (ih, iw), (kh, kw) = x.shape[2:], layer.kernel_size
    return ConvShape(
        layer.in_channels, ih, iw, layer.out_channels, kh, kw, layer.stride, layer.padding
    )
