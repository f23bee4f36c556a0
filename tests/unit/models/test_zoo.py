"""The networks of the zoo: their sizes, and that they are whole on integers."""

import warnings

import numpy as np
import pytest
import torch

from tilewright.engine import Engine
from tilewright.errors import UnknownNameError
from tilewright.models.zoo import build_zoo, zoo_shapes
from tilewright.models.zoo_names import ZOO
from tilewright.quant import link_report, quantize
from tilewright.recover import recover, trace_forward
from tilewright.verify import compare_traces

MACS = {
    "ic_resnet8": 12_500_000,
    "kws_ds_cnn": 2_650_000,
    "vww_mobilenet_v1": 7_500_000,
    "ad_autoencoder": 260_000,
}
"""Multiply-accumulates that the benchmark's papers give, about."""


@pytest.mark.parametrize("name", MACS)
def test_they_are_as_large_as_they_are_known_to_be(name):
    macs = sum(shape.macs for shape in zoo_shapes(name).values())
    assert macs == pytest.approx(MACS[name], rel=0.05)


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"vit_tiny"}))
def test_they_are_whole_and_exact(name):
    """The engine has every code and sum of the module's forward. Of ViT-Tiny, which takes a minute,
    `tests/unit/ops/test_attention.py` has a small one, and the benchmark the whole one.
    """
    torch.manual_seed(0)
    batch = torch.rand(2, *ZOO[name].sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = quantize(build_zoo(name), weight_bits=4, act_bits=4, example=batch)
    assert link_report(net).is_whole
    net(batch)
    network, stimulus = recover(net.eval(), batch, np.arange(2))
    found = Engine(network).trace(stimulus.codes[network.inputs[0]])
    compared = compare_traces(trace_forward(net, batch), found, what=name)
    assert [str(one) for one in compared if one.mismatches] == []


def test_another_name_is_refused():
    with pytest.raises(UnknownNameError, match="unet"):
        build_zoo("u_net")
