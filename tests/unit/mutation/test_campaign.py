"""Scores, reasons, and what cannot be mutated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tilewright.cores import Setup
from tilewright.corners import VectorSet
from tilewright.errors import ArtifactError, ConfigError, ShapeError, ToolError
from tilewright.mutation import (
    STATED,
    CampaignLog,
    Judge,
    Mutant,
    StatedReason,
    identify_campaign,
    load_reasons,
    mutants_of,
)
from tilewright.mutation.campaign import Campaign, run_campaign
from tilewright.mutation.screen import Hint
from tilewright.mutation.trial import Outcome, check_sets, read_core
from tilewright.rtl import RTL_DIR

SETS = tuple(VectorSet(name, f"how {name}", (Path(name),)) for name in ("given", "max", "odd"))


def _mutant(number):
    return Mutant("m.sv", number, "carry", "+ becomes ^", f"line {number}", "", number, number, "x")


class _Bench:
    """Kills the mutants that `killers` names."""

    def __init__(self, **killers):
        self.killers, self.sources = killers, {"m.sv": "ab"}

    def try_mutant(self, mutant, sets):
        assert sets == SETS
        by = self.killers.get(f"m{mutant.line}", "")
        status = {"": "survived", "none": "not built"}.get(by, "killed")
        return Outcome(mutant, status, by if status == "killed" else "")


def _run(bench, judge=None):
    lines = []
    mutants = [_mutant(number) for number in range(1, 7)]
    campaign = run_campaign(
        mutants, bench, SETS, judge=judge or Judge(), jobs=2, progress=lines.append
    )
    assert len(lines) == len(mutants)
    return campaign


def test_a_file_of_which_nothing_was_noticed_is_named():
    """It may not be simulated at all; where nothing was noticed anywhere, no file stands out."""
    here, there = _mutant(1), replace(_mutant(2), file="left_over.sv")
    noticed, missed = Outcome(here, "killed", "given"), Outcome(there, "survived")
    assert Campaign(SETS, (noticed, missed), 1.0).unnoticed_files == ("left_over.sv",)
    both = replace(there, file="m.sv")
    assert Campaign(SETS, (noticed, replace(missed, mutant=both)), 1.0).unnoticed_files == ()
    assert Campaign(SETS, (missed,), 1.0).unnoticed_files == ()


def test_a_campaign_goes_on_from_its_log(tmp_path):
    """Four of six are tried, and a line is cut off; then only the other two and that one are."""
    mutants = [_mutant(number) for number in range(1, 7)]
    path = tmp_path / "log.jsonl"
    tried = []

    class Bench(_Bench):
        def try_mutant(self, mutant, sets):
            tried.append(mutant.line)
            return super().try_mutant(mutant, sets)

    def campaign(mutants):
        tried.clear()
        return run_campaign(
            mutants,
            Bench(m2="given", m5="none"),
            SETS,
            judge=Judge(),
            jobs=1,
            progress=print,
            log=CampaignLog(path, "this"),
        )

    campaign(mutants[:4])
    path.write_text(path.read_text()[:-9])
    found = campaign(mutants)
    assert tried == [4, 5, 6]
    assert [one.mutant.line for one in found.outcomes] == [1, 2, 3, 4, 5, 6]
    assert [one.status for one in found.outcomes].count("survived") == 4
    assert found.outcomes[1].by == "given"
    assert campaign(mutants).outcomes == found.outcomes
    assert tried == []


def test_what_a_screen_says_comes_first_and_is_asked_again_after_a_stop(tmp_path):
    """One is noticed by the third set, one by none and stated, one by none; a fourth was not screened."""
    noticed, stated, missed, _ = mutants = [_mutant(number) for number in range(1, 5)]
    hints = {
        noticed: Hint((SETS[2],), is_noticed=True),
        stated: Hint((SETS[0],), is_noticed=False),
        missed: Hint((SETS[0],), is_noticed=False),
    }
    tried, asked = [], []

    class Bench(_Bench):
        def try_mutant(self, mutant, sets):
            tried.append((mutant.line, tuple(one.name for one in sets)))
            return (
                Outcome(mutant, "killed", sets[0].name)
                if mutant == noticed
                else Outcome(mutant, "survived")
            )

    def campaign():
        tried.clear()
        return run_campaign(
            mutants,
            Bench(),
            SETS,
            judge=Judge((StatedReason("m.sv", "line 2", "because"),)),
            jobs=1,
            progress=print,
            log=CampaignLog(tmp_path / "log.jsonl", "this"),
            screen=lambda fresh: asked.append(fresh) or hints,
        )

    every = tuple(one.name for one in SETS)
    found = campaign()
    assert [one.status for one in found.outcomes] == [
        "killed",
        "equivalent",
        "survived",
        "survived",
    ]
    assert found.outcomes[0].by == "odd"
    assert sorted(tried) == [
        (1, ("odd", *every)),
        (2, ("given",)),
        (3, ("given", *every)),
        (4, every),
    ]
    assert campaign().outcomes == found.outcomes
    assert tried == [(2, ("given",))]
    assert asked == [mutants, [stated]]


def test_logs_of_other_campaigns_and_damaged_ones_are_refused(tmp_path):
    path = tmp_path / "log.jsonl"
    CampaignLog(path, "this")
    with pytest.raises(ArtifactError, match=r"log.jsonl must hold outcomes of this campaign, but"):
        CampaignLog(path, "that")
    path.write_text(path.read_text() + '{"file": "m.sv"}\n')
    with pytest.raises(ArtifactError, match=r"must hold one outcome in each line, but one is"):
        CampaignLog(path, "this")
    with pytest.raises(ArtifactError, match=r"cannot "):
        CampaignLog(tmp_path, "this")


def test_a_campaign_is_known_by_core_simulator_and_vectors(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    one = VectorSet("given", "as given", (tmp_path,))
    known = {
        identify_campaign({"m.sv": "a"}, "icarus", [one]),
        identify_campaign({"m.sv": "b"}, "icarus", [one]),
        identify_campaign({"m.sv": "a"}, "verilator", [one]),
        identify_campaign({"m.sv": "a"}, "icarus", [replace(one, setup=Setup(reset_at=3))]),
        identify_campaign({"m.sv": "a"}, "icarus", []),
    }
    (tmp_path / "manifest.json").write_text("{ }")
    known.add(identify_campaign({"m.sv": "a"}, "icarus", [one]))
    assert len(known) == 6


def test_the_score_counts_neither_equivalent_mutants_nor_those_that_do_not_build():
    judge = Judge((StatedReason("m.sv", "line  4", "because", "+ becomes ^"),))
    campaign = _run(_Bench(m1="given", m2="given", m3="odd", m5="none"), judge)
    assert [outcome.mutant.line for outcome in campaign.outcomes] == [1, 2, 3, 4, 5, 6]
    facts = campaign.to_facts()
    counts = {key: facts[key] for key in ("killed", "survived", "equivalent", "not_built")}
    assert counts == {"killed": 3, "survived": 1, "equivalent": 1, "not_built": 1}
    assert [one["score"] for one in facts["sets"]] == [2 / 4, 2 / 4, 3 / 4]
    assert [one["killed"] for one in facts["sets"]] == [2, 0, 1]
    assert campaign.score() == 3 / 4
    assert [outcome.mutant.line for outcome in campaign.survivors] == [6]
    assert facts["outcomes"][3]["evidence"] == "stated: because"
    assert facts["categories"] == {
        "carry": {"killed": 3, "equivalent": 1, "not built": 1, "survived": 1}
    }


def test_vectors_that_notice_nothing_score_nothing():
    assert _run(_Bench()).score() == 0
    assert Campaign(SETS, (), 0.0).score() == 0


def test_a_reason_is_about_one_line_and_one_change_of_one_file():
    mutant = _mutant(4)
    assert StatedReason("m.sv", "line 4", "r").is_about(mutant)
    assert not StatedReason("n.sv", "line 4", "r").is_about(mutant)
    assert not StatedReason("m.sv", "line 5", "r").is_about(mutant)
    assert not StatedReason("m.sv", "line 4", "r", "- becomes ^").is_about(mutant)


def test_each_reason_about_our_core_is_about_a_mutant_of_it():
    sources = read_core(RTL_DIR)
    mutants = [m for file, text in sources.items() for m in mutants_of(text, file=file)]
    for reason in load_reasons(STATED):
        assert reason.reason
        assert any(reason.is_about(mutant) for mutant in mutants), reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[equivalent]]\nfile = 'a'\n", "must be TOML with"),
        ("equivalent = 3", "must be TOML with"),
        ("other = 3", "must be TOML with"),
        ("[[equivalent]]\nfile='a'\nbefore='b'\nreason='c'\nline=4", "not 'line'"),
        ("[[equivalent", "must be TOML with"),
    ],
)
def test_reasons_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "reasons.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"^{path}.*{message}"):
        load_reasons(path)


def test_missing_reasons(tmp_path):
    with pytest.raises(ConfigError, match=r"^cannot read .*reasons.toml: No such file"):
        load_reasons(tmp_path / "reasons.toml")


def test_a_folder_without_a_core_is_refused(tmp_path):
    (tmp_path / "only_tb.sv").write_text("module only_tb; endmodule\n")
    with pytest.raises(
        ToolError, match=r"must hold the core to simulate, module tw_core in Verilog"
    ):
        read_core(tmp_path)


def test_no_bundle_is_no_evidence():
    with pytest.raises(ShapeError, match=r"^mutants need at least one bundle"):
        check_sets([VectorSet("given", "", ())])
