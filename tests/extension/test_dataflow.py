"""The dataflow of the package runs through plan, words, model, cycles, cost and files."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tilewright.config import Config
from tilewright.config.array import ArrayConfig
from tilewright.cores import Setup
from tilewright.cores.run_list import BenchRun
from tilewright.cost import LayerOutline, MemoryDepths, layer_cost
from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.sim import count_activity, layer_cycles, simulate
from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat, PsumRule, Schedule
from tilewright.tile import (
    DATAFLOWS,
    Execution,
    TilePlan,
    plan_mode,
    plan_words,
    untile_activations,
    untile_psums,
    untile_weights,
)
from tilewright.vectors import dataflow_of, decode_bundle, load_layout, write_bundle
from tilewright.verify import reference_outputs, reference_psums

SHAPE = ConvShape(ic=3, ih=4, iw=5, oc=5, kh=2, kw=2, padding=(1, 0))  # window 12, 5 x 4 pixels
ARRAY = ArrayShape(rows=5, cols=2, psum_bits=20)  # 3 folds for each of 3 output tiles
CODES, WEIGHTS = NumberFormat(4, is_signed=False), NumberFormat(4, is_signed=True)


@pytest.fixture
def flattened(extras):
    return DATAFLOWS.get("flattened")


def _layer(shape: ConvShape, seed: int) -> tuple[IntegerLayer, np.ndarray]:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-8, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    layer = IntegerLayer("conv", shape, weight, WEIGHTS, CODES, np.ones(1), 1.0)
    return layer, rng.integers(0, 16, (shape.ic, shape.ih, shape.iw), np.uint8)


def test_it_runs_from_the_plan_to_the_psums_of_the_reference(flattened):
    layer, codes = _layer(SHAPE, 1)
    plan = plan_mode(SHAPE, ARRAY, "flattened", 4)
    assert (plan.fold_grid, plan.folds_per_otile) == ((3, 3, 1), 3)
    words = plan_words(plan, layer.weight, codes)
    assert (words[0].shape, words[1].shape) == ((3, 3, 2, 5), (3, 20, 5))
    np.testing.assert_array_equal(untile_weights(words[0], plan), layer.weight)
    np.testing.assert_array_equal(untile_activations(words[1], plan), codes)
    result = simulate(Execution(plan), *words)
    expected = reference_psums(codes[None], layer)[0]
    np.testing.assert_array_equal(untile_psums(result.psums, plan), expected)
    assert result.cycles == layer_cycles(Execution(plan)) == 9 * (20 + 5 + 2 * 2 + 3)
    fast = Execution(plan, Schedule(is_overlapped=True, is_whole_layer=True))
    assert simulate(fast, *words).cycles == 32 + 8 * 20
    with pytest.raises(ShapeError, match=r"^tiles must be \(otile, fold, col, row\) = \(3, 3, 2"):
        simulate(Execution(plan), words[0][:2], words[1])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1), bits=st.integers(4, 20))
def test_every_layer_is_exact_and_a_narrow_sum_is_counted(flattened, plan, seed, bits):
    layer, codes = _layer(plan.shape, seed)
    plan = TilePlan(plan.shape, replace(plan.array, psum_bits=bits), flattened)
    result = simulate(Execution(plan), *plan_words(plan, layer.weight, codes))
    expected = reference_psums(codes[None], layer)[0]
    np.testing.assert_array_equal(untile_psums(result.psums, plan), expected)  # rule "error"
    half = 1 << (bits - 1)
    if expected.min() < -half or expected.max() >= half:
        assert result.overflows > 0
        assert result.first_overflow is not None
    wrapped = simulate(
        Execution(plan, rule=PsumRule("wrap")), *plan_words(plan, layer.weight, codes)
    )
    np.testing.assert_array_equal(
        untile_psums(wrapped.psums, plan), (expected + half) % (2 * half) - half
    )


def test_a_wrong_product_is_found(flattened, monkeypatch):
    layer, codes = _layer(SHAPE, 1)
    plan = plan_mode(SHAPE, ARRAY, "flattened", 4)
    honest = type(flattened).products
    monkeypatch.setattr(type(flattened), "products", lambda *args: honest(*args) + 1)
    result = simulate(Execution(plan), *plan_words(plan, layer.weight, codes))
    expected = reference_psums(codes[None], layer)[0]
    assert (untile_psums(result.psums, plan) != expected).all()


def test_its_cycles_are_listed_beside_ours(flattened):
    outline = LayerOutline("conv", SHAPE, CODES, WEIGHTS)
    cost = layer_cost(outline, ARRAY, MemoryDepths())
    assert cost.to_facts()["flattened_serial_cycles"] == 9 * 32
    assert cost.mode_cycles["flattened_overlapped"] == 32 + 8 * 20
    assert list(cost.mode_cycles)[:2] == ["ws_serial", "ws_overlapped"]


def test_its_layout_follows_from_the_mode(flattened, tmp_path):
    layer, codes = _layer(SHAPE, 1)
    config = Config(array=ArrayConfig(rows=5, cols=2, mode="flattened"))
    execution = config.array.execution(SHAPE, act_bits=4)
    layout = load_layout(execution.plan.dataflow.layout)
    assert dataflow_of(layout) == flattened
    bundle = write_bundle(
        tmp_path,
        layer=layer,
        plan=execution.plan,
        layout=layout,
        codes=codes,
        psums=(psums := reference_psums(codes[None], layer)[0]),
        outputs=reference_outputs(psums, layout.output),
        sample=0,
    )
    words = plan_words(execution.plan, layer.weight, codes)[1].reshape(-1, 5)  # fold*onij row
    lines = (tmp_path / "activation.txt").read_text().split()
    assert lines == ["".join(f"{code:04b}" for code in word[::-1]) for word in words]
    np.testing.assert_array_equal(decode_bundle(bundle).weight, layer.weight)
    with pytest.raises(ValueError, match=r"array.mode = 'flattened' .* and vectors.layout = 'ece"):
        Config.model_validate({"array": {"mode": "flattened"}, "vectors": {"layout": "ece284-ws"}})
    with pytest.raises(
        FormatError, match=r"^the RTL testbench reads layout ece284-ws, ece284-2b, "
    ):
        BenchRun(bundle, Setup())


def test_registers_that_are_not_modelled_are_refused(flattened):
    layer, codes = _layer(SHAPE, 1)
    execution = Execution(plan_mode(SHAPE, ARRAY, "flattened", 4))
    words = plan_words(execution.plan, layer.weight, codes)
    with pytest.raises(UnknownNameError, match=r"^the registers of dataflow 'flattened' are not"):
        simulate(execution, *words, engine="registers")
    with pytest.raises(UnknownNameError, match=r"^the registers of dataflow 'flattened' are not"):
        count_activity(execution, *words, act_bits=4, weight_bits=4)


def test_wrong_cycles_are_found(flattened, monkeypatch):
    layer, codes = _layer(SHAPE, 1)
    monkeypatch.setattr(type(flattened), "first_fold_cycles", lambda *_: 31)
    execution = Execution(plan_mode(SHAPE, ARRAY, "flattened", 4))
    found = simulate(execution, *plan_words(execution.plan, layer.weight, codes)).cycles
    assert found == layer_cycles(execution) != 9 * (20 + 5 + 2 * 2 + 3)


def test_a_fold_that_is_left_out_is_found(flattened, monkeypatch):
    layer, codes = _layer(SHAPE, 1)
    honest = type(flattened).sums
    monkeypatch.setattr(type(flattened), "sums", lambda *args: islice(honest(*args), 2))
    plan = plan_mode(SHAPE, replace(ARRAY, psum_bits=6), "flattened", 4)
    words = plan_words(plan, layer.weight, codes)
    found = untile_psums(simulate(Execution(plan, rule=PsumRule("wrap")), *words).psums, plan)
    expected = (reference_psums(codes[None], layer)[0] + 32) % 64 - 32
    assert (found != expected).any()
