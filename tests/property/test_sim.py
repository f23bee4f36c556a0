"""The model equals a naive convolution in every value, and the closed form in every cycle count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import convolve, store
from tests.strategies import plans
from tests.unit.sim import timeline as t
from tilewright.sim import SimResult, Stalls, job_cycles, layer_cycles, simulate
from tilewright.sim.job import make_job
from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile import (
    CORE_DATAFLOWS,
    OUTPUT_STATIONARY,
    Execution,
    TilePlan,
    plan_words,
    untile_psums,
)

SEEDS = st.integers(0, 2**32 - 1)
MODES = st.sampled_from(CORE_DATAFLOWS)
SCHEDULES = st.builds(Schedule, st.booleans(), st.booleans(), st.booleans())


@dataclass(frozen=True)
class Layer:
    """weight ``oc ic kh kw``, codes ``ic ih iw``."""

    plan: TilePlan
    weight: np.ndarray
    codes: np.ndarray

    def simulate(self, *, stalls=None, engine="fast", **how) -> SimResult:
        words = plan_words(self.plan, self.weight, self.codes)
        return simulate(Execution(self.plan, **how), *words, stalls=stalls, engine=engine)

    @property
    def expected(self) -> np.ndarray:
        return convolve(self.weight, self.codes, self.plan.shape)


@st.composite
def layers(draw):
    """Any int8 weights and uint8 activations, in any mode."""
    plan = draw(plans().filter(lambda plan: plan.shape.macs < 900))
    plan = TilePlan(plan.shape, plan.array, draw(MODES))
    rng, shape = np.random.default_rng(draw(SEEDS)), plan.shape
    widest = int(rng.integers(1, 128))
    size = (shape.oc, shape.ic, shape.kh, shape.kw)
    weight = rng.integers(-widest - 1, widest + 1, size, np.int8)
    codes = rng.integers(0, 2 * widest + 1, (shape.ic, shape.ih, shape.iw), np.uint8)
    return Layer(plan, weight, codes)


@settings(max_examples=50, deadline=None)
@given(layer=layers(), schedule=SCHEDULES, engine=st.sampled_from(["fast", "registers"]))
def test_psums_and_outputs_are_those_of_a_naive_convolution(layer, schedule, engine):
    result = layer.simulate(schedule=schedule, engine=engine)
    np.testing.assert_array_equal(untile_psums(result.psums, layer.plan), layer.expected)
    relu = np.maximum(layer.expected, 0)
    np.testing.assert_array_equal(untile_psums(result.outputs, layer.plan), relu)


@settings(max_examples=50, deadline=None)
@given(layer=layers(), schedule=SCHEDULES)
def test_every_fold_takes_the_cycles_of_the_closed_form(layer, schedule):
    result = layer.simulate(schedule=schedule, engine="registers")
    assert result.fold_cycles.shape == layer.plan.fold_grid
    np.testing.assert_array_equal(result.fold_cycles, job_cycles(Execution(layer.plan, schedule)))
    assert result.cycles == layer_cycles(Execution(layer.plan, schedule))


@settings(max_examples=30, deadline=None)
@given(
    layer=layers(),
    schedule=SCHEDULES,
    rule=st.builds(
        PsumRule,
        st.sampled_from(["error", "wrap", "saturate"]),
        st.none() | st.integers(4, 20),
    ),
    output=st.builds(
        OutputFunction, st.sampled_from(["relu", "leaky", "signed"]), st.integers(0, 6)
    ),
)
def test_the_fast_engine_is_the_registers_in_everything(layer, schedule, rule, output):
    options = {"schedule": schedule, "rule": rule, "output": output}
    fast = layer.simulate(**options)
    slow = layer.simulate(**options, engine="registers")
    for name in SimResult.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name), err_msg=name)


@settings(max_examples=25, deadline=None)
@given(layer=layers(), schedule=SCHEDULES, level=st.integers(1, 200), seed=st.integers(1, 999))
def test_stalls_cost_cycles_and_change_no_value(layer, schedule, level, seed):
    free = layer.simulate(schedule=schedule, engine="registers")
    stalled = layer.simulate(schedule=schedule, stalls=Stalls(level, seed))
    np.testing.assert_array_equal(stalled.psums, free.psums)
    np.testing.assert_array_equal(stalled.outputs, free.outputs)
    assert stalled.overflows == free.overflows
    assert stalled.cycles >= free.cycles
    assert stalled.pe_cycles_busy == free.pe_cycles_busy
    assert stalled.drain_cycles >= free.drain_cycles


def _pixel(codes, shape, place):
    ic, oh, ow, kh, kw = place
    ih = oh * shape.stride[0] + kh - shape.padding[0]
    iw = ow * shape.stride[1] + kw - shape.padding[1]
    is_inside = 0 <= ih < shape.ih and 0 <= iw < shape.iw
    return int(codes[ic, ih, iw]) if is_inside else 0


def _channels_in_turn(plan):
    """Input channels in the order in which one sum meets them, grouped by PE; PMEM comes after each list."""
    shape = plan.shape
    taps = list(np.ndindex(shape.kh, shape.kw))
    if plan.dataflow == OUTPUT_STATIONARY:
        return [[[(ic, *tap)] for ic in range(shape.ic) for tap in taps]]
    folds = []
    for itile in range(plan.itiles):
        for tap in taps:
            rows = []
            for row in range(plan.array.rows):
                first = itile * plan.lanes + row * plan.dataflow.channels_per_pe
                pair = range(first, first + plan.dataflow.channels_per_pe)
                rows.append([(ic, *tap) for ic in pair if ic < shape.ic])
            folds.append(rows)
    return folds


def _in_order(layer, rule):
    """Psums and the number of sums that do not fit, by plain integers in the order of the array."""
    plan, shape = layer.plan, layer.plan.shape
    wide = plan.array.psum_bits
    narrow = rule.column_bits or wide
    psums = np.zeros((shape.oc, shape.oh, shape.ow), np.int64)
    misfits = 0
    for oc, oh, ow in np.ndindex(*psums.shape):
        stored = 0
        for rows in _channels_in_turn(plan):
            psum = 0
            for pair in rows:
                for ic, kh, kw in pair:
                    pixel = _pixel(layer.codes, shape, (ic, oh, ow, kh, kw))
                    psum += int(layer.weight[oc, ic, kh, kw]) * pixel
                psum, is_misfit = store(psum, narrow, rule.overflow)
                misfits += is_misfit
            stored, is_misfit = store(stored + psum, wide, rule.overflow)
            misfits += is_misfit
        psums[oc, oh, ow] = stored
    return psums, misfits


@settings(max_examples=30, deadline=None)
@given(
    layer=layers(),
    rule=st.builds(
        PsumRule,
        st.sampled_from(["error", "wrap", "saturate"]),
        st.none() | st.integers(4, 20),
    ),
    engine=st.sampled_from(["fast", "registers"]),
)
def test_every_rule_holds_in_the_order_of_the_array(layer, rule, engine):
    psums, misfits = _in_order(layer, rule)
    result = layer.simulate(rule=rule, engine=engine)
    np.testing.assert_array_equal(untile_psums(result.psums, layer.plan), psums)
    assert result.overflows == misfits
    assert (result.first_overflow is None) == (misfits == 0)
    assert (result.overflow_vectors == 0) == (misfits == 0)


def test_memory_words_of_a_job_are_those_of_the_page():
    """Half width: word (fold * C + col) * 2 + half of WMEM; XMEM itile * T + nij, a half for each channel."""
    job = make_job(Execution(t.HALF_PLAN), t.HALF_WEIGHTS, t.HALF_ACTIVATIONS, first_otile=0)
    assert job.wmem.tolist() == [[1, 3], [2, 4], [-1, -3], [-2, -4]]
    assert job.xmem.tolist() == [[[3, 1], [1, 1]], [[2, 0], [1, 3]]]
