"""The course's fake-quantized convolution and its checkpoint keys, written from their description."""

import torch
from torch import nn
from torch.nn import functional


class FakeActivation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha, levels):
        ratio = x / alpha
        ctx.save_for_backward(ratio)
        return alpha * (ratio.clamp(max=1) * levels).round() / levels

    @staticmethod
    def backward(ctx, gradient):
        (ratio,) = ctx.saved_tensors
        return gradient * (ratio <= 1), (gradient * (ratio > 1)).sum(), None


class FakeWeight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, normalized, alpha, levels):
        ratio = normalized / alpha
        ctx.save_for_backward(ratio)
        return alpha * ratio.sign() * (ratio.abs().clamp(max=1) * levels).round() / levels

    @staticmethod
    def backward(ctx, gradient):
        (ratio,) = ctx.saved_tensors
        is_beyond = ratio.abs() > 1
        return gradient * ~is_beyond, (gradient * ratio.sign() * is_beyond).sum(), None


class CourseWeightQuantizer(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.levels = 2 ** (bits - 1) - 1
        self.wgt_alpha = nn.Parameter(torch.tensor(3.0))

    def forward(self, weight):
        mean, std = weight.data.mean(), weight.data.std()
        return FakeWeight.apply((weight - mean) / std, self.wgt_alpha, self.levels)


class CourseConv2d(nn.Conv2d):
    """It saves ``weight``, ``weight_q``, ``act_alpha`` and ``weight_quant.wgt_alpha``."""

    def __init__(self, ic, oc, kernel_size=3, *, weight_bits, act_bits, **geometry):
        super().__init__(ic, oc, kernel_size, bias=False, **geometry)
        self.act_levels = 2**act_bits - 1
        self.act_alpha = nn.Parameter(torch.tensor(8.0))
        self.weight_quant = CourseWeightQuantizer(weight_bits)
        self.weight_q = nn.Parameter(torch.zeros_like(self.weight))

    def forward(self, x):
        weight = self.weight_quant(self.weight)
        self.weight_q = nn.Parameter(weight.detach())
        values = FakeActivation.apply(x, self.act_alpha, self.act_levels)
        return functional.conv2d(values, weight, None, self.stride, self.padding)


def course_features(stages, *, choke_layer, weight_bits, act_bits):
    """Convolution, BatchNorm (none in the choked layer) and ReLU in threes, max-pools, flatten."""
    modules, channels = [], 3
    for widths in stages:
        for width in widths:
            is_choked = f"features.{len(modules)}" == choke_layer
            layer = CourseConv2d(
                channels, width, weight_bits=weight_bits, act_bits=act_bits, padding=1
            )
            norm = nn.Identity() if is_choked else nn.BatchNorm2d(width)
            modules += [layer, norm, nn.ReLU()]
            channels = width
        modules.append(nn.MaxPool2d(2))
    return nn.Sequential(*modules, nn.Flatten())
