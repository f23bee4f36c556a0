"""The RTL's cycles are the model's only if every tile ran, once, and nothing else took a cycle."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tilewright.cores import CosimResult
from tilewright.pipeline.stages.cosim import _cycle_check

MODEL = np.full((2, 1, 3), 7, np.int64)  # otile itile kij
EXACT = CosimResult(
    simulator="icarus",
    version="12",
    layer_name="conv",
    sample=0,
    tiles=6,
    fold_cycles=MODEL,
    cycles=42,
    psums_compared=1,
    psum_mismatches=0,
    outputs_compared=1,
    output_mismatches=0,
    stored_mismatches=0,
    unused_lane_mismatches=0,
    mismatches=(),
    overflow_vectors=0,
    overflows=(),
    is_overflow_wrong=True,
    faults=(),
    seconds=0.0,
)


def test_equal_cycles_pass():
    check = _cycle_check(EXACT, MODEL, "conv")
    assert check.passed
    assert check.evidence == ("conv: 6 of 6 tiles, 42 RTL cycles, 42 model cycles, 0 tiles differ")


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ({"tiles": 7, "cycles": 49}, "7 of 6 tiles, 49 RTL cycles"),  # a fold too many
        ({"tiles": 7}, "7 of 6 tiles"),  # a fold that was reported twice
        ({"cycles": 43}, "43 RTL cycles, 42 model cycles"),  # a pause between folds
        (
            {"tiles": 5, "fold_cycles": MODEL - np.eye(1, 6, 5, np.int64).reshape(2, 1, 3) * 7},
            "5 of 6 tiles, .* 1 tiles differ; first at otile=1 itile=0 kij=2: RTL 0, model 7",
        ),
        (
            {"fold_cycles": MODEL[:1], "tiles": 6},
            r"are \(1, 1, 3\), those of the model \(2, 1, 3\)",
        ),
    ],
)
def test_a_tile_or_a_cycle_too_many_or_too_few_is_found(change, evidence):
    check = _cycle_check(replace(EXACT, **change), MODEL, "conv")
    assert not check.passed
    assert re.search(evidence, check.evidence)
