"""The commands of whole integer networks, on a finished run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.chain import read, tilewright
from tests.forgery import reseal
from tilewright.data import load_data
from tilewright.spec import IntegerNetwork, PackedNetwork
from tilewright.train import load_trained


@pytest.fixture(scope="session")
def packed(finished, tmp_path_factory):
    """The finished run, packed; not to be changed."""
    stem = tmp_path_factory.mktemp("models") / "tiny"
    done = tilewright("pack", finished, "--out", stem, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["bytes"] == sum(path.stat().st_size for path in stem.parent.iterdir())
    return stem


@pytest.mark.parametrize("options", [(), ("--engine", "blas", "--threads", 2)])
def test_a_packed_network_predicts_what_the_trained_one_did(finished, packed, options):
    done = tilewright("evaluate", f"{packed}.json", "--json", *options)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    trained = read(finished / "01_train" / "evaluate.json")
    assert {key: facts[key] for key in ("accuracy", "images", "correct")} == {
        key: trained[key] for key in ("accuracy", "images", "correct")
    }
    assert facts["differ_from_trained"] == 0
    assert facts["training"]["seed"] == 0
    assert facts["training"]["config"]["train"]["epochs"] == 2
    assert "predictions: 360 compared, 0 differ" in done.stderr


def test_a_run_folder_is_evaluated_as_before(run):
    done = tilewright("evaluate", run, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"] == 360


def test_a_changed_threshold_is_found_image_by_image(packed, tmp_path):
    loaded = PackedNetwork.load(packed)
    link = loaded.network.nodes[-2].requantizations[0]
    link.thresholds[:] = np.sort(-link.thresholds.clip(-(2**40), 2**40), axis=1)
    loaded.save(tmp_path / "sabotaged")
    done = tilewright("evaluate", tmp_path / "sabotaged")
    assert done.returncode == 1
    assert "FAILED evaluate: predictions: 360 compared," in done.stderr
    assert "first at image" in done.stderr
    assert "the trained network says" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "missing must be a run folder or a packed network (NAME.json)"),
        (
            ["PACKED", "--engine", "gpu"],
            "--engine must be auto, winograd, int8, popcount, blas, int64, not 'gpu'",
        ),
        (["PACKED", "--data-dir", "x"], "digits are bundled and take no data_dir"),
        (["RUN", "--threads", "2"], "--engine and --threads are for packed networks"),
        (["FOLDER"], "is no run folder"),
    ],
)
def test_bad_input_is_one_line(finished, packed, tmp_path, arguments, message):
    names = {"PACKED": packed, "RUN": finished, "FOLDER": tmp_path}
    done = tilewright("evaluate", *(names.get(word, word) for word in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_other_images_are_refused(packed, tmp_path):
    loaded = PackedNetwork.load(packed)
    path = tmp_path / "other"
    object.__setattr__(loaded.data, "sha256", "0" * 64)
    loaded.save(path)
    done = tilewright("evaluate", path)
    assert done.returncode == 2
    assert "the network was tested on 360 images of digits with sha256 0000" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_stale_run_is_not_packed(run, tmp_path):
    facts = read(run / "01_train" / "evaluate.json")
    facts["fingerprint"] = "another"
    (run / "01_train" / "evaluate.json").write_text(json.dumps(facts))
    done = tilewright("pack", run, "--out", tmp_path / "model")
    assert done.returncode == 2
    assert "evaluate is stale: run 'tilewright evaluate" in done.stderr
    assert not list(tmp_path.glob("model*"))


def test_a_run_that_was_evaluated_otherwise_is_not_packed(run, tmp_path):
    path = run / "01_train" / "evaluate.json"
    reseal(path, correct=read(path)["correct"] + 1)
    done = tilewright("pack", run, "--out", tmp_path / "model")
    assert done.returncode == 2
    assert "images correct, but" in done.stderr


def test_a_run_is_certified_and_the_certificate_confirmed(run):
    made = tilewright("certify", run, "--images", 4, "--naive", 1, "--onnx", 0)
    assert made.returncode == 0, made.stderr
    assert "verdict: exact" in made.stdout
    assert "torch forward against the engine: 150,056 codes and sums of 4 samples" in made.stdout
    assert "trained network against the engine: 360 classes of 360 samples" in made.stdout
    path = run / "08_certify" / "certify.json"
    assert read(path)["verdict"] == "exact"
    assert tilewright("report", run, "--json").returncode == 0
    assert "distance to thresholds" in (run / "report.html").read_text()
    again = tilewright("certify", "--check", path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.endswith("confirmed\n")
    facts = read(path)
    facts["oracles"][0]["compared"] += 1
    path.write_text(json.dumps(facts))
    denied = tilewright("certify", "--check", path)
    assert denied.returncode == 1
    assert "FAILED certify: oracle: was: naive int64 reference" in denied.stderr


def test_a_sabotaged_run_is_not_certified(run):
    network = IntegerNetwork.load(run / "02_recover" / "network")
    node = network.node("features.12")
    (link,) = node.requantizations
    direction = link.direction.copy()
    direction[2] *= -1
    nodes = tuple(
        replace(one, requantizations=(replace(link, direction=direction),)) if one is node else one
        for one in network.nodes
    )
    replace(network, nodes=nodes).save(run / "02_recover" / "network")
    done = tilewright("certify", run, "--images", 4, "--naive", 1, "--onnx", 0)
    assert done.returncode == 1
    assert "features.12 to features.15: oc=2: the direction is -1, but the codes follow 1" in (
        done.stderr
    )
    assert "verdict: not exact" in done.stdout


def test_certify_without_a_network_is_one_line(tmp_path):
    for arguments, message in (
        ([], "certify needs a run folder or a packed network, or --check FILE"),
        ([tmp_path / "none"], "must be a run folder or a packed network"),
        (["--check", tmp_path / "none.json"], "No such file"),
    ):
        done = tilewright("certify", *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert message in done.stderr


def test_training_can_start_from_a_packed_network(finished, packed, tmp_path):
    """Its codes times their scale are the same network, logit for logit; its BatchNorm comes along."""
    trained, unpacked = load_trained(finished / "01_train"), load_trained(packed)
    pixels = torch.from_numpy(load_data("digits").test.images)
    with torch.no_grad():
        assert torch.equal(trained(pixels), unpacked(pixels))
    values = ("train.epochs=1", "train.warmup_epochs=0", f"train.start={packed}")
    done = tilewright(
        "train", "--out", tmp_path / "run", *(w for v in values for w in ("--set", v))
    )
    assert done.returncode == 0, done.stderr
    entries = read(tmp_path / "run/01_train/start.json")["tensors"]
    assert {entry["fate"] for entry in entries} == {"loaded"}


def test_narrow_psums_and_multipliers_are_measured(packed, tmp_path):
    figure = tmp_path / "curve.svg"
    done = tilewright(
        *("psum-width", packed, "--images", 40, "--bits", "8,10,16", "--figure", figure, "--json")
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert [point["bits"] for point in facts["points"]] == [8, 10, 16]
    assert facts["points"][-1]["differ"] == 0
    assert facts["points"][-1]["correct"] == facts["exact_correct"]
    assert facts["observed"] <= facts["by_weights"] <= 16
    assert "psums that saturate, per column" in figure.read_text()
    done = tilewright("requantize", packed, "--images", 40, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["codes"] == sum(link["codes"] for link in facts["links"].values()) > 100_000
    assert facts["predictions_differ"] <= 40
    for arguments, message in (
        (("psum-width", packed, "--bits", "ten"), "--bits must be widths, for example 10,12,14"),
        (("psum-width", packed, "--bits", "8,33"), "a psum register has 2..32 bits, not 33"),
        (("psum-width", packed, "--place", "row"), "psums are limited per column, tap, tile"),
        (("requantize", packed, "--bits", 2), "a multiplier has 4..24 bits, not 2"),
    ):
        done = tilewright(*arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert message in done.stderr


def test_a_packed_network_remembers_what_its_training_started_from(finished, packed, tmp_path):
    """The packed start's phases come with it; one that was replaced since is not mistaken for it."""
    run, start = tmp_path / "run", tmp_path / "start"
    PackedNetwork.load(packed).save(start)
    settings = ("--set", f"train.start={start}", "--set", "train.epochs=1")
    for command in ("train", "evaluate", "recover"):
        source = (
            (finished / "config.toml", "--out", run, *settings) if command == "train" else (run,)
        )
        done = tilewright(command, *source)
        assert done.returncode == 0, done.stderr
    origins = []
    for stem in (start, tmp_path / "moved"):
        done = tilewright("pack", run, "--out", tmp_path / stem.name)
        assert done.returncode == 0, done.stderr
        origins.append(read(tmp_path / f"{stem.name}.json")["training"]["start"])
    first = read(packed.with_name(packed.name + ".json"))["training"]
    assert origins == [first, None]
    assert first["phases"][0]["epochs"] == 2
