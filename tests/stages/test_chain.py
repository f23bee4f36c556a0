"""The chain as a user meets it: commands, files, exit status."""

import json
import re
import shutil
import tomllib
from xml.etree import ElementTree

import pytest

from tests.chain import OVERRIDES, read, tilewright
from tests.sabotage.test_rtl_core import patched_core
from tilewright import config
from tilewright.pipeline import elsewhere, run_stage
from tilewright.pipeline.run_folder import RunFolder, Silent
from tilewright.programs.jobs import run_job
from tilewright.vectors import presets

pytestmark = pytest.mark.rtl

STAGES = {
    "recover": "02_recover/recover.json",
    "verify": "03_verify/verify.json",
    "export": "05_vectors/export.json",
    "simulate": "06_sim/simulate.json",
    "cosim": "07_cosim/cosim.json",
}


def test_the_run_passes_and_says_how_much_it_compared(finished):
    summary = read(finished / "summary.json")
    assert summary["verdict"] == "pass"
    assert summary["accuracy"]["test_images"] == 360
    layers = {layer["name"]: layer for layer in summary["layers"]}
    assert len(layers) == 7
    assert all(layer["psum_mismatches"] == 0 for layer in layers.values())
    assert layers["features.0"]["psums_compared"] == 2 * 16 * 32 * 32
    assert layers["features.15"]["next_codes_compared"] == 2 * 8 * 4 * 4
    assert layers["classifier"]["next_codes_compared"] == 0
    assert all(layer["psum_bits_needed"] <= layer["psum_bits"] for layer in layers.values())
    assert summary["vectors"]["files"] == 12 + 42
    one_sample = sum(layer["psums_compared"] for layer in layers.values()) // 2
    assert summary["sim"]["psums_compared"] == one_sample
    assert summary["sim"]["mismatches"] == 0
    assert summary["cosim"]["simulator"] == "icarus"
    assert summary["cosim"]["tiles"] == 9 + 4 * 9
    assert summary["cosim"]["psums_compared"] == 2 * 8 * 16
    assert summary["cosim"]["mismatches"] == 0
    rtl = [layers[name]["cosim_cycles"] for name in ("features.12", "features.15")]
    model = [layers[name]["sim_cycles"] for name in ("features.12", "features.15")]
    assert rtl == model
    assert summary["cosim"]["cycles"] == sum(rtl)


