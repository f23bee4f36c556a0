"""Nodes that act on codes without weights: moved, multiplied two by two, or looked up in a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import Plane, Requantization

ZERO = -1
"""Stands in the index of a `CodeMove` where none of the operands' codes is, but its fill: 0, if not said."""


class OnCodes:
    """What the nodes of this module have in common: operands of planes of their own, no array."""

    __slots__ = ()

    planes: tuple[Plane, ...]

    @property
    def operands(self) -> int:
        """Number of inputs."""
        return len(self.planes)

    @property
    def operand_shapes(self) -> tuple[Plane, ...]:
        """Channels, rows and columns of each operand."""
        return self.planes

    @property
    def input_shape(self) -> Plane:
        """Those of the first one."""
        return self.planes[0]

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the sum, in steps of the codes: 1."""
        return np.ones(1)

    @property
    def is_on_array(self) -> bool:
        """No array makes the sums."""
        return False

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest sum."""
        raise NotImplementedError

    def sum_bound(self) -> int:
        """Largest |sum|."""
        return max(map(abs, self.sum_range()))


class OnOnePlane(OnCodes):
    """What those have in common that make of one operand as many sums, of steps of their own."""

    __slots__ = ()

    unit: float

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns: those of the operand."""
        return self.planes[0]

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the sum, in steps of the codes."""
        return np.array([self.unit])


@dataclass(frozen=True, slots=True, eq=False)
class CodeMove(OnCodes):
    """Codes in other places: concatenated, repeated, shuffled, cut out, or with zeros between or around them.

    All operands have one step. planes: of the operands. index: int32 ``oc oh ow``, for each place of the
    result the place in the operands, flattened (``c h w``) and put one behind the other, or `ZERO`. fill: the
    code there, 0 or one of the format; where codes have a zero-point, that one stands for nothing.
    """

    name: str
    planes: tuple[Plane, ...]
    index: npt.NDArray[np.int32]
    act_format: NumberFormat
    act_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""
    fill: int = 0

    def __post_init__(self) -> None:
        codes = sum(int(np.prod(plane)) for plane in self.planes)
        if self.fill and not self.act_format.allowed(np.array(self.fill)):
            raise ShapeError(
                f"{self.name}: its fill must be 0 or a code of {self.act_format}, not {self.fill}"
            )
        index = self.index
        if not self.planes or index.ndim != 3 or index.dtype != np.int32 or not index.size:
            raise ShapeError(
                f"{self.name}: there must be operands, and an index int32 (oc, oh, ow), not "
                f"{index.dtype} {index.shape}"
            )
        if index.min() < ZERO or index.max() >= codes:
            raise ShapeError(
                f"{self.name}: places must be {ZERO}..{codes - 1}, those of its operands' codes, not "
                f"{index.min()}..{index.max()}"
            )

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the result."""
        channels, rows, columns = self.index.shape
        return channels, rows, columns

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest code, and 0."""
        return min(0, self.act_format.min_code), max(0, self.act_format.max_code)


@dataclass(frozen=True, slots=True, eq=False)
class CodeProduct(OnCodes):
    """The product of two tensors of codes, as a gate makes it: real value ``sum * act_scale * other_scale``.

    planes: of the operands; where one has 1 row or column (or channel), it stands for all of the other's.
    act_format: of both. act_scale: of the first operand; other_scale: of the second. zero_points: the code
    of 0 in each operand, which is taken away before they are multiplied.
    """

    name: str
    planes: tuple[Plane, ...]
    act_format: NumberFormat
    act_scale: float
    other_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""
    zero_points: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        sizes = [set(axis) - {1} for axis in zip(*self.planes, strict=True)]
        if len(self.planes) != 2 or any(len(size) > 1 for size in sizes):
            raise ShapeError(
                f"{self.name}: a product must have two operands of sizes that are equal or 1, not "
                f"{self.planes}"
            )
        if not all(self.act_format.allowed(np.array(zero)) for zero in self.zero_points):
            raise ShapeError(
                f"{self.name}: zero-points must be codes of {self.act_format}, not {self.zero_points}"
            )

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the products."""
        channels, rows, columns = map(max, *self.planes)
        return channels, rows, columns

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the product, in steps of the first operand's codes."""
        return np.array([self.other_scale])

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest product."""
        codes = self.act_format
        first, second = (
            (codes.min_code - zero, codes.max_code - zero) for zero in self.zero_points
        )
        products = [one * other for one in first for other in second]
        return min(0, *products), max(products)


@dataclass(frozen=True, slots=True, eq=False)
class CodeTable(OnOnePlane):
    """A function of each code by itself, as a table: real value ``sum * act_scale * unit``.

    For functions that rise and fall, such as SiLU; one that only rises is a part of the thresholds of
    whoever reads it. planes: of the one operand. table: int32, the sum of each code, from the lowest code on.
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
        if len(self.planes) != 1 or self.table.shape != (codes,) or self.table.dtype != np.int32:
            raise ShapeError(
                f"{self.name}: there must be one operand, and a table int32 of its {codes} codes, not "
                f"{self.table.dtype} {self.table.shape}"
            )

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest sum of the table."""
        return int(self.table.min()), int(self.table.max())
