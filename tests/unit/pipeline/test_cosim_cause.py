"""A failing check of cosim ends in the cause that was found, and a passing one does not."""

from __future__ import annotations

import pytest

from tilewright.facts import FailureFacts
from tilewright.pipeline.stages.cosim import _explained, _Finding
from tilewright.spec import Check

FAILURE = FailureFacts(
    layer="conv",
    sample=0,
    folder="vectors/conv-0",
    otile=1,
    place="psum at (oc=9, oh=0, ow=0)",
    differ=12,
    compared=128,
    cause="the products of tap 4 are lost",
    hints=("look at the counter of taps",),
)


def _finding(name, *, passed):
    return _Finding(Check("cosim", f"conv: sample 0: {name}", passed, "128 compared, 12 differ"))


@pytest.mark.parametrize("name", ["psums", "outputs"])
def test_what_differs_ends_in_the_cause(name):
    told = _explained(_finding(name, passed=False), FAILURE).check
    assert told.evidence == (
        "128 compared, 12 differ; output tile 1: the products of tap 4 are lost "
        "(look at the counter of taps)"
    )
    right = _finding(name, passed=True)
    assert _explained(right, FAILURE) is right


def test_other_checks_and_numbers_that_no_waves_show_stay_as_they_are():
    cycles = _finding("cycles", passed=False)
    assert _explained(cycles, FAILURE) is cycles
    plain = FailureFacts(layer="conv", sample=0, folder="f", otile=0, place="p")
    psums = _finding("psums", passed=False)
    assert _explained(psums, plain) is psums


def test_where_no_cause_is_known_that_is_said():
    unknown = FailureFacts(
        layer="c", sample=0, folder="f", otile=0, place="p", differ=1, compared=9
    )
    told = _explained(_finding("psums", passed=False), unknown).check
    assert told.evidence.endswith(
        "no cause that is known gives every psum; tilewright explain says how near"
    )
