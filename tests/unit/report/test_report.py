"""The report: pass only if every stage ran, none is stale and every check holds."""

import copy
import json
from xml.etree import ElementTree

import pytest

from tilewright.cli.summary import _differ
from tilewright.facts import CertifyFacts, Epoch, RunFacts, read_result
from tilewright.facts.cosim import CosimFacts
from tilewright.facts.evaluate import EvaluateFacts
from tilewright.facts.export import ExportFacts
from tilewright.facts.recover import RecoverFacts
from tilewright.facts.simulate import SimulateFacts
from tilewright.facts.tile import TileFacts
from tilewright.facts.train import TrainFacts
from tilewright.facts.verify import VerifyFacts
from tilewright.report import junit_xml, render_page, summarize

KINDS = (
    TrainFacts,
    EvaluateFacts,
    RecoverFacts,
    VerifyFacts,
    TileFacts,
    ExportFacts,
    SimulateFacts,
    CosimFacts,
    CertifyFacts,
)
CHECK = {"stage": "verify", "name": "conv: psums", "passed": True, "evidence": "conv: 4 compared"}
STAGES = {
    "train": {
        "best_epoch": 2,
        "holdout_accuracy": 0.5,
        "holdout_images": 4,
        "provenance": {
            "versions": {"torch": "2"},
            "revision": None,
            "device": "cpu",
            "threads": 1,
            "seed": 1,
            "settings_sha256": "0",
            "wall_seconds": 1.0,
        },
    },
    "evaluate": {"accuracy": 0.75, "images": 4, "correct": 3},
    "recover": {
        "samples": 1,
        "layers": [
            {
                "layer": "conv",
                "shape_text": "1x2x2 to 1x2x2, 1x1",
                "weight_bits": 4,
                "act_bits": 4,
                "act_scale": 1.0,
                "weight_codes": [-7, 7],
            }
        ],
    },
    "verify": {
        "checks": [CHECK],
        "samples": 1,
        "layers": [
            {
                "layer": "conv",
                "psums_compared": 4,
                "psum_mismatches": 0,
                "next_codes_compared": 4,
                "next_code_mismatches": 0,
                "unlinked": "",
                "psum_bits_needed": 9,
                "psum_bits_by_type": 10,
                "psum_bits": 16,
                "psum_reachable": [-105, 105],
                "psum_observed": [-3, 4],
            }
        ],
    },
    "tile": {
        "array": {"rows": 2, "cols": 3, "psum_bits": 16},
        "layers": [
            {
                "layer": "conv",
                "shape": {"ic": 1, "ih": 2, "iw": 2, "oc": 1, "kh": 1, "kw": 1},
                "itiles": 1,
                "otiles": 1,
                "taps": 1,
                "folds": 1,
                "macs": 4,
                "parts": ["conv"],
            }
        ],
    },
    "export": {"files": 5, "layout": "ece284-ws", "stimulus": "real", "bundles": []},
    "simulate": {
        "cycles": 17,
        "psums_compared": 4,
        "mismatches": 0,
        "layers": [
            {
                "layer": "conv",
                "sample": 0,
                "cycles": 17,
                "utilization": 0.1,
                "psums_compared": 4,
                "outputs_compared": 4,
                "mismatches": 0,
                "overflows": 0,
            }
        ],
    },
    "cosim": {
        "simulator": "icarus",
        "version": "11",
        "rtl": "tilewright",
        "tiles": 1,
        "psums_compared": 4,
        "outputs_compared": 4,
        "mismatches": 0,
        "cycles": 17,
        "bundles": [
            {
                "layer": "conv",
                "sample": 0,
                "simulator": "icarus",
                "version": "11",
                "tiles": 1,
                "cycles": 17,
                "psums_compared": 4,
                "outputs_compared": 4,
                "mismatches": 0,
                "faults": [],
                "seconds": 0.1,
            }
        ],
    },
}


