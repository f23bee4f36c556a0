"""A failing check of verify names the place and the cause, as cosim does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.naive import convolve, wrap
from tests.unit.vectors import course_example as example
from tilewright.pipeline.stages.verify import verify
from tilewright.spec import ArrayShape, Stimulus

ARRAY = ArrayShape(2, 3, psum_bits=16)


def _evidence(psums):
    """What the stage says of the documented example with these psums ``oc oh ow``, second of two samples."""
    layer = example.layer()
    codes = np.stack([example.CODES, example.CODES]).astype(np.uint8)
    claims = np.stack([example.PSUMS, psums]).astype(np.int64)
    stimulus = Stimulus(np.arange(2), {layer.name: codes}, {layer.name: claims})
    said = []
    run = SimpleNamespace(
        stimulus=lambda: stimulus,
        config=lambda: SimpleNamespace(array=SimpleNamespace(shape=ARRAY, psum_bits=16)),
        network=lambda: SimpleNamespace(nodes=(layer,)),
    )
    result = verify(run, SimpleNamespace(say=said.append))
    assert [check.evidence for check in result.checks] == said
    return result.checks[0]


def test_the_cause_ends_the_message():
    unsigned = convolve(example.WEIGHT & 15, example.CODES, example.layer().shape)
    check = _evidence(unsigned)
    assert not check.passed
    assert "first at sample=1 oc=0 oh=0 ow=0: expected -4, found" in check.evidence
    assert ": weights are taken as unsigned" in check.evidence


def test_what_nothing_explains_is_said():
    psums = example.PSUMS.copy()
    psums[0] += np.array([[3, -14], [25, 9]])
    psums[2] -= np.array([[31, 2], [-5, 17]])
    check = _evidence(psums)
    assert check.evidence.endswith("no cause that is known gives every psum")


def test_right_psums_need_no_cause():
    check = _evidence(example.PSUMS)
    assert check.passed
    assert "cause" not in check.evidence


@pytest.mark.parametrize("bits", [4])
def test_a_narrow_sum_is_named_too(bits):
    assert "wrap" in _evidence(wrap(example.PSUMS, bits)).evidence
