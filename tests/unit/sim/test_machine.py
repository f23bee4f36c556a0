"""Every register in every cycle of folds that were worked out by hand, and what a bubble does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sim import timeline as t
from tilewright.sim import registers as reg
from tilewright.sim.control import next_random, start
from tilewright.sim.job import make_job
from tilewright.sim.machine import run
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
    machine = reg.power_on(
        array.rows,
        array.cols,
        words=plan.shape.onij,
        folds=job.folds,
        halves=plan.dataflow.channels_per_pe,
    )
    start(machine, job)
    return machine, job


def _after_each_cycle(read, cycles=15, **layer):
    machine, job = _started(**layer)
    seen = []
    for _ in range(cycles):
        run(machine, job, 1)
        seen.append(read(machine))
    return seen


def _rows(row_0, row_1):
    return [list(rows) for rows in zip(row_0, row_1, strict=True)]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda machine: machine.is_busy, t.IS_BUSY),
        (lambda machine: machine.popped, t.OFIFO_POPPED),
        (lambda machine: int(machine.sfu_q is not None), t.SFU_VALID),
        (lambda machine: [len(column) for column in machine.ofifo], t.OFIFO_HELD),
    ],
    ids=["busy", "popped", "sfu", "ofifo"],
)
def test_controller_and_queues_follow_the_table(read, expected):
    assert _after_each_cycle(read) == expected


def test_rows_pop_l0_one_after_the_other():
    """What both rows have popped leaves the queue, so the counts are of words still in it."""
    machine, job = _started()
    total, seen = np.zeros(2, np.int64), []
    for _ in range(15):
        run(machine, job, 1)
        total = total + machine.l0.popped_q
        seen.append(total.tolist())
    assert seen == t.L0_POPPED


@pytest.mark.parametrize(
    ("read", "row_0", "row_1"),
    [
        (lambda machine: machine.shadow_q[0], t.SHADOW_ROW_0, t.SHADOW_ROW_1),
        (lambda machine: machine.w_q[0], t.W_ROW_0, t.W_ROW_1),
        (lambda machine: machine.a_q[0], t.A_ROW_0, t.A_ROW_1),
        (lambda machine: machine.valid_q.astype(int), t.VALID_ROW_0, t.VALID_ROW_1),
        (lambda machine: machine.psum_q, t.PSUM_ROW_0, t.PSUM_ROW_1),
    ],
    ids=["shadow", "weight", "activation", "valid", "psum"],
)
def test_pe_registers_follow_the_table(read, row_0, row_1):
    assert _after_each_cycle(lambda machine: read(machine).tolist()) == _rows(row_0, row_1)


def test_pmem_is_written_one_cycle_after_the_pop():
    written = _after_each_cycle(lambda machine: machine.pmem.tolist())
    nothing = [[0, 0, 0]] * 4
    assert written == [t.PSUMS[:n] + nothing[n:] for n in t.PMEM_WRITTEN]


def test_the_machine_stays_idle_after_the_job():
    machine, job = _started()
    run(machine, job, 1000)
    assert (machine.is_busy, machine.counts.fold_cycles.tolist()) == (False, [15])
    assert machine.pmem.tolist() == t.PSUMS
    assert machine.outputs.tolist() == [[max(0, psum) for psum in vector] for vector in t.PSUMS]
    assert machine.written.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("cycles", [4, 5, 6])
def test_a_gap_in_the_stream_passes_through_as_a_bubble(cycles):
    machine, job = _started()
    run(machine, job, cycles)
    machine.act_q = None  # the word that was just read is lost ...
    machine.n -= 1  # ... and read once more
    machine.is_loaded = True
    run(machine, job, 1000)
    assert machine.pmem.tolist() == t.PSUMS
    assert machine.counts.fold_cycles.tolist() == [16]


def test_half_width_weights_are_shifted_through_both_registers_of_a_pe():
    layer = {"plan": t.HALF_PLAN, "weights": t.HALF_WEIGHTS, "activations": t.HALF_ACTIVATIONS}
    shadows = _after_each_cycle(lambda machine: machine.shadow_q[:, 0].T.tolist(), 6, **layer)
    assert shadows == t.HALF_SHADOW_ROW_0
    machine, job = _started(**layer)
    run(machine, job, 1000)
    assert machine.pmem.tolist() == t.HALF_PSUMS
    assert machine.counts.fold_cycles.tolist() == [2 + 4 + 2 + 2 + 3]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda machine: machine.psum_q.tolist(), _rows(t.OS_PSUM_ROW_0, t.OS_PSUM_ROW_1)),
        (lambda machine: machine.popped, t.OS_OFIFO_POPPED),
        (lambda machine: machine.written.tolist(), t.OS_WRITTEN),
    ],
    ids=["psums", "popped", "written"],
)
def test_an_output_stationary_pass_follows_the_table(read, expected):
    layer = {"plan": t.OS_PLAN, "weights": t.OS_WEIGHTS, "activations": t.OS_ACTIVATIONS}
    assert _after_each_cycle(read, 10, **layer) == expected
    machine, job = _started(**layer)
    run(machine, job, 1000)
    assert machine.pmem.tolist() == t.OS_PSUMS
    assert machine.counts.fold_cycles.tolist() == [10, 10]


def test_overlapped_passes_begin_one_cycle_after_the_flush():
    """The flush begins in cycle 6, so the second pass' first read is in cycle 7, not 10."""
    machine, job = _started(t.OS_PLAN, t.OS_WEIGHTS, t.OS_ACTIVATIONS, Schedule(is_overlapped=True))
    run(machine, job, 7)
    assert (machine.fold, machine.n) == (1, 0)
    run(machine, job, 1)
    assert (machine.fold, machine.n) == (1, 1)
    run(machine, job, 1000)
    assert machine.pmem.tolist() == t.OS_PSUMS
    assert machine.counts.fold_cycles.tolist() == [10, 7]


def test_the_stalls_are_a_known_sequence():
    """x ^= x << 13; x ^= x >> 17; x ^= x << 5 from 1, in 32 bits: 8193 = 0x2001, then 0x42021."""
    assert next_random(1) == 0x42021
    assert next_random(0xFFFFFFFF) == 0x3E01F
