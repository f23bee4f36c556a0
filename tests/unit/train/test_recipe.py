from dataclasses import replace

import pytest
import torch

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.models import build_model
from tilewright.train import Recipe
from tilewright.train.recipe import build_optimizer, set_rates


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0, "warmup_epochs": 0}, r"^epochs must be at least 1, not 0$"),
        ({"batch_size": 1}, r"^batch_size must be at least 2 \(BatchNorm\), not 1$"),
        ({"lr": 0}, r"^lr must be positive and finite, not 0$"),
        ({"lr": float("nan")}, r"^lr must be positive and finite, not nan$"),
        ({"step_lr": -1}, r"^step_lr must be at least 0"),
        ({"norm_images": -1}, r"^norm_images must be at least 0, not -1"),
        (
            {"ema_decay": 0.9},
            r"^norm_images must be at least 1 where weights are averaged: .* not 0",
        ),
        ({"weight_decay": 1}, r"^weight_decay must be in 0\.\.1"),
        ({"label_smoothing": 1}, r"^label_smoothing must be in 0\.\.1"),
        ({"warmup_epochs": 50}, r"^warmup_epochs must be in 0\.\.40 \(epochs\), not 50$"),
        ({"cutout": 33}, r"^cutout must be in 0\.\.32, not 33$"),
        ({"seed": -1}, r"^seed must be in 0\.\."),
        (
            {"decay": "weights_and_steps", "step_lr": 0},
            r"^step_lr must be positive where steps decay",
        ),
    ],
)
def test_values_that_are_not_valid_are_named(values, message):
    with pytest.raises(ConfigError, match=message):
        Recipe(**values)


def test_unknown_names_are_answered_with_the_valid_ones():
    with pytest.raises(
        UnknownNameError, match=r"^there is no optimizer 'adam': valid names are sgd, muon, adamw$"
    ):
        Recipe(optimizer="adam")
    with pytest.raises(
        UnknownNameError, match=r"^there is no augmentation 'flip': valid names are none, crop, "
    ):
        Recipe(augmentation="flip")


def test_the_rate_rises_linearly_and_falls_on_a_cosine():
    recipe = Recipe(epochs=10, warmup_epochs=2)
    factors = [recipe.rate_factor(done) for done in (0, 1, 2, 6, 10)]
    assert factors == pytest.approx([0, 0.5, 1, 0.5, 0])
    assert Recipe(epochs=2, warmup_epochs=2).rate_factor(1) == 0.5
    stays = replace(recipe, schedule="constant")
    assert [stays.rate_factor(done) for done in (1, 2, 6, 10)] == [0.5, 1, 1, 1]


def test_steps_of_weights_may_decay_as_fast_as_their_weights():
    """A rate of 1/4, so four times the decay; what a step loses in a batch is then what a weight loses."""
    model = build_model("vgg_tiny", weight_bits=4, act_bits=4, choke_width=8)
    recipe = Recipe(lr=0.1, step_lr=0.025, weight_decay=0.01, decay="weights_and_steps")
    built = build_optimizer(model, recipe)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decays = {
        names[id(parameter)]: group["peak_lr"] * group["weight_decay"]
        for group in built.param_groups
        for parameter in group["params"]
    }
    assert decays.keys() == set(names.values())
    assert decays["features.4.weight_quantizer.step"] == pytest.approx(0.001)
    assert decays["features.4.weight"] == pytest.approx(0.001)
    assert decays["features.4.act_quantizer.step"] == decays["features.1.weight"] == 0


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_only_weights_decay_and_steps_have_their_own_rate(optimizer):
    model = build_model("vgg_tiny", weight_bits=4, act_bits=4, choke_width=8)
    recipe = Recipe(optimizer=optimizer, lr=0.1, step_lr=0.03, weight_decay=0.01)
    built = build_optimizer(model, recipe)
    set_rates(built, 0.5)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in built.param_groups
        for parameter in group["params"]
    }
    assert found.keys() == set(names.values())
    assert found["features.0.weight"] == found["classifier.weight"] == (0.05, 0.01)
    assert found["features.1.weight"] == found["features.1.bias"] == (0.05, 0)
    assert found["features.4.act_quantizer.step"] == (0.015, 0)
    assert found["features.4.weight_quantizer.step"] == (0.015, 0)
    assert isinstance(built, torch.optim.AdamW if optimizer == "adamw" else torch.optim.SGD)
