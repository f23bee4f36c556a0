import pytest
import torch
from torch import fx, nn

from tilewright.errors import ConfigError
from tilewright.models import ModelSpec, QuantResNet, QuantVGG, build, build_model
from tilewright.quant import PixelQuantizer, QuantAdd, QuantAvgPool2d, QuantConv2d, QuantLinear

W4A4 = {"weight_bits": 4, "act_bits": 4}
FLOAT = {"weight_bits": 32, "act_bits": 32}


def pixels(n=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=generator)


def convolutions(model):
    return {n: m for n, m in model.named_modules() if isinstance(m, QuantConv2d)}


def test_resnet20_has_the_layers_of_the_paper():
    """19 convolutions of 3x3 and a classifier; two projections where the map is halved."""
    model = build_model("resnet20", **W4A4)
    layers = convolutions(model)
    kernels = [layer.kernel_size for layer in layers.values()]
    assert (kernels.count((3, 3)), kernels.count((1, 1))) == (19, 2)
    assert [n for n, m in layers.items() if m.stride == (2, 2)] == [
        "layer2.0.conv1",
        "layer2.0.shortcut.0",
        "layer3.0.conv1",
        "layer3.0.shortcut.0",
    ]
    stages = [6 * 9 * 16 * 16, 9 * 32 * (16 + 5 * 32), 9 * 64 * (32 + 5 * 64)]
    projections = 16 * 32 + 32 * 64
    weights = sum(m.weight.numel() for m in layers.values())
    assert weights == 9 * 3 * 16 + sum(stages) + projections == 270_256
    assert (model.classifier.in_features, model.classifier.out_features) == (64, 10)


def test_every_layer_is_an_integer_layer():
    """Pixels in; convolutions, additions, the average and the classifier on integers."""
    model = build_model("resnet8", weight_bits=3, act_bits=2)
    seen = {}
    for name, part in model.named_modules():
        if isinstance(part, QuantConv2d | QuantLinear | QuantAdd | QuantAvgPool2d):
            part.integer.register_forward_hook(
                lambda _m, inputs, sums, name=name: seen.update({name: (*inputs, sums)})
            )
    assert model(pixels()).shape == (2, 10)
    assert next(iter(seen)) == "conv1"
    assert list(seen)[-2:] == ["pool", "classifier"]
    assert len(seen) == 1 + 3 * 3 + 2 + 2  # first, 3 blocks, 2 projections, pool and classifier
    for name, tensors in seen.items():
        assert all(torch.equal(tensor, tensor.round()) for tensor in tensors), name
    assert isinstance(model.conv1.act_quantizer, PixelQuantizer)
    allowed = (
        QuantConv2d
        | QuantLinear
        | QuantAdd
        | QuantAvgPool2d
        | nn.BatchNorm2d
        | nn.ReLU
        | nn.Flatten
    )
    traced = _LeafTracer().trace(model)
    targets = [node.target for node in traced.nodes if node.op == "call_module"]
    assert all(isinstance(model.get_submodule(target), allowed) for target in targets)
    assert {node.op for node in traced.nodes} == {"placeholder", "call_module", "output"}


class _LeafTracer(fx.Tracer):
    def is_leaf_module(self, m, module_qualified_name):
        is_quantized = isinstance(m, QuantConv2d | QuantLinear | QuantAdd | QuantAvgPool2d)
        return is_quantized or super().is_leaf_module(m, module_qualified_name)


@pytest.mark.parametrize("name", ["resnet8", "resnet20"])
def test_a_block_keeps_or_halves_the_map(name):
    model = build_model(name, **W4A4)
    maps = []
    for layer in convolutions(model).values():
        layer.register_forward_hook(lambda _m, _x, y: maps.append(tuple(y.shape[1:])))
    model(pixels())
    assert set(maps) == {(16, 32, 32), (32, 16, 16), (64, 8, 8)}


def test_the_float_twin_has_the_same_names_and_shapes():
    quantized, plain = build_model("resnet20", **W4A4), build_model("resnet20", **FLOAT)
    shapes = {name: tensor.shape for name, tensor in plain.state_dict().items()}
    ours = {name: tensor.shape for name, tensor in quantized.state_dict().items()}
    assert shapes.items() <= ours.items()
    assert all("quantizer" in name for name in ours.keys() - shapes.keys())
    assert plain(pixels()).shape == (2, 10)
    assert not any(isinstance(m, QuantConv2d | QuantLinear) for m in plain.modules())


def test_the_gradient_reaches_every_parameter():
    model = build_model("resnet8", **W4A4)
    model(pixels(8)).square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_a_spec_builds_the_class_of_its_family():
    assert isinstance(build(ModelSpec("resnet8", **W4A4)), QuantResNet)
    assert isinstance(build(ModelSpec("vgg_tiny", **W4A4)), QuantVGG)
    with pytest.raises(ConfigError, match=r"^resnet8 is no vgg: build it with build\(spec\)$"):
        QuantVGG(ModelSpec("resnet8", **W4A4))
    with pytest.raises(ConfigError, match=r"^vgg_tiny is no resnet"):
        QuantResNet(ModelSpec("vgg_tiny", **W4A4))


@pytest.mark.parametrize("name", ["vgg_tiny", "vgg16", "resnet8", "resnet20"])
def test_the_names_of_the_layers_are_known_before_building(name):
    spec = ModelSpec(name, **W4A4)
    found = [
        name
        for name, part in build(spec).named_modules()
        if isinstance(part, QuantConv2d | QuantLinear)
    ]
    assert found == list(spec.layers)


def test_single_layers_may_have_widths_of_their_own():
    bits = (("layer1.0.conv2", 8, 3), ("classifier", 6, 5), ("conv1", 5, 8))
    model = build_model("resnet8", **W4A4, layer_bits=bits)
    formats = {
        name: (part.weight_quantizer.number_format.bits, part.act_quantizer.number_format.bits)
        for name, part in model.named_modules()
        if isinstance(part, QuantConv2d | QuantLinear)
    }
    for name, weight_bits, act_bits in bits:
        assert formats.pop(name) == (weight_bits, act_bits)
    assert set(formats.values()) == {(4, 4)}
