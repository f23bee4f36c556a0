"""A network of the zoo for images, as a model that trains and runs from a configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.models.layers import read_pixels
from tilewright.models.model_spec import ModelSpec
from tilewright.models.zoo import build_zoo
from tilewright.models.zoo_names import zoo_network
from tilewright.quant import quantize
from tilewright.quant.tracing import trace
from tilewright.spec import NumberFormat


class ZooModel(nn.Module):
    """The float module of `tilewright.models.zoo`, quantized as a user's own is.

    Input: raw pixels 0..255, uint8 or float, ``n 3 32 32``; output: logits ``n classes``.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        spec.expect_family("zoo")
        self.spec = spec
        net = trace(build_zoo(spec.name), ())
        if not spec.is_float:
            net = quantize(
                build_zoo(spec.name),
                weight_bits=spec.weight_bits,
                act_bits=spec.act_bits,
                is_per_channel=spec.is_per_channel,
                quantizer=spec.quantizer,
                has_pixel_input=True,
                example=torch.zeros(2, *zoo_network(spec.name).sizes),
            )

        self._run: Callable[..., Tensor] = type(net).forward
        for name, part in net.named_children():  # under their own names, without one before them
            self.add_module(name, part)

    def formats_of(self, layer: str) -> tuple[NumberFormat, NumberFormat]:
        """Of the activation and weight codes of a quantized layer."""
        part: Any = self.get_submodule(layer)
        return part.act_quantizer.number_format, part.weight_quantizer.number_format

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``n classes`` of the pixels `x`."""
        return self._run(self, read_pixels(self.spec, x))
