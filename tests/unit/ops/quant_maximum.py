"""The torch side of `maximum`: a quantized module, and the node that it becomes."""

from __future__ import annotations

import torch
from torch import nn

from tests.unit.ops.maximum import Maximum
from tilewright.quant import ActQuantizer
from tilewright.quant.node_modules import NODE_MODULES
from tilewright.recover.nodes import RECOVERIES, Recovered


class IntegerMaximum(nn.Module):
    """Codes to codes."""

    def forward(self, first, second):
        return torch.maximum(first, second)


class QuantMaximum(nn.Module):
    """The larger of two values of one step."""

    def __init__(self, bits):
        super().__init__()
        self.act_quantizer = ActQuantizer(bits)
        self.integer = IntegerMaximum()

    def forward(self, first, second):
        return self.dequantize(self.integer(self.act_quantizer(first), self.act_quantizer(second)))

    def dequantize(self, sums):
        return sums * self.act_quantizer.scale_view()


def recovery(name, part, capture):
    grid = part.act_quantizer
    node = Maximum(name, capture.plane, grid.number_format, float(grid.scale))
    return Recovered(node, node.sum_bound())


NODE_MODULES.add("maximum", QuantMaximum)
RECOVERIES.add("maximum", recovery)
