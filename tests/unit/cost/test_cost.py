"""Figures worked out by hand, and their sums."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.unit.cost.outlines import ARRAY, SHAPE, outline, random_weight
from tilewright.config import ArrayConfig
from tilewright.cost import LayerOutline, MemoryDepths, layer_cost, network_cost
from tilewright.errors import ConfigError, ShapeError
from tilewright.rtl import RTL_DIR
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, IntegerLayer, NumberFormat
from tilewright.tile import plan_words


def _cost(memories=None, **known):
    return layer_cost(outline(**known), ARRAY, memories or MemoryDepths())


def test_folds_cycles_and_shares():
    cost = _cost()
    assert cost.folds == 2 * 4 * 6
    assert cost.phases.total == 48 * (36 + 2 * 2 + 3 + 3)
    assert cost.macs == 20 * 7 * 5 * 6
    assert cost.efficiency == 4200 / (2208 * 6)
    assert cost.utilization == 48 * 36 / 2208
    assert cost.mapping == (5 / 6) * (7 / 8)


def test_every_figure_reaches_the_facts():
    facts = _cost().to_facts()
    assert facts["cycles"] == sum(
        facts[f"{phase}_cycles"] for phase in ("load", "fill", "stream", "drain", "accumulate")
    )
    assert (facts["xmem_words_needed"], facts["wmem_words_needed"]) == (2 * 36, 12 * 2)
    assert facts["pmem_words_needed"] == facts["onij"] == 20
    assert facts["plain_ws_cycles"] == 10 * 4 * (2 * 3 + 2 + 20 - 2)
    assert facts["plain_os_cycles"] == 7 * 4 * (3 + 2 + 30 - 2)
    assert facts["plain_is_cycles"] == 10 * 10 * (2 * 3 + 2 + 7 - 2)
    assert facts["psum_bits_by_weights"] is None
    assert facts["warnings"] == ["psums need 13 bits for any weights of the format, but have 12"]


def test_a_network_is_the_sum_of_its_layers():
    layers = [outline(), outline(weight=random_weight(SHAPE), observed=(-40, 63))]
    cost, one = network_cost(layers, ARRAY, MemoryDepths()), _cost()
    total = cost.to_facts()["total"]
    assert total["cycles"] == 2 * one.phases.total == cost.phases.total
    assert (total["folds"], total["macs"]) == (2 * one.folds, 2 * one.macs)
    assert total["pmem_words"] == 2 * one.traffic.pmem.words == cost.words("pmem")
    assert cost.efficiency == one.efficiency
    assert total["psum_bits_needed"] == one.widths.by_type  # the wider of the two
    assert cost.layers[1].widths.observed == 7


def test_a_network_without_layers_is_refused():
    with pytest.raises(ShapeError, match=r"^a network needs at least one layer"):
        network_cost([], ARRAY, MemoryDepths())


def test_weights_of_other_sizes_are_refused_by_name():
    with pytest.raises(ShapeError, match=r"^layer conv: weight must be .* = \(7, 5, 3, 2\), not"):
        outline(weight=random_weight(SHAPE)[:, :, :2])


def test_what_does_not_fit_is_named():
    cost = _cost(MemoryDepths(xmem=71, wmem=24, pmem=19), weight=random_weight(SHAPE, widest=1))
    assert cost.warnings == (
        "XMEM needs 72 words, but has 71",
        "PMEM needs 20 words, but has 19",
    )
    network = network_cost([outline()], ArrayShape(3, 2, 13), MemoryDepths(wmem=23))
    assert network.warnings == ("conv: WMEM needs 24 words, but has 23",)


def test_trained_weights_may_need_less_than_the_format():
    weights = random_weight(SHAPE, widest=1)
    assert _cost().warnings
    assert _cost(weight=weights).warnings == ()
    assert layer_cost(
        outline(weight=weights), ArrayShape(3, 2, psum_bits=4), MemoryDepths()
    ).warnings == ("psums need 9 bits for these weights, but have 4",)


def test_memories_as_text():
    assert MemoryDepths.parse("wmem=7, xmem=9") == MemoryDepths(xmem=9, wmem=7)
    for text in ("zmem=4", "xmem", "xmem=-4", "xmem=4;wmem=4", ""):
        with pytest.raises(ConfigError, match=r"^memories are xmem=WORDS.*is not one of them$"):
            MemoryDepths.parse(text)
    with pytest.raises(ConfigError, match=r"^pmem must have at least 1 word, not 0$"):
        MemoryDepths.parse("pmem=0")


def test_the_default_memories_are_those_of_the_rtl():
    text = (RTL_DIR / "tw_core.sv").read_text()
    depths = MemoryDepths()
    for name, depth in (("Xmem", depths.xmem), ("Wmem", depths.wmem), ("Pmem", depths.pmem)):
        found = re.search(rf"parameter\s+int {name}AddrBits\s*=\s*(\d+)", text)
        assert found is not None
        assert 1 << int(found[1]) == depth


@pytest.mark.parametrize("bits", [4, 8])
def test_cycles_by_mode_are_those_that_the_model_counts(bits):
    layer = IntegerLayer(
        name="conv",
        shape=SHAPE,
        weight=random_weight(SHAPE),
        weight_format=NumberFormat(4, is_signed=True),
        act_format=NumberFormat(bits, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    codes = np.ones((SHAPE.ic, SHAPE.ih, SHAPE.iw), np.uint8)
    cost = layer_cost(
        LayerOutline("conv", SHAPE, layer.act_format, layer.weight_format), ARRAY, MemoryDepths()
    )
    jobs = {"serial": "tile", "overlapped": "layer"}
    counted = {}
    for mode in ("ws", "simd", "os"):
        for schedule, job in jobs.items():
            used = ArrayConfig(
                rows=3, cols=2, psum_bits=12, mode=mode, schedule=schedule, job=job, overflow="wrap"
            )
            execution = used.execution(SHAPE, act_bits=bits)
            model = simulate(execution, *plan_words(execution.plan, layer.weight, codes))
            counted[f"{mode}_{schedule}"] = int(model.fold_cycles.sum())
    assert cost.mode_cycles == counted
    assert (counted["simd_serial"] == counted["ws_serial"]) == (bits == 8)
    assert cost.to_facts()["os_overlapped_cycles"] == counted["os_overlapped"]
