"""The nouns: number formats, sizes, integer layers and networks, stimulus, and how they are stored."""

from tilewright.spec.array_mode import (
    Function,
    OutputFunction,
    OverflowRule,
    PsumRule,
    Schedule,
)
from tilewright.spec.array_shape import ArrayShape
from tilewright.spec.attention_nodes import CodeMatmul, CodeNorm, CodeSoftmax
from tilewright.spec.channel_output import AnyOutput, ChannelConstants, ChannelOutput
from tilewright.spec.check import Check
from tilewright.spec.code_nodes import CodeMove, CodeProduct, CodeTable
from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.integer_network import IntegerNetwork
from tilewright.spec.integer_sums import ResidualAdd, SumPool
from tilewright.spec.layer_sizes import LayerSizes
from tilewright.spec.multiplier_shift import MultiplierShift, fit_multiplier_shift
from tilewright.spec.node import Node, operand_shape
from tilewright.spec.number_format import (
    BIPOLAR,
    FORMATS,
    Codes,
    IntArray,
    Ints,
    NumberFormat,
    code_dtype,
    signed_bits_needed,
)
from tilewright.spec.op import OPS, Op, op_of
from tilewright.spec.packed_network import DataClaim, PackedNetwork, find_packed
from tilewright.spec.psum_fault import FAULT_KINDS, FaultKind, PsumFault
from tilewright.spec.psum_register import (
    REGISTER_PLACES,
    REGISTER_RULES,
    PsumRegister,
    RegisterPlace,
    RegisterRule,
)
from tilewright.spec.requantization import NEVER, MaxPool, Plane, Requantization, port_name
from tilewright.spec.stimulus import Stimulus
from tilewright.spec.trace import Trace

__all__ = [
    "BIPOLAR",
    "FAULT_KINDS",
    "FORMATS",
    "NEVER",
    "OPS",
    "REGISTER_PLACES",
    "REGISTER_RULES",
    "AnyOutput",
    "ArrayShape",
    "ChannelConstants",
    "ChannelOutput",
    "Check",
    "CodeMatmul",
    "CodeMove",
    "CodeNorm",
    "CodeProduct",
    "CodeSoftmax",
    "CodeTable",
    "Codes",
    "ConvShape",
    "DataClaim",
    "FaultKind",
    "Function",
    "IntArray",
    "IntegerLayer",
    "IntegerNetwork",
    "Ints",
    "LayerSizes",
    "MaxPool",
    "MultiplierShift",
    "Node",
    "NumberFormat",
    "Op",
    "OutputFunction",
    "OverflowRule",
    "PackedNetwork",
    "Plane",
    "PsumFault",
    "PsumRegister",
    "PsumRule",
    "RegisterPlace",
    "RegisterRule",
    "Requantization",
    "ResidualAdd",
    "Schedule",
    "Stimulus",
    "SumPool",
    "Trace",
    "code_dtype",
    "find_packed",
    "fit_multiplier_shift",
    "op_of",
    "operand_shape",
    "port_name",
    "signed_bits_needed",
]
