"""Verdicts of mutants against a simulator: none is contradicted, and a prover that is wrong is."""

from __future__ import annotations

import json

import pytest
from benchmarks import cross_check as check

from tilewright.cores import find_simulator
from tilewright.prove import cells
from tilewright.prove.proof import Prover

INPUTS = 6


@pytest.fixture(scope="module")
def stimulus(sources):
    assert sources
    return check.Stimulus.of(
        check.SMALL[0],
        lambda found, _: check.points_of(found.words, INPUTS, 0),
        find_simulator("icarus"),
    )


@pytest.fixture(scope="module")
def judged(stimulus):
    """What is found of a mutant of the array; netlists are made once."""
    _, changes = check.changes_of("array", 999, 0)
    kinds = {
        "killed": "operator, + becomes -: assign product =",
        "equal": "1 becomes 0: localparam int Sum",
    }
    chosen = {name: next(c for c in changes if text in str(c)) for name, text in kinds.items()}
    target = stimulus.target
    texts = check.elaborate_many(
        [one.apply(check.read_sources()) for one in chosen.values()],
        top=target.top,
        parameters=target.parameters,
    )
    netlists = {
        name: check.read_netlist(check.parse(t)) for name, t in zip(chosen, texts, strict=True)
    }

    def judge(name):
        found = check.Finding(name, name)
        cases = [check.proved(chosen[name], netlists[name], stimulus, found)]
        check.examine(cases, stimulus, find_simulator("icarus"))
        return found

    return judge


def test_no_verdict_is_contradicted(judged):
    for name, answer in (("killed", "refuted"), ("equal", "proved")):
        found = judged(name)
        assert found.answer == answer, found
        assert found.contradictions == []
        assert found.words > 3 * INPUTS * 8


def test_designs_that_are_simulated_as_one_show_what_each_does_alone(stimulus):
    _, changes = check.changes_of("array", 999, 0)
    text = "operator, + becomes -: assign product ="
    change = next(one for one in changes if text in str(one))
    sources = check.read_sources()
    shown = stimulus.simulate([change.apply(sources), sources], find_simulator("icarus"))
    assert shown[0] != shown[1] == stimulus.before
    assert [
        stimulus.simulate([one], find_simulator("icarus"))[0]
        for one in (change.apply(sources), sources)
    ] == shown


def _never_wrong(self, check):
    return None


def test_a_prover_that_proves_anything_is_contradicted(judged, monkeypatch):
    monkeypatch.setattr(Prover, "_wrong", _never_wrong)
    found = judged("killed")
    assert found.answer == "proved"
    assert "proved, but the psum of fold 0" in found.contradictions[0]


def test_a_prover_that_computes_wrongly_is_contradicted(judged, monkeypatch):
    monkeypatch.setitem(cells.RULES, "$add", cells.subtract)
    found = judged("equal")
    assert any("says the prover of the bits" in one for one in found.contradictions)


def _found_without_looking(kind, changes, targets, **options):
    for change in changes:
        yield [check.Finding(f"{kind}: {change}", change.key, {"a claim": "proved"}, words=5)]


def test_a_log_is_gone_on_with(tmp_path, monkeypatch, sources):
    assert sources
    monkeypatch.setattr(check, "findings", _found_without_looking)
    log, options = tmp_path / "log.jsonl", {"inputs": 2, "seed": 3, "count": 4}
    options["simulator"] = find_simulator("icarus")
    first = check.cross_check("array", log=log, limit_s=-1, **options)
    assert len(first.keys) == 1
    log.write_text(log.read_text() + '{"key": "cut off')
    whole = check.cross_check("array", log=log, **options)
    assert first.keys < whole.keys
    keys = [json.loads(line)["key"] for line in log.read_text().splitlines()]
    assert len(keys) == len(set(keys)) == len(whole.keys) == 4
    assert "20 words compared" in str(whole)
    assert "0 changes with a contradiction" in str(whole)
    log.write_text(log.read_text().replace(whole.revision, "another one"))
    assert len(check.cross_check("array", log=log, limit_s=-1, **options).keys) == 1
