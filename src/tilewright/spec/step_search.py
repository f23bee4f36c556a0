"""Integer thresholds of a given function on real numbers, and the sums where rounding leaves them open.

A network from outside computes with floats: its codes are a function of the real value of a sum, and
its own rounding errors decide where that value lies very close to a step. The thresholds here are those
of the function itself, evaluated in float64. A threshold is *doubtful* where the function steps so
close to a whole sum that the source's float32 arithmetic may fall on the other side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import RecoveryError
from tilewright.spec.number_format import Ints
from tilewright.spec.requantization import NEVER

Floats = npt.NDArray[np.float64]
CodesOf = Callable[[Floats], Ints]
"""Sums ``n c``, not always whole, to codes ``n c`` counted from the lowest code, 0."""

MARGIN = 2.0**-8
RELATIVE_MARGIN = 2.0**-20
"""A step is doubtful within ``MARGIN + RELATIVE_MARGIN * |sum|`` of a whole sum: a 256th of a step
of the sum, and sixteen float32 roundings of the value."""

SAMPLED = 4096
"""Sums, evenly spread, at which the steps found are compared with the function."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """thresholds int64 ``c level`` and direction ``c``, as in `Requantization`; is_doubtful ``c level``.

    slack: how far from a doubtful threshold a sum may lie and its code still be open.
    """

    thresholds: Ints
    direction: Ints
    is_doubtful: npt.NDArray[np.bool_]
    slack: float = 0.0

    def beside_doubtful(self, sums: Ints) -> npt.NDArray[np.bool_]:
        """Which of the sums ``n c h w`` lie beside a doubtful threshold: their codes may differ by 1."""
        oriented = (sums * self.direction[:, None, None])[:, :, None]  # n c 1 h w
        step = self.thresholds[:, :, None, None]
        beside = (oriented <= step + self.slack) & (oriented >= step - 1 - self.slack)
        is_beside: npt.NDArray[np.bool_] = np.any(
            beside & self.is_doubtful[:, :, None, None], axis=2
        )
        return is_beside

    def count_doubtful(self, sums: Ints) -> int:
        """How many of the sums ``n c h w`` lie beside a doubtful threshold."""
        return int(self.beside_doubtful(sums).sum())


def find_steps(
    codes_of: CodesOf,
    *,
    channels: int,
    levels: int,
    bound: int,
    name: str,
    rounds: Callable[[Floats], npt.NDArray[np.bool_]] | None = None,
    slack: float = 0.0,
) -> Steps:
    """The steps of `codes_of` over the sums ``-bound..bound``, by bisection.

    rounds: which of the sums ``n c`` the source's arithmetic may round, where that is known: a step
    between two sums that it computes exactly is not doubtful. slack: by how much of a sum the source may
    miss it before it goes on, because it rounds what it adds.

    Raises `RecoveryError`, which calls the function `name`, if it is no step function in one direction.
    """
    ends = codes_of(np.array([[-bound], [bound]], np.float64).repeat(channels, axis=1))
    direction = np.where(ends[1] >= ends[0], 1, -1).astype(np.int64)  # c
    level = np.arange(1, levels + 1)[:, None]  # level 1
    low = np.full((levels, channels), -bound, np.int64)
    high = np.full((levels, channels), bound + 1, np.int64)
    while (low < high).any():
        middle = (low + high) // 2
        sums = np.minimum(middle, bound)
        reaches = (codes_of((direction * sums).astype(np.float64)) >= level) & (middle <= bound)
        high = np.where(reaches, middle, high)
        low = np.where(reaches, low, np.minimum(middle + 1, high))
    is_doubtful = _doubtful(codes_of, direction, high, level, bound, slack)
    if rounds is not None:
        neighbors = (high - 1).clip(-bound, bound), high.clip(-bound, bound)
        before, after = (rounds((direction * sums).astype(np.float64)) for sums in neighbors)
        is_doubtful &= before | after
    thresholds = np.where(high > bound, NEVER, high).T.copy()  # c level
    steps = Steps(thresholds, direction, is_doubtful.T.copy(), slack)
    _check(codes_of, steps, bound=bound, name=name)
    return steps


def _doubtful(
    codes_of: CodesOf, direction: Ints, first: Ints, level: Ints, bound: int, slack: float
) -> npt.NDArray[np.bool_]:
    """Whether a step ``level c``, first reached at `first`, nearly is not, or nearly is one sum before."""
    margin = MARGIN + RELATIVE_MARGIN * np.abs(first) + slack
    barely = codes_of(direction * (first - margin)) < level
    nearly = codes_of(direction * (first - 1 + margin)) >= level
    result: npt.NDArray[np.bool_] = (barely & (first <= bound)) | (nearly & (first > -bound))
    return result


def _check(codes_of: CodesOf, steps: Steps, *, bound: int, name: str) -> None:
    sums = np.unique(np.linspace(-bound, bound, min(SAMPLED, 2 * bound + 1)).astype(np.int64))
    codes = codes_of(sums[:, None].repeat(len(steps.direction), axis=1).astype(np.float64))
    for channel, direction in enumerate(steps.direction.tolist()):
        reached = np.searchsorted(steps.thresholds[channel], direction * sums, side="right")
        wrong = np.flatnonzero(reached != codes[:, channel])
        if len(wrong):
            place = int(wrong[0])
            raise RecoveryError(
                f"{name}: the code must be a step function of the sum, but in channel {channel}, at the "
                f"sum {int(sums[place])}, it is {int(codes[place, channel])} and the steps give "
                f"{int(reached[place])}"
            )
