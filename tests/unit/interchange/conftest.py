"""A trained and an untrained network, each with what the reference computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.interchange.networks import Known, untrained
from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.recover import recover
from tilewright.train import load_trained, train_network


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> Known:
    """A choked vgg_tiny, trained on a few digits, and six test images."""
    data, folder = few_digits(), tmp_path_factory.mktemp("digits")
    train_network(SPEC, data, folder=folder, recipe=RECIPE)
    pixels = data.test.images[:6]
    network, _ = recover(load_trained(folder), torch.from_numpy(pixels), np.arange(6))
    return Known(network, pixels)


@pytest.fixture(scope="session")
def vgg16() -> Known:
    """An untrained choked vgg16 and two images."""
    return untrained("vgg16", 2, weight_bits=4, act_bits=4, choke_width=8)
