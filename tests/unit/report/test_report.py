"""The report: pass only if every stage ran, none is stale and every check holds."""

import copy
from xml.etree import ElementTree

import pytest

from tilewright.report import junit_xml, render_page, summarize

CHECK = {"stage": "verify", "name": "conv: psums", "passed": True, "evidence": "conv: 4 compared"}
STAGES = {
    "train": {
        "holdout_accuracy": 0.5,
        "provenance": {"seed": 1},
        "seconds": 1.0,
    },
    "evaluate": {"accuracy": 0.75, "images": 4, "correct": 3, "seconds": 0.1},
    "recover": {
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
        "layers": [{"layer": "conv", "itiles": 1, "otiles": 1, "taps": 1, "folds": 1, "macs": 4}],
    },
    "export": {"files": 5, "layout": "ece284-ws", "stimulus": "real"},
    "simulate": {
        "cycles": 17,
        "psums_compared": 4,
        "mismatches": 0,
        "layers": [{"layer": "conv", "cycles": 17, "utilization": 0.1, "mismatches": 0}],
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
        "bundles": [{"layer": "conv", "cycles": 17, "psums_compared": 4, "mismatches": 0}],
    },
}
METRICS = [
    {"epoch": 1, "loss": 2.0, "train_accuracy": 0.3, "holdout_accuracy": 0.25},
    {"epoch": 2, "loss": 1.0, "train_accuracy": 0.6, "holdout_accuracy": 0.5},
]


def test_the_summary_has_every_promised_field():
    summary = summarize(STAGES, stale=())
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
    summary = summarize(stages, stale=())
    assert summary["verdict"] == "fail"
    assert f"{stage} has not run" in summary["reasons"]


def test_an_imported_network_was_trained_elsewhere():
    stages = {name: facts for name, facts in STAGES.items() if name not in ("train", "evaluate")}
    stages["recover"] = {**stages["recover"], "imported": "net<1>.onnx"}
    summary = summarize(stages, stale=())
    assert (summary["verdict"], summary["imported"]) == ("pass", "net<1>.onnx")
    page = render_page(summary, stages, [], "")
    assert "imported from</dt><dd>net&lt;1&gt;.onnx" in page
    assert "test accuracy" not in page
    del stages["cosim"]
    assert summarize(stages, stale=())["reasons"] == ["cosim has not run"]


def test_a_stale_stage_is_no_pass():
    summary = summarize(STAGES, stale=["cosim"])
    assert summary["verdict"] == "fail"
    assert summary["reasons"] == ["cosim is stale: what it read has changed since; run it again"]


def test_a_failed_check_is_no_pass_and_gives_its_evidence():
    stages = copy.deepcopy(STAGES)
    stages["verify"]["checks"][0] |= {"passed": False, "evidence": "conv: 1 differs at oc=0"}
    summary = summarize(stages, stale=())
    assert (summary["verdict"], summary["reasons"]) == ("fail", ["verify: conv: 1 differs at oc=0"])
    suite = ElementTree.fromstring(junit_xml(stages)).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite.find("testcase/failure").get("message") == "conv: 1 differs at oc=0"


def test_junit_has_one_case_a_check():
    root = ElementTree.fromstring(junit_xml(STAGES))
    assert [suite.get("name") for suite in root] == ["verify"]
    assert root.find("testsuite/testcase").get("name") == "conv: psums"


def test_the_page_is_one_offline_file_with_the_verdict_first():
    page = render_page(summarize(STAGES, stale=()), STAGES, METRICS, '[data]\nname = "<x>"')
    assert page.index("Verdict") < page.index("<svg") < page.index("<h2>The integers")
    assert "http" not in page.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "").replace("https://matplotlib.org", "")
    assert "&lt;x&gt;" in page
    assert "<script" not in page


def test_the_same_numbers_give_the_same_bytes():
    pages = [render_page(summarize(STAGES, stale=()), STAGES, METRICS, "") for _ in range(2)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("count", range(1, len(STAGES)))
def test_a_page_of_an_unfinished_run_renders(count):
    stages = dict(list(STAGES.items())[:count])
    page = render_page(summarize(stages, stale=()), stages, METRICS[:1], "")
    assert "cosim has not run" in page
    assert ("<h2>The integers" in page) == ("verify" in stages)


def test_a_certificate_is_shown_with_what_it_does_not_prove():
    certificate = {
        "verdict": "not exact",
        "network": {"sha256": "0123456789abcdef" * 4, "weights": 8_873_216},
        "data": {"name": "cifar10", "images": 10_000},
        "obligations": [{"name": "exact arithmetic", "holds": False, "evidence": "conv: too wide"}],
        "oracles": [
            {
                "name": "torch forward",
                "version": "2.13",
                "against": "the engine",
                "samples": 1000,
                "what": "codes and sums",
                "compared": 430_090_000,
                "differ": 3,
            }
        ],
        "absent": {"RTL": "not asked: name layers with --rtl"},
        "not_proved": ["that the network is accurate"],
    }
    page = render_page(summarize(STAGES, stale=[]), {**STAGES, "certify": certificate}, METRICS, "")
    for text in (
        *("not exact", "0123456789abcdef", "8,873,216", "conv: too wide", "430,090,000"),
        *(
            "torch forward 2.13",
            "not asked: name layers with --rtl",
            "that the network is accurate",
        ),
    ):
        assert text in page
    assert "certificate" not in render_page(summarize(STAGES, stale=[]), STAGES, METRICS, "")
