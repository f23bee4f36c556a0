"""Toggles and zero operands equal those of registers that change at the times of docs/dataflows.md."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import wrap
from tests.strategies import plans
from tilewright.sim import count_activity, fold_cycles
from tilewright.tile import tile_activations, tile_weights

ACT_BITS, WEIGHT_BITS = 3, 4


def _tiles(plan, seed):
    rng, shape = np.random.default_rng(seed), plan.shape
    weight = rng.integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    weight *= rng.integers(0, 2, weight.shape, np.int8)  # half of them 0
    codes = rng.integers(0, 8, (shape.ic, shape.ih, shape.iw), np.uint8)
    return tile_weights(weight, plan), tile_activations(codes, plan)


def _events(plan, weights, activations):
    """(cycle, kind, row, col, number): what enters which PE, by the event table of the serial schedule."""
    cols, rows = plan.array.cols, plan.array.rows
    for number, fold in enumerate(plan.folds()):
        since = number * fold_cycles(plan)
        words = weights[fold.otile, fold.itile, fold.kij]  # col row
        for count, row in np.ndindex(cols, rows):
            yield since + count + 2 + row, "weight", row, 0, int(words[cols - 1 - count, row])
        for nij, row, col in np.ndindex(plan.shape.nij, rows, cols):
            cycle = since + cols + nij + 2 + row + col
            yield cycle, "act", row, col, int(activations[fold.itile, nij, row])


def _walk(plan, weights, activations):
    """Every register of every PE, event by event: toggles ``kind row col bit`` and zero operands."""
    cols, rows, bits = plan.array.cols, plan.array.rows, plan.array.psum_bits
    held = {kind: np.zeros((rows, cols), np.int64) for kind in ("act", "weight", "psum")}
    toggles = {kind: np.zeros((rows, cols, 20), np.int64) for kind in held}
    zeros = {"acts": 0, "weights": 0, "both": 0, "all": 0}

    def write(kind, row, col, number):
        change = int(held[kind][row, col]) ^ int(number)
        toggles[kind][row, col] += [(change >> bit) & 1 for bit in range(20)]
        held[kind][row, col] = number

    events = sorted(_events(plan, weights, activations), key=lambda event: event[0])
    cycles = sorted({event[0] for event in events})
    for cycle in cycles:
        now = [event for event in events if event[0] == cycle]
        psums = {}
        for _, kind, row, col, number in now:  # wires: what the registers held before the edge
            if kind == "act":
                factor = int(held["weight"][row, col])
                north = int(held["psum"][row - 1, col]) if row else 0
                psums[row, col] = int(wrap(np.int64(north + number * factor), bits))
                zeros["all"] += 1
                zeros["acts"] += number == 0
                zeros["weights"] += factor == 0
                zeros["both"] += number == 0 and factor == 0
        for _, kind, row, col, number in now:
            if kind == "act":
                write("act", row, col, number)
                write("psum", row, col, psums[row, col])
            else:
                for east in range(cols - 1, 0, -1):
                    write("weight", row, east, held["weight"][row, east - 1])
                write("weight", row, 0, number)
    return toggles, zeros


@settings(max_examples=25, deadline=None)
@given(plan=plans().filter(lambda plan: plan.shape.macs < 900), seed=st.integers(0, 2**32 - 1))
def test_counts_are_those_of_registers_that_follow_the_event_table(plan, seed):
    weights, activations = _tiles(plan, seed)
    found = count_activity(plan, weights, activations, act_bits=ACT_BITS, weight_bits=WEIGHT_BITS)
    toggles, zeros = _walk(plan, weights, activations)
    bits = plan.array.psum_bits
    np.testing.assert_array_equal(found.act_toggles, toggles["act"][:, :, :ACT_BITS])
    np.testing.assert_array_equal(found.weight_toggles, toggles["weight"][:, :, :WEIGHT_BITS])
    np.testing.assert_array_equal(found.psum_toggles, toggles["psum"][:, :, :bits])
    assert found.operations == zeros["all"]
    assert (found.zero_acts, found.zero_weights) == (zeros["acts"], zeros["weights"])
    assert found.zero_both == zeros["both"]
    assert found.zero_operands == zeros["acts"] + zeros["weights"] - zeros["both"]
