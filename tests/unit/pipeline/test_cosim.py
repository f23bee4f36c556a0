"""What is said of a result of the RTL, and when its cycles are the model's."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tilewright.config import Config, CosimConfig
from tilewright.cores import CosimResult, Fault, LaneMismatch
from tilewright.facts import BundleFacts, CosimFacts, ExportFacts, StageResult, TileFacts
from tilewright.pipeline import run_folder
from tilewright.pipeline.run_folder import RunFolder
from tilewright.pipeline.stages import cosim as stage
from tilewright.pipeline.stages.cosim import _cycle_check, _findings
from tilewright.spec import ArrayShape
from tilewright.store.artifact import sha256, write_artifact
from tilewright.vectors import MANIFEST

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


def judge(**change):
    """The checks of a result that is exact but for `change`, by the last words of their names."""
    findings = _findings(replace(EXACT, **change), MODEL, "conv", CosimConfig())
    return {finding.check.name.removeprefix("conv: "): finding for finding in findings}


def failed(findings):
    return [name for name, finding in findings.items() if not finding.check.passed]


def mismatch(what, oc=0):
    return LaneMismatch(what, oc, 0, 0, 0, 0, 0, expected=1, actual=2, time_ns=3)


def test_an_exact_result_fails_no_check():
    findings = judge()
    assert list(findings) == [
        "psums",
        "outputs",
        "unused lanes and protocol",
        "no psum overflow",
        "cycles",
    ]
    assert not failed(findings)
    assert [name for name, finding in findings.items() if finding.is_told] == ["psums", "cycles"]
    assert findings["psums"].check.evidence == (
        "conv: psums of the RTL under icarus: 1 compared, 0 differ"
    )


@pytest.mark.parametrize(
    ("change", "name", "evidence"),
    [
        (
            {"psum_mismatches": 1, "mismatches": (mismatch("psum"),)},
            "psums",
            "1 compared, 1 differ; first: psum at (oc=0",
        ),
        (
            {"stored_mismatches": 1, "mismatches": (mismatch("stored"),)},
            "psums",
            "1 compared, 0 differ; of the same psums, read back from PMEM, 1 differ; first: stored at",
        ),
        (
            {"psum_mismatches": 1, "stored_mismatches": 1, "mismatches": (mismatch("psum"),)},
            "psums",
            "1 compared, 1 differ; of the same psums, read back from PMEM, 1 differ; first: psum at",
        ),
        (
            {"output_mismatches": 1, "mismatches": (mismatch("output"),)},
            "outputs",
            "1 compared, 1 differ; first: output at",
        ),
        (
            {"unused_lane_mismatches": 1, "mismatches": (mismatch("psum", None),)},
            "unused lanes and protocol",
            "1 values in unused lanes, 0 protocol faults; first: psum at (unused lane",
        ),
        (
            {"faults": (Fault(1, 7, "the job did not end"),)},
            "unused lanes and protocol",
            "0 values in unused lanes, 1 protocol faults; first: otile=1 time=7 the job did not end",
        ),
        ({"psums_compared": 0}, "psums", "0 compared, 0 differ"),
        ({"outputs_compared": 0}, "outputs", "0 compared, 0 differ"),
        ({"overflow_vectors": 2}, "no psum overflow", "2 vectors in which a psum does not fit"),
        ({"cycles": 43}, "cycles", "43 RTL cycles"),
    ],
)
def test_each_kind_of_wrong_number_fails_its_own_check(change, name, evidence):
    findings = judge(**change)
    assert failed(findings) == [name]
    assert evidence in findings[name].check.evidence


def test_an_overflow_under_a_rule_for_it_is_right():
    assert not failed(judge(overflow_vectors=2, is_overflow_wrong=False))


class Ear:
    """Remembers what is said."""

    def __init__(self):
        self.said = []

    def say(self, line):
        self.said.append(line)

    def progress(self, line):
        pass


@pytest.fixture
def exported(tmp_path):
    """A run with three exported bundles of a layer, and the model's cycles of it."""
    run = RunFolder(tmp_path / "run")
    run.start(Config())
    write_artifact(run.fold_cycles_stem, "fold-cycles", {"conv": MODEL}, {})
    bundles = []
    for sample in range(3):
        folder = run.folder("export") / "conv" / f"sample{sample}"
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text("{}")
        bundles.append(
            BundleFacts(
                layer="conv",
                sample=sample,
                folder=str(folder.relative_to(run.root)),
                files=5,
                manifest=sha256(b"{}"),
            )
        )
    tiles = TileFacts(array=ArrayShape(2, 3, 20), layers=())
    run.record(StageResult(tiles), since=0.0, inputs=run.fingerprint("tile"))
    facts = ExportFacts(layout="ece284-ws", files=15, bundles=tuple(bundles))
    run.record(StageResult(facts), since=0.0, inputs=run.fingerprint("export"))
    return run


def test_the_configuration_is_read_once_for_all_bundles(exported, monkeypatch):
    reads, loaded = [], run_folder.load_config
    monkeypatch.setattr(
        run_folder, "load_config", lambda *a, **k: reads.append(a) or loaded(*a, **k)
    )
    monkeypatch.setattr(stage, "run_bundle", lambda *_, **__: EXACT)
    ear = Ear()
    assert stage.cosim(exported, ear).passed
    assert len(reads) == 1
    assert len(ear.said) == 2 * 3


@pytest.mark.parametrize(
    "change",
    [
        {"psum_mismatches": 2},
        {"output_mismatches": 2},
        {"stored_mismatches": 2},
        {"unused_lane_mismatches": 2},
        {"faults": (Fault(1, 7, "the job did not end"),)},
    ],
)
def test_what_one_bundle_of_three_has_wrong_fails_the_stage_and_is_counted(
    exported, monkeypatch, change
):
    wrong = replace(EXACT, **change)
    results = iter([EXACT, wrong, EXACT])
    monkeypatch.setattr(stage, "run_bundle", lambda *_, **__: next(results))
    inputs = exported.fingerprint("cosim")
    result = exported.record(stage.cosim(exported, Ear()), since=0.0, inputs=inputs)
    assert [check.passed for check in result.checks].count(False) == 1
    facts = exported.facts(CosimFacts)
    assert facts == result.facts
    assert (facts.tiles, facts.cycles, facts.psums_compared) == (18, 3 * 42, 3)
    for name in ("psum", "output", "stored", "unused_lane"):
        key = f"{name}_mismatches"
        assert getattr(facts, key) == getattr(facts.bundles[1], key) == change.get(key, 0)
    assert facts.mismatches == facts.bundles[1].mismatches == wrong.differ
    assert facts.bundles[1].faults == tuple(map(str, wrong.faults))
