"""All layers of a network: their tiles proved once for any number of folds; what does not repeat is not."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.chain import tilewright
from tests.networks import chain
from tests.sabotage.test_certificate import SMALL as SMALL_EFFORT
from tests.sabotage.test_certificate import certificate, subject_of
from tests.unit.spec.test_packed_network import packed_of
from tilewright.config.array import ArrayConfig
from tilewright.programs.jobs import run_job
from tilewright.prove import layers
from tilewright.prove.algebra import MOST_TERMS
from tilewright.prove.array import ArrayJob
from tilewright.prove.elaborate import elaborate
from tilewright.prove.layers import (
    ONLY_COMPARED,
    LayerProof,
    LayerRun,
    NetworkProof,
    jobs_of,
    prove_layers,
)
from tilewright.prove.repetition import Renaming, prove_any_length, shortest
from tilewright.prove.verdict import Verdict
from tilewright.report.claims import array_claims
from tilewright.spec import ArrayShape, ConvShape, PsumRule, Schedule
from tilewright.studies import prove as study
from tilewright.tile import Execution
from tilewright.tile.plan import plan_mode

SMALL = ArrayJob(rows=2, cols=2, vectors=30, is_overlapped=True)


def verdict_of(sources, job):
    netlist = elaborate(sources, top="tw_array", parameters=job.parameters)
    return prove_any_length(netlist, job)


@pytest.mark.parametrize(
    ("job", "more"),
    [
        (SMALL, True),
        (replace(SMALL, is_overlapped=False), True),
        (replace(SMALL, mode="2ch", column_bits=8, is_saturating=True), True),
        (replace(SMALL, vectors=2), False),
        (replace(SMALL, mode="os", vectors=3), False),
        (replace(SMALL, mode="os", vectors=3 * MOST_TERMS, column_bits=24), False),
        (replace(SMALL, is_act_signed=True), True),
    ],
    ids=str,
)
def test_a_fold_may_follow_any_number_of_others(sources, job, more):
    verdict = verdict_of(sources, job)
    assert verdict.answer == "proved", verdict
    assert verdict.is_for_any_folds
    assert verdict.is_for_more_vectors == more
    assert "any number of folds of" in verdict.claim


def test_what_is_said_of_longer_folds_is_true_of_the_next_longer_ones(sources):
    least = shortest(SMALL)
    for vectors in (least, least + 1, least + 5):
        netlist = elaborate(sources, top="tw_array", parameters=SMALL.parameters)
        job = replace(SMALL, vectors=vectors, mode="2ch")
        assert prove_any_length(netlist, job).is_for_more_vectors


COUNTER = """
  logic [9:0] seen_q;
  always_ff @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) seen_q <= '0;
    else if (CLEAR) seen_q <= '0;
    else if (act_valid_i[0]) seen_q <= seen_q + 1;
  wire odd = seen_q == 10'd900;
  for (genvar r"""


@pytest.mark.parametrize(
    ("clear", "folds"), [("1'b0", False), ("act_last_i[0] && act_valid_i[0]", True)]
)
def test_a_fault_far_beyond_the_run_is_not_said_to_be_proved_away(changed, clear, folds):
    """It counts activations, and spoils a bit after 900 of them: no run here is so long."""
    text = changed(
        "tw_array.sv", ".psum_i        (psum[r][c])", ".psum_i        (psum[r][c] ^ odd)"
    )
    counter = COUNTER.replace("CLEAR", clear)
    text["tw_array.sv"] = text["tw_array.sv"].replace("\n  for (genvar r", counter, 1)
    verdict = verdict_of(text, SMALL)
    assert verdict.answer == "proved", verdict
    assert not verdict.is_for_more_vectors
    assert verdict.is_for_any_folds == folds
    found = prove_layers(text, [layer("one", 6)])
    assert not found.is_proved
    assert "its state does not repeat" in found.proofs[0].verdict.reason


def _anything(self, before, after):
    return True


def test_a_state_that_is_taken_to_repeat_is_caught(changed, monkeypatch):
    monkeypatch.setattr(Renaming, "same", _anything)
    with pytest.raises(AssertionError):
        test_a_fault_far_beyond_the_run_is_not_said_to_be_proved_away(changed, "1'b0", False)


def layer(name, size, *, mode="ws", signed=False, ic=3):
    shape = ConvShape(ic=ic, ih=size, iw=size, oc=3, kh=3, kw=3, padding=(1, 1))
    plan = plan_mode(shape, ArrayShape(2, 2, 16), mode, 4)
    execution = Execution(plan, Schedule(is_overlapped=True), PsumRule("wrap"))
    return LayerRun(name, execution, 4, 4, signed)


def test_layers_with_tiles_alike_share_a_proof():
    sizes = {"a": 8, "b": 16, "c": 1}
    layers = [layer(name, size) for name, size in sizes.items()]
    others = [layer("d", 8, signed=True), layer("e", 8, mode="os", ic=600)]
    signed = layer("g", 16, signed=True)
    jobs, left_out = jobs_of([*layers, layer("f", 8, mode="simd"), *others, signed])
    assert sorted(jobs.values()) == [["a", "b"], ["c"], ["d", "g"], ["f"]]
    assert [job.is_act_signed for job in jobs] == [False, False, False, True]
    assert left_out == {"e": "a pass of 5400 steps is too long: at most 4608"}


@pytest.mark.parametrize("is_wrong", [False, True])
def test_proofs_that_are_made_elsewhere_are_the_same(sources, changed, monkeypatch, is_wrong):
    """A refuted one too, with the input that shows it."""
    monkeypatch.setattr(layers, "run_jobs", lambda jobs, **_: map(run_job, jobs))
    text = sources
    if is_wrong:
        text = changed(
            "tw_array.sv", ".psum_i        (psum[r][c])", ".psum_i        (psum[r][c] ^ 1)"
        )
    asked = [layer("a", 2), layer("b", 2, mode="os", ic=1)]
    found = [prove_layers(text, asked, workers=url) for url in ("", "tcp://somewhere:8786")]
    for one in found:
        assert one.is_proved == (not is_wrong)
    first, second = ([replace(proof.verdict, seconds=0.0) for proof in one.proofs] for one in found)
    assert first == second


def test_the_command_proves_a_packed_network(tmp_path, sources):
    assert sources
    packed_of(chain(np.random.default_rng(3))).save(tmp_path / "tiny")
    done = tilewright("prove", tmp_path / "tiny.json", "--array", "2x2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout)
    assert {one["answer"] for one in facts["proofs"]} == {"proved"}
    assert "thresholds" in facts["only_compared"]
    assert tilewright("prove", tmp_path / "none").returncode == 2


def test_a_certificate_states_what_is_proved_and_what_is_only_compared(
    tmp_path, sources, monkeypatch
):
    assert sources
    monkeypatch.setattr(study, "ArrayConfig", partial(ArrayConfig, rows=2, cols=2))
    packed_of(chain(np.random.default_rng(3))).save(tmp_path / "tiny")
    subject = subject_of(chain(np.random.default_rng(3)), path=tmp_path / "tiny.json")
    made = certificate(subject, replace(SMALL_EFFORT, proves=True))
    proved = [one for one in made.obligations if one.name.startswith("array, ")]
    assert proved
    assert all(one.holds and one.evidence.startswith("proved: tw_array 2x2") for one in proved)
    assert made.not_proved[-1] == ONLY_COMPARED
    assert made.passed
    said = list(array_claims(made.obligations))
    assert len(said) == len(proved)
    assert all(" are equal as polynomials" in one for one in said)
    assert not list(array_claims(replace(one, holds=False) for one in made.obligations))
    assert certificate(subject).not_proved[-1] == study.NOT_ASKED


def test_a_layer_that_is_refuted_fails_the_certificate_and_one_not_decided_is_named_there():
    answers = {"refuted": ("a", "b"), "undecided": ("c",)}
    proofs = [
        LayerProof(Verdict(answer, "a claim", reason="why"), names)
        for answer, names in answers.items()
    ]
    (duty,), absent = study.obligations_of(NetworkProof(tuple(proofs), {"d": "it is signed"}))
    assert not duty.holds
    assert duty.name == "array, a and 1 more"
    assert duty.evidence == "refuted: a claim, for all 2^0 inputs; why"
    assert absent == {"proof of c": "UNDECIDED a claim: why", "proof of d": "it is signed"}
