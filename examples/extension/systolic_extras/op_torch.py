"""The torch side of `maximum`: a quantized module, and the node that it becomes."""

import torch
from torch import Tensor, nn

from systolic_extras.op import Maximum
from tilewright.quant import ActQuantizer
from tilewright.recover.capture import Capture
from tilewright.recover.recovered import Recovered


class IntegerMaximum(nn.Module):
    """Codes to codes: what is watched when integers are recovered."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return torch.maximum(first, second)


class QuantMaximum(nn.Module):
    """The larger of two values, which share a step."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.act_quantizer = ActQuantizer(bits)
        self.integer = IntegerMaximum()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.dequantize(self.integer(self.act_quantizer(first), self.act_quantizer(second)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of the larger codes."""
        return sums * self.act_quantizer.scale_view()


def recover_maximum(name: str, part: QuantMaximum, capture: Capture) -> Recovered:
    """The node that a module becomes, and the largest |sum| that its formats reach."""
    grid = part.act_quantizer
    node = Maximum(name, capture.plane, grid.number_format, float(grid.scale))
    return Recovered(node, node.sum_bound())
