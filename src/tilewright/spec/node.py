"""The node: the interface of what an integer network is made of."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import Plane, Requantization


class Node(Protocol):
    """Reads codes in one or more operands, makes exact sums, and feeds other nodes by requantization.

    A frozen dataclass; its op (`tilewright.spec.op`) says what the rooms must know of its kind. act_format,
    act_scale: of all operands. unlinked: why there are fewer requantizations than readers, or none.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """Its own in the network."""

    @property
    def act_format(self) -> NumberFormat:
        """Of the codes of every operand."""

    @property
    def act_scale(self) -> float:
        """Real size of a step of the codes."""

    @property
    def requantizations(self) -> tuple[Requantization, ...]:
        """The requantizations, one for each node that reads the sums."""

    @property
    def unlinked(self) -> str:
        """Why a reader is missing among them; empty if none is."""

    @property
    def operands(self) -> int:
        """Number of inputs."""

    @property
    def input_shape(self) -> Plane:
        """Channels, rows and columns of each operand."""

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the sums."""

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the sum, in steps of the codes: ``(1,)`` or ``(oc,)``."""

    @property
    def is_on_array(self) -> bool:
        """Whether an array makes the sums, in registers of its psum width."""

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest sum over all operands of the format."""

    def sum_bound(self) -> int:
        """Largest |sum| that any node of this kind, size and formats reaches."""


def operand_shape(node: Node, operand: int) -> Plane:
    """Channels, rows and columns of an operand, which a node may have of several sizes."""
    shapes: tuple[Plane, ...] | None = getattr(node, "operand_shapes", None)
    return node.input_shape if shapes is None else shapes[operand]
