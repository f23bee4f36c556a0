import json
from dataclasses import asdict

import pytest

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.models import ModelSpec


def spec(**changes):
    return ModelSpec(**({"name": "vgg_tiny", "weight_bits": 4, "act_bits": 4} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_bits": 1}, r"^weight_bits must be 2\.\.8, not 1$"),
        ({"act_bits": 9}, r"^act_bits must be 2\.\.8, not 9$"),
        ({"classes": 1}, r"^classes must be at least 2, not 1$"),
        ({"choke_width": 0}, r"^choke_width must be 1\.\.512, not 0$"),
        ({"choke_width": 8, "choke_stage": 5}, r"^choke_stage must be 1\.\.4 for vgg_tiny, not 5$"),
        ({"choke_stage": 2}, r"^choke_stage and has_choke_norm need a choke_width"),
        ({"has_choke_norm": True}, r"^choke_stage and has_choke_norm need a choke_width"),
        (
            {"name": "resnet20", "choke_width": 8},
            r"^resnet20 has no chokepoint: choke_width must be 0 or left out$",
        ),
        (
            {"layer_bits": (("features.4", 9, 4),)},
            r"^weight bits of features\.4 must be 2\.\.8, not 9$",
        ),
        (
            {"layer_bits": (("features.4", 8, 1),)},
            r"^activation bits of features\.4 must be 2\.\.8, not 1$",
        ),
        (
            {"layer_bits": (("features.4", 4, 4), ("features.4", 8, 8))},
            r"^layer_bits must name a layer once, but features\.4 is there twice$",
        ),
        (
            {"layer_bits": (("features.0", 4, 4),)},
            r"^features\.0 reads pixels: its activation bits must be 8, not 4$",
        ),
        (
            {"layer_bits": (("features.4", 8),)},
            r"^layer_bits must be \(layer, weight bits, activation bits\), not \('features\.4', 8\)$",
        ),
        (
            {"weight_bits": 32, "act_bits": 32, "layer_bits": (("features.4", 8, 8),)},
            r"^layer_bits are of a quantized network, but this one is float$",
        ),
    ],
)
def test_values_that_are_not_valid_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        spec(**changes)


def test_an_unknown_model_is_answered_with_near_names():
    with pytest.raises(
        UnknownNameError, match=r"'vgg61': did you mean 'vgg16'\? valid names are vgg_tiny, "
    ):
        spec(name="vgg61")


@pytest.mark.parametrize(
    ("name", "stage", "layer"),
    [
        ("vgg16", None, "features.27"),
        ("vgg16", 1, "features.3"),
        ("vgg16", 2, "features.10"),
        ("vgg16", 3, "features.17"),
        ("vgg16", 5, "features.37"),
        ("vgg_tiny", None, "features.15"),
    ],
)
def test_the_choked_layer_has_the_index_of_its_stage(name, stage, layer):
    assert spec(name=name, choke_width=8, choke_stage=stage).choke_layer == layer


def test_without_a_chokepoint_there_is_no_choked_layer():
    assert spec().choke_layer is None


def test_a_layer_that_does_not_exist_is_answered_with_near_names():
    with pytest.raises(
        UnknownNameError,
        match=r"layer of vgg_tiny 'features\.3': did you mean .*valid names are features\.0, features\.4, ",
    ):
        spec(layer_bits=(("features.3", 8, 4),))


def test_widths_of_single_layers_survive_json():
    """A checkpoint stores the fields of the spec as JSON."""
    asked = spec(choke_width=8, layer_bits=(("features.15", 8, 4), ("classifier", 8, 8)))
    assert ModelSpec(**json.loads(json.dumps(asdict(asked)))) == asked
    assert asked.bits_of("features.15") == (8, 4)
    assert asked.bits_of("features.4") == (4, 4)
