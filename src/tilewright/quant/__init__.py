"""Quantizers and layers whose forward pass is integer arithmetic."""

from tilewright.quant.attention import (
    AttentionMix,
    AttentionScores,
    AttentionSoftmax,
    PixelNorm,
)
from tilewright.quant.bias import ChannelBias
from tilewright.quant.integer_layers import (
    IntegerAdd,
    IntegerConv2d,
    IntegerLinear,
    IntegerSumPool,
)
from tilewright.quant.layers import QuantConv2d, QuantLinear, allow_int8
from tilewright.quant.link_report import Gap, LinkReport, UnlinkedWarning, link_report
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
    "AttentionMix",
    "AttentionScores",
    "AttentionSoftmax",
    "ChannelBias",
    "Gap",
    "IntegerAdd",
    "IntegerConv2d",
    "IntegerLinear",
    "IntegerSumPool",
    "LinkReport",
    "PactActQuantizer",
    "PactWeightQuantizer",
    "PixelNorm",
    "PixelQuantizer",
    "QuantAdd",
    "QuantAvgPool2d",
    "QuantConv2d",
    "QuantLinear",
    "SignedActQuantizer",
    "UnlinkedWarning",
    "WeightQuantizer",
    "allow_int8",
    "link_report",
    "quantize",
]
