"""From the sums of one node to the input codes of another, in integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.spec.number_format import code_dtype, signed_bits_needed

NEVER = np.int64(2**62)
"""A threshold that no psum reaches."""

Plane = tuple[int, int, int]
"""Channels, rows and columns of a tensor, without its samples."""


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Max-pooling of codes: window and stride in pixels; padding never wins, it has the lowest code."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if not _are_pixels(self.kernel, self.stride, self.padding) or min(self.padding) < 0:
            raise ShapeError(f"a max-pool must have a window, a stride and a padding, not {self}")
        if any(pad >= kernel for pad, kernel in zip(self.padding, self.kernel, strict=True)):
            raise ShapeError(f"a max-pool's window must be larger than its padding: {self}")

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of the pooled plane."""
        rows, columns = (
            (size + 2 * pad - kernel) // stride + 1
            for size, pad, kernel, stride in zip(
                (height, width), self.padding, self.kernel, self.stride, strict=True
            )
        )
        if min(rows, columns) < 1:
            raise ShapeError(f"the window of {self} must fit the plane {height}x{width}")
        return rows, columns


def _are_pixels(kernel: Any, stride: Any, padding: Any) -> bool:
    """Three pairs of integers, the first two at least 1."""
    pairs = (kernel, stride, padding)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        return False
    are_whole = all(type(one) is int for pair in pairs for one in pair)
    return are_whole and min(*kernel, *stride) >= 1


@dataclass(frozen=True, slots=True, eq=False)
class Requantization:
    """BatchNorm, ReLU, pooling and the next quantizer as a step function of the sum (a layer's psum).

    The code of channel ``oc`` counts the thresholds that its sum reaches, from `min_code` on:
    ``code = min_code + sum_k(direction[oc] * sum >= thresholds[oc, k])``. `direction` is -1 where a
    larger sum gives a smaller code (BatchNorm with gamma < 0). Max-pooling follows on the codes:
    quantizers never decrease, so that is the same as pooling before them.

    thresholds: int64 ``oc level``, ascending along level, one for each code above `min_code`; `NEVER`
    where no sum reaches the code. direction: int64 ``oc``, +1 or -1. `is_flattened`: the consumer is
    a linear layer over the flattened ``oc oh ow``. consumer: name of the node that reads the codes;
    operand: as its first (0) or second (1) operand.
    """

    thresholds: npt.NDArray[np.int64]
    direction: npt.NDArray[np.int64]
    consumer: str
    pools: tuple[MaxPool, ...] = ()
    is_flattened: bool = False
    min_code: int = 0
    operand: int = 0

    def __post_init__(self) -> None:
        if self.thresholds.ndim != 2 or self.direction.shape != self.thresholds.shape[:1]:
            raise ShapeError(
                f"thresholds must be (oc, level) and direction (oc,), not {self.thresholds.shape} "
                f"and {self.direction.shape}, before {self.consumer}"
            )
        if (self.thresholds[:, 1:] < self.thresholds[:, :-1]).any():
            raise ShapeError(f"thresholds must ascend along the levels, before {self.consumer}")
        if (abs(self.direction) != 1).any():
            raise ShapeError(f"directions must be +1 or -1, before {self.consumer}")

    @property
    def port(self) -> str:
        """Name of the consumer's input, as in `port_name`."""
        return port_name(self.consumer, self.operand)

    @property
    def max_code(self) -> int:
        """The code of a sum that reaches every threshold."""
        return self.min_code + int(self.thresholds.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type of integers that holds the codes."""
        is_signed = self.min_code < 0
        lowest = signed_bits_needed(self.min_code, self.max_code) - (not is_signed)
        return code_dtype(max(1, lowest), is_signed=is_signed)

    def output_shape(self, shape: Plane) -> Plane:
        """Channels, rows and columns of the codes made from sums of this shape."""
        channels, height, width = shape
        for pool in self.pools:
            height, width = pool.output_size(height, width)
        return (channels * height * width, 1, 1) if self.is_flattened else (channels, height, width)


def port_name(node: str, operand: int = 0) -> str:
    """What an input of a node is called: the node's name; its second operand has ``:1`` behind it.

    >>> port_name("layer1.add", 1)
    'layer1.add:1'
    """
    return f"{node}:{operand}" if operand else node
