"""What moves in the array while it computes: zero operands, and toggles of every register bit.

Weight-stationary values follow from the schedule, so nothing is stepped cycle by cycle: each register's
history is known (docs/cycles.md), and its changes are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.tile import TilePlan

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Counts of one layer and one sample; all jobs, one after the other, from registers that hold 0.

    operations: pairs of a PE and a valid activation, padding and unused lanes included. zero_acts,
    zero_weights: those whose activation, whose weight is 0; zero_both: both. act_toggles,
    weight_toggles, psum_toggles: int64 ``row col bit``, bit 0 lowest: changes of each bit of the
    registers in the PE.
    """

    operations: int
    zero_acts: int
    zero_weights: int
    zero_both: int
    act_toggles: Counts
    weight_toggles: Counts
    psum_toggles: Counts

    @property
    def zero_operands(self) -> int:
        """Operations of which an operand is 0: their product is, and the psum passes unchanged."""
        return self.zero_acts + self.zero_weights - self.zero_both

    @property
    def toggles(self) -> int:
        """Changes of all bits of all registers."""
        kinds = (self.act_toggles, self.weight_toggles, self.psum_toggles)
        return int(sum(counts.sum() for counts in kinds))


def count_activity(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    *,
    act_bits: int,
    weight_bits: int,
) -> Activity:
    """Count one sample of a layer: weights ``otile itile kij col row``, activations ``itile nij row``.

    Psum registers wrap at the array's psum bits. Raises `ShapeError` or `FormatError` if the tiles are
    not those of the plan, or a code does not fit its bits.
    """
    array, shape = plan.array, plan.shape
    tiles = (plan.otiles, plan.itiles, shape.taps, array.cols, array.rows)
    if weights.shape != tiles or activations.shape != (plan.itiles, shape.nij, array.rows):
        raise ShapeError(
            f"tiles must be (otile, itile, kij, col, row) = {tiles} and (itile, nij, row) = "
            f"{(plan.itiles, shape.nij, array.rows)}, not {weights.shape} and {activations.shape}"
        )
    _check_bits(weights, activations, act_bits, weight_bits)
    zero_a = (activations == 0).sum(axis=1)  # itile row
    zero_w = (weights == 0).sum(axis=3)  # otile itile kij row
    folds = plan.otiles * plan.folds_per_otile
    return Activity(
        operations=folds * shape.nij * array.rows * array.cols,
        zero_acts=int(zero_a.sum()) * plan.otiles * shape.taps * array.cols,
        zero_weights=int(zero_w.sum()) * shape.nij,
        zero_both=int((zero_w * zero_a[None, :, None, :]).sum()),
        act_toggles=_act_toggles(plan, activations, act_bits),
        weight_toggles=_weight_toggles(weights, weight_bits),
        psum_toggles=_psum_toggles(plan, weights, activations),
    )


def _act_toggles(plan: TilePlan, activations: npt.NDArray[np.uint8], bits: int) -> Counts:
    """All PEs of a row see the same words, one after the other, column by column."""
    stream = activations[None, :, None].repeat(plan.shape.taps, axis=2)  # 1 itile kij nij row
    stream = stream.repeat(plan.otiles, axis=0).reshape(-1, plan.array.rows)  # word row
    per_row = _changes(stream.astype(np.int64), bits).sum(axis=0)  # row bit
    return np.repeat(per_row[:, None], plan.array.cols, axis=1)  # row col bit


def _weight_toggles(weights: npt.NDArray[np.int8], bits: int) -> Counts:
    """Words enter a row highest column first and shift east: column c sees all but the last c words."""
    cols, rows = weights.shape[3:]
    stream = weights[:, :, :, ::-1].reshape(-1, rows).astype(np.int64)  # word row
    seen = np.cumsum(_changes(stream, bits), axis=0)  # word row bit
    toggles = [seen[len(seen) - 1 - col] for col in range(cols)]  # each: row bit
    return np.stack(toggles, axis=1)  # row col bit


def _changes(stream: Counts, bits: int) -> Counts:
    """``word row`` to ``word row bit``: 1 where a bit differs from the word before, at first from 0."""
    before = np.concatenate([np.zeros_like(stream[:1]), stream[:-1]])
    changes: Counts = ((stream ^ before)[:, :, None] >> np.arange(bits)) & 1
    return changes


def _psum_toggles(
    plan: TilePlan, weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8]
) -> Counts:
    """A PE's psums, pixel by pixel and fold by fold, are the sums of the rows above it."""
    array = plan.array
    toggles = np.zeros((array.rows, array.cols, array.psum_bits), np.int64)
    held = np.zeros((1, array.rows, array.cols), np.int64)
    for fold in plan.folds():
        words = activations[fold.itile].astype(np.int64)  # nij row
        factors = weights[fold.otile, fold.itile, fold.kij].T.astype(np.int64)  # row col
        psums = np.cumsum(words[:, :, None] * factors, axis=1)  # nij row col
        changes = psums ^ np.concatenate([held, psums[:-1]])
        held = psums[-1:]
        for bit in range(array.psum_bits):
            toggles[:, :, bit] += ((changes >> bit) & 1).sum(axis=0)
    return toggles


def _check_bits(
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    act_bits: int,
    weight_bits: int,
) -> None:
    half = 1 << (weight_bits - 1)
    if int(activations.max()) >= 1 << act_bits:
        raise FormatError(f"activations must have {act_bits} bits, but one is {activations.max()}")
    if int(weights.min()) < -half or int(weights.max()) >= half:
        found = f"{weights.min()}..{weights.max()}"
        raise FormatError(f"weights must have {weight_bits} bits, but they are {found}")