def facts_of(stages):
    """The facts in files with this content."""
    found = {}
    for kind in KINDS:
        if kind.STAGE in stages:
            head = {"stage": kind.STAGE, "passed": True, "seconds": 1.5, "checks": []}
            stored = json.loads(json.dumps(head | stages[kind.STAGE]))
            found[kind.STAGE] = read_result(kind, stored, file=f"{kind.STAGE}.json")
    return RunFacts(**found)


def summarize_stages(stages, stale=()):
    return summarize(facts_of(stages), stale=stale)


def render(stages, metrics, config=""):
    return render_page(summarize_stages(stages), facts_of(stages), metrics, config)


METRICS = [
    Epoch(epoch=1, loss=2.0, train_accuracy=0.3, holdout_accuracy=0.25),
    Epoch(epoch=2, loss=1.0, train_accuracy=0.6, holdout_accuracy=0.5),
]


def test_the_summary_has_every_promised_field():
    summary = summarize_stages(STAGES).to_json()
    assert summary["verdict"] == "pass"
    assert summary["accuracy"] == {
        "test": 0.75,
        "test_images": 4,
        "test_correct": 3,
        "holdout": 0.5,
    }
    layer = summary["layers"][0]
    assert layer["name"] == "conv"
    assert (layer["psums_compared"], layer["psum_mismatches"]) == (4, 0)
    assert (layer["next_codes_compared"], layer["next_code_mismatches"]) == (4, 0)
    assert (layer["psum_bits_needed"], layer["psum_bits"]) == (9, 16)
    assert summary["vectors"]["files"] == 5
    assert summary["sim"] == {"cycles": 17, "psums_compared": 4, "mismatches": 0}
    assert summary["cosim"]["simulator"] == "icarus"
    assert (summary["cosim"]["tiles"], summary["cosim"]["cycles"]) == (1, 17)


@pytest.mark.parametrize("stage", list(STAGES))
def test_a_stage_that_has_not_run_is_no_pass(stage):
    stages = {name: facts for name, facts in STAGES.items() if name != stage}
    summary = summarize_stages(stages)
    assert summary.verdict == "fail"
    assert f"{stage} has not run" in summary.reasons


def test_an_imported_network_was_trained_elsewhere():
    stages = {name: facts for name, facts in STAGES.items() if name not in ("train", "evaluate")}
    stages["recover"] = {**stages["recover"], "imported": "net<1>.onnx"}
    summary = summarize_stages(stages)
    assert (summary.verdict, summary.imported) == ("pass", "net<1>.onnx")
    page = render(stages, [])
    assert "imported from</dt><dd>net&lt;1&gt;.onnx" in page
    assert "test accuracy" not in page
    del stages["cosim"]
    assert summarize_stages(stages).reasons == ("cosim has not run",)


@pytest.mark.parametrize("stage", list(STAGES))
def test_a_stale_stage_is_no_pass(stage):
    summary = summarize_stages(STAGES, stale=[stage])
    assert summary.verdict == "fail"
    assert summary.reasons == (f"{stage} is stale: what it read has changed since; run it again",)


def failures_of(suite):
    return [case.find("failure") for case in suite.iter("testcase") if len(case.findall("failure"))]


@pytest.mark.parametrize("stage", list(STAGES))
@pytest.mark.parametrize("is_absent", [True, False])
def test_what_stands_against_the_verdict_is_a_failure_in_junit_too(stage, is_absent):
    """A run that fails because a stage is stale or has not run is no green run in CI."""
    stages = {name: facts for name, facts in STAGES.items() if name != stage or not is_absent}
    summary = summarize_stages(stages, stale=() if is_absent else [stage])
    root = ElementTree.fromstring(junit_xml(facts_of(stages), summary.failures))
    assert [failure.get("message") for failure in failures_of(root)] == list(summary.reasons)
    assert len(summary.reasons) == 1
    (suite,) = [suite for suite in root if suite.get("name") == stage]
    assert suite.get("failures") == "1"
    assert int(suite.get("tests")) == len(suite.findall("testcase"))


