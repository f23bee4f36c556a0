"""The commands run what a package brings: quantizer, simulator, dataflow and layout, in one small run."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from tests.chain import read, tilewright, tilewright_process
from tilewright.cores import SIMULATORS, Icarus, find_simulator, run_bundle
from tilewright.spec import ConvShape, IntegerNetwork
from tilewright.tile import DATAFLOWS
from tilewright.vectors import decode_bundle, read_bundle

pytestmark = pytest.mark.rtl

ROWS = COLS = 8
BUNDLE = "05_vectors/features.15/sample0"


def command(*words):
    done = tilewright(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _path(folder):
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def fold_cycles(shape: ConvShape) -> int:
    """Pixels, then the rows, both ways along the columns, and 3 registers: as the page has it."""
    return shape.oh * shape.ow + ROWS + 2 * COLS + 3


def test_a_network_of_its_quantizer_is_exact_and_is_evaluated_on_integers(extras, run, tmp_path):
    summary = read(run / "summary.json")
    assert (summary["verdict"], summary["reasons"]) == ("pass", [])
    assert read(run / "07_cosim/cosim.json")["simulator"] == "polite-icarus"
    command("pack", run, "--out", tmp_path / "packed")
    facts = json.loads(command("evaluate", tmp_path / "packed.json", "--json"))
    trained = read(run / "01_train/evaluate.json")
    assert (facts["images"], facts["correct"]) == (trained["images"], trained["correct"])


def test_its_dataflow_is_planned_simulated_and_written_with_its_own_layout(extras, run):
    command("export", run, "--set", "array.mode=flattened")
    command("simulate", run)
    network = IntegerNetwork.load(run / "02_recover/network")
    facts = read(run / "06_sim/simulate.json")
    assert (facts["mismatches"], len(facts["layers"])) == (0, len(network.layers))
    for layer, found in zip(network.layers, facts["layers"], strict=True):
        shape = layer.shape
        folds = -(-shape.ic * shape.kh * shape.kw // ROWS) * -(-shape.oc // COLS)
        assert found["cycles"] == folds * fold_cycles(shape)
    bundle = decode_bundle(read_bundle(run / BUNDLE))
    assert read(run / BUNDLE / "manifest.json")["layout"]["name"] == "flattened"
    assert bundle.weight.tolist() == network.node("features.15").weight.tolist()
    command("verify-bundle", run / BUNDLE)
    done = tilewright("cosim", run)  # our core cannot run it, and says so
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.count("the RTL testbench reads layout ece284-ws") == 1
    assert "has layout flattened: export it again with one of them" in done.stderr


def test_a_wrong_dataflow_is_found_by_simulate(extras, run, monkeypatch):
    kind = type(DATAFLOWS.get("flattened"))
    honest = kind.products
    monkeypatch.setattr(kind, "products", lambda *args: honest(*args) + 1)
    command("export", run, "--set", "array.mode=flattened")
    done = tilewright("simulate", run)
    assert done.returncode == 1
    facts = read(run / "06_sim/simulate.json")
    assert facts["mismatches"] > facts["psums_compared"] // 2


def test_its_layout_is_written_judged_and_read_back(extras, run):
    command("export", run, "--set", "vectors.layout=stacked")
    assert sorted(path.name for path in (run / BUNDLE).iterdir()) == [
        *("activation.hex", "manifest.json", "out.hex", "psum.hex", "weight.hex")
    ]
    command("verify-bundle", run / BUNDLE)
    command("decode", run / BUNDLE, "--out", run / "tensors.npz")
    weight = IntegerNetwork.load(run / "02_recover/network").node("features.15").weight
    taps = weight.reshape(8, 8, 9).transpose(2, 0, 1)  # kij oc ic
    assert np.load(run / "tensors.npz")["weight"].tolist() == taps.tolist()
    words = (run / BUNDLE / "weight.hex").read_text().split()
    assert words == ["".join(f"{code & 15:x}" for code in row[::-1]) for row in taps.reshape(72, 8)]


def test_a_changed_word_of_its_layout_is_found(extras, run):
    command("export", run, "--set", "vectors.layout=stacked")
    file = run / BUNDLE / "psum.hex"
    text = file.read_text()
    file.write_text(("0" if text[0] != "0" else "1") + text[1:])
    assert tilewright("verify-bundle", run / BUNDLE).returncode == 1


def test_its_simulator_runs_the_rtl_and_its_layouts_are_listed(site, run):
    """In processes of their own: nothing but the folder on the path says that there is a package."""
    path = {"PYTHONPATH": _path(site)}
    done = tilewright_process("cosim", run, **path)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = read(run / "07_cosim/cosim.json")
    assert (facts["simulator"], facts["mismatches"]) == ("polite-icarus", 0)
    assert facts["psums_compared"] == 8 * 16
    listed = json.loads(tilewright_process("layouts", "--json", **path).stdout)
    assert list(listed)[-2:] == ["flattened", "stacked"]


def test_doctor_and_mutate_run_its_simulator(extras, run, monkeypatch):
    find = SIMULATORS.get("polite-icarus")
    monkeypatch.setattr(SIMULATORS, "_things", {"polite-icarus": find})  # ours take seconds
    found = json.loads(tilewright("doctor", "--json").stdout)["findings"]
    assert "built and ran" in next(one["detail"] for one in found if one["name"] == "polite-icarus")
    words = ("--limit", "1", "--no-corners", "--no-modes", "--no-prove", "--json")
    told = command("mutate", run / BUNDLE, "--simulator", "polite-icarus", *words)
    assert json.loads(told)["mutants"] == 1


def test_a_simulator_that_says_nothing_is_no_success(extras, run, monkeypatch):
    kind = type(find_simulator("polite-icarus"))
    monkeypatch.setattr(kind, "run", lambda *_, **__: (0, ""))
    done = tilewright("cosim", run)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED cosim: features.15: sample 0: " in done.stderr


def test_help_does_not_look_for_packages_and_one_that_is_missing_is_named(site, run, tmp_path):
    broken = tmp_path / "site" / "systolic_extras-1.0.dist-info"
    broken.mkdir(parents=True)
    text = (site / broken.name / "entry_points.txt").read_text()
    (broken / "entry_points.txt").write_text(text)  # whatever would be imported is missing
    (broken / "METADATA").write_text((site / broken.name / "METADATA").read_text())
    path = {"PYTHONPATH": _path(broken.parent)}
    assert tilewright_process("cosim", "--help", **path).returncode == 0
    done = tilewright_process("cosim", run, **path)
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert (
        "simulator 'polite-icarus' must be systolic_extras.simulator:PoliteIcarus.find, as its package "
        "declares, but that cannot be loaded: No module named 'systolic_extras': mend the package"
    ) in done.stderr


@pytest.mark.parametrize(
    ("setting", "refusal"),
    [
        (
            "cosim.simulator=polite-icarus",
            "there is no simulator 'polite-icarus': did you mean 'icarus'? "
            "valid names are auto, verilator, icarus",
        ),
        ("array.mode=flattened", "input should be 'ws', 'simd' or 'os'"),
        ("vectors.layout=stacked", "no layout is called 'stacked'"),
        ("model.quantizer=bounded", "input should be one of lsq, pact, binary, power-of-two"),
    ],
)
def test_without_the_package_its_names_are_refused_before_anything_runs(tmp_path, setting, refusal):
    done = tilewright("run", "--out", tmp_path / "run", "--set", setting)
    assert (done.returncode, done.stdout) == (2, "")
    assert refusal in done.stderr
    assert not (tmp_path / "run").exists()


def test_without_the_package_a_run_of_it_is_refused_and_stays_as_it_is(run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    done = tilewright("cosim", run)
    assert (done.returncode, done.stdout) == (2, "")
    assert "config.toml: there is no simulator 'polite-icarus'" in done.stderr
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_a_simulator_that_is_registered_by_hand_runs_a_bundle(extended, tmp_path, monkeypatch):
    monkeypatch.setattr(SIMULATORS, "_things", dict(SIMULATORS._things))
    SIMULATORS.add("by-hand", lambda: Icarus("11.0", name="by-hand"))
    assert find_simulator("by-hand").name == "by-hand"
    result = run_bundle(extended / BUNDLE, simulator="by-hand", cache_dir=tmp_path)
    assert (result.simulator, result.is_exact) == ("by-hand", True)
    assert [path.name[:8] for path in tmp_path.iterdir()] == ["by-hand-"]
