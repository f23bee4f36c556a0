"""Nodes that add codes without weights: a residual sum or difference, and the sum of a pooling window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import Plane, Requantization

LARGEST_SUM = 2**31 - 1
"""Sums of additions fit 32 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class ResidualAdd:
    """The sum, or the difference, of two tensors of codes: real value ``sum * act_scale``.

    plane: channels, rows and columns of both operands and of the sum. act_format: of both operands,
    signed or not. gains: what each operand is multiplied by, the first at least 1, the second at least 1 in a
    sum and at most -1 in a difference; with gains other than 1 and -1, operands have scales of their own,
    ``|gain| * act_scale``. requantizations, unlinked: as in `IntegerLayer`.
    """

    name: str
    plane: Plane
    act_format: NumberFormat
    act_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""
    gains: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        _check_plane(self.name, self.plane)
        is_pair = len(self.gains) == 2 and self.gains[0] >= 1 and self.gains[1] != 0
        if not is_pair or self.sum_bound() > LARGEST_SUM:
            raise ShapeError(
                f"{self.name}: the first of two gains must be at least 1, the second not 0, and sums at most "
                f"{LARGEST_SUM}, but the gains are {self.gains}"
            )

    @property
    def operands(self) -> int:
        """Number of inputs."""
        return 2

    @property
    def input_shape(self) -> Plane:
        """Channels, rows and columns of each operand."""
        return self.plane

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the sum."""
        return self.plane

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the sum, in steps of the codes: 1."""
        return np.array([1.0])

    @property
    def is_on_array(self) -> bool:
        """No array makes the sums."""
        return False

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest sum over all operands of the format."""
        codes = (self.act_format.min_code, self.act_format.max_code)
        ends = [sorted(gain * code for code in codes) for gain in self.gains]
        return sum(low for low, _ in ends), sum(high for _, high in ends)

    def sum_bound(self) -> int:
        """Largest |sum|."""
        return max(map(abs, self.sum_range()))

    def term_bound(self) -> int:
        """Largest sum of both terms' sizes, ``|gain * code|``: what floats round, whatever is left of it."""
        largest = max(abs(self.act_format.min_code), self.act_format.max_code)
        return largest * sum(map(abs, self.gains))


@dataclass(frozen=True, slots=True, eq=False)
class SumPool:
    """The sum of the codes of each window: an average pool with real value ``sum * act_scale / area``.

    plane: channels, rows and columns of the input. kernel, stride: in pixels, (vertical, horizontal).
    requantizations, unlinked: as in `IntegerLayer`.
    """

    name: str
    plane: Plane
    kernel: tuple[int, int]
    stride: tuple[int, int]
    act_format: NumberFormat
    act_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""

    def __post_init__(self) -> None:
        _check_plane(self.name, self.plane)
        if min(*self.kernel, *self.stride) < 1:
            raise ShapeError(
                f"{self.name}: kernel and stride must be at least 1, not {self.kernel}, {self.stride}"
            )
        if self.kernel[0] > self.plane[1] or self.kernel[1] > self.plane[2]:
            raise ShapeError(
                f"{self.name}: the window {self.kernel} must fit the plane {self.plane[1:]}"
            )

    @property
    def operands(self) -> int:
        """Number of inputs."""
        return 1

    @property
    def input_shape(self) -> Plane:
        """Channels, rows and columns of the input."""
        return self.plane

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the sums."""
        rows, columns = (
            (size - kernel) // stride + 1
            for size, kernel, stride in zip(self.plane[1:], self.kernel, self.stride, strict=True)
        )
        return self.plane[0], rows, columns

    @property
    def area(self) -> int:
        """Codes in one window."""
        return self.kernel[0] * self.kernel[1]

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the sum, in steps of the codes: one by the area."""
        return np.array([1 / self.area])

    @property
    def is_on_array(self) -> bool:
        """No array makes the sums."""
        return False

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest sum over all inputs of the format."""
        return self.area * self.act_format.min_code, self.area * self.act_format.max_code

    def sum_bound(self) -> int:
        """Largest |sum|."""
        return max(map(abs, self.sum_range()))


def _check_plane(name: str, plane: Plane) -> None:
    if len(plane) != 3 or min(plane) < 1:
        raise ShapeError(f"{name}: channels, rows and columns must be at least 1, not {plane}")
