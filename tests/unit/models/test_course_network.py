"""The course's network: its checkpoints are loaded, and go on as the same function.

(Gradients are compared layer by layer in the tests of PACT: in a whole network, max-pools break the exact
ties of integer psums otherwise than they break those of rounded floats.)
"""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.unit.quant.course_layers import course_features
from tilewright.errors import ConfigError
from tilewright.models import ModelSpec, build
from tilewright.models.layers import MEAN, STD
from tilewright.quant import PactActQuantizer, QuantConv2d
from tilewright.recover import recover
from tilewright.verify import reference_psums

W4A4 = {"weight_bits": 4, "act_bits": 4}
SPEC = ModelSpec("vgg_tiny", **W4A4, choke_width=8, quantizer="pact", has_course_ends=True)


class CourseNet(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.features = course_features(spec.stages, choke_layer=spec.choke_layer, **W4A4)
        self.classifier = nn.Linear(spec.stages[-1][-1] * 4, 10)

    def forward(self, images):
        return self.classifier(self.features(images))


def pixels(n=8):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=generator)


def normalized(images):
    mean, std = (torch.tensor(numbers).reshape(3, 1, 1) for numbers in (MEAN, STD))
    return (images / 255 - mean) / std


def trained_course_net(steps=3):
    torch.manual_seed(0)
    net = CourseNet(SPEC)
    parameters = [p for name, p in net.named_parameters() if not name.endswith("weight_q")]
    optimizer = torch.optim.SGD(parameters, lr=0.05, momentum=0.9)
    labels = torch.arange(8) % 10
    for _ in range(steps):
        loss = nn.functional.cross_entropy(net(normalized(pixels())), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


@pytest.fixture(scope="module")
def nets():
    theirs = trained_course_net()
    ours = build(SPEC)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def test_a_checkpoint_of_the_course_is_the_same_function(nets):
    """Logits to float rounding; layer by layer, from the course's own inputs, every code is equal."""
    ours, theirs = (net.eval() for net in nets)
    with torch.no_grad():
        expected, actual = theirs(normalized(pixels())), ours(pixels())
    assert (actual - expected).abs().max() < 1e-3 * expected.abs().max()
    inputs = {}
    for name, part in theirs.named_modules():
        if hasattr(part, "weight_quant"):
            part.register_forward_pre_hook(lambda _m, x, name=name: inputs.update({name: x[0]}))
    with torch.no_grad():
        theirs(normalized(pixels()))
    for name, x in inputs.items():
        layer, other = ours.get_submodule(name), theirs.get_submodule(name)
        codes = ((x / other.act_alpha).clamp(max=1) * 15).round()
        assert torch.equal(layer.act_quantizer(x), codes), name
        weights = other.weight_q * 7 / other.weight_quant.wgt_alpha
        assert torch.equal(layer.weight_quantizer(layer.weight), weights.round()), name


def test_keys_are_those_of_the_course(nets):
    ours, theirs = nets
    missing = theirs.state_dict().keys() - ours.state_dict().keys()
    assert all(name.endswith(".weight_q") for name in missing)
    assert ours.state_dict().keys() <= theirs.state_dict().keys()
    assert copy.deepcopy(ours).state_dict().keys() == ours.state_dict().keys()


def test_the_first_layer_of_the_course_reads_signed_codes(nets):
    network, stimulus = recover(nets[0], pixels(), np.arange(8))
    first = network.layers[0]
    assert str(first.act_format) == "s8 (-128..127)"
    assert stimulus.codes[first.name].min() < 0
    assert (reference_psums(stimulus.codes[first.name], first) == stimulus.psums[first.name]).all()


def test_without_the_courses_ends_every_layer_is_an_integer_layer():
    model = build(ModelSpec("vgg_tiny", **W4A4, choke_width=8, quantizer="pact"))
    model(pixels())
    network, stimulus = recover(model, pixels(), np.arange(8))
    assert len(network.layers) == 7
    for layer in network.layers:
        psums = stimulus.psums[layer.name]
        assert (reference_psums(stimulus.codes[layer.name], layer) == psums).all()
    quantizers = [m.act_quantizer for m in model.modules() if isinstance(m, QuantConv2d)]
    assert all(isinstance(quantizer, PactActQuantizer) for quantizer in quantizers[1:])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"quantizer": "pact", "is_per_channel": True}, r"^quantizer pact has one bound"),
        ({"has_course_ends": True}, r"^has_course_ends needs a vgg with quantizer pact$"),
        (
            {"name": "resnet8", "quantizer": "pact", "has_course_ends": True},
            r"^has_course_ends needs a vgg with quantizer pact$",
        ),
        (
            {
                "quantizer": "pact",
                "has_course_ends": True,
                "layer_bits": (("classifier", 8, 8),),
            },
            r"^classifier is float with has_course_ends: it has no bits$",
        ),
    ],
)
def test_values_that_do_not_fit_together_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        ModelSpec(**({"name": "vgg_tiny"} | W4A4 | values))


def test_the_float_twin_has_the_same_ends_and_names(nets):
    """It reads normalized images, and its classifier has a bias."""
    twin = build(replace(SPEC, weight_bits=32, act_bits=32))
    shapes = {name: tensor.shape for name, tensor in twin.state_dict().items()}
    ours = {name: tensor.shape for name, tensor in nets[0].state_dict().items()}
    assert all("alpha" in name for name in ours.keys() - shapes.keys())
    assert shapes.items() <= ours.items()
    seen = []
    twin.features[0].register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0]))
    twin(pixels())
    assert torch.equal(seen[0], normalized(pixels()))
