"""Our whole core, with its memories, puts out a layer for all inputs; a core with a fault does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import ConfigError
from tilewright.prove.layer_claim import LayerClaim, LayerJob
from tilewright.prove.our_rtl import prove_layer
from tilewright.spec import ArrayShape, ConvShape, OutputFunction, PsumRule, Schedule
from tilewright.tile import Execution
from tilewright.tile.plan import plan_mode

SHAPE = ConvShape(ic=3, ih=3, iw=2, oc=3, kh=2, kw=1, padding=(0, 1))


UNEVEN = ConvShape(ic=3, ih=2, iw=2, oc=3, kh=2, kw=1, stride=(1, 2), padding_after=(1, 2))
"""As many numbers, and zeros below and right of the plane alone."""


def job(
    mode="ws", *, shape=SHAPE, function="relu", stalls=0, weights=None, signed=False, **schedule
):
    plan = plan_mode(shape, ArrayShape(2, 2, 12), mode, 2)
    return LayerJob(
        Execution(
            plan,
            Schedule(is_whole_layer=True, **schedule),
            PsumRule("wrap"),
            OutputFunction(function, int(function == "leaky")),
        ),
        act_bits=2,
        weight_bits=2,
        weights=weights,
        stalls=stalls,
        is_act_signed=signed,
        addresses={"XmemAddrBits": 6, "WmemAddrBits": 6, "PmemAddrBits": 5},
    )


@pytest.mark.parametrize(
    "one",
    [
        job(stalls=50, is_skipping=True),
        job("simd", is_overlapped=True, function="leaky"),
        job("os", is_overlapped=True, stalls=70, function="signed"),
        job("simd", stalls=50, function="signed", signed=True),
        job("os", is_overlapped=True, signed=True),
        job("ws", is_overlapped=True, weights=np.arange(18).reshape(3, 3, 2, 1) % 4 - 2),
    ],
    ids=str,
)
def test_the_core_puts_out_a_layer(core, one):
    verdict = prove_layer(core, one)
    assert verdict.answer == "proved", verdict
    weights = 0 if one.weights is not None else 3 * 3 * 2 * 2
    assert verdict.bits == weights + 3 * 3 * 2 * 2
    assert verdict.compared >= 2 * 3 * 2 * 4


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    [
        (
            "tw_sfu.sv",
            "(function_i == Relu)  ? '0",
            "(function_i == Relu)  ? shown",
            "the output of",
        ),
        ("tw_fifo.sv", "slots_q[write_q] <= data_i", "slots_q[read_q] <= data_i", ""),
    ],
)
def test_a_core_with_a_fault_is_never_proved(core, file, before, after, reason):
    assert before in core[file]
    changed = {**core, file: core[file].replace(before, after)}
    verdict = prove_layer(changed, job(is_overlapped=True))
    assert verdict.answer != "proved"
    assert reason in verdict.reason
    if verdict.killing is not None:
        assert verdict.killing.is_confirmed is not False


@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_core_that_forgets_the_sign_of_activations_is_refuted(core, is_wrong):
    text = core["tw_array.sv"]
    assert text.count(".ActSigned (ActSigned)") == 1
    if is_wrong:
        text = text.replace(".ActSigned (ActSigned)", ".ActSigned (0)")
    verdict = prove_layer({**core, "tw_array.sv": text}, job(signed=True))
    assert verdict.answer == ("refuted" if is_wrong else "proved"), verdict
    assert "signed activations" in verdict.claim
    if is_wrong:
        assert verdict.killing.is_confirmed, verdict


def test_zeros_below_and_right_alone_are_in_the_claim(core, monkeypatch):
    """Sabotage: a claim of a plane whose zeros lie above and left does not hold."""
    one = job(shape=UNEVEN, is_skipping=True)
    verdict = prove_layer(core, one)
    assert verdict.answer == "proved", verdict
    assert verdict.bits == 2 * (3 * 3 * 2 + 3 * 2 * 2)
    turned = replace(UNEVEN, padding=(1, 2), padding_after=(0, 0))
    sums = LayerClaim._sum

    def elsewhere(self, *place):
        plan = replace(self.job.execution.plan, shape=turned)
        job = replace(self.job, execution=replace(self.job.execution, plan=plan))
        with monkeypatch.context() as patched:
            patched.setattr(self, "job", job)
            return sums(self, *place)

    monkeypatch.setattr(LayerClaim, "_sum", elsewhere)
    assert prove_layer(core, one).answer != "proved"


def test_jobs_that_are_none():
    plan = plan_mode(SHAPE, ArrayShape(2, 2, 12), "ws", 2)
    with pytest.raises(ConfigError, match="as one job"):
        LayerJob(Execution(plan))
