"""The nouns: number formats, sizes, integer layers and networks, stimulus, and how they are stored."""

from tilewright.spec.array_mode import (
    Dataflow,
    Function,
    OutputFunction,
    OverflowRule,
    PsumRule,
    Schedule,
)
from tilewright.spec.array_shape import ArrayShape
from tilewright.spec.check import Check
from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.integer_network import IntegerNetwork
from tilewright.spec.number_format import IntArray, NumberFormat, signed_bits_needed
from tilewright.spec.requantization import NEVER, MaxPool, Requantization
from tilewright.spec.stimulus import Stimulus

__all__ = [
    "NEVER",
    "ArrayShape",
    "Check",
    "ConvShape",
    "Dataflow",
    "Function",
    "IntArray",
    "IntegerLayer",
    "IntegerNetwork",
    "MaxPool",
    "NumberFormat",
    "OutputFunction",
    "OverflowRule",
    "PsumRule",
    "Requantization",
    "Schedule",
    "Stimulus",
    "signed_bits_needed",
]
