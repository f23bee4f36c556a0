"""Integer thresholds, found by evaluating the function that the trained network itself computes.

BatchNorm, ReLU and the next quantizer map each psum to a code and never turn back: they are a step
function. Its steps are found by bisection over all psums that the layer's formats can reach, by
evaluating the trained modules themselves, so no algebra stands between the network and its integers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tilewright.errors import RecoveryError
from tilewright.spec import NEVER

EXHAUSTIVE = 1 << 25
"""Up to this many (channel, psum) pairs, the step function is compared at *every* psum."""

CHUNK = 1 << 20
"""(channel, psum) pairs that are compared at a time."""

CodesOf = Callable[[Tensor], Tensor]
"""psums ``n oc`` (integers, in the float type in which the layer computes them) to codes ``n oc``,
counted from the lowest."""


def find_thresholds(
    codes_of: CodesOf, *, oc: int, levels: int, bound: int, dtype: torch.dtype, layer: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Thresholds ``oc level`` and direction ``oc`` of `codes_of` over the psums ``-bound..bound``.

    levels: number of steps from the lowest code, 0, on. dtype: of the psums that `codes_of` is given.
    Raises `RecoveryError` if the function is found not to be a step function in one direction.
    """
    ends = codes_of(torch.tensor([[-bound], [bound]], dtype=dtype).expand(2, oc).contiguous())
    direction = torch.where(ends[1] >= ends[0], 1, -1).to(torch.int64)  # oc
    level = torch.arange(1, levels + 1)[:, None]  # level 1
    low = torch.full((levels, oc), -bound, dtype=torch.int64)
    high = torch.full((levels, oc), bound + 1, dtype=torch.int64)
    while bool((low < high).any()):
        middle = torch.div(low + high, 2, rounding_mode="floor")
        reaches = codes_of((direction * middle.clamp(max=bound)).to(dtype)) >= level
        reaches &= middle <= bound
        high = torch.where(reaches, middle, high)
        low = torch.where(reaches, low, torch.minimum(middle + 1, high))
    thresholds = torch.where(high > bound, int(NEVER), high).T.contiguous()  # oc level
    if (2 * bound + 1) * oc <= EXHAUSTIVE:
        _check_every_psum(codes_of, thresholds, direction, bound=bound, dtype=dtype, layer=layer)
    return thresholds.numpy(), direction.numpy()


def _check_every_psum(
    codes_of: CodesOf,
    thresholds: Tensor,
    direction: Tensor,
    *,
    bound: int,
    dtype: torch.dtype,
    layer: str,
) -> None:
    chunk = max(1, CHUNK // len(direction))
    for start in range(-bound, bound + 1, chunk):
        psums = torch.arange(start, min(start + chunk, bound + 1))  # n
        oriented = (direction[:, None] * psums).contiguous()  # oc n
        steps = torch.searchsorted(thresholds, oriented, right=True).T  # n oc: thresholds reached
        codes = codes_of(psums.to(dtype)[:, None].expand(-1, len(direction)).contiguous())
        wrong = (codes != steps).nonzero()
        if len(wrong):
            n, oc = (int(index) for index in wrong[0])
            raise RecoveryError(
                f"layer {layer}: the code must be a step function of the psum, but at oc={oc}, "
                f"psum={start + n} the network gives {int(codes[n, oc])} "
                f"and the thresholds {int(steps[n, oc])}"
            )
