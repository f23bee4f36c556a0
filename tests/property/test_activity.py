"""Toggles and zero operands equal those of registers that change at the times of docs/dataflows.md."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import wrap
from tests.strategies import plans
from tilewright.sim import REGISTERS, Stalls, count_activity, fold_cycles
from tilewright.sim.array import run
from tilewright.sim.control import start
from tilewright.sim.job import make_job
from tilewright.sim.registers import power_on
from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile import (
    CORE_DATAFLOWS,
    OUTPUT_STATIONARY,
    Execution,
    TilePlan,
    plan_words,
    tile_activations,
    tile_weights,
)

ACT_BITS, WEIGHT_BITS = 3, 4


def _tiles(plan, seed):
    rng, shape = np.random.default_rng(seed), plan.shape
    weight = rng.integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    weight *= rng.integers(0, 2, weight.shape, np.int8)  # half of them 0
    codes = rng.integers(0, 8, (shape.ic, shape.ih, shape.iw), np.uint8)
    return tile_weights(weight, plan), tile_activations(codes, plan)


def _events(plan, weights, activations):
    """(cycle, kind, row, col, number): what enters which PE, by the event table of the serial schedule.

    The weights in use take over from the shadow registers with the first activation of a fold.
    """
    cols, rows = plan.array.cols, plan.array.rows
    for number, fold in enumerate(plan.folds()):
        since = number * fold_cycles(Execution(plan))
        words = weights[fold.otile, fold.itile, fold.kij]  # col row
        for count, row in np.ndindex(cols, rows):
            yield since + count + 2 + row, "shadow", row, 0, int(words[cols - 1 - count, row])
        for nij, row, col in np.ndindex(plan.shape.nij, rows, cols):
            cycle = since + cols + nij + 2 + row + col
            if nij == 0:
                yield cycle, "first", row, col, 0
            yield cycle, "act", row, col, int(activations[fold.itile, nij, row])


def _walk(plan, weights, activations):
    """Every register of every PE, event by event: toggles ``kind row col bit`` and zero operands."""
    cols, rows, bits = plan.array.cols, plan.array.rows, plan.array.psum_bits
    held = {kind: np.zeros((rows, cols), np.int64) for kind in REGISTERS}
    toggles = {kind: np.zeros((rows, cols, 20), np.int64) for kind in held}
    zeros = {"acts": 0, "weights": 0, "both": 0, "all": 0}

    def write(kind, row, col, number):
        change = int(held[kind][row, col]) ^ int(number)
        toggles[kind][row, col] += [(change >> bit) & 1 for bit in range(20)]
        held[kind][row, col] = number

    when = itemgetter(0)
    events = sorted(_events(plan, weights, activations), key=when)
    for _, together in groupby(events, key=when):
        now = list(together)
        psums, firsts = {}, {(row, col) for _, kind, row, col, _ in now if kind == "first"}
        for _, kind, row, col, number in now:  # wires: what the registers held before the edge
            if kind == "act":
                source = "shadow" if (row, col) in firsts else "weight"
                factor = int(held[source][row, col])
                north = int(held["psum"][row - 1, col]) if row else 0
                psums[row, col] = int(wrap(np.int64(north + number * factor), bits))
                zeros["all"] += 1
                zeros["acts"] += number == 0
                zeros["weights"] += factor == 0
                zeros["both"] += number == 0 and factor == 0
        for row, col in firsts:
            write("weight", row, col, held["shadow"][row, col])
        for _, kind, row, col, number in now:
            if kind == "act":
                write("act", row, col, number)
                write("psum", row, col, psums[row, col])
            elif kind == "shadow":
                for east in range(cols - 1, 0, -1):
                    write("shadow", row, east, held["shadow"][row, east - 1])
                write("shadow", row, 0, number)
    return toggles, zeros


@settings(max_examples=25, deadline=None)
@given(plan=plans().filter(lambda plan: plan.shape.macs < 900), seed=st.integers(0, 2**32 - 1))
def test_counts_are_those_of_registers_that_follow_the_event_table(plan, seed):
    weights, activations = _tiles(plan, seed)
    found = count_activity(
        Execution(plan), weights, activations, act_bits=ACT_BITS, weight_bits=WEIGHT_BITS
    )
    toggles, zeros = _walk(plan, weights, activations)
    bits = plan.array.psum_bits
    np.testing.assert_array_equal(found.act_toggles, toggles["act"][:, :, :ACT_BITS])
    np.testing.assert_array_equal(found.shadow_toggles, toggles["shadow"][:, :, :WEIGHT_BITS])
    np.testing.assert_array_equal(found.weight_toggles, toggles["weight"][:, :, :WEIGHT_BITS])
    np.testing.assert_array_equal(found.psum_toggles, toggles["psum"][:, :, :bits])
    assert found.operations == zeros["all"]
    assert (found.zero_acts, found.zero_weights) == (zeros["acts"], zeros["weights"])
    assert found.zero_both == zeros["both"]
    assert found.zero_operands == zeros["acts"] + zeros["weights"] - zeros["both"]


class _Watch:
    """Toggles of the registers of the model that steps, from 0: ``row col bit``."""

    def __init__(self, plan):
        self.plan, self.pair = plan, plan.dataflow.channels_per_pe
        size = (plan.array.rows, plan.array.cols)
        self.held = {kind: np.zeros(size, np.int64) for kind in REGISTERS}
        self.toggles = {kind: np.zeros((*size, 24), np.int64) for kind in REGISTERS}

    def look(self, state):
        is_os = self.plan.dataflow == OUTPUT_STATIONARY
        weight = state.b_q[None] if is_os else state.w_q
        now = {
            "act": self._word(state.a_q, ACT_BITS),
            "shadow": self._word(state.shadow_q, WEIGHT_BITS),
            "weight": self._word(weight, WEIGHT_BITS),
            "psum": state.psum_q.copy(),
        }
        for kind, values in now.items():
            changes = self.held[kind] ^ values
            self.toggles[kind] += (changes[:, :, None] >> np.arange(24)) & 1
            self.held[kind] = values

    def _word(self, halves, bits):
        return sum(
            (half & ((1 << bits) - 1)) << (place * bits) for place, half in enumerate(halves)
        )


@settings(max_examples=40, deadline=None)
@given(
    plan=plans().filter(lambda plan: plan.shape.macs < 600),
    mode=st.sampled_from(CORE_DATAFLOWS),
    is_overlapped=st.booleans(),
    is_skipping=st.booleans(),
    stalls=st.sampled_from([None, Stalls(90)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_counts_are_those_of_the_model_that_steps(
    plan, mode, is_overlapped, is_skipping, stalls, seed
):
    """In every mode and schedule, with stalls or without: one job, all registers, cycle by cycle."""
    plan = TilePlan(plan.shape, plan.array, mode)
    rng, shape = np.random.default_rng(seed), plan.shape
    weight = rng.integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    codes = rng.integers(0, 8, (shape.ic, shape.ih, shape.iw), np.uint8)
    words = plan_words(plan, weight, codes)
    schedule, rule = Schedule(is_overlapped, is_skipping, True), PsumRule("wrap")
    job = make_job(
        Execution(plan, schedule=schedule, rule=rule, output=OutputFunction()),
        *words,
        first_otile=0,
        stalls=stalls,
    )
    state = power_on(
        plan.array.rows,
        plan.array.cols,
        words=plan.otiles * shape.onij,
        folds=job.folds,
        halves=plan.dataflow.channels_per_pe,
    )
    watch = _Watch(plan)
    start(state, job)
    while state.is_busy:
        run(state, job, 1)
        watch.look(state)
    found = count_activity(
        Execution(plan, schedule=schedule, rule=rule),
        *words,
        act_bits=ACT_BITS,
        weight_bits=WEIGHT_BITS,
    )
    for register in REGISTERS:
        counts = found.of(register)
        np.testing.assert_array_equal(counts, watch.toggles[register][:, :, : counts.shape[2]])
    assert found.operations == state.counts.pe_busy * plan.dataflow.channels_per_pe
