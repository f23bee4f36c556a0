"""A faulty array, or altered tiles: the comparison goes red and names the place."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.sim import fold_cycles, simulate
from tilewright.sim import registers as reg
from tilewright.sim.array import run
from tilewright.sim.control import start
from tilewright.sim.job import make_job
from tilewright.spec import ArrayShape, ConvShape, PsumRule
from tilewright.tile import Execution, TilePlan, tile_activations, tile_weights, untile_psums
from tilewright.verify import compare

SHAPE = ConvShape(ic=5, ih=4, iw=5, oc=3, kh=3, kw=2, stride=(1, 2), padding=(1, 0))
PLAN = TilePlan(SHAPE, ArrayShape(2, 3, psum_bits=16))
RNG = np.random.default_rng(5)
WEIGHT = RNG.integers(1, 8, (3, 5, 3, 2), np.int8) * RNG.choice(
    np.array([-1, 1], np.int8), (3, 5, 3, 2)
)
CODES = RNG.integers(1, 16, (5, 4, 5), np.uint8)
WEIGHTS, ACTIVATIONS = tile_weights(WEIGHT, PLAN), tile_activations(CODES, PLAN)


def _expected():
    plane = np.pad(CODES.astype(np.int64), ((0, 0), (1, 1), (0, 0)))
    psums = np.zeros((1, 3, SHAPE.oh, SHAPE.ow), np.int64)
    for oc, oh, ow, ic, kh, kw in np.ndindex(3, SHAPE.oh, SHAPE.ow, 5, 3, 2):
        psums[0, oc, oh, ow] += int(WEIGHT[oc, ic, kh, kw]) * plane[ic, oh + kh, 2 * ow + kw]
    return psums


def _judge(psums):
    return compare(_expected(), untile_psums(psums, PLAN)[None], what="psums", layer="conv")


def _run_faulty(fault):
    """Run the only job with `fault` done to the registers after each cycle; at most three times as long."""
    job = make_job(Execution(PLAN), WEIGHTS, ACTIVATIONS, first_otile=0)
    state = reg.power_on(2, 3, words=SHAPE.onij, folds=job.folds, halves=1)
    start(state, job)
    for _ in range(3 * PLAN.folds_per_otile * fold_cycles(Execution(PLAN))):
        run(state, job, 1)
        fault(state)
    return state


def _wrong_channels(comparison):
    assert not comparison.passed
    return {mismatch.oc for mismatch in comparison.first}


def test_the_sound_array_passes():
    assert _judge(simulate(Execution(PLAN), WEIGHTS, ACTIVATIONS).psums).passed
    assert _judge(_run_faulty(lambda _machine: None).pmem[None]).passed


def test_a_stuck_shadow_register_is_found_in_its_column_and_east_of_it():
    """Weights shift east while they are loaded: what is lost in column 1 never reaches column 2."""

    def fault(state):
        state.shadow_q[0, 1, 1] = 0  # PE(1, 1)

    comparison = _judge(_run_faulty(fault).pmem[None])
    assert _wrong_channels(comparison) == {1, 2}
    assert str(comparison).startswith("conv: psums: 24 compared, ")
    assert "first at sample=0 oc=1 oh=0 ow=0: expected" in str(comparison)


def test_a_psum_register_stuck_at_a_bit_is_found_in_its_column():
    def fault(state):
        state.psum_q[0, 2] |= 1  # PE(0, 2)

    assert _wrong_channels(_judge(_run_faulty(fault).pmem[None])) == {2}


def test_a_late_row_is_found():
    """Row 1 sees each activation one pixel late: the skew is off by one."""
    late = ACTIVATIONS.copy()
    late[:, 1:, 1] = ACTIVATIONS[:, :-1, 1]
    late[:, 0, 1] = 0
    comparison = _judge(simulate(Execution(PLAN), WEIGHTS, late).psums)
    assert _wrong_channels(comparison) == {0, 1, 2}


def test_weights_read_as_unsigned_are_found():
    comparison = _judge(simulate(Execution(PLAN), WEIGHTS & 0xF, ACTIVATIONS).psums)
    assert comparison.mismatches == comparison.compared == 24


def test_one_flipped_weight_bit_is_found_in_its_output_channel():
    flipped = WEIGHTS.copy()
    flipped[0, 2, 4, 2, 0] ^= 1  # itile 2, kij 4, col 2, row 0
    assert _wrong_channels(_judge(simulate(Execution(PLAN), flipped, ACTIVATIONS).psums)) == {2}


def test_swapped_lanes_are_found():
    assert not _judge(simulate(Execution(PLAN), WEIGHTS, ACTIVATIONS[..., ::-1]).psums).passed


def test_a_lost_cycle_is_found_in_the_cycle_counts():
    """The values are right, and only the count of the one slow fold betrays it."""

    def fault(state):
        if (state.fold, state.n) == (7, 3) and state.counts.fold_cycles[7] == 3 + 3:
            state.act_q = None
            state.n -= 1

    state = _run_faulty(fault)
    assert _judge(state.pmem[None]).passed
    counted = state.counts.fold_cycles
    wrong = np.flatnonzero(counted != fold_cycles(Execution(PLAN)))
    assert (wrong.tolist(), counted[7]) == ([7], fold_cycles(Execution(PLAN)) + 1)


def test_a_psum_that_never_reaches_ofifo_stops_the_array():
    """A vector needs all columns: the job does not end, and does not pass for one that did."""

    def fault(state):
        if state.popped == 8:
            state.ofifo[1].clear()

    state = _run_faulty(fault)
    assert state.is_busy
    assert state.counts.fold_cycles[0] > fold_cycles(Execution(PLAN))
    assert state.popped == 8


@pytest.mark.parametrize("psum_bits", [8, 9])
def test_a_psum_width_that_is_too_small_is_named_while_the_values_stay_right(psum_bits):
    plan = TilePlan(SHAPE, ArrayShape(2, 3, psum_bits))
    result = simulate(Execution(plan), WEIGHTS, ACTIVATIONS)
    assert _judge(result.psums).passed
    assert result.first_overflow is not None
    assert not -(2 ** (psum_bits - 1)) <= result.first_overflow.value < 2 ** (psum_bits - 1)
    for rule in ("wrap", "saturate"):
        lossy = simulate(Execution(plan, rule=PsumRule(rule)), WEIGHTS, ACTIVATIONS)
        assert not _judge(lossy.psums).passed
