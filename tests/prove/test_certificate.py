"""A certificate is checked by a program that knows nothing of us; it fails whatever field is changed."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
from pathlib import Path

import pytest

from tilewright.errors import ConfigError
from tilewright.prove.array import ArrayJob
from tilewright.prove.certificate import write_certificate
from tilewright.prove.our_rtl import prove_array
from tilewright.prove.verdict import Verdict

CHECKER = Path(__file__).parents[2] / "examples" / "check_proof.py"


@pytest.fixture(scope="module")
def check():
    return runpy.run_path(str(CHECKER))["check"]


@pytest.fixture(scope="module")
def proved(sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    job = ArrayJob(rows=2, cols=2, vectors=2, folds=1)
    assert prove_array(sources, job, certificate=folder).answer == "proved"
    return folder


def test_the_checker_is_short_and_needs_numpy_alone():
    text = CHECKER.read_text()
    assert text.count("\n") <= 150
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) == {
        *("hashlib", "json", "sys", "pathlib", "numpy")
    }


def test_it_holds(check, proved):
    assert check(proved) == 2 * 2 * 2


def test_saturation_is_checked_too(check, sources, tmp_path):
    job = ArrayJob(rows=3, cols=1, vectors=2, folds=1, column_bits=8, is_saturating=True)
    assert prove_array(sources, job, certificate=tmp_path).answer == "proved"
    assert check(tmp_path) == 2 * 2


@pytest.mark.parametrize("mode", ["ws", "2ch"])
def test_signed_activations_are_checked_too(check, sources, tmp_path, mode):
    job = ArrayJob(rows=2, cols=2, vectors=2, folds=1, mode=mode, is_act_signed=True)
    assert prove_array(sources, job, certificate=tmp_path).answer == "proved"
    assert check(tmp_path) == 2 * 2 * 2
    path = tmp_path / "proof.json"
    proof = json.loads(path.read_text())
    act = next(one for one in proof["variables"] if one.get("name", "").startswith("act"))
    assert act["low"] == -(act["high"] + 1)
    act["low"], act["high"] = 0, 2 * act["high"] + 1
    path.write_text(json.dumps(proof))
    with pytest.raises(AssertionError):
        check(tmp_path)


def _first(proof, port):
    return next(one for one in proof["checks"] if one["port"] == port)


def _late(proof):
    proof["cycles"].insert(1, proof["cycles"][1])


def _edit(path, value):
    def edit(proof):
        place = proof
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return edit


SABOTAGE = {
    "format": (_edit(["format"], "another"), "the format is not known"),
    "netlist_sha256": (_edit(["netlist_sha256"], "0" * 64), "another netlist"),
    "clock": (_edit(["clock"], "rst_ni"), "the clock"),
    "low": (_edit(["variables", 0, "low"], -7), "range"),
    "high": (_edit(["variables", 0, "high"], 3), "range"),
    "an input forgotten": (lambda proof: proof["cycles"][0].pop("act_i"), "is not set"),
    "a cycle more": (_late, "the psum of fold 0"),
    "another weight": (
        lambda proof: proof["cycles"][1]["weight_i"][0].__setitem__(0, [[1, [2]]]),
        "the psum of fold 0",
    ),
    "a check's cycle": (lambda proof: _first(proof, "psum_o").update(cycle=99), "not there"),
    "a check's port": (lambda proof: _first(proof, "psum_o").update(port="north_i"), "the psum"),
    "a check's low bit": (lambda proof: _first(proof, "psum_o").update(low=1), "the psum"),
    "a check's width": (lambda proof: _first(proof, "psum_o").update(width=40), "the psum"),
    "a coefficient": (
        lambda proof: _first(proof, "psum_o")["terms"][0].__setitem__(0, 2),
        "the psum",
    ),
    "no check": (_edit(["checks"], []), "not there"),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_changed_field_is_seen(check, proved, tmp_path, what):
    edit, says = SABOTAGE[what]
    proof = json.loads((proved / "proof.json").read_text())
    edit(proof)
    text = json.dumps({k: v for k, v in proof.items() if k != "seal"}, sort_keys=True)
    (tmp_path / "netlist.json").write_text((proved / "netlist.json").read_text())
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    with pytest.raises(AssertionError, match=r"seal|format"):
        check(tmp_path)
    proof["seal"] = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    with pytest.raises(AssertionError, match=says):
        check(tmp_path)


def test_a_changed_netlist_is_seen(check, proved, tmp_path):
    netlist = (proved / "netlist.json").read_text().replace('"$add"', '"$sub"', 1)
    (tmp_path / "netlist.json").write_text(netlist)
    proof = json.loads((proved / "proof.json").read_text())
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    with pytest.raises(AssertionError, match="another netlist"):
        check(tmp_path)
    proof["netlist_sha256"] = hashlib.sha256(netlist.encode()).hexdigest()
    text = json.dumps({k: v for k, v in proof.items() if k != "seal"}, sort_keys=True)
    proof["seal"] = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    with pytest.raises(AssertionError, match="in cycle"):
        check(tmp_path)


def test_what_is_not_proved_has_no_certificate(tmp_path):
    with pytest.raises(ConfigError, match="only a proof has a certificate, but this is undecided"):
        write_certificate(tmp_path, None, Verdict("undecided", "a claim"), netlist="")
