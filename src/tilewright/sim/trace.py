"""What every register of the array holds, cycle by cycle: the model's run of a job, written down.

The model is not asked again: `tilewright.sim.array.cycle` steps the registers, and each state is copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.sim.array import cycle
from tilewright.sim.control import start
from tilewright.sim.job import Job, make_job
from tilewright.sim.registers import ArrayState, Bits, power_on
from tilewright.spec import Codes, Ints
from tilewright.tile import Execution

NO_VECTOR, DROPPED = -2, -1
"""In `ArrayTrace.pixels`: no vector arrives, and one arrives that no ofmap pixel needs."""

WEIGHT_READ, ACT_READ = 1, 2
"""Bits of `ArrayTrace.reads`."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayTrace:
    """The array after each of the first busy cycles of a job; the first axis is the cycle, from 0.

    acts: int64 ``cycle half row col``, a half for each channel in a PE. weights: the same, of the weight in
    use. shadows: the same, of the weights on their way, or None where none wait. psums: ``cycle row col``.
    valid: whether the PE has seen an activation in this cycle; else it holds what it held. words: which
    activation word of its fold that was, and folds: which fold of the job, both ``cycle row col``. reads: sum
    of `WEIGHT_READ` and `ACT_READ`, ``cycle``. pixels: ofmap pixel of the vector that the accumulator takes,
    `DROPPED` or `NO_VECTOR`. vectors: its psums, ``cycle col``. psums_stay: see `tilewright.tile.Wiring`.
    is_whole: the job ends with the last cycle.
    """

    execution: Execution
    acts: Ints
    weights: Ints
    shadows: Ints | None
    psums: Ints
    valid: Bits
    words: Ints
    folds: Ints
    reads: Ints
    pixels: Ints
    vectors: Ints
    psums_stay: bool
    is_whole: bool

    @property
    def cycles(self) -> int:
        """Cycles that were recorded."""
        return len(self.psums)

    def corner(self, rows: int, cols: int) -> ArrayTrace:
        """The PEs of the first rows and columns alone."""
        part = np.s_[..., :rows, :cols]
        return replace(
            self,
            acts=self.acts[part],
            weights=self.weights[part],
            shadows=None if self.shadows is None else self.shadows[part],
            psums=self.psums[part],
            valid=self.valid[part],
            words=self.words[part],
            folds=self.folds[part],
            vectors=self.vectors[:, :cols],
        )


def trace_job(
    execution: Execution,
    weights: npt.NDArray[np.int8],
    activations: Codes,
    *,
    cycles: int,
) -> ArrayTrace:
    """Run at most `cycles` cycles of a layer's first job, and keep every register.

    Weights and activations as `tilewright.sim.simulate` takes them. Raises `UnknownNameError` if the
    registers of this dataflow are not modelled.
    """
    plan, array = execution.plan, execution.plan.array
    job = make_job(execution, weights, activations, first_otile=0)
    state = power_on(
        array.rows,
        array.cols,
        words=execution.otiles_per_job * plan.shape.onij,
        folds=job.folds,
        halves=plan.dataflow.channels_per_pe,
    )
    start(state, job)
    shots: list[_Shot] = []
    while state.is_busy and len(shots) < cycles:
        shots.append(_step(state, job))
    return _joined(execution, job, shots, is_whole=not state.is_busy)


@dataclass(frozen=True, slots=True)
class _Shot:
    """The state after one cycle; names as in `ArrayTrace`."""

    acts: Ints
    weights: Ints
    shadows: Ints
    psums: Ints
    valid: Bits
    numbers: Ints
    reads: int
    pixel: int
    vector: Ints


def _step(state: ArrayState, job: Job) -> _Shot:
    counts, popped = state.counts, state.popped
    streams, loads = counts.stream, counts.load
    cycle(state, job)
    pixel, vector = NO_VECTOR, np.zeros(job.plan.array.cols, np.int64)
    if state.popped > popped and state.sfu_q is not None:
        fold, n = divmod(popped, job.vectors)
        pixel = int(job.hits[fold % job.folds_per_otile, n])
        vector = state.sfu_q.psums
    is_act = counts.stream > streams
    is_weight = counts.load > loads or (is_act and state.weight_q is not None)
    return _Shot(
        acts=state.a_q,
        weights=state.b_q[None] if job.psums_stay else state.w_q,
        shadows=state.shadow_q.copy(),  # the only register that a cycle changes in place
        psums=state.psum_q.copy(),  # and this one, where rows flush
        valid=state.valid_q,
        numbers=state.number_q,
        reads=WEIGHT_READ * is_weight + ACT_READ * is_act,
        pixel=pixel,
        vector=vector,
    )


def _joined(execution: Execution, job: Job, shots: list[_Shot], *, is_whole: bool) -> ArrayTrace:
    numbers = np.array([shot.numbers for shot in shots])
    shadows = None if job.psums_stay else np.array([shot.shadows for shot in shots])
    return ArrayTrace(
        execution=execution,
        acts=np.array([shot.acts for shot in shots]),
        weights=np.array([shot.weights for shot in shots]),
        shadows=shadows,
        psums=np.array([shot.psums for shot in shots]),
        valid=np.array([shot.valid for shot in shots]),
        words=numbers % job.streamed,
        folds=numbers // job.streamed,
        reads=np.array([shot.reads for shot in shots]),
        pixels=np.array([shot.pixel for shot in shots]),
        vectors=np.array([shot.vector for shot in shots]),
        psums_stay=job.psums_stay,
        is_whole=is_whole,
    )
