"""Quantizers and layers whose forward pass is integer arithmetic."""

from tilewright.quant.bias import ChannelBias
from tilewright.quant.integer_layers import (
    IntegerAdd,
    IntegerConv2d,
    IntegerLinear,
    IntegerSumPool,
)
from tilewright.quant.layers import QuantConv2d, QuantLinear, allow_int8
from tilewright.quant.pact import PactActQuantizer, PactWeightQuantizer
from tilewright.quant.quantize_module import quantize
from tilewright.quant.quantizers import (
    ActQuantizer,
    PixelQuantizer,
    SignedActQuantizer,
    WeightQuantizer,
)
from tilewright.quant.sums import QuantAdd, QuantAvgPool2d

__all__ = [
    "ActQuantizer",
    "ChannelBias",
    "IntegerAdd",
    "IntegerConv2d",
    "IntegerLinear",
    "IntegerSumPool",
    "PactActQuantizer",
    "PactWeightQuantizer",
    "PixelQuantizer",
    "QuantAdd",
    "QuantAvgPool2d",
    "QuantConv2d",
    "QuantLinear",
    "SignedActQuantizer",
    "WeightQuantizer",
    "allow_int8",
    "quantize",
]
