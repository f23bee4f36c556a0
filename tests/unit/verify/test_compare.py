"""Traces are compared whole: a node or a port too many is as wrong as one too few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.spec.test_shapes import make_layer
from tests.unit.verify.test_judge import CODES, LINK, NEXT, PSUMS, WEIGHT
from tilewright.errors import ShapeError
from tilewright.spec import Stimulus, Trace
from tilewright.verify import check_node, compare, compare_traces

TRACE = Trace({"conv": CODES}, {"conv": PSUMS})


def test_equal_traces_agree_in_codes_and_sums():
    found = compare_traces(TRACE, TRACE, what="us")
    assert [(one.layer, one.what, one.passed) for one in found] == [
        ("conv", "codes of us", True),
        ("conv", "sums of us", True),
    ]


@pytest.mark.parametrize(
    "other",
    [
        Trace({"conv": CODES, "more": CODES}, {"conv": PSUMS}),
        Trace({"conv": CODES}, {"conv": PSUMS, "more": PSUMS}),
        Trace({}, {"conv": PSUMS}),
        Trace({"conv": CODES}, {}),
    ],
)
def test_another_network_is_refused_on_either_side(other):
    for pair in ((TRACE, other), (other, TRACE)):
        with pytest.raises(
            ShapeError, match=r"^us: expected and actual must be traces of the same"
        ):
            compare_traces(*pair, what="us")


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_sum_or_a_code_that_differs_is_found(wrong):
    codes, sums = CODES.copy(), PSUMS.copy()
    (codes, sums)[wrong][0, 1] += 1
    found = compare_traces(TRACE, Trace({"conv": codes}, {"conv": sums}), what="us")
    assert [one.mismatches for one in found] == [1 - wrong, wrong]


@pytest.mark.parametrize("wrong", [0, 1])
def test_every_reader_of_an_output_counts(wrong):
    """Two nodes read the codes; the verdict is that of the one which gets wrong ones."""
    links = (LINK, replace(LINK, consumer="other"))
    layer = make_layer(WEIGHT, requantizations=links)
    codes = {"conv": CODES, "next": NEXT, "other": NEXT}
    assert check_node(layer, Stimulus(np.arange(2), codes, {"conv": PSUMS}), psum_bits=16).passed
    name = ("next", "other")[wrong]
    codes[name] = 1 - NEXT
    verdict = check_node(layer, Stimulus(np.arange(2), codes, {"conv": PSUMS}), psum_bits=16)
    assert [one.passed for one in verdict.next_codes] == [wrong != 0, wrong != 1]
    assert not verdict.passed


def test_one_number_is_a_comparison():
    one = compare(np.array([[[[3]]]]), np.array([[[[3]]]]), what="psums", layer="conv")
    assert (one.compared, one.passed) == (1, True)
    wrong = compare(np.array([[[[3]]]]), np.array([[[[4]]]]), what="psums", layer="conv")
    assert (wrong.mismatches, wrong.passed) == (1, False)
    assert str(wrong) == (
        "conv: psums: 1 compared, 1 differ; first at sample=0 oc=0 oh=0 ow=0: expected 3, found 4"
    )
