"""Depthwise and grouped layers through the whole chain: model, RTL and reference agree, tile by tile."""

import dataclasses

import pytest
import torch
from torch import nn

import tilewright as tw
from tests.chain import read, tilewright
from tilewright.spec import IntegerNetwork


def images(n=8):
    return torch.rand(n, 3, 6, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(3, 10, 3, padding=1), nn.BatchNorm2d(10), nn.ReLU()),
        *(nn.Conv2d(10, 10, 3, padding=1, stride=2, groups=10), nn.BatchNorm2d(10), nn.ReLU()),
        *(nn.Conv2d(10, 20, 1, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(180, 3, bias=False)),
    )
    quantized = tw.quantize(net, weight_bits=4, act_bits=4)
    quantized(images())
    folder = tmp_path_factory.mktemp("groups") / "run"
    tw.save_run(quantized.eval(), folder, images(), torch.arange(8) % 3, samples=1)
    assert tilewright("verify", folder).returncode == 0
    return folder


@pytest.mark.parametrize("mode", ["ws", "os"])
def test_model_rtl_and_reference_agree(run, mode):
    layers = '["3", "6"]'
    options = (f"vectors.layers={layers}", "vectors.corners=false", f"array.mode={mode}")
    done = tilewright("export", run, *(word for text in options for word in ("--set", text)))
    assert done.returncode == 0, done.stderr
    assert tilewright("simulate", run).returncode == 0
    done = tilewright("cosim", run, "--set", "cosim.simulator=icarus")
    assert done.returncode == 0, (done.stdout, done.stderr)
    facts = read(run / "07_cosim" / "cosim.json")
    # 10 channels on 8 columns; groups of 5 in and 10 out, one at a time
    assert [one["layer"] for one in facts["bundles"]] == [
        *("3.groups0", "3.groups8", "6.groups0", "6.groups1")
    ]
    assert (facts["psums_compared"], facts["mismatches"]) == (10 * 9 + 20 * 9, 0)
    tiles = {one["layer"]: one for one in read(run / "04_tile" / "tile.json")["layers"]}
    assert tiles["3"]["macs"] == 10 * 9 * 9
    assert tiles["3"]["parts"] == ["3.groups0", "3.groups8"]
    model = {one["layer"]: one for one in read(run / "06_sim" / "simulate.json")["layers"]}
    bundles = {one["layer"]: one for one in facts["bundles"]}
    assert model["3"]["cycles"] == sum(bundles[part]["cycles"] for part in tiles["3"]["parts"])


def test_a_wrong_weight_in_a_part_is_noticed(run, monkeypatch):
    """What the array is given is compared with the reference of the layer that was recovered."""
    from tilewright.tile import Part

    right = Part.layer

    def wrong(self, layer):
        made = right(self, layer)
        if made.name == "3.groups8":
            made = dataclasses.replace(made, weight=-made.weight)
        return made

    monkeypatch.setattr(Part, "layer", wrong)
    done = tilewright("simulate", run)
    assert done.returncode == 1
    assert "oc=8" in done.stdout


def test_every_study_takes_a_layer_in_groups(run):
    for words in (
        ("certify", run, "--images", 2, "--naive", 1, "--onnx", 0),
        ("psum-width", run, "--images", 2),
        ("stats", run, "--layer", "3"),
        ("plan", run),
        ("export", run, "--set", "vectors.stimulus=bound", "--set", "vectors.corners=false"),
    ):
        done = tilewright(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    network = IntegerNetwork.load(run / "02_recover" / "network")
    assert [layer.shape.groups for layer in network.layers] == [1, 10, 2, 1]
