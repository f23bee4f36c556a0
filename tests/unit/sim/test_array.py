"""Every register in every cycle of folds that were worked out by hand, and what a bubble does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sim import timeline as t
from tilewright.sim import registers as reg
from tilewright.sim.array import run
from tilewright.sim.control import next_random, start
from tilewright.sim.job import make_job
from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile import Execution


def _started(plan=t.PLAN, weights=t.WEIGHTS, activations=t.ACTIVATIONS, schedule=None):
    array = plan.array
    job = make_job(
        Execution(plan, schedule=schedule or Schedule(), rule=PsumRule(), output=OutputFunction()),
        weights,
        activations,
        first_otile=0,
    )
    state = reg.power_on(
        array.rows,
        array.cols,
        words=plan.shape.onij,
        folds=job.folds,
        halves=plan.dataflow.channels_per_pe,
    )
    start(state, job)
    return state, job


def _after_each_cycle(read, cycles=15, **layer):
    state, job = _started(**layer)
    seen = []
    for _ in range(cycles):
        run(state, job, 1)
        seen.append(read(state))
    return seen


def _rows(row_0, row_1):
    return [list(rows) for rows in zip(row_0, row_1, strict=True)]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda state: state.is_busy, t.IS_BUSY),
        (lambda state: state.popped, t.OFIFO_POPPED),
        (lambda state: int(state.sfu_q is not None), t.SFU_VALID),
        (lambda state: [len(column) for column in state.ofifo], t.OFIFO_HELD),
    ],
    ids=["busy", "popped", "sfu", "ofifo"],
)
def test_controller_and_queues_follow_the_table(read, expected):
    assert _after_each_cycle(read) == expected


def test_rows_pop_l0_one_after_the_other():
    """What both rows have popped leaves the queue, so the counts are of words still in it."""
    state, job = _started()
    total, seen = np.zeros(2, np.int64), []
    for _ in range(15):
        run(state, job, 1)
        total = total + state.l0.popped_q
        seen.append(total.tolist())
    assert seen == t.L0_POPPED


@pytest.mark.parametrize(
    ("read", "row_0", "row_1"),
    [
        (lambda state: state.shadow_q[0], t.SHADOW_ROW_0, t.SHADOW_ROW_1),
        (lambda state: state.w_q[0], t.W_ROW_0, t.W_ROW_1),
        (lambda state: state.a_q[0], t.A_ROW_0, t.A_ROW_1),
        (lambda state: state.valid_q.astype(int), t.VALID_ROW_0, t.VALID_ROW_1),
        (lambda state: state.psum_q, t.PSUM_ROW_0, t.PSUM_ROW_1),
    ],
    ids=["shadow", "weight", "activation", "valid", "psum"],
)
def test_pe_registers_follow_the_table(read, row_0, row_1):
    assert _after_each_cycle(lambda state: read(state).tolist()) == _rows(row_0, row_1)


def test_pmem_is_written_one_cycle_after_the_pop():
    written = _after_each_cycle(lambda state: state.pmem.tolist())
    nothing = [[0, 0, 0]] * 4
    assert written == [t.PSUMS[:n] + nothing[n:] for n in t.PMEM_WRITTEN]


def test_the_machine_stays_idle_after_the_job():
    state, job = _started()
    run(state, job, 1000)
    assert (state.is_busy, state.counts.fold_cycles.tolist()) == (False, [15])
    assert state.pmem.tolist() == t.PSUMS
    assert state.outputs.tolist() == [[max(0, psum) for psum in vector] for vector in t.PSUMS]
    assert state.written.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("cycles", [4, 5, 6])
def test_a_gap_in_the_stream_passes_through_as_a_bubble(cycles):
    state, job = _started()
    run(state, job, cycles)
    state.act_q = None  # the word that was just read is lost ...
    state.n -= 1  # ... and read once more
    state.is_loaded = True
    run(state, job, 1000)
    assert state.pmem.tolist() == t.PSUMS
    assert state.counts.fold_cycles.tolist() == [16]


def test_half_width_weights_are_shifted_through_both_registers_of_a_pe():
    layer = {"plan": t.HALF_PLAN, "weights": t.HALF_WEIGHTS, "activations": t.HALF_ACTIVATIONS}
    shadows = _after_each_cycle(lambda state: state.shadow_q[:, 0].T.tolist(), 6, **layer)
    assert shadows == t.HALF_SHADOW_ROW_0
    state, job = _started(**layer)
    run(state, job, 1000)
    assert state.pmem.tolist() == t.HALF_PSUMS
    assert state.counts.fold_cycles.tolist() == [2 + 4 + 2 + 2 + 3]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda state: state.psum_q.tolist(), _rows(t.OS_PSUM_ROW_0, t.OS_PSUM_ROW_1)),
        (lambda state: state.popped, t.OS_OFIFO_POPPED),
        (lambda state: state.written.tolist(), t.OS_WRITTEN),
    ],
    ids=["psums", "popped", "written"],
)
def test_an_output_stationary_pass_follows_the_table(read, expected):
    layer = {"plan": t.OS_PLAN, "weights": t.OS_WEIGHTS, "activations": t.OS_ACTIVATIONS}
    assert _after_each_cycle(read, 10, **layer) == expected
    state, job = _started(**layer)
    run(state, job, 1000)
    assert state.pmem.tolist() == t.OS_PSUMS
    assert state.counts.fold_cycles.tolist() == [10, 10]


def test_overlapped_passes_begin_one_cycle_after_the_flush():
    """The flush begins in cycle 6, so the second pass' first read is in cycle 7, not 10."""
    state, job = _started(t.OS_PLAN, t.OS_WEIGHTS, t.OS_ACTIVATIONS, Schedule(is_overlapped=True))
    run(state, job, 7)
    assert (state.fold, state.n) == (1, 0)
    run(state, job, 1)
    assert (state.fold, state.n) == (1, 1)
    run(state, job, 1000)
    assert state.pmem.tolist() == t.OS_PSUMS
    assert state.counts.fold_cycles.tolist() == [10, 7]


def test_the_stalls_are_a_known_sequence():
    """x ^= x << 13; x ^= x >> 17; x ^= x << 5 from 1, in 32 bits: 8193 = 0x2001, then 0x42021."""
    assert next_random(1) == 0x42021
    assert next_random(0xFFFFFFFF) == 0x3E01F