def test_the_page_and_the_file_say_what_stands_against_the_verdict():
    stages = {name: facts for name, facts in STAGES.items() if name not in ("verify", "cosim")}
    summary = summarize_stages(stages, stale=["tile"])
    assert len(summary.reasons) == 3
    assert summary.to_json()["reasons"] == list(summary.reasons)
    page = render_page(summary, facts_of(stages), [], "")
    assert all(f"<li>{reason}</li>" in page for reason in summary.reasons)


def test_a_failed_check_is_no_pass_and_gives_its_evidence():
    stages = copy.deepcopy(STAGES)
    stages["verify"]["checks"][0] |= {"passed": False, "evidence": "conv: 1 differs at oc=0"}
    summary = summarize_stages(stages)
    assert (summary.verdict, summary.reasons) == ("fail", ("verify: conv: 1 differs at oc=0",))
    junit = junit_xml(facts_of(stages), summary.failures)
    suite = ElementTree.fromstring(junit).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite.find("testcase/failure").get("message") == "conv: 1 differs at oc=0"


def test_a_name_with_control_characters_leaves_junit_well_formed():
    stages = copy.deepcopy(STAGES)
    stages["verify"]["checks"][0] |= {"name": "co\x01nv", "evidence": "\x0c"}
    root = ElementTree.fromstring(junit_xml(facts_of(stages), ()))
    assert root.find("testsuite/testcase").get("name") == "co\ufffdnv"


def test_every_count_of_a_layer_is_in_the_summary():
    """Counts are sums over the samples, cycles those of the first one."""
    stages = copy.deepcopy(STAGES)
    model, rtl = stages["simulate"]["layers"], stages["cosim"]["bundles"]
    model[0]["mismatches"], rtl[0]["mismatches"] = 2, 5
    model.append(model[0] | {"sample": 1, "cycles": 18, "mismatches": 3})
    rtl.append(rtl[0] | {"sample": 1, "cycles": 18, "mismatches": 1, "stored_mismatches": 1})
    (layer,) = summarize_stages(stages).layers
    assert (layer.sim_mismatches, layer.sim_cycles) == (5, 17)
    assert (layer.cosim_mismatches, layer.cosim_cycles, layer.cosim_psums_compared) == (6, 17, 8)
    assert (layer.cosim_psum_mismatches, layer.cosim_other_mismatches) == (5, 1)
    assert _differ(layer) == "5 + 1 others"
    assert (layer.weight_codes, layer.act_scale, layer.shape_text) == (
        (-7, 7),
        1.0,
        "1x2x2 to 1x2x2, 1x1",
    )
    assert (layer.folds, layer.macs, layer.utilization) == (1, 4, 0.1)


def test_nothing_more_differs_than_was_compared():
    """Stored psums and unused lanes are not counted as compared, and so stand apart."""
    stages = copy.deepcopy(STAGES)
    stages["cosim"] |= {
        "mismatches": 15,
        "output_mismatches": 4,
        "stored_mismatches": 4,
        "unused_lane_mismatches": 3,
    }
    cosim = summarize_stages(stages).cosim
    assert (cosim.put_out_compared, cosim.put_out_mismatches) == (8, 8)
    page = render(stages, [])
    assert 'psums and outputs of the RTL</dt><dd>8 <span class="soft">8 differ' in page
    assert 'read back from PMEM</dt><dd>4 <span class="soft">differ' in page
    assert 'unused lanes of the RTL</dt><dd>3 <span class="soft">differ' in page
    assert "read back from PMEM" not in render(STAGES, [])


def test_facts_that_were_not_split_are_psums_put_out():
    """A result of an earlier version says only how many differ in all."""
    stages = copy.deepcopy(STAGES)
    stages["cosim"]["mismatches"] = 3
    run = facts_of(stages)
    assert run.cosim.facts.psum_mismatches == 3
    assert summarize(run, stale=()).cosim.put_out_mismatches == 3


def test_junit_has_one_case_a_check():
    root = ElementTree.fromstring(junit_xml(facts_of(STAGES), ()))
    assert [suite.get("name") for suite in root] == ["verify"]
    assert root.find("testsuite/testcase").get("name") == "conv: psums"


