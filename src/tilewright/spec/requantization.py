"""From a layer's psums to the next layer's input codes, in integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError

NEVER = np.int64(2**62)
"""A threshold that no psum reaches."""


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Max-pooling of codes: window and stride in pixels, padding with code 0."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Requantization:
    """BatchNorm, ReLU, pooling and the next quantizer as a step function of the psum.

    The code of output channel ``oc`` is the number of thresholds that its psum reaches:
    ``code = sum_k(direction[oc] * psum >= thresholds[oc, k])``. `direction` is -1 where a larger psum
    gives a smaller code (BatchNorm with gamma < 0). Max-pooling follows on the codes: quantizers
    never decrease, so that is the same as pooling before them.

    thresholds: int64 ``oc level``, ascending along level, levels = largest code; `NEVER` where no psum
    reaches the code. direction: int64 ``oc``, +1 or -1. `is_flattened`: the consumer is a linear layer
    over the flattened ``oc oh ow``. consumer: name of the layer that reads the codes.
    """

    thresholds: npt.NDArray[np.int64]
    direction: npt.NDArray[np.int64]
    consumer: str
    pools: tuple[MaxPool, ...] = ()
    is_flattened: bool = False

    def __post_init__(self) -> None:
        if self.thresholds.ndim != 2 or self.direction.shape != self.thresholds.shape[:1]:
            raise ShapeError(
                f"thresholds must be (oc, level) and direction (oc,), not {self.thresholds.shape} "
                f"and {self.direction.shape}, before {self.consumer}"
            )
        if (np.diff(self.thresholds, axis=1) < 0).any():
            raise ShapeError(f"thresholds must ascend along the levels, before {self.consumer}")
