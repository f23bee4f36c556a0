"""Networks of the zoo from a configuration: named as any model, trained and stated in integers."""

import numpy as np
import pytest
import torch

from tilewright.config import load_config
from tilewright.errors import ConfigError
from tilewright.models import ModelSpec, build, quantized_layers
from tilewright.models.zoo import zoo_shapes
from tilewright.pipeline.configured_model import model_spec
from tilewright.recover import recover, trace_forward
from tilewright.verify import compare_traces, reference_trace


def test_a_configuration_names_a_network_of_the_zoo():
    plain = ("model.name=ic_resnet8", "model.choke_width=0")
    spec = model_spec(load_config(None, plain).model, 10)
    assert spec.layers[:2] == ("0", "3.body.0")
    shapes = {layer.name: layer.shape for layer in quantized_layers(spec)}
    assert shapes == zoo_shapes("ic_resnet8")


def test_it_reads_pixels_and_is_exact():
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    model = build(ModelSpec("ic_resnet8", 4, 4))
    model.train()(pixels)
    network, stimulus = recover(model.eval(), pixels, np.arange(2))
    network.require_whole()
    assert tuple(layer.name for layer in network.layers) == model.spec.layers
    codes = stimulus.codes[network.inputs[0]]
    assert (codes == pixels.numpy()).all()
    compared = compare_traces(
        reference_trace(network, codes), trace_forward(model, pixels), what=""
    )
    assert [str(one) for one in compared if one.mismatches] == []


@pytest.mark.parametrize("network", ["ic_resnet8", "mobilenet_v2", "vit_tiny"])
def test_its_float_twin_has_the_same_names(network):
    names = [
        {name for name in build(ModelSpec(network, *bits)).state_dict() if "quantizer" not in name}
        for bits in ((4, 4), (32, 32))
    ]
    assert names[1] <= names[0]


@pytest.mark.parametrize(
    "values",
    [{"classes": 12}, {"layer_bits": (("0", 8, 8),)}, {"choke_width": 8}, {"skip": "trained"}],
)
def test_what_it_does_not_have_is_refused(values):
    with pytest.raises(ConfigError, match=r"ic_resnet8 has|skip leads around a chokepoint"):
        ModelSpec("ic_resnet8", 4, 4, **values)