def test_the_page_is_one_offline_file_with_the_verdict_first():
    page = render(STAGES, METRICS, '[data]\nname = "<x>"')
    assert page.index("Verdict") < page.index("<svg") < page.index("<h2>The integers")
    assert "http" not in page.replace("http-equiv", "")
    assert "&lt;x&gt;" in page
    assert "src=" not in page
    assert "<link" not in page.replace('<link rel="icon" href="data:,">', "")


def test_the_page_says_what_the_psum_width_leaves():
    minus = "\N{MINUS SIGN}"
    row = f"<td>{minus}3 … 4</td><td>{minus}105 … 105</td>\n<td>9 of 16</td>"
    assert f'{row}<td class="pass">7</td>' in render(STAGES, METRICS)
    narrow = copy.deepcopy(STAGES)
    narrow["verify"]["layers"][0]["psum_bits"] = 8
    assert '<td>9 of 8</td><td class="fail">-1</td>' in render(narrow, METRICS)


def test_the_same_numbers_give_the_same_bytes():
    pages = [render(STAGES, METRICS) for _ in range(2)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("count", range(1, len(STAGES)))
def test_a_page_of_an_unfinished_run_renders(count):
    stages = dict(list(STAGES.items())[:count])
    page = render(stages, METRICS[:1])
    assert "cosim has not run" in page
    assert ("<h2>The integers" in page) == ("verify" in stages)


def test_a_certificate_is_shown_with_what_it_does_not_prove():
    certificate = {
        "kind": "exactness-certificate",
        "version": 1,
        "verdict": "not exact",
        "network": {"sha256": "0123456789abcdef" * 4, "nodes": 1, "weights": 8_873_216},
        "data": {"name": "cifar10", "images": 10_000, "sha256": "0"},
        "settings": {},
        "source": "..",
        "obligations": [
            {
                "name": "exact arithmetic",
                "statement": "psums fit",
                "holds": False,
                "evidence": "conv: too wide",
                "numbers": {},
            }
        ],
        "oracles": [
            {
                "name": "torch forward",
                "version": "2.13",
                "against": "the engine",
                "samples": 1000,
                "what": "codes and sums",
                "compared": 430_090_000,
                "differ": 3,
                "first": [],
            }
        ],
        "absent": {"RTL": "not asked: name layers with --rtl"},
        "not_proved": ["that the network is accurate"],
    }
    page = render({**STAGES, "certify": certificate}, METRICS)
    for text in (
        *("not exact", "0123456789abcdef", "8,873,216", "conv: too wide", "430,090,000"),
        *(
            "torch forward 2.13",
            "not asked: name layers with --rtl",
            "that the network is accurate",
        ),
    ):
        assert text in page
    assert "certificate" not in render(STAGES, METRICS)


def test_a_failure_is_one_finding_with_its_map():
    stages = copy.deepcopy(STAGES)
    stages["cosim"]["failure"] = {
        "layer": "conv<1>",
        "sample": 3,
        "folder": "05_vectors/conv/sample3",
        "otile": 1,
        "place": "psum at (oc=0)",
        "differ": 2,
        "compared": 3,
        "cause": "a & b",
        "hints": ["look there"],
        "waves": "07_cosim/failure.vcd",
        "maps": [
            {"title": "pixels", "down": "oh", "across": "ow", "cells": [[[1, 1], [1, 0], [0, 0]]]}
        ],
    }
    page = render(stages, [])
    for words in (
        "conv&lt;1&gt;",
        "2 of 3 psums differ",
        "a &amp; b",
        "look there",
        "psum at (oc=0)",
    ):
        assert words in page
    cells = page[page.index("ow across, oh down") :]
    assert [
        cells.count(one, 0, 400) for one in ('class="hot"', ">1</td>", ">·</td>", "></td>")
    ] == [1] * 4
    assert "What is wrong with the RTL" not in render(STAGES, [])
