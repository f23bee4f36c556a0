"""How a convolution is cut into tiles of the array, and in which order they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile.dataflow import Dataflow
from tilewright.tile.dataflows import DATAFLOWS, WEIGHT_STATIONARY
from tilewright.tile.layer_on_array import LayerOnArray


@dataclass(frozen=True, slots=True)
class Fold:
    """One pass of a weight tile through the array: output tile, input tile, tap.

    Output stationary: `itile` counts the passes of an output tile, and `kij` is 0.
    """

    otile: int
    itile: int
    kij: int


@dataclass(frozen=True, slots=True)
class TilePlan(LayerOnArray):
    """A convolution on an array in a dataflow, which says how it is cut."""

    dataflow: Dataflow = WEIGHT_STATIONARY

    def __post_init__(self) -> None:
        if self.shape.groups != 1:
            raise ShapeError(
                f"the array runs a convolution without groups, not with {self.shape.groups}: "
                f"plan its parts, tilewright.tile.find_parts, one after the other"
            )

    @property
    def lanes(self) -> int:
        """Codes of an activation word: input channels of an input tile, or pixels of a pass."""
        return self.dataflow.lanes(self)

    @property
    def itiles(self) -> int:
        """Input-channel tiles."""
        return -(-self.shape.ic // self.lanes)

    @property
    def folds_per_otile(self) -> int:
        """Folds of one output tile."""
        return self.fold_grid[1] * self.fold_grid[2]

    @property
    def fold_grid(self) -> tuple[int, int, int]:
        """Folds along ``otile itile kij``; output stationary ``otile opass`` and 1."""
        return self.dataflow.grid(self)

    def folds(self) -> Iterator[Fold]:
        """All folds in the order in which they run: otile outer, then itile, then kij."""
        otiles, itiles, taps = self.fold_grid
        for otile in range(otiles):
            for itile in range(itiles):
                for kij in range(taps):
                    yield Fold(otile, itile, kij)


def plan_mode(shape: ConvShape, array: ArrayShape, mode: str, act_bits: int) -> TilePlan:
    """The plan of a layer in the dataflow called `mode`, or the one that it leaves wide activations to.

    Raises `UnknownNameError` if there is no such dataflow.
    """
    return TilePlan(shape, array, DATAFLOWS.get(mode).for_codes(act_bits))
