"""Cycle counts in closed form; the model counts its own, and the tests demand that they agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec import Schedule
from tilewright.tile import TilePlan

SERIAL = Schedule()


def fold_cycles(plan: TilePlan, schedule: Schedule = SERIAL) -> int:
    """Busy cycles of the first fold of a job, and of every fold when serial (docs/dataflows.md).

    Weight stationary ``T + L + R + C + 3``, output stationary ``S + 2R + C + 2``.

    >>> from tilewright.spec import ArrayShape, ConvShape
    >>> choke = ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1))
    >>> fold_cycles(TilePlan(choke, ArrayShape(8, 8, psum_bits=16)))
    63
    """
    rows, cols = plan.array.rows, plan.array.cols
    if plan.dataflow == "os":
        return plan.steps + 2 * rows + cols + 2
    return words_streamed(plan, schedule) + cols * plan.channels_per_pe + rows + cols + 3


def next_fold_cycles(plan: TilePlan, schedule: Schedule) -> int:
    """Busy cycles of each further fold of a job.

    Overlapped: weight stationary ``max(T, C + L)``, output stationary ``S + R + C + 1``.
    """
    if not schedule.is_overlapped:
        return fold_cycles(plan, schedule)
    rows, cols = plan.array.rows, plan.array.cols
    if plan.dataflow == "os":
        return plan.steps + rows + cols + 1
    return max(words_streamed(plan, schedule), cols + cols * plan.channels_per_pe)


def words_streamed(plan: TilePlan, schedule: Schedule) -> int:
    """Activation words of a fold, T (weight stationary) or S (output stationary)."""
    if plan.dataflow == "os":
        return plan.steps
    return plan.shape.onij if schedule.is_skipping else plan.shape.nij


def job_cycles(plan: TilePlan, schedule: Schedule = SERIAL) -> npt.NDArray[np.int64]:
    """Busy cycles of each fold, ``otile itile kij``, for jobs as the schedule cuts them."""
    cycles = np.full(plan.fold_grid, next_fold_cycles(plan, schedule), np.int64)
    cycles[0 if schedule.is_whole_layer else slice(None), 0, 0] = fold_cycles(plan, schedule)
    return cycles


def layer_cycles(plan: TilePlan, schedule: Schedule = SERIAL) -> int:
    """Busy cycles of a layer for one sample: those of all its folds."""
    jobs = 1 if schedule.is_whole_layer else plan.otiles
    later = plan.otiles * plan.folds_per_otile - jobs
    return jobs * fold_cycles(plan, schedule) + later * next_fold_cycles(plan, schedule)


def load_cycles(plan: TilePlan, schedule: Schedule) -> int:
    """Cycles of a layer in which WMEM is read and XMEM is not."""
    if plan.dataflow == "os":
        return 0
    load = plan.array.cols * plan.channels_per_pe
    folds = plan.otiles * plan.folds_per_otile
    if not schedule.is_overlapped:
        return folds * load
    jobs = 1 if schedule.is_whole_layer else plan.otiles
    beyond = max(0, plan.array.cols + load - words_streamed(plan, schedule))
    return jobs * load + (folds - jobs) * min(load, beyond)
