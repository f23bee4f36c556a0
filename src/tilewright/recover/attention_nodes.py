"""How the modules of `tilewright.quant.attention` become nodes."""

from __future__ import annotations

import numpy as np

from tilewright.quant.attention import QuantMatmul, QuantPixelNorm, QuantSoftmax
from tilewright.recover.capture import Capture
from tilewright.recover.recovered import Recovered
from tilewright.spec import CodeMatmul, CodeNorm, CodeSoftmax
from tilewright.spec.attention_nodes import NORM_BITS, SHARE_BITS


def recover_matmul(name: str, part: QuantMatmul, capture: Capture) -> Recovered:
    """Both planes, the heads, and both steps."""
    grid, other = part.operand_quantizers
    planes = tuple((codes.shape[1], codes.shape[2], codes.shape[3]) for codes in capture.operands)
    scales = float(grid.scale), float(other.scale) / part.root
    node = CodeMatmul(name, planes, part.heads, part.is_mix, grid.number_format, *scales)
    return Recovered(node, node.sum_bound())


def recover_softmax(name: str, part: QuantSoftmax, capture: Capture) -> Recovered:
    """The module's own table."""
    grid, table = part.act_quantizer, part.integer.table().numpy().astype(np.int32)
    scale = float(grid.scale)
    unit = 1 / (2**SHARE_BITS * scale)
    node = CodeSoftmax(name, (capture.plane,), table, grid.number_format, scale, unit)
    return Recovered(node, node.sum_bound())


def recover_norm(name: str, part: QuantPixelNorm, capture: Capture) -> Recovered:
    """The plane; factors and terms are a part of the thresholds of whoever reads it."""
    grid = part.act_quantizer
    scale = float(grid.scale)
    node = CodeNorm(name, (capture.plane,), grid.number_format, scale, 1 / (2**NORM_BITS * scale))
    return Recovered(node, node.sum_bound())
