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
