"""The quantizer of the package, by its entry point: a network trains with it and is recovered exactly."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from tilewright.config import load_config
from tilewright.errors import ConfigError, RecoveryError, UnknownNameError
from tilewright.models import ModelSpec, build
from tilewright.quant import QuantConv2d
from tilewright.recover import recover
from tilewright.train.recipe import Recipe, build_optimizer
from tilewright.verify import check_node

pytestmark = pytest.mark.usefixtures("extras")


def test_a_network_trains_a_step_and_is_recovered_exactly():
    torch.manual_seed(3)
    model = build(ModelSpec("vgg_tiny", 4, 4, choke_width=8, quantizer="bounded"))
    optimizer = build_optimizer(model, Recipe())
    steps = optimizer.param_groups[2]["params"]
    bounds = [p for name, p in model.named_parameters() if name.endswith(".bound")]
    assert {id(p) for p in steps} == {id(p) for p in bounds}
    batch, labels = torch.randint(0, 256, (8, 3, 32, 32)), torch.arange(8)
    for group in optimizer.param_groups:
        group["lr"] = 0.01
    before = [p.detach().clone() for p in bounds]
    nn.functional.cross_entropy(model(batch), labels).backward()
    optimizer.step()
    assert any((p != old).any() for p, old in zip(bounds, before, strict=True))
    network, stimulus = recover(model, batch[:2], np.arange(2))
    network.require_whole()
    assert all(check_node(node, stimulus, psum_bits=24).passed for node in network.nodes)


def test_codes_that_are_no_integers_are_refused_with_their_layer(monkeypatch):
    model = build(ModelSpec("vgg_tiny", 4, 4, choke_width=8, quantizer="bounded")).eval()
    kind = type(model.get_submodule("features.15").act_quantizer)
    monkeypatch.setattr(kind, "forward", lambda self, x: x / self.scale_view())  # no rounding
    with pytest.raises(RecoveryError, match=r"^layer features\.\d+: "):
        recover(model, torch.randint(0, 256, (2, 3, 32, 32)), np.arange(2))


def test_its_properties_are_asked_for():
    with pytest.raises(ConfigError, match=r"^quantizer bounded has one bound for all weights"):
        QuantConv2d(3, 4, 3, weight_bits=4, act_bits=4, is_per_channel=True, quantizer="bounded")
    with pytest.raises(ConfigError, match=r"needs a vgg with quantizer pact"):
        ModelSpec("vgg_tiny", 4, 4, quantizer="bounded", has_course_ends=True)
    with pytest.raises(UnknownNameError, match=r"'odd'.*lsq, pact, binary, power-of-two, bounded"):
        ModelSpec("vgg_tiny", 4, 4, quantizer="odd")


def test_a_configuration_knows_it():
    assert load_config(None, ("model.quantizer=bounded",)).model.quantizer == "bounded"
    with pytest.raises(ConfigError, match=r"one of lsq, pact, binary, power-of-two, bounded"):
        load_config(None, ("model.quantizer=odd",))


@pytest.mark.parametrize("name", ["pact", "bounded"])
def test_a_configuration_is_checked_without_torch(extras, name):
    code = (
        f"import sys\nsys.path.insert(0, {str(extras)!r})\nfrom tilewright.config import load_config\n"
        f"load_config(None, ('model.quantizer={name}',))\nsys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
