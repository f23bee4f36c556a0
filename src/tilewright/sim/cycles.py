"""Cycle counts in closed form; the model counts its own, and the tests demand that they agree.

The dataflow knows what one fold takes (`tilewright.tile.Dataflow`); how folds make up a layer is here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.tile import Execution


def fold_cycles(execution: Execution) -> int:
    """Busy cycles of the first fold of a job, and of every fold when serial (docs/dataflows.md).

    Weight stationary ``T + L + R + C + 3``, output stationary ``S + 2R + C + 2``.

    >>> from tilewright.spec import ArrayShape, ConvShape
    >>> from tilewright.tile import TilePlan
    >>> choke = ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1))
    >>> fold_cycles(Execution(TilePlan(choke, ArrayShape(8, 8, psum_bits=16))))
    63
    """
    return execution.plan.dataflow.first_fold_cycles(execution.plan, execution.schedule)


def next_fold_cycles(execution: Execution) -> int:
    """Busy cycles of each further fold of a job.

    Overlapped: weight stationary ``max(T, C + L)``, output stationary ``S + R + C + 1``.
    """
    if not execution.schedule.is_overlapped:
        return fold_cycles(execution)
    return execution.plan.dataflow.next_fold_cycles(execution.plan, execution.schedule)


def words_streamed(execution: Execution) -> int:
    """Activation words of a fold, T (weight stationary) or S (output stationary)."""
    return execution.plan.dataflow.words_streamed(execution.plan, execution.schedule)


def job_cycles(execution: Execution) -> npt.NDArray[np.int64]:
    """Busy cycles of each fold, ``otile itile kij``, for jobs as the schedule cuts them."""
    cycles = np.full(execution.plan.fold_grid, next_fold_cycles(execution), np.int64)
    firsts = 0 if execution.schedule.is_whole_layer else slice(None)
    cycles[firsts, 0, 0] = fold_cycles(execution)
    return cycles


def layer_cycles(execution: Execution) -> int:
    """Busy cycles of a layer for one sample: those of all its folds."""
    otiles, folds = execution.plan.otiles, execution.plan.folds_per_otile
    jobs = 1 if execution.schedule.is_whole_layer else otiles
    later = otiles * folds - jobs
    return jobs * fold_cycles(execution) + later * next_fold_cycles(execution)


def load_cycles(execution: Execution) -> int:
    """Cycles of a layer in which WMEM is read and XMEM is not."""
    return execution.plan.dataflow.load_cycles(execution.plan, execution.schedule)
