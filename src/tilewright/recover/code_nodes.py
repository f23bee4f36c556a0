"""How the modules of `tilewright.quant.code_nodes` become nodes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from tilewright.quant.code_nodes import FINE, QuantMove, QuantProduct, QuantTable
from tilewright.recover.capture import Capture
from tilewright.recover.recovered import Recovered
from tilewright.spec import CodeMove, CodeProduct, CodeTable, Plane


def recover_move(name: str, part: QuantMove, capture: Capture) -> Recovered:
    """Where each code comes from is what the module does to the numbers of the places."""
    grid = part.act_quantizer
    index = _places(part, capture)
    node = CodeMove(name, _planes(capture), index, grid.number_format, float(grid.scale))
    return Recovered(node, node.sum_bound())


def recover_product(name: str, part: QuantProduct, capture: Capture) -> Recovered:
    """Both planes, and both steps."""
    grid, other = part.operand_quantizers
    node = CodeProduct(
        name, _planes(capture), grid.number_format, float(grid.scale), float(other.scale)
    )
    return Recovered(node, node.sum_bound())


def recover_table(name: str, part: QuantTable, capture: Capture) -> Recovered:
    """The module's own integer of every code."""
    grid, table = part.act_quantizer, part.integer.table().numpy().astype(np.int32)
    scale = float(grid.scale)
    node = CodeTable(name, _planes(capture), table, grid.number_format, scale, 1 / FINE)
    return Recovered(node, node.sum_bound())


def _planes(capture: Capture) -> tuple[Plane, ...]:
    return tuple((codes.shape[1], codes.shape[2], codes.shape[3]) for codes in capture.operands)


def _places(part: QuantMove, capture: Capture) -> npt.NDArray[np.int32]:
    first, numbers = 1, []
    for plane in _planes(capture):
        count = int(np.prod(plane))
        number = torch.arange(first, first + count, dtype=torch.float64).reshape(1, *plane)
        numbers.append(number if capture.is_plane else number.reshape(1, -1))
        first += count
    with torch.no_grad():
        moved = part.integer(*numbers).reshape(capture.psums.shape[1:])
    index: npt.NDArray[np.int32] = moved.numpy().astype(np.int32) - 1
    return index
