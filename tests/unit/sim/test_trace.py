"""The trace of the registers: each sum follows from its neighbors, and the psums are the reference's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import layer
from tests.unit.sim import timeline as t
from tilewright.sim import simulate, trace_job
from tilewright.sim.trace import ACT_READ, DROPPED, NO_VECTOR, WEIGHT_READ
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.tile import CORE_DATAFLOWS, Execution, TilePlan, plan_words
from tilewright.verify import reference_psums

SHAPE = ConvShape(ic=4, ih=3, iw=2, oc=3, kh=2, kw=2, padding=(1, 1))
SCHEDULES = [Schedule(), Schedule(is_overlapped=True, is_skipping=True)]


def traced(flow, schedule=SCHEDULES[0], *, cycles=10_000):
    rng = np.random.default_rng(5)
    node = layer(rng, "conv", SHAPE)
    codes = rng.integers(0, 16, (SHAPE.ic, SHAPE.ih, SHAPE.iw)).astype(np.uint8)
    execution = Execution(TilePlan(SHAPE, ArrayShape(2, 3, 20), flow), schedule)
    words = plan_words(execution.plan, node.weight, codes)
    return trace_job(execution, *words, cycles=cycles), reference_psums(codes[None], node)[0]


def wrong_sums(trace):
    """PE-cycles in which a sum is not what the PE took from its neighbor (or held), plus its products."""
    before = np.concatenate([np.zeros_like(trace.psums[:1]), trace.psums[:-1]])
    north = np.concatenate([np.zeros_like(before[:, :1]), before[:, :-1]], axis=1)
    base = np.where(trace.words == 0, 0, before) if trace.psums_stay else north
    sums = base + (trace.acts * trace.weights).sum(axis=1)
    return int(((sums != trace.psums) & trace.valid).sum())


@pytest.mark.parametrize("schedule", SCHEDULES, ids=["serial", "overlapped"])
@pytest.mark.parametrize("flow", CORE_DATAFLOWS, ids=lambda flow: flow.name)
def test_every_sum_follows_from_the_registers_before_it(flow, schedule):
    trace, _ = traced(flow, schedule)
    assert trace.is_whole
    assert trace.valid.any()
    assert wrong_sums(trace) == 0
    psums = trace.psums.copy()
    psums[tuple(np.argwhere(trace.valid)[0])] += 1
    assert wrong_sums(replace(trace, psums=psums)) > 0


@pytest.mark.parametrize("schedule", SCHEDULES, ids=["serial", "overlapped"])
@pytest.mark.parametrize("flow", CORE_DATAFLOWS, ids=lambda flow: flow.name)
def test_the_vectors_that_arrive_add_up_to_the_psums_of_the_reference(flow, schedule):
    trace, expected = traced(flow, schedule)
    found = np.zeros((SHAPE.onij, 3), np.int64)
    for pixel, vector in zip(trace.pixels, trace.vectors, strict=True):
        if pixel >= 0:
            found[pixel] += vector
    assert (found == expected.reshape(3, -1).T).all()


@pytest.mark.parametrize("flow", CORE_DATAFLOWS, ids=lambda flow: flow.name)
def test_the_trace_has_the_cycles_of_the_simulation(flow):
    trace, _ = traced(flow)
    rng = np.random.default_rng(0)
    plan = trace.execution.plan
    words = (
        rng.integers(-7, 8, plan.dataflow.weight_shape(plan)).astype(np.int8),
        rng.integers(0, 16, plan.dataflow.act_shape(plan)).astype(np.uint8),
    )
    result = simulate(trace.execution, *words)
    assert trace.cycles == result.cycles
    assert int(trace.valid.sum()) == result.pe_cycles_busy
    assert int((trace.reads & ACT_READ > 0).sum()) == result.stream_cycles
    assert int((trace.reads == WEIGHT_READ).sum()) == result.load_cycles


def test_one_fold_by_hand():
    """The wave enters at the corner, and reaches a PE one cycle later for each row and column."""
    trace = trace_job(Execution(t.PLAN), t.WEIGHTS, t.ACTIVATIONS, cycles=100)
    assert trace.cycles == 15
    first = trace.valid.argmax(axis=0)
    assert (first - first[0, 0]).tolist() == [[0, 1, 2], [1, 2, 3]]
    arriving = trace.vectors[trace.pixels >= 0]
    assert arriving.tolist() == t.PSUMS
    assert (trace.pixels == NO_VECTOR).sum() == 15 - len(t.PSUMS)
    assert not (trace.pixels == DROPPED).any()


def test_a_trace_that_is_cut_short_says_so():
    trace, _ = traced(CORE_DATAFLOWS[0], cycles=7)
    assert (trace.cycles, trace.is_whole) == (7, False)
    corner = trace.corner(1, 2)
    assert corner.psums.shape == (7, 1, 2)
    assert corner.acts.shape == (7, 1, 1, 2)
    assert corner.vectors.shape == (7, 2)
