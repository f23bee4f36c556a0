"""Nodes of attention between the pixels of a plane: products of activations, softmax, normalization."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.spec.code_nodes import OnCodes, OnOnePlane
from tilewright.spec.layer_sizes import LayerSizes
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import Plane, Requantization

SHARE_BITS = 8
"""A softmax gives whole shares of ``2**SHARE_BITS``."""

NORM_BITS = 6
"""A normalized code is given in steps of ``2**-NORM_BITS`` deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeMatmul(OnCodes):
    """Products of two activations, head by head: scores of all pairs of pixels, or mixtures of pixels.

    Scores: of planes ``d h w`` and ``d h w`` the sums, over the channels of a head, of the products of the
    codes of a pixel of the first and one of the second: ``heads h*w h*w``. Mixtures (is_mix): of scores
    ``heads h*w h*w`` and a plane ``d h w`` the sums, over the pixels of the second, of score times code:
    ``d h w``. Real value ``sum * act_scale * other_scale``; act_format: of both operands.
    """

    name: str
    planes: tuple[Plane, ...]
    heads: int
    is_mix: bool
    act_format: NumberFormat
    act_scale: float
    other_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""

    def __post_init__(self) -> None:
        scores = (self.heads, self.pixels, self.pixels)
        fits = self.planes[0] == (scores if self.is_mix else self.planes[1])
        if len(self.planes) != 2 or not fits or self.heads < 1 or self.planes[1][0] % self.heads:
            raise ShapeError(
                f"{self.name}: {self.heads} heads must divide the channels, and the planes fit one another, "
                f"not {self.planes}"
            )

    @property
    def pixels(self) -> int:
        """Of the plane that is looked at."""
        return self.planes[1][1] * self.planes[1][2]

    @property
    def terms(self) -> int:
        """Products in a sum."""
        return self.pixels if self.is_mix else self.planes[1][0] // self.heads

    @property
    def sizes(self) -> LayerSizes:
        """The matrix products of all heads."""
        columns = self.planes[1][0] // self.heads if self.is_mix else self.pixels
        each = self.pixels, self.terms, columns
        return LayerSizes.product(self.name, each, self.heads, is_of_activations=True)

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the sums."""
        return self.planes[1] if self.is_mix else (self.heads, self.pixels, self.pixels)

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the sum, in steps of the first operand's codes."""
        return np.array([self.other_scale])

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest sum."""
        ends = self.act_format.min_code, self.act_format.max_code
        products = [one * other for one in ends for other in ends]
        return self.terms * min(0, *products), self.terms * max(products)


@dataclass(frozen=True, slots=True, eq=False)
class CodeSoftmax(OnOnePlane):
    """Shares of each row of codes: ``floor(table[m - code] * 2**SHARE_BITS / sum of the row's entries)``.

    m is the largest code of the row, so no entry's place is negative. table: int32, not negative, for the
    distances 0, 1, ...: a rounded exponential, the first entry positive. Real value
    ``sum * act_scale * unit``.
    """

    name: str
    planes: tuple[Plane, ...]
    table: npt.NDArray[np.int32]
    act_format: NumberFormat
    act_scale: float
    unit: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""

    def __post_init__(self) -> None:
        codes = self.act_format.max_code - self.act_format.min_code + 1
        is_table = self.table.shape == (codes,) and self.table.dtype == np.int32
        if len(self.planes) != 1 or not is_table or self.table.min() < 0 or self.table[0] < 1:
            raise ShapeError(
                f"{self.name}: there must be one operand, and a table int32 of {codes} numbers of 0 or more, "
                f"the first of them positive, not {self.table.dtype} {self.table.shape}"
            )

    def sum_range(self) -> tuple[int, int]:
        """No share, and all of them."""
        return 0, 2**SHARE_BITS


@dataclass(frozen=True, slots=True, eq=False)
class CodeNorm(OnOnePlane):
    """Each pixel's codes without their mean and in steps of their deviation, all in integers.

    Of a pixel's C codes c: ``y = C * c - (sum of c)``, ``r = isqrt((sum of y * y) // C)``, at least 1, and
    ``floor(y * 2**NORM_BITS / r)``. Real value ``sum * act_scale * unit``.
    """

    name: str
    planes: tuple[Plane, ...]
    act_format: NumberFormat
    act_scale: float
    unit: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""

    def __post_init__(self) -> None:
        if len(self.planes) != 1:
            raise ShapeError(f"{self.name}: there must be one operand, not {len(self.planes)}")

    def sum_range(self) -> tuple[int, int]:
        """No code is further from the mean than ``sqrt(C)`` deviations, and r at least half of one."""
        largest = 2 ** (NORM_BITS + 1) * (math.isqrt(self.planes[0][0]) + 1) + 1
        return -largest, largest
