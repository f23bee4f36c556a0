"""`tilewright mutate`: a few mutants from a run and from a bundle; the threshold; bad input."""

from __future__ import annotations

import importlib
import json

import pytest

from tests.chain import tilewright


def test_a_few_mutants_of_a_run(finished, monkeypatch):
    layer_sets = importlib.import_module("tilewright.corners.layer_sets")
    monkeypatch.setattr(layer_sets, "MOST_PLANES", 1)
    words = ("--limit", "4", "--bundles", "1", "--no-modes", "--no-prove", "--json", "--seed", "2")
    done = tilewright("mutate", finished, *words, "--least", "50")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    counts = [facts[key] for key in ("killed", "survived", "equivalent", "not_built")]
    assert facts["mutants"] == sum(counts) == len(facts["outcomes"]) == 4
    assert facts["passed"]
    assert facts["killed"] >= 2
    assert [one["name"] for one in facts["sets"]][:2] == ["given", "random"]
    for outcome in facts["outcomes"]:
        assert outcome["before"] != outcome["after"]
        assert outcome["line"] > 0
        assert (outcome["status"] == "killed") == bool(outcome["by"])
    assert "1 of 2 bundles, the smallest: features.15 sample 0" in done.stderr


def test_outcomes_are_kept_in_a_log(finished, tmp_path):
    """The second time nothing is tried; another choice of vectors is another campaign."""
    words = ("mutate", finished, "--limit", "3", "--bundles", "1", "--no-corners", "--no-modes")
    log = ("--no-prove", "--json", "--log", tmp_path / "log.jsonl")
    first, again = (json.loads(tilewright(*words, *log).stdout) for _ in range(2))
    assert first | {"seconds": 0} == again | {"seconds": 0}
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1 + 3
    done = tilewright(*words, *log, "--bundles", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "must hold outcomes of this campaign" in done.stderr


def test_a_score_below_the_least_fails(finished):
    """Whatever the score of these three is, the exit status follows it."""
    bundle = finished / "05_vectors/features.15/sample0"
    done = tilewright(
        *("mutate", bundle, "--limit", "3", "--no-corners", "--no-modes", "--no-prove"),
        *("--least", "100", "--timeout", "20", "--seed", "2"),
    )
    score = float(done.stdout.split("mutation score: ")[1].split(" %")[0])
    assert done.returncode == (0 if score == 100 else 1)
    assert ("FAILED mutation score" in done.stderr) == (score < 100)
    assert ("SURVIVED " in done.stdout) == (score < 100)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no/such",), "error: no/such must be a run folder or a bundle, but is neither"),
        (
            ("RUN", "--rtl-dir", "."),
            "error: . must hold the core to simulate, module tw_core in Verilog, but it does not",
        ),
        (
            ("RUN", "--simulator", "vcs"),
            "error: there is no simulator 'vcs': valid names are auto, verilator, icarus",
        ),
        (("RUN", "--equivalents", "absent.toml"), "error: cannot read absent.toml: No such file"),
    ],
)
def test_bad_input_is_one_line(run_command, finished, tmp_path, arguments, message):
    named = [finished if word == "RUN" else tmp_path if word == "." else word for word in arguments]
    status, _, told = run_command(
        "mutate", *named, "--limit", "2", "--bundles", "1", "--no-corners"
    )
    assert status == 2
    assert told.splitlines()[-1].startswith(message.replace(" . ", f" {tmp_path} "))


def test_a_campaign_in_which_nothing_is_noticed_says_what_is_likely(run_command, tmp_path):
    """The command runs a simulation that was built before, or nobody looks at what it leaves."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/add.v").write_text(
        "module add(input [3:0] a, b, output [4:0] y); assign y = a + b; endmodule\n"
    )
    geometry = "ic=1,oc=1,size=2,kernel=1,bits=4/4/16,rows=1,cols=1"
    words = ("export", "--random", "--layout", "readmemh", "--geometry", geometry)
    assert run_command(*words, "--out", tmp_path / "one")[0] == 0
    words = ("mutate", tmp_path / "one", "--project", tmp_path / "mine", "--limit", "2")
    status, out, err = run_command(*words, "--no-corners", "--", "true")
    assert status == 0, err
    assert "note: no fault was noticed: does the command run what is built" in out
    status, out, _ = run_command(*words, "--no-corners", "--", "grep", "-q", "y = a + b", "add.v")
    assert "no fault was noticed" not in out
