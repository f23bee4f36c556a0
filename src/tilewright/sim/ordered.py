"""Psums in the order in which the array forms them, for sums that may not fit: without its registers.

The dataflow says which products are added in which cycle, for every ofmap pixel and output channel at once;
so the first sum that does not fit is the array's first. Axes of sums: ``otile onij col``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.sim.cycles import fold_cycles, next_fold_cycles
from tilewright.sim.psum_width import fit
from tilewright.sim.result import OverflowEvent
from tilewright.spec import Codes, Ints
from tilewright.tile import Execution

Bits = npt.NDArray[np.bool_]
Key = tuple[int, int, int, int]
"""Cycle of the layer, 0 for PMEM and 1 for a PE, row, col: the order in which sums are formed."""


@dataclass(slots=True)
class Ordered:
    """Psums ``otile onij col`` of a layer, and the sums that did not fit."""

    psums: Ints
    overflows: int = 0
    overflow_vectors: int = 0
    first_key: Key | None = None
    first_overflow: OverflowEvent | None = None

    def log(
        self, sums: Ints, misfits: Bits, cycles: Ints, *, rows: Ints | None, place: Ints
    ) -> None:
        """Count the `misfits` among sums that are formed at `cycles`.

        rows: the row of the PE, ``onij``, or None at PMEM. place: ``onij (itile, kij)``.
        """
        count = int(misfits.sum())
        self.overflows += count
        if not count:
            return
        when = np.where(misfits, cycles, np.iinfo(np.int64).max)
        at = np.argwhere(when == when.min())
        row_at = np.full(len(at), -1) if rows is None else rows[at[:, 1]]
        otile, onij, col = (int(index) for index in at[np.lexsort((at[:, 2], row_at))[0]])
        row = None if rows is None else int(rows[onij])
        key = (int(when.min()), int(row is not None), -1 if row is None else row, col)
        if self.first_key is None or key < self.first_key:
            self.first_key = key
            itile, kij = (int(index) for index in place[onij])
            value = int(sums[otile, onij, col])
            where = "pmem" if row is None else "pe"
            self.first_overflow = OverflowEvent(where, otile, itile, kij, onij, row, col, value)  # type: ignore[arg-type]


def ordered_psums(
    execution: Execution, weights: npt.NDArray[np.int8], activations: Codes
) -> Ordered:
    """Psums of a layer under its rule; tiles as `tilewright.sim.simulate` takes them."""
    plan, rule = execution.plan, execution.rule
    found = Ordered(np.zeros((plan.otiles, plan.shape.onij, plan.array.cols), np.int64))
    folds = plan.dataflow.sums(
        weights, activations, plan, execution.schedule, _fold_begins(execution)
    )
    for fold in folds:
        psums, was_misfit = np.zeros_like(found.psums), np.zeros(found.psums.shape, bool)
        for addition in fold.additions:
            sums = psums + addition.products
            psums, misfits = fit(sums, execution.column_bits, rule.overflow)
            found.log(sums, misfits, addition.cycles, rows=addition.rows, place=fold.place)
            was_misfit |= misfits
        stored = found.psums + psums
        found.psums, misfits = fit(stored, plan.array.psum_bits, rule.overflow)
        found.overflow_vectors += int((was_misfit | misfits).any(axis=2).sum())
        found.log(stored, misfits, fold.written, rows=None, place=fold.place)
    return found


def _fold_begins(execution: Execution) -> Ints:
    """``otile fold``: cycle of the layer in which a fold's first word is read, if it were the job's first.

    Later folds of an overlapped job are given as if nothing had been read ahead, so that in every fold the
    same number of cycles passes from there to its activations.
    """
    otiles, folds = execution.plan.otiles, execution.plan.folds_per_otile
    first, later = fold_cycles(execution), next_fold_cycles(execution)
    if execution.schedule.is_whole_layer:
        return np.arange(otiles * folds).reshape(otiles, folds) * later
    job = first + (folds - 1) * later
    return np.arange(otiles)[:, None] * job + np.arange(folds) * later
