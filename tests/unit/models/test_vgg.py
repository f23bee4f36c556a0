import pytest
import torch
from torch import fx, nn

from tilewright.models import ModelSpec, build, build_model
from tilewright.models.vgg import QuantVGG
from tilewright.quant import PixelQuantizer, QuantConv2d, QuantLinear
from tilewright.quant.learned_step import rescale

W4A4 = {"weight_bits": 4, "act_bits": 4}


def convolutions(model):
    return {i: m for i, m in enumerate(model.features) if isinstance(m, QuantConv2d)}


def test_vgg16_has_the_indices_of_the_course():
    """Convolutions, pools and the chokepoint at 24 (256 -> 8), 27 (8 -> 8), 30 (8 -> 512)."""
    model = build_model("vgg16", **W4A4, choke_width=8)
    found = {i: (m.in_channels, m.out_channels) for i, m in convolutions(model).items()}
    assert list(found) == [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]
    assert (found[0], found[24], found[27], found[30]) == ((3, 64), (256, 8), (8, 8), (8, 512))
    pools = [i for i, m in enumerate(model.features) if isinstance(m, nn.MaxPool2d)]
    assert pools == [6, 13, 23, 33, 43]
    assert isinstance(model.features[28], nn.Identity)
    assert isinstance(model.features[25], nn.BatchNorm2d)
    assert (model.classifier.in_features, model.classifier.out_features) == (512, 10)


def test_a_chokepoint_may_keep_its_norm():
    model = build_model("vgg16", **W4A4, choke_width=16, has_choke_norm=True)
    assert isinstance(model.features[28], nn.BatchNorm2d)


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
@pytest.mark.parametrize("width", [1, 5, 24])
def test_a_chokepoint_of_any_width_fits_any_stage(stage, width):
    model = build_model("vgg_tiny", **W4A4, choke_width=width, choke_stage=stage)
    choked = model.get_submodule(model.spec.choke_layer)
    assert (choked.in_channels, choked.out_channels) == (width, width)
    maps = []
    choked.register_forward_hook(lambda _m, inputs, _y: maps.append(tuple(inputs[0].shape[2:])))
    assert model(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)).shape == (2, 10)
    assert maps == [(64 >> stage, 64 >> stage)]


def test_every_layer_is_an_integer_layer():
    """The first reads raw pixels; nothing but the documented modules stands between the others."""
    model = build_model("vgg_tiny", weight_bits=3, act_bits=2, choke_width=8)
    allowed = QuantConv2d | nn.BatchNorm2d | nn.ReLU | nn.Identity | nn.MaxPool2d | nn.Flatten
    assert all(isinstance(module, allowed) for module in model.features)
    assert isinstance(model.features[0].act_quantizer, PixelQuantizer)
    assert isinstance(model.classifier, QuantLinear)
    assert not any(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules())


def test_vgg_tiny_is_small_and_has_a_layer_wider_than_the_array():
    model = build_model("vgg_tiny", **W4A4, choke_width=8)
    macs = []
    for layer in convolutions(model).values():
        layer.register_forward_hook(
            lambda m, _x, y: macs.append(m.weight.numel() * y.shape[2] * y.shape[3])
        )
    model(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    assert sum(macs) == 2_294_784
    assert any(m.in_channels > 8 and m.out_channels > 8 for m in convolutions(model).values())


class _LeafTracer(fx.Tracer):
    def is_leaf_module(self, m, module_qualified_name):
        is_quantized = isinstance(m, QuantConv2d | QuantLinear)
        return is_quantized or super().is_leaf_module(m, module_qualified_name)


def test_torch_fx_sees_one_chain_of_modules():
    model = build_model("vgg_tiny", **W4A4, choke_width=8)
    nodes = _LeafTracer().trace(model).nodes
    assert {node.op for node in nodes} == {"placeholder", "call_module", "output"}
    assert len(nodes) == len(model.features) + 3


def test_per_channel_steps_leave_the_classifier_with_one():
    """With one scale, the largest integer psum is the prediction."""
    model = build_model("vgg_tiny", **W4A4, is_per_channel=True)
    assert model.features[0].weight_quantizer.step.shape == (16, 1, 1, 1)
    assert model.classifier.weight_quantizer.step.shape == (1, 1)


def test_training_without_relu_changes_no_bit(monkeypatch):
    """Step initialization, logits, every gradient and the running statistics."""

    def train_one_batch():
        torch.manual_seed(0)
        model = build(ModelSpec("vgg_tiny", 4, 2, choke_width=8)).train()
        images = torch.randint(0, 256, (16, 3, 32, 32), dtype=torch.uint8)
        logits = model(images)
        logits.square().sum().backward()
        gradients = {name: value.grad for name, value in model.named_parameters()}
        return {"logits": logits.detach(), **model.state_dict(), **gradients}

    # The scale of psums is multiplied out on both sides, and nothing is joined: that rounds otherwise.
    monkeypatch.setattr("tilewright.quant.chain.has_kernels", lambda: False)
    monkeypatch.setattr(
        "tilewright.quant.chain.normalize_sums",
        lambda norm, psums, scale: norm(rescale(psums, scale)),
    )
    without = train_one_batch()
    monkeypatch.setattr(QuantVGG, "_run_features", lambda self, x: self.features(x))
    with_relu = train_one_batch()
    assert without.keys() == with_relu.keys()
    differ = [name for name, value in without.items() if not torch.equal(value, with_relu[name])]
    assert not differ
    assert len(without) > 50


def test_modules_with_hooks_run_in_training_too():
    """Every module is seen once by its hook, and computes what it computes without."""
    images = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    model = build(ModelSpec("vgg_tiny", 4, 4, choke_width=8)).train()
    model(images)  # steps are fitted
    without = model(images)
    seen = []
    for module in model.features:
        module.register_forward_hook(lambda module, *_: seen.append(module))
    torch.testing.assert_close(model(images), without, rtol=1e-3, atol=1e-3)  # scales round
    assert seen == list(model.features)


@pytest.mark.parametrize("values", [{"quantizer": "pact"}, {"weight_bits": 32, "act_bits": 32}])
def test_relu_stays_where_nothing_behind_it_clips(values):
    spec = ModelSpec("vgg_tiny", **({"weight_bits": 4, "act_bits": 4} | values))
    model = build(spec).train()
    seen = []
    for module in model.features:
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda *_: seen.append(1))
    model(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))
    assert len(seen) == sum(isinstance(module, nn.ReLU) for module in model.features)
