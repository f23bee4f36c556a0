"""Textbook dataflows, worked out by hand."""

from __future__ import annotations

import pytest

from tilewright.errors import UnknownNameError
from tilewright.sim import TEXTBOOK, dataflow_cycles
from tilewright.spec import ConvShape

SHAPE = ConvShape(ic=5, ih=6, iw=4, oc=7, kh=3, kw=2, stride=(2, 1))  # 2x3 pixels, window of 30


@pytest.mark.parametrize(
    ("dataflow", "folds", "cycles"),
    [
        ("ws", 8 * 3, 8 * 3 * (4 + 6 + 4 + 3 - 2)),  # 30 down, 7 across, 6 steps
        ("is", 8 * 2, 8 * 2 * (4 + 7 + 4 + 3 - 2)),  # 30 down, 6 across, 7 steps
        ("os", 2 * 3, 2 * 3 * (30 + 4 + 3 - 2)),  # 6 down, 7 across, 30 steps
    ],
)
def test_folds_and_cycles_on_four_rows_and_three_columns(dataflow, folds, cycles):
    mapping = TEXTBOOK.get(dataflow)(SHAPE)
    assert mapping.down * mapping.across * mapping.steps == SHAPE.macs
    assert mapping.folds(4, 3) == folds
    assert dataflow_cycles(SHAPE, rows=4, cols=3, dataflow=dataflow) == cycles


def test_another_dataflow_is_refused_with_the_valid_names():
    with pytest.raises(
        UnknownNameError, match=r"^there is no textbook dataflow 'rs': .*ws, os, is$"
    ):
        dataflow_cycles(SHAPE, rows=4, cols=3, dataflow="rs")
