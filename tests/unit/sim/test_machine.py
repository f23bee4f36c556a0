"""Every register in every cycle of a fold that was worked out by hand, and what a bubble does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sim import timeline as t
from tilewright.sim import registers as reg
from tilewright.sim.compiled import compiled
from tilewright.sim.machine import run
from tilewright.sim.simulate import plan_job


def _started():
    machine = reg.power_on(2, 3, onij=4, folds=1)
    reg.start(machine)
    return machine, plan_job(t.PLAN, t.WEIGHTS[0], t.ACTIVATIONS, overflow="error")


def _plane(register):
    return np.array(register[:6]).reshape(2, 3).tolist()  # row col


def _after_each_cycle(read):
    machine, job = _started()
    seen = []
    for _ in range(15):
        run(machine, job, 1)
        seen.append(read(machine))
    return seen


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (reg.STATE, t.STATE),
        (reg.DONE, t.DONE),
        (reg.L0_PUSHED, t.L0_PUSHED),
        (reg.OFIFO_POPPED, t.OFIFO_POPPED),
        (reg.SFU_VALID, t.SFU_VALID),
    ],
)
def test_controller_and_counters_follow_the_table(place, expected):
    assert _after_each_cycle(lambda machine: int(machine.scalar_q[place])) == expected


@pytest.mark.parametrize(
    ("name", "row_0", "row_1"),
    [
        ("w_q", t.W_ROW_0, t.W_ROW_1),
        ("a_q", t.A_ROW_0, t.A_ROW_1),
        ("psum_q", t.PSUM_ROW_0, t.PSUM_ROW_1),
    ],
)
def test_pe_registers_follow_the_table(name, row_0, row_1):
    expected = [list(rows) for rows in zip(row_0, row_1, strict=True)]
    assert _after_each_cycle(lambda machine: _plane(getattr(machine, name))) == expected


def test_the_valid_bit_travels_with_the_activation():
    expected = [list(rows) for rows in zip(t.VALID_ROW_0, t.VALID_ROW_1, strict=True)]
    assert _after_each_cycle(lambda machine: _plane(-machine.valid_q)) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("l0_popped", t.L0_POPPED), ("ofifo_pushed", t.OFIFO_PUSHED)]
)
def test_fifos_fill_and_drain_by_the_table(name, expected):
    assert _after_each_cycle(lambda machine: getattr(machine, name).tolist()) == expected


def test_pmem_is_written_one_cycle_after_the_pop():
    written = _after_each_cycle(lambda machine: machine.pmem.tolist())
    nothing = [[0, 0, 0]] * 4
    assert written == [t.PSUMS[:n] + nothing[n:] for n in t.PMEM_WRITTEN]


def test_an_l0_entry_carries_the_word_and_its_kind():
    machine, job = _started()
    run(machine, job, 5)
    assert (machine.l0[:4] >> 1).tolist() == [[-5, 6], [3, -4], [1, 2], [1, 5]]  # entry row
    assert (machine.l0[:4] & 1).tolist() == [[reg.WEIGHT] * 2] * 3 + [[reg.ACTIVATION] * 2]


def test_the_machine_stays_idle_after_the_job():
    machine, job = _started()
    run(machine, job, 1000)
    assert (machine.scalar_q[reg.STATE], machine.fold_cycles[0]) == (reg.IDLE, 15)
    assert machine.pmem.tolist() == t.PSUMS
    assert machine.outputs.tolist() == [[max(0, psum) for psum in vector] for vector in t.PSUMS]


@pytest.mark.parametrize("cycles", [4, 5, 6])
def test_a_gap_in_the_stream_passes_through_as_a_bubble(cycles):
    machine, job = _started()
    run(machine, job, cycles)
    machine.scalar_q[reg.READ_VALID] = 0  # the word that was just read is lost ...
    machine.scalar_q[reg.COUNT] -= 1  # ... and read once more
    run(machine, job, 1000)
    assert machine.pmem.tolist() == t.PSUMS
    assert machine.fold_cycles.tolist() == [16]


def test_functions_compile_where_nothing_can_be_cached():
    """Code without a file has no place for a cache, as has a package in a folder without write access."""
    names: dict = {}
    exec("def twice(x):\n    return 2 * x\n", names)
    assert compiled(names["twice"])(21) == 42
