"""Which layouts can state the plan of which dataflow."""

from __future__ import annotations

import pytest

from tilewright.spec import OutputFunction
from tilewright.tile import CORE_DATAFLOWS
from tilewright.vectors import load_layout
from tilewright.vectors.presets import dataflow_of, is_stated_by

WS, SIMD, OS = CORE_DATAFLOWS


@pytest.mark.parametrize("flow", CORE_DATAFLOWS, ids=lambda flow: flow.name)
def test_a_dataflow_has_a_layout_of_its_own_whatever_its_outputs(flow):
    own = load_layout(flow.layout)
    assert dataflow_of(own) == dataflow_of(own.with_output(OutputFunction("leaky", 3))) == flow
    assert [is_stated_by(own, other) for other in CORE_DATAFLOWS] == [
        other == flow for other in CORE_DATAFLOWS
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("readmemh", [True, True, False]),
        ("ece284-unpadded", [True, True, False]),
        ("ece284-unpadded-2b", [True, True, False]),
    ],
)
def test_a_foreign_layout_states_what_agrees_with_it(name, expected):
    layout = load_layout(name)
    assert dataflow_of(layout) is None
    assert [is_stated_by(layout, flow) for flow in CORE_DATAFLOWS] == expected
