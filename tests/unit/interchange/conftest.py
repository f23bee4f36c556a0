"""A trained and an untrained network, each with what the reference computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.interchange.networks import Known, untrained
from tilewright.data import load_data
from tilewright.models import ModelSpec
from tilewright.recover import recover
from tilewright.train import Recipe, load_trained, train_network


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> Known:
    """A choked vgg_tiny, trained for one epoch on digits, and six test images."""
    data = load_data("digits")
    folder = tmp_path_factory.mktemp("digits")
    spec = ModelSpec("vgg_tiny", 4, 4, choke_width=8)
    train_network(spec, data, folder=folder, recipe=Recipe(epochs=1, warmup_epochs=0))
    pixels = data.test.images[:6]
    network, _ = recover(load_trained(folder), torch.from_numpy(pixels), np.arange(6))
    return Known(network, pixels)


@pytest.fixture(scope="session")
def vgg16() -> Known:
    """An untrained choked vgg16 and two images."""
    return untrained("vgg16", 2, weight_bits=4, act_bits=4, choke_width=8)
