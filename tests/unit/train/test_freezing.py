from dataclasses import replace

import pytest
import torch

from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.errors import ConfigError
from tilewright.train import load_trained, train_network

ONE = replace(RECIPE, epochs=1)


def test_the_three_phases_of_a_skip_block(tmp_path):
    """Without chokepoint; with it and the path, the rest frozen; the chokepoint alone."""
    data = few_digits()
    phases = [
        (replace(SPEC, choke_width=None), ONE),
        (replace(SPEC, skip="trained"), replace(ONE, trains="chokepoint")),
        (SPEC, replace(ONE, trains="chokepoint")),
    ]
    before, states = None, []
    for index, (spec, recipe) in enumerate(phases):
        folder = tmp_path / str(index)
        train_network(spec, data, folder=folder, recipe=recipe, start=before)
        before = folder
        states.append(load_trained(folder).state_dict())
    kept = [name for name in states[0] if name.startswith(("features.0.", "features.1."))]
    assert kept
    for name in kept:
        assert torch.equal(states[0][name], states[1][name])
        assert torch.equal(states[0][name], states[2][name])
    choked = f"{SPEC.choke_layer}.weight"
    assert not torch.equal(states[1][choked], states[2][choked])
    assert any(name.startswith("skip.") for name in states[1])
    assert not any(name.startswith("skip.") for name in states[2])


def test_without_a_chokepoint_there_is_nothing_to_train(tmp_path):
    with pytest.raises(ConfigError, match=r"needs a chokepoint: set model\.choke_width$"):
        train_network(
            replace(SPEC, choke_width=None),
            few_digits(),
            folder=tmp_path,
            recipe=replace(ONE, trains="chokepoint"),
        )
