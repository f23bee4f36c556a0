"""The layers that every network is built from, quantized or float as the spec says."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tilewright.models.model_spec import ModelSpec
from tilewright.quant import QuantAdd, QuantAvgPool2d, QuantConv2d, QuantLinear
from tilewright.quant.input_check import MAX_PIXEL

SUM_BITS = 8
"""Width of the codes that additions and average pools sum: no lane of the array holds them."""


MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)
"""Of the pixels of CIFAR-10, as is customary; the course's images are taken to be normalized by them."""


class Add(nn.Module):
    """Addition of two float branches, in the place of `QuantAdd`."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """``a + b``."""
        return a + b


def read_pixels(spec: ModelSpec, x: Tensor) -> Tensor:
    """The input of the first layer: pixels as they are, or real values, channels last: in a float
    network `PixelQuantizer`'s, with the course's ends normalized.
    """
    if not (spec.is_float or spec.has_course_ends):
        return x
    values = x.contiguous(memory_format=torch.channels_last) / MAX_PIXEL
    if not spec.has_course_ends:
        return values
    mean, std = (values.new_tensor(numbers).reshape(1, -1, 1, 1) for numbers in (MEAN, STD))
    return (values - mean) / std


def convolution(
    spec: ModelSpec, name: str, channels: int, width: int, *, kernel: int = 3, stride: int = 1
) -> nn.Module:
    """The layer `name`: without bias, padded so that stride 1 keeps the map."""
    padding = kernel // 2
    if spec.is_float:
        plain = nn.Conv2d(channels, width, kernel, stride, padding, bias=False)
        nn.init.kaiming_normal_(plain.weight, mode="fan_out", nonlinearity="relu")
        channels_last = plain.weight.detach().contiguous(memory_format=torch.channels_last)
        plain.weight = nn.Parameter(channels_last)
        return plain
    weight_bits, act_bits = spec.bits_of(name)
    is_first = name == spec.layers[0]
    return QuantConv2d(
        channels,
        width,
        kernel,
        weight_bits=weight_bits,
        act_bits=act_bits,
        stride=stride,
        padding=padding,
        is_pixel_input=is_first and not spec.has_course_ends,
        is_signed_input=is_first and spec.has_course_ends,
        is_per_channel=spec.is_per_channel,
        quantizer=spec.quantizer,
    )


def classifier(spec: ModelSpec, features: int) -> nn.Module:
    """The last layer, without bias; with the course's ends, float and with one."""
    if spec.has_course_ends:
        return nn.Linear(features, spec.classes)
    if spec.is_float:
        linear = nn.Linear(features, spec.classes, bias=False)
        nn.init.normal_(linear.weight, std=1 / math.sqrt(features))
        return linear
    weight_bits, act_bits = spec.bits_of(spec.layers[-1])
    return QuantLinear(
        features,
        spec.classes,
        weight_bits=weight_bits,
        act_bits=act_bits,
        quantizer=spec.quantizer,
    )


def addition(spec: ModelSpec) -> nn.Module:
    """The sum of two branches."""
    return Add() if spec.is_float else QuantAdd(SUM_BITS)


def average_pool(spec: ModelSpec, edge: int) -> nn.Module:
    """The average of the whole map, `edge` pixels high and wide."""
    return nn.AvgPool2d(edge) if spec.is_float else QuantAvgPool2d(edge, act_bits=SUM_BITS)