def test_the_run_ends_with_the_verdict_and_where_the_report_is(finished):
    lines = (finished / "stdout.txt").read_text().splitlines()
    assert "verdict: pass" in lines
    assert f"report: {finished / 'report.html'}" in lines
    assert "Verdict: <b>pass</b>" in (finished / "report.html").read_text()
    suites = ElementTree.parse(finished / "junit.xml").getroot()
    assert sum(int(suite.get("failures")) for suite in suites) == 0
    assert {suite.get("name") for suite in suites} == {"verify", "simulate", "cosim"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reruns_from_the_folder_before_it(run, stage):
    before = read(run / STAGES[stage])
    shutil.rmtree((run / STAGES[stage]).parent)
    done = tilewright(stage, run)
    assert done.returncode == 0, done.stderr
    after = read(run / STAGES[stage])
    for facts in (before, after):
        facts.pop("seconds")
        facts.pop("sha256")  # of the seconds too
        for bundle in facts.get("bundles", []):
            bundle.pop("seconds", None)
    assert after == before


def test_json_output_is_the_facts_alone(run):
    done = tilewright("verify", run, "--json")
    facts = json.loads(done.stdout)
    assert facts["stage"] == "verify"
    assert [layer["layer"] for layer in facts["layers"]][-1] == "classifier"
    summary = json.loads(tilewright("report", run, "--json").stdout)
    assert (summary["passed"], summary["verdict"]) == (True, "pass")


def test_the_same_run_continues_and_another_configuration_is_refused(run):
    again = tilewright("run", "--out", run, *OVERRIDES)
    assert again.returncode == 0, again.stderr
    other = tilewright("run", "--out", run, *OVERRIDES, "--set", "train.lr=0.1")
    assert other.returncode == 2
    assert "holds a run with train.lr = 0.05, not 0.1" in other.stderr


def test_another_array_is_exported_and_simulated_from_the_same_network(run):
    for arguments in (
        ("export", run, "--set", "array.rows=5", "--set", "array.cols=7"),
        ("simulate", run),
        ("cosim", run),
        ("report", run),
    ):
        done = tilewright(*arguments)
        assert done.returncode == 0, done.stderr
    summary = read(run / "summary.json")
    assert summary["verdict"] == "pass"
    assert summary["array"] == {"rows": 5, "cols": 7, "psum_bits": 20}
    assert summary["cosim"]["tiles"] == (2 * 2 + 2 * 7) * 9


@pytest.mark.parametrize(
    ("mode", "layout", "folds"),
    [("simd", "ece284-2b", (2 + 1) * 9), ("os", "", 2 + 2)],
)
def test_other_modes_run_the_same_network(run, mode, layout, folds):
    """32 channels to 8, and 8 to 8, at 4 x 4 on 8 x 8: 2 + 1 input tiles of 16, or 2 passes each."""
    settings = (f"array.mode={mode}", "array.schedule=overlapped", "array.job=layer")
    options = [word for setting in settings for word in ("--set", setting)]
    for arguments in (
        ("export", run, *options, "--set", f"vectors.layout={layout}"),
        ("simulate", run),
        ("cosim", run),
        ("cosim", run, "--set", "cosim.stall_level=64", "--set", "cosim.reset_at=30"),
        ("report", run),
    ):
        done = tilewright(*arguments)
        assert done.returncode == 0, done.stderr
    facts = read(run / "07_cosim/cosim.json")
    assert (facts["tiles"], facts["psums_compared"], facts["mismatches"]) == (folds, 256, 0)
    assert "RTL cycles with stalls" in "".join(check["evidence"] for check in facts["checks"])
    assert read(run / "summary.json")["verdict"] == "pass"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("vectors.layout=ece284-os",), ("'ws' (weight stationary)", "array.mode to 'os'")),
        (("array.mode=simd", "vectors.layout=ece284-ws"), ("'simd' (two-channel)", "'ece284-2b'")),
    ],
)
def test_a_mode_and_a_layout_of_two_plans_are_refused(run, settings, words):
    before = (run / "config.toml").read_bytes()
    options = [word for setting in settings for word in ("--set", setting)]
    done = tilewright("export", run, *options)
    assert done.returncode == 2
    for word in ("array.mode = ", "vectors.layout = ", "must state the same plan", *words):
        assert word in done.stderr
    assert (run / "config.toml").read_bytes() == before


def test_cosim_parses_the_configuration_and_each_layout_once(run, monkeypatch):
    texts = []
    parse = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda text: texts.append(text) or parse(text))
    config._parsed.cache_clear()
    presets._named.cache_clear()
    result = run_stage("cosim", RunFolder(run), Silent())
    assert result.passed
    assert len(read(run / STAGES["export"])["bundles"]) == 2
    assert len(texts) == len(set(texts))
    assert 1 < len(texts) <= 1 + len(presets.CORE_LAYOUTS)
    assert (run / "config.toml").read_text() in texts


@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_cosim_by_the_workers_of_a_cluster_finds_the_same(run, tmp_path, monkeypatch, is_wrong):
    """Of a core that is wrong, the first bundle runs here once more, for its waves."""
    core = ()
    if is_wrong:
        wrong = ("tw_pe.sv", "$signed(weight_high)", "weight_high")
        core = ("--set", f"cosim.rtl_dir={patched_core(tmp_path / 'rtl', *wrong)}")
    monkeypatch.setattr("tilewright.programs.jobs.expect_workers", lambda _: None)
    monkeypatch.setattr(elsewhere, "run_jobs", lambda jobs, **_: map(run_job, jobs))
    found = []
    for workers in ((), ("--workers", "tcp://host:8786")):
        assert tilewright("cosim", run, *core, *workers).returncode == is_wrong
        facts = read(run / STAGES["cosim"])
        facts.pop("sha256")  # of all of it, seconds too
        found.append(re.sub(r'"(seconds|07_cosim/failure.vcd)": [^,}]+', "", json.dumps(facts)))
        assert (run / "07_cosim" / "failure.vcd").exists() == is_wrong
    assert found[0] == found[1]


def test_a_layer_that_is_asked_for_twice_is_counted_once(run):
    done = tilewright("export", run, "--set", 'vectors.layers=["features.15", "features.15"]')
    assert done.returncode == 0, done.stderr
    assert read(run / "05_vectors/export.json")["files"] == 12


def test_results_of_other_integers_are_stale(run):
    assert tilewright("recover", run, "--set", "recover.samples=3").returncode == 0
    done = tilewright("report", run)
    assert done.returncode == 1
    reasons = read(run / "summary.json")["reasons"]
    assert "verify is stale: what it read has changed since; run it again" in reasons
