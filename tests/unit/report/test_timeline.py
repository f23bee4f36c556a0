"""The timeline: every fold where the model had it, end to end."""

import json

import numpy as np
import pytest

from tilewright.report.timeline import FOLDS, LAYERS, MOST_FOLDS, timeline


def rows(text, row):
    events = json.loads(text)["traceEvents"]
    return [
        (one["name"], one["ts"], one["dur"])
        for one in events
        if one["ph"] == "X" and one["tid"] == row
    ]


def test_folds_follow_one_another_within_their_layer():
    text = timeline({"a": np.array([[[3, 4]], [[5, 6]]]), "b<": np.array([[[7]]])})
    assert rows(text, LAYERS) == [("a", 0, 18), ("b<", 18, 7)]
    assert rows(text, FOLDS) == [
        ("otile 0 itile 0 kij 0", 0, 3),
        ("otile 0 itile 0 kij 1", 3, 4),
        ("otile 1 itile 0 kij 0", 7, 5),
        ("otile 1 itile 0 kij 1", 12, 6),
        ("otile 0 itile 0 kij 0", 18, 7),
    ]


@pytest.mark.parametrize("extra", [0, 1])
def test_a_layer_of_too_many_folds_is_shown_by_output_tiles(extra):
    cycles = np.full((2, MOST_FOLDS // 2 + extra, 1), 2)
    found = rows(timeline({"a": cycles}), FOLDS)
    assert len(found) == (2 if extra else MOST_FOLDS)
    assert sum(dur for _, _, dur in found) == cycles.sum()
