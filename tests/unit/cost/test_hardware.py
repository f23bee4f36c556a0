"""Points of a grid of arrays against the registers of the model, and the Pareto set against every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cost.outlines import outline, random_weight
from tilewright.cost import HardwareAxes, hardware_points, nondominated, psum_bits_needed
from tilewright.errors import ConfigError, ShapeError
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.tile import Execution, plan_mode, plan_words

OTHER = ConvShape(4, 3, 3, 5, 1, 1)
TALL = ConvShape(5, 3, 4, 5, 2, 1, padding=(1, 0))  # as SHAPE, with fewer taps for the registers
AXES = HardwareAxes(
    rows=(2, 3),
    cols=(1, 4),
    mode=("ws", "simd", "os"),
    schedule=("serial", "overlapped"),
    job=("tile", "layer"),
)


def _layers():
    return [
        outline(TALL, weight=random_weight(TALL)),
        outline(OTHER, weight=random_weight(OTHER, 1)),
    ] * 2


def test_every_point_costs_what_the_registers_take():
    layers, columns = _layers(), hardware_points(_layers(), AXES)
    assert AXES.points == len(columns["cycles"]) == 48
    for place in range(AXES.points):
        point = {name: values[place].item() for name, values in columns.items()}
        array = ArrayShape(point["rows"], point["cols"], 20)
        is_fast = point["schedule"] == "overlapped"
        cycles = busy = 0
        for layer in layers[:2]:
            plan = plan_mode(layer.shape, array, point["mode"], 4)
            execution = Execution(plan, Schedule(is_fast, is_fast, point["job"] == "layer"))
            codes = np.zeros((layer.shape.ic, layer.shape.ih, layer.shape.iw), np.uint8)
            result = simulate(execution, *plan_words(plan, layer.weight, codes), engine="registers")
            cycles += 2 * result.cycles  # each layer is there twice
            busy += 2 * result.stream_cycles
        assert (point["cycles"], point["utilization"]) == (cycles, busy / cycles)
        assert point["pes"] == point["rows"] * point["cols"]


def test_words_and_bits_of_the_memories_by_hand():
    columns = hardware_points(
        [outline()], HardwareAxes((3,), (2,), ("ws", "os"), job=("tile", "layer"), psum_bits=(12,))
    )
    # 2 input tiles of 36 pixels; 12 folds of 2 words; 20 pixels: of one output tile, then of all 4
    assert columns["xmem"].tolist()[:2] == [72, 72]
    assert columns["wmem"].tolist()[:2] == [24, 96]
    assert columns["pmem"].tolist()[:2] == [20, 80]
    # output stationary: 7 passes of 30 steps; 30 steps
    assert columns["xmem"].tolist()[2:] == [210, 210]
    assert columns["wmem"].tolist()[2:] == [30, 120]
    assert columns["memory_words"][0] == 72 + 24 + 20
    assert columns["memory_bits"][0] == 72 * 3 * 4 + 24 * 3 * 4 + 20 * 2 * 12


def test_narrow_psums_and_short_memories_do_not_fit():
    layers = [outline()]  # 30 products of up to 15 * 7: 3,150 and its negative
    assert psum_bits_needed(layers) == 13
    columns = hardware_points(layers, HardwareAxes((3,), (2,), psum_bits=(12, 13), pmem=(19, 20)))
    assert columns["fits"].tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"rows": ()}, r"axis rows must have one value or more, each once, not \(\)"),
        ({"cols": (4, 4)}, "axis cols must have one value or more, each once"),
        ({"rows": (257,)}, r"axis rows has whole numbers of 1\.\.256, not 257"),
        ({"rows": (True,)}, r"axis rows has whole numbers of 1\.\.256, not True"),
        ({"psum_bits": (3,)}, r"axis psum_bits has whole numbers of 4\.\.48, not 3"),
        ({"mode": ("wso",)}, "axis mode has ws, simd, os"),
        ({"job": ("all",)}, "axis job has tile, layer, not 'all'"),
        (
            {name: tuple(range(1, 65)) for name in ("rows", "cols", "xmem", "wmem")},
            "a grid has at most 20,000,000 points, not 16,777,216|a grid has at most",
        ),
    ],
)
def test_axes_that_are_no_axes(axes, message):
    if len(axes) == 4:
        axes["pmem"] = (1, 2)
    with pytest.raises(ConfigError, match=message):
        HardwareAxes(**axes)


def test_a_network_without_layers_costs_nothing():
    with pytest.raises(ShapeError, match="at least one layer"):
        hardware_points([], HardwareAxes())


_COSTS = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=30)


@given(_COSTS)
def test_the_pareto_set_is_what_every_pair_says(rows):
    costs = np.array(rows, float)
    expected = [
        not any((other <= one).all() and (other < one).any() for other in costs) for one in costs
    ]
    assert nondominated(costs).tolist() == expected


def test_a_point_that_is_not_known_is_in_no_set():
    assert nondominated(np.array([[np.nan, 0.0], [1.0, 1.0]])).tolist() == [False, True]
