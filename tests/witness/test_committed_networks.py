"""The trained networks under ``models/``: what they claim of themselves, counted again."""

import json
import lzma
from pathlib import Path

import pytest

from tests.chain import tilewright
from tilewright.data.cifar10 import TEST_FILE
from tilewright.engine import Engine
from tilewright.spec import PackedNetwork
from tilewright.studies.packed import load_packed_test

MODELS = Path(__file__).parents[2] / "models"
STEMS = sorted(path.with_suffix("") for path in MODELS.glob("*.json"))
LARGEST_BYTES = 5_000_000


SIZES = {
    "vgg16-choke16-w2a2": (16, 2, 2),
    "vgg16-choke16-w4a2": (16, 4, 2),
    "vgg16-choke16-w4a2-48epochs": (16, 4, 2),
    "vgg16-choke16-w4a2-scratch": (16, 4, 2),
    "vgg16-choke8-w4a4": (8, 4, 4),
    "vgg16-choke8-w4a4-48epochs": (8, 4, 4),
    "vgg16-choke8-w4a4-scratch": (8, 4, 4),
}
"""Channels of the chokepoint, bits of its weights and of its activations."""

HEADLINE = "vgg16-choke8-w4a4"
OTHERS = [name for name in SIZES if name != HEADLINE]


def test_there_are_networks():
    assert [stem.name for stem in STEMS] == [*SIZES]


@pytest.mark.parametrize("stem", STEMS, ids=lambda stem: stem.name)
def test_a_network_is_whole_small_and_says_where_it_comes_from(stem):
    packed = PackedNetwork.load(stem)
    width, weight_bits, act_bits = SIZES[stem.name]
    choke = packed.network.layer("features.27")
    assert (choke.shape.ic, choke.shape.oc) == (width, width)
    assert (choke.weight_format.bits, choke.act_format.bits) == (weight_bits, act_bits)
    assert len(packed.network.layers) == 14
    assert packed.data.images == len(packed.predictions) == 10_000
    assert packed.training["test_accuracy"] == packed.training["test_correct"] / 10_000
    assert packed.training["config"]["data"]["dir"] == ""
    assert sum(stem.with_suffix(end).stat().st_size for end in (".json", ".npz")) < LARGEST_BYTES


@pytest.fixture(scope="module")
def unpacked(cifar10_folder, tmp_path_factory):
    """The folder of the test images, plain: they are unpacked once for all networks."""
    packed = cifar10_folder / f"{TEST_FILE}.xz"
    if not packed.exists():
        return cifar10_folder
    folder = tmp_path_factory.mktemp("cifar10")
    (folder / TEST_FILE).write_bytes(lzma.decompress(packed.read_bytes()))
    return folder


@pytest.mark.data
def test_the_command_predicts_what_the_trained_network_did_on_every_test_image(unpacked):
    stem = MODELS / HEADLINE
    done = tilewright("evaluate", stem, "--data-dir", unpacked, "--json")
    assert done.returncode == 0, done.stderr
    facts, claim = json.loads(done.stdout), PackedNetwork.load(stem).training
    assert (facts["images"], facts["correct"]) == (10_000, claim["test_correct"])
    assert facts["differ_from_trained"] == 0
    assert "predictions: 10,000 compared, 0 differ" in done.stderr


@pytest.mark.data
@pytest.mark.parametrize("name", OTHERS)
def test_the_integers_of_the_others_predict_what_the_trained_network_did(name, unpacked):
    """Each on images of its own, together on every one; what was trained is counted on all of them."""
    packed = PackedNetwork.load(MODELS / name)
    test = load_packed_test(packed, data_dir=unpacked)
    assert (packed.predictions == test.labels).sum() == packed.training["test_correct"]
    own = slice(OTHERS.index(name), None, len(OTHERS))
    found = Engine(packed.network).predict(test.images[own])
    assert (found == packed.predictions[own]).all()
