"""How a convolution is cut into tiles of the array, and in which order they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape, Dataflow


@dataclass(frozen=True, slots=True)
class Fold:
    """One pass of a weight tile through the array: output tile, input tile, tap.

    Output stationary: `itile` counts the passes of an output tile, and `kij` is 0.
    """

    otile: int
    itile: int
    kij: int


@dataclass(frozen=True, slots=True)
class TilePlan:
    """A convolution on an array.

    Output channel ``otile * cols + col`` is lane `col` of output tile `otile`.

    Weight stationary (dataflow "ws"), taps outer: input channel ``itile * lanes + lane`` is lane
    `lane` of input tile `itile`, and ``lane = row * channels_per_pe + half``. There are ``taps *
    ceil(ic / lanes)`` folds for each output tile ("taps outer"; packing taps and channels together,
    the flattened convention, would take ``ceil(taps * ic / lanes)``). channels_per_pe is 2 for
    half-width activations: PE row r has channels ``2 * r`` and ``2 * r + 1``.

    Output stationary ("os"): ofmap pixel ``opass * rows + row`` is lane `row` of pass `opass`, which
    has a step for each input channel and tap, ``step = ic_idx * taps + kij``; its passes are folds.

    Lanes beyond the last channel or pixel carry zeros.
    """

    shape: ConvShape
    array: ArrayShape
    dataflow: Dataflow = "ws"
    channels_per_pe: int = 1

    def __post_init__(self) -> None:
        if self.shape.groups != 1:
            raise ShapeError(
                f"the array runs a convolution without groups, not with {self.shape.groups}: "
                f"IntegerLayer.as_dense fills the other groups' weights with 0"
            )
        if self.dataflow not in ("ws", "os"):
            raise ShapeError(f"the dataflow must be 'ws' or 'os', not {self.dataflow!r}")
        if self.channels_per_pe not in (1, 2) or (self.dataflow, self.channels_per_pe) == ("os", 2):
            raise ShapeError(
                f"a PE takes 1 input channel, or 2 when weight stationary, not "
                f"{self.channels_per_pe} with dataflow {self.dataflow!r}"
            )

    @property
    def lanes(self) -> int:
        """Input channels of an input tile."""
        return self.array.rows * self.channels_per_pe

    @property
    def itiles(self) -> int:
        """Input-channel tiles."""
        return -(-self.shape.ic // self.lanes)

    @property
    def passes(self) -> int:
        """Output stationary: passes of an output tile."""
        return -(-self.shape.onij // self.array.rows)

    @property
    def steps(self) -> int:
        """Output stationary: steps of a pass."""
        return self.shape.ic * self.shape.taps

    @property
    def otiles(self) -> int:
        """Output-channel tiles."""
        return -(-self.shape.oc // self.array.cols)

    @property
    def folds_per_otile(self) -> int:
        """Folds of one output tile."""
        return self.fold_grid[1] * self.fold_grid[2]

    @property
    def fold_grid(self) -> tuple[int, int, int]:
        """Folds along ``otile itile kij``; output stationary ``otile opass`` and 1."""
        if self.dataflow == "os":
            return self.otiles, self.passes, 1
        return self.otiles, self.itiles, self.shape.taps

    def folds(self) -> Iterator[Fold]:
        """All folds in the order in which they run: otile outer, then itile, then kij."""
        otiles, itiles, taps = self.fold_grid
        for otile in range(otiles):
            for itile in range(itiles):
                for kij in range(taps):
                    yield Fold(otile, itile, kij)

    def tap(self, kij: int) -> tuple[int, int]:
        """Kernel row and column of tap `kij` = ``kh_idx * kw + kw_idx``."""
        if not 0 <= kij < self.shape.taps:
            raise ShapeError(f"kij must be 0..{self.shape.taps - 1}, not {kij}")
        return divmod(kij, self.shape.kw)
