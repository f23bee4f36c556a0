"""Fewer bits without training: what loses nothing must lose nothing; and the advice about it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.chain import tilewright
from tests.networks import chain, images
from tilewright.config import load_config
from tilewright.data import Split
from tilewright.engine import Engine
from tilewright.errors import ConfigError
from tilewright.spec import ArrayShape, IntegerNetwork, NumberFormat
from tilewright.studies.advise import plain_cost, squeezed_stage, squeezes
from tilewright.studies.narrowing import Widths, narrowed, widths_of
from tilewright.studies.precision import LOOKED_AT, Step, _in_order, find_precision
from tilewright.studies.recentering import moments_of, recentered
from tilewright.verify import reference_trace


class _Silent:
    def say(self, line):
        pass

    def progress(self, line):
        pass


@pytest.fixture
def network():
    return chain(np.random.default_rng(5))


def _with_layer(network, name, **values):
    nodes = tuple(replace(one, **values) if one.name == name else one for one in network.nodes)
    return IntegerNetwork(nodes, network.inputs)


def _even(network, name):
    """The layer with weights that three bits can state: -3..3, twice as large."""
    weight = (network.layer(name).weight // 2).clip(-3, 3) * 2
    weight[0, 0, 0, 0] = 6  # the widest
    return _with_layer(network, name, weight=weight.astype(np.int8))


def _coarse(network, name):
    """The link out of `name` gives the codes 0, 5, 10 and 15 only."""
    (link,) = network.node(name).requantizations
    thresholds = np.repeat(link.thresholds[:, 2::5], 5, axis=1)
    return _with_layer(network, name, requantizations=(replace(link, thresholds=thresholds),))


def _histograms(network):
    return {
        layer.name: np.ones(layer.act_format.max_code + 1, np.int64) for layer in network.layers
    }


def _predictions(network, count=12):
    pixels = images(np.random.default_rng(1), network, count)
    return Engine(network).sums(pixels)


def test_the_widths_that_it_has_change_nothing(network):
    assert narrowed(network, widths_of(network), _histograms(network)).fingerprint() == (
        network.fingerprint()
    )


@pytest.mark.parametrize("name", ["first", "second", "head"])
def test_weights_that_fewer_bits_can_state_give_the_same_codes(network, name):
    network = _even(network, name)
    act = network.layer(name).act_format.bits
    fewer = narrowed(network, {name: Widths(3, act)}, _histograms(network))
    layer = fewer.layer(name)
    assert (2 * layer.weight == network.layer(name).weight).all()
    assert layer.weight_format == NumberFormat(3, is_signed=True, is_narrow=True)
    scale = 2 if name == "head" else 1  # sums of the output count in units of two
    assert (_predictions(fewer) * scale == _predictions(network)).all()


def test_activations_that_fewer_bits_can_state_give_the_same_codes(network):
    network = _coarse(network, "first")
    histograms = _histograms(network) | {"second": np.bincount([0, 5, 10, 15], minlength=16)}
    fewer = narrowed(network, {"second": Widths(4, 2)}, histograms)
    assert fewer.layer("second").act_format.max_code == 3
    assert (_predictions(fewer) == _predictions(network)).all()


def test_what_is_lost_is_still_exact_on_integers(network):
    wanted = {"first": Widths(2, 8), "second": Widths(3, 2), "head": Widths(2, 3)}
    fewer = narrowed(network, wanted, _histograms(network))
    pixels = images(np.random.default_rng(1), network, 2)
    expected, found = reference_trace(fewer, pixels), Engine(fewer).trace(pixels)
    assert all((expected.codes[port] == codes).all() for port, codes in found.codes.items())
    assert all((expected.sums[name] == sums).all() for name, sums in found.sums.items())
    assert widths_of(fewer) == wanted
    assert (found.codes["second"] <= 3).all()


def _moments(network, pixels):
    sums = Engine(network).trace(pixels).sums
    return {layer.name: moments_of(layer, sums[layer.name]) for layer in network.layers}


def _recentered(network, wanted, pixels):
    fewer = narrowed(network, wanted, _histograms(network))
    return fewer, recentered(fewer, network, _moments(network, pixels), pixels)


def test_thresholds_stay_where_nothing_was_lost(network):
    network = _even(network, "first")
    pixels = images(np.random.default_rng(1), network, 8)
    fewer, moved = _recentered(network, {"first": Widths(3, 8)}, pixels)
    assert moved.fingerprint() == fewer.fingerprint()


def test_moved_thresholds_give_codes_nearer_to_those_of_more_bits(network):
    """On other images than those that they were moved by; and integers still agree with the reference."""
    pixels, others = images(np.random.default_rng(1), network, 40), slice(20, 40)
    fewer, moved = _recentered(
        network, {"first": Widths(2, 8), "second": Widths(2, 4)}, pixels[:20]
    )
    assert widths_of(moved) == widths_of(fewer)
    codes = [
        Engine(one).trace(pixels[others]).codes["second"].astype(int)
        for one in (network, fewer, moved)
    ]
    assert abs(codes[2] - codes[0]).sum() < abs(codes[1] - codes[0]).sum()
    expected, found = reference_trace(moved, pixels[:2]), Engine(moved).trace(pixels[:2])
    assert all((expected.sums[name] == sums).all() for name, sums in found.sums.items())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"first": Widths(5, 8)}, "first has W4A8 and takes 2 bits up to that, not W5A8"),
        ({"second": Widths(1, 4)}, "second has W4A4 and takes 2 bits"),
        ({"first": Widths(4, 4)}, "first reads the images, whose 8 bits stay"),
    ],
)
def test_widths_that_are_none(network, wanted, message):
    with pytest.raises(ConfigError, match=message):
        narrowed(network, wanted, _histograms(network))


def test_signed_codes_and_start_values_keep_their_widths(network):
    bias = np.arange(12, dtype=np.int64)
    network = _with_layer(network, "second", bias=bias)
    with pytest.raises(ConfigError, match="second must read unsigned codes and add plain products"):
        narrowed(network, {"second": Widths(3, 4)}, _histograms(network))
    pixels = images(np.random.default_rng(1), network, 4)
    holdout = Split(pixels, Engine(network).predict(pixels))
    found = find_precision(network, holdout, _Silent(), images=4, threads=1, lost=4)
    assert found.mixed["second"] == "W4A4"
    assert found.mixed["head"] == "W2A2"


def _predicted(network, found, *, looked_at, pixels):
    """What the network with the mixed widths says, made anew."""
    mixed = {name: Widths(int(text[1]), int(text[3])) for name, text in found.mixed.items()}
    assert len(looked_at) <= LOOKED_AT
    trace = Engine(network).trace(looked_at)
    histograms = {
        layer.name: np.bincount(
            trace.codes[layer.name].ravel(), minlength=layer.act_format.max_code + 1
        )
        for layer in network.layers
    }
    fewer = narrowed(network, mixed, histograms)
    return Engine(recentered(fewer, network, _moments(network, looked_at), looked_at)).predict(
        pixels
    )


def test_a_mixed_precision_that_loses_nothing_is_found(network):
    network = _coarse(_even(network, "second"), "first")
    pixels = images(np.random.default_rng(1), network, 40)
    holdout = Split(pixels, Engine(network).predict(pixels))
    found = find_precision(network, holdout, _Silent(), images=40, threads=1, lost=0)
    assert (found.others, found.others_uniform, found.others_mixed) == (0, 0, 0)
    assert found.uniform_correct == found.mixed_correct == 40
    assert found.mixed_bits < found.uniform_bits
    assert found.mixed["second"] in ("W3A2", "W2A2")
    mixed = _predicted(network, found, looked_at=pixels, pixels=pixels)
    assert (mixed == holdout.labels).all()
    assert found.mixed_bits == sum(
        layer.weight.size * int(found.mixed[layer.name][1]) for layer in network.layers
    )


def test_a_choice_is_looked_at_on_images_that_it_was_not_made_on(network):
    pixels = images(np.random.default_rng(1), network, 50)
    right = Engine(network).predict(pixels)
    labels = np.where(np.arange(50) < 35, right, 99)  # of 20 others, 5 are recognized as trained
    found = find_precision(network, Split(pixels, labels), _Silent(), images=30, threads=1, lost=30)
    assert (found.images, found.uniform_correct) == (30, 30)
    assert (found.others, found.others_uniform) == (20, 5)
    assert set(found.mixed.values()) == {"W2A8", "W2A2"}
    mixed = _predicted(network, found, looked_at=pixels[:30], pixels=pixels)
    assert found.mixed_correct == (mixed == labels)[:30].sum()
    assert found.others_mixed == (mixed == labels)[30:].sum()


def test_steps_that_win_images_by_luck_are_not_taken_before_larger_ones():
    small, large = Step("a", "W3A4", 10, 95), Step("b", "W2A4", 1000, 90)
    worse, worst = Step("c", "W3A4", 10, 89), Step("d", "W2A4", 1000, 80)
    assert _in_order([worse, small, worst, large], 90) == [large, small, worst, worse]


def test_the_course_s_layer_is_among_those_that_fit():
    config = load_config(None, ("model.name=vgg16", "model.choke_width=0"))
    found = {one.layer: one for one in squeezes(config, ArrayShape(8, 8, 20)) if one.tiles == 1}
    course = found["features.27"]  # 9 folds of 36 + 16 + 8 + 3 cycles, 8 channels of 4x4 codes
    assert (course.cycles, course.passing_bits, course.edge) == (9 * 63, 8 * 16 * 4, 4)
    assert sorted(one.stage for one in found.values()) == [1, 2, 3, 4, 5]
    assert squeezed_stage(config) is None
    squeezed = load_config(None, ("model.name=vgg16", "model.choke_width=8"))
    assert squeezed_stage(squeezed) == (course.stage, course.width)
    plain = plain_cost(config, ArrayShape(8, 8, 20))
    assert all(one.network_cycles < plain["network_cycles"] for one in found.values())


def test_advice_on_the_command_line(finished):
    done = tilewright("advise", "resnet20")
    assert done.returncode == 0, done.stderr
    assert "the model has no place for a chokepoint" in done.stdout
    assert "tilewright plan resnet20 --array 8x8" in done.stdout
    assert tilewright("advise", "ic_resnet8").stdout.startswith("ic_resnet8 without a chokepoint")
    done = tilewright("advise", finished, "--images", 8, "--lost", 2, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    precision = facts["precision"]
    assert precision["mixed_correct"] >= precision["uniform_correct"] - 2
    assert precision["mixed_bits"] <= precision["uniform_bits"]
    assert len(precision["mixed"]) == 7
    assert (precision["images"], precision["others"]) == (8, 8)
    done = tilewright("-q", "advise", finished, "--images", 4, "--lost", 4)
    assert "as configured" in done.stdout.split("features.15 ")[1].partition("\n")[0]
    assert "on 4 others, on which nothing was chosen: " in done.stdout
    for arguments, message in (
        (("vgg_tiny", "--array", "8"), "--array is ROWSxCOLS, for example 8x8, not '8'"),
        (("vgg99",), "there is no model 'vgg99'"),
        (("unet",), "unet must be a configuration (.toml) or a model ("),
        ((finished, "--images", 0), "images must be 1..360 of the hold-out, not 0"),
    ):
        done = tilewright("advise", *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert message in done.stderr
