"""Quantizers and layers whose forward pass is integer arithmetic."""

from tilewright.quant.integer_layers import IntegerConv2d, IntegerLinear
from tilewright.quant.layers import QuantConv2d, QuantLinear, allow_int8
from tilewright.quant.quantizers import ActQuantizer, PixelQuantizer, WeightQuantizer

__all__ = [
    "ActQuantizer",
    "IntegerConv2d",
    "IntegerLinear",
    "PixelQuantizer",
    "QuantConv2d",
    "QuantLinear",
    "WeightQuantizer",
    "allow_int8",
]
