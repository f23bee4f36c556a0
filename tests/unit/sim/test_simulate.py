"""Results, counts, overflows and messages of `simulate`, by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.sim import timeline as t
from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.sim import OverflowEvent, fold_cycles, layer_cycles, next_fold_cycles, simulate
from tilewright.spec import ArrayShape, ConvShape, OutputFunction, PsumRule, Schedule
from tilewright.tile import TWO_CHANNELS, Execution, TilePlan, tile_activations, tile_weights


def _narrow(psum_bits):
    return replace(t.PLAN, array=replace(t.PLAN.array, psum_bits=psum_bits))


def test_one_fold_by_hand():
    result = simulate(Execution(t.PLAN), t.WEIGHTS, t.ACTIVATIONS)
    assert result.psums.tolist() == [t.PSUMS]
    assert result.outputs.tolist() == [[[11, 0, 25], [14, 0, 26], [17, 0, 27], [20, 0, 28]]]
    assert result.fold_cycles.tolist() == [[[15]]]
    assert (result.load_cycles, result.stream_cycles, result.drain_cycles) == (3, 4, 8)
    assert (result.cycles, result.macs_useful, result.pe_cycles_busy) == (15, 24, 24)
    assert result.utilization == 24 / (15 * 6)
    assert (result.overflows, result.first_overflow) == (0, None)


def test_closed_form_by_hand():
    choke = ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1))
    plan = TilePlan(choke, ArrayShape(4, 8, psum_bits=16))
    assert (fold_cycles(Execution(plan)), layer_cycles(Execution(plan))) == (
        36 + 16 + 4 + 3,
        2 * 9 * 59,
    )


def test_a_sum_that_does_not_fit_is_named_and_kept_exact_by_default():
    """5 bits hold -16..15. Of the sums that do not fit, -17 in PE(1, 1) at cycle 7 is the earliest."""
    result = simulate(Execution(_narrow(5)), t.WEIGHTS, t.ACTIVATIONS)
    assert result.psums.tolist() == [t.PSUMS]
    first = OverflowEvent(where="pe", otile=0, itile=0, kij=0, onij=0, row=1, col=1, value=-17)
    assert result.first_overflow == first
    assert str(first) == "PE, row=1 col=1: psum -17 (otile=0, itile=0, kij=0, onij=0)"
    # in PEs -20 of row 0, two of col 0, four each of cols 1 and 2; then those ten again in PMEM
    assert result.overflows == 1 + 10 + 10


def test_wrapped_sums_wrap_in_every_register():
    """-20 wraps to 12 in PE(0, 2), so that 48 makes it 60; that wraps to -4, as 28 does."""
    result = simulate(Execution(_narrow(5), rule=PsumRule("wrap")), t.WEIGHTS, t.ACTIVATIONS)
    assert result.psums.tolist() == [
        [[11, 15, -7], [14, 14, -6], [-15, 13, -5], [-12, 12, -4]],
    ]
    assert result.outputs.tolist() == [[[11, 15, 0], [14, 14, 0], [0, 13, 0], [0, 12, 0]]]
    assert result.overflows == 1 + 10


def test_an_overflow_in_pmem_is_named():
    """Two input tiles give 7 + 7 = 14, and 4 bits hold -8..7."""
    plan = TilePlan(ConvShape(ic=2, ih=1, iw=3, oc=2, kh=1, kw=1), ArrayShape(1, 2, psum_bits=4))
    weights = np.array([[[[[0], [1]]], [[[0], [1]]]]], np.int8)  # otile itile kij col row
    activations = np.array([[[0], [0], [7]], [[0], [1], [7]]], np.uint8)  # itile nij row
    result = simulate(Execution(plan), weights, activations)
    first = OverflowEvent("pmem", otile=0, itile=1, kij=0, onij=2, row=None, col=1, value=14)
    assert (result.overflows, result.first_overflow) == (1, first)
    assert str(first) == "PMEM, col=1: psum 14 (otile=0, itile=1, kij=0, onij=2)"
    assert result.psums.tolist() == [[[0, 0], [0, 1], [0, 14]]]
    wrapped = simulate(Execution(plan, rule=PsumRule("wrap")), weights, activations)
    assert wrapped.psums.tolist() == [[[0, 0], [0, 1], [0, -2]]]


def test_32_bit_psums_overflow_in_pmem_only():
    """A fold of 64 rows adds 64 * 255 * 127 = 2,072,640: 1,036 of them fit 32 bits, 1,037 do not."""
    shape = ConvShape(ic=64 * 520, ih=1, iw=2, oc=1, kh=1, kw=2)
    plan = TilePlan(shape, ArrayShape(64, 1, psum_bits=32))
    weights = np.full((1, 520, 2, 1, 64), 127, np.int8)
    activations = np.full((520, 2, 64), 255, np.uint8)
    fast = Schedule(is_overlapped=True, is_skipping=True)
    exact = simulate(Execution(plan, schedule=fast), weights, activations)
    assert exact.psums.tolist() == [[[2_155_545_600]]]
    assert exact.first_overflow == OverflowEvent("pmem", 0, 518, 0, 0, None, 0, 2_149_327_680)
    wrapped = simulate(Execution(plan, schedule=fast, rule=PsumRule("wrap")), weights, activations)
    assert wrapped.psums.tolist() == [[[2_155_545_600 - 2**32]]]
    assert wrapped.overflows == 1


def test_sums_that_the_accumulator_drops_do_not_count_as_overflows():
    """Stride 2 over 3 pixels uses the outer two; the one between them would not fit."""
    shape = ConvShape(ic=1, ih=1, iw=3, oc=1, kh=1, kw=1, stride=(1, 2))
    plan = TilePlan(shape, ArrayShape(1, 1, psum_bits=4))
    activations = np.array([[[1], [200], [7]]], np.uint8)
    result = simulate(Execution(plan), np.ones((1, 1, 1, 1, 1), np.int8), activations)
    assert (result.overflows, result.psums.tolist()) == (0, [[[1], [7]]])


def test_tiles_of_another_plan_are_refused():
    with pytest.raises(
        ShapeError,
        match=r"^tiles must be \(itile, nij, row\) = \(1, 4, 2\), not \(1, 3, 2\): use the tiles of",
    ):
        simulate(Execution(t.PLAN), t.WEIGHTS, t.ACTIVATIONS[:, :3])
    with pytest.raises(ShapeError, match=r"^tiles must be \(otile, itile, kij, col, row\)"):
        simulate(Execution(t.PLAN), t.WEIGHTS[0], t.ACTIVATIONS)


def test_codes_of_another_type_are_refused():
    with pytest.raises(
        FormatError, match=r"^tiles \(itile, nij, row\) must be uint8 or int8 codes, not int"
    ):
        simulate(Execution(t.PLAN), t.WEIGHTS, t.ACTIVATIONS.astype(np.int64))


def test_an_unknown_rule_function_or_engine_is_refused():
    message = re.escape("the overflow rule must be 'error', 'wrap' or 'saturate', not 'clip'")
    with pytest.raises(FormatError, match=f"^{message}$"):
        PsumRule("clip")
    with pytest.raises(ShapeError, match=r"^a psum in a PE column has 4\.\.48 bits, not 3$"):
        PsumRule(column_bits=3)
    message = re.escape("the activation function must be 'relu', 'leaky' or 'signed', not 'gelu'")
    with pytest.raises(FormatError, match=f"^{message}$"):
        OutputFunction("gelu")
    with pytest.raises(FormatError, match=r"^a leaky shift is 0\.\.31, not 32$"):
        OutputFunction("leaky", 32)
    with pytest.raises(UnknownNameError, match=r"^the engine must be 'fast' or 'registers', not"):
        simulate(Execution(t.PLAN), t.WEIGHTS, t.ACTIVATIONS, engine="quick")


def test_overlapped_folds_by_hand():
    """8x8, skipping: T = 64, L = 8, so each further fold takes 64 of at least 16 cycles."""
    shape = ConvShape(ic=256, ih=8, iw=8, oc=256, kh=3, kw=3, padding=(1, 1))
    plan = TilePlan(shape, ArrayShape(8, 8, psum_bits=20))
    fast = Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True)
    assert (fold_cycles(Execution(plan, fast)), next_fold_cycles(Execution(plan, fast))) == (
        64 + 8 + 19,
        64,
    )
    assert layer_cycles(Execution(plan, fast)) == 91 + 9215 * 64 == 589_851
    assert shape.macs / layer_cycles(Execution(plan, fast)) > 0.99995 * 64
    assert layer_cycles(Execution(plan)) == 9216 * (100 + 27)
    wide = replace(plan, array=ArrayShape(32, 32, psum_bits=20))
    small = replace(wide, shape=replace(shape, ih=4, iw=4))
    assert next_fold_cycles(Execution(small, fast)) == 64
    assert next_fold_cycles(Execution(replace(small, dataflow=TWO_CHANNELS), fast)) == 96


@pytest.mark.parametrize("engine", ["fast", "registers"])
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (OutputFunction("leaky", 1), [-9, -9, -10, -10]),  # -17 >> 1 = -9, as rounding down
        (OutputFunction("leaky", 6), [-1, -1, -1, -1]),
        (OutputFunction("signed"), [-17, -18, -19, -20]),
    ],
)
def test_activation_functions_by_hand(engine, output, expected):
    result = simulate(Execution(t.PLAN, output=output), t.WEIGHTS, t.ACTIVATIONS, engine=engine)
    assert result.psums.tolist() == [t.PSUMS]
    assert result.outputs[0, :, 1].tolist() == expected
    assert result.outputs[0, :, 0].tolist() == [11, 14, 17, 20]


def test_saturated_sums_stop_at_the_bound_in_every_register():
    """5 bits hold -16..15: 18 and 20 stop at 15, and -20 at -16, from where 48 leads to 15 again."""
    result = simulate(Execution(_narrow(5), rule=PsumRule("saturate")), t.WEIGHTS, t.ACTIVATIONS)
    assert result.psums.tolist() == [
        [[11, -16, 15], [14, -16, 15], [15, -16, 15], [15, -16, 15]],
    ]


def test_the_column_may_be_narrower_than_pmem():
    """In 4 bits -5 * 4 = -20 stops at -8, 12 at 7; 8 bits of PMEM hold what the column says."""
    rule = PsumRule("saturate", column_bits=4)
    result = simulate(Execution(t.PLAN, rule=rule), t.WEIGHTS, t.ACTIVATIONS)
    assert result.psums.tolist() == [[[7, -8, 7], [7, -8, 7], [7, -8, 7], [7, -8, 7]]]
    assert result.overflow_vectors == 4


def test_a_result_of_the_wrong_shape_is_refused():
    result = simulate(Execution(t.PLAN), t.WEIGHTS, t.ACTIVATIONS)
    with pytest.raises(
        ShapeError, match=r"^psums and outputs must be \(otile, onij, col\) = \(1, 4"
    ):
        replace(result, psums=result.psums[0])


def test_read_only_and_strided_tiles_are_accepted():
    weights, activations = t.WEIGHTS.copy(), np.asfortranarray(t.ACTIVATIONS)
    weights.flags.writeable = False
    assert simulate(Execution(t.PLAN), weights, activations).psums.tolist() == [t.PSUMS]


@pytest.mark.parametrize("block", [1, 250, 1 << 20])  # 72 values of the plane for an ofmap pixel
def test_blocks_of_pixels_of_any_size_give_the_same_psums(monkeypatch, block):
    monkeypatch.setattr("tilewright.tile.dataflows.weight_stationary.BLOCK", block)
    shape = ConvShape(ic=8, ih=4, iw=5, oc=6, kh=3, kw=3, padding=(1, 1))
    plan, random = TilePlan(shape, ArrayShape(4, 4, psum_bits=20)), np.random.default_rng(0)
    weights = tile_weights(random.integers(-8, 8, (6, 8, 3, 3), np.int8), plan)
    activations = tile_activations(random.integers(0, 16, (8, 4, 5), np.uint8), plan)
    fast = simulate(Execution(plan), weights, activations)
    slow = simulate(Execution(plan), weights, activations, engine="registers")
    assert np.array_equal(fast.psums, slow.psums)


def test_importing_the_room_loads_neither_torch_nor_numba():
    code = "import sys, tilewright.sim; print({'torch', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
