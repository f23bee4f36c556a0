"""Pools that reach beyond the edge of a map: the same pools on a map with zeros around it."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from tilewright.quant.code_replacement import spread
from tilewright.quant.edit import Edit
from tilewright.quant.layers import as_pair
from tilewright.quant.module_signs import Sign


def pad_average(edit: Edit, node: fx.Node, what: Any) -> bool:
    """An average over zeros beyond the edge is one of a map with zeros around it; whether it was that."""
    is_padded = isinstance(what, nn.AvgPool2d) and as_pair(what.padding) != (0, 0)
    if not is_padded or not what.count_include_pad or what.ceil_mode or what.divisor_override:
        return False
    down, across = as_pair(what.padding)
    spread(edit, node, nn.ZeroPad2d((across, across, down, down)), "pad")
    pool = nn.AvgPool2d(what.kernel_size, what.stride)
    edit.put(str(node.target), pool)
    edit.average(node, pool)
    return True


def round_up(edit: Edit, node: fx.Node, what: nn.MaxPool2d) -> None:
    """A pool that counts windows beyond the edge: zeros there, which never win, where nothing is below 0.

    Without an example, or with values of both signs, it stays, and the report names it.
    """
    shape = node.all_input_nodes[0].meta.get("tensor_meta")
    if shape is None or edit.signs[node.all_input_nodes[0]] == Sign.UNKNOWN:
        return
    kernel, stride, pad = (as_pair(one) for one in (what.kernel_size, what.stride, what.padding))
    beyond = [_beyond(*sizes) for sizes in zip(shape[2:], kernel, stride, pad, strict=True)]
    if any(beyond):
        spread(edit, node, nn.ZeroPad2d((0, beyond[1], 0, beyond[0])), "pad")
    edit.put(str(node.target), nn.MaxPool2d(kernel, stride, pad, what.dilation))


def _beyond(size: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels beyond the edge that the last window of a pool with ``ceil_mode`` takes.

    A window that would begin behind the last pixel and its padding is left out, as in torch.
    """
    windows = -(-(size + 2 * padding - kernel) // stride)  # behind the first one
    if windows * stride >= size + padding:
        return 0
    return windows * stride + kernel - size - 2 * padding
