"""The path around the chokepoint, in the three phases of its training."""

import numpy as np
import pytest
import torch
from torch import fx, nn

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.models import ModelSpec, build, build_model, name_frozen
from tilewright.quant import QuantAdd, QuantConv2d, QuantLinear
from tilewright.recover import recover

W4A4 = {"weight_bits": 4, "act_bits": 4}


def spec(**changes):
    return ModelSpec(
        **({"name": "vgg_tiny", **W4A4, "choke_width": 8, "skip": "trained"} | changes)
    )


def pixels(n=4):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=generator)


def test_the_path_of_vgg16_leads_from_256_to_512_around_24_to_32():
    model = build_model("vgg16", **W4A4, choke_width=8, skip="trained")
    assert model.spec.choke_layers == ("features.24", "features.27", "features.30")
    assert (model.skip.conv.in_channels, model.skip.conv.out_channels) == (256, 512)
    assert isinstance(model.skip.add, QuantAdd)
    shapes = {}
    for name in ("features.24", "skip", "features.33"):
        model.get_submodule(name).register_forward_hook(
            lambda _m, x, _y, name=name: shapes.update({name: [tuple(t.shape[1:]) for t in x]})
        )
    model(pixels(2))
    assert shapes["features.24"] == [(256, 4, 4)]
    assert shapes["skip"] == [(512, 4, 4), (256, 4, 4)]
    assert shapes["features.33"] == [(512, 4, 4)]


def test_the_path_is_added_to_what_comes_out_of_the_chokepoint():
    """As integers, and the next layer reads the sum."""
    model = build(spec())
    model(pixels())
    seen = {}
    add = model.skip.add
    add.register_forward_hook(lambda _m, x, y: seen.update(operands=x, joined=y))
    add.integer.register_forward_hook(lambda _m, x, y: seen.update(codes=(*x, y)))
    model.features[20].register_forward_hook(lambda _m, _x, y: seen.update(choke=y))
    model.features[21].register_forward_hook(lambda _m, x, _y: seen.update(pooled=x[0]))
    model.eval()(pixels())
    assert torch.equal(seen["operands"][0], seen["choke"])
    assert torch.equal(seen["pooled"], seen["joined"])
    assert all(torch.equal(codes, codes.round()) for codes in seen["codes"])
    assert torch.equal(seen["joined"], seen["codes"][2] * add.act_quantizer.scale)


def test_the_names_are_known_in_execution_order():
    model = build(spec())
    order = []
    for name, part in model.named_modules():
        if isinstance(part, QuantConv2d | QuantLinear):
            part.register_forward_hook(lambda _m, _x, _y, name=name: order.append(name))
    model(pixels())
    assert order == list(model.spec.layers)
    assert order.index("skip.conv") == order.index("features.18") + 1


def test_torch_fx_sees_modules_only():
    class Tracer(fx.Tracer):
        def is_leaf_module(self, m, module_qualified_name):
            is_quantized = isinstance(m, QuantConv2d | QuantLinear | QuantAdd)
            return is_quantized or super().is_leaf_module(m, module_qualified_name)

    nodes = Tracer().trace(build(spec())).nodes
    assert {node.op for node in nodes} == {"placeholder", "call_module", "output"}
    assert {"skip.conv", "skip.add"} <= {node.target for node in nodes}


@pytest.mark.parametrize("bits", [W4A4, {"weight_bits": 32, "act_bits": 32}])
def test_each_phase_starts_from_the_last_by_name(bits):
    """Phase 2 adds the chokepoint and the path to phase 1; phase 3 is phase 2 without the path."""
    first = build(spec(**bits, choke_width=None, skip="none")).state_dict()
    second = build(spec(**bits)).state_dict()
    third = build(spec(**bits, skip="none")).state_dict()
    assert {name for name in second if name not in third} == {
        name for name in second if name.startswith("skip.")
    }
    assert third.keys() <= second.keys()
    choked = tuple(f"features.{index}." for index in (12, 13, 15, 16, 18, 19))
    outside = [name for name in first if not name.startswith(choked)]
    assert all(second[name].shape == first[name].shape for name in outside)


def test_all_but_the_chokepoint_and_the_path_is_frozen():
    model = build(spec())
    frozen = set(name_frozen(model, model.spec))
    trained = {name for name, _ in model.named_parameters()} - frozen
    assert {name.split(".quantizer")[0].rsplit(".", 1)[0] for name in trained} == {
        *("features.12", "features.12.act_quantizer", "features.12.weight_quantizer"),
        *("features.15", "features.15.act_quantizer", "features.15.weight_quantizer"),
        *("features.18", "features.18.act_quantizer", "features.18.weight_quantizer"),
        *("features.13", "features.19"),
        *("skip.conv", "skip.conv.act_quantizer", "skip.conv.weight_quantizer"),
        *("skip.bn", "skip.add.act_quantizer"),
    }
    plain = build(spec(choke_width=None, skip="none"))
    assert name_frozen(plain, plain.spec) == ()


def test_frozen_parameters_stay_and_the_others_learn():
    model = build(spec())
    model(pixels())  # sets the steps
    frozen = name_frozen(model, model.spec)
    for name in frozen:
        model.get_parameter(name).requires_grad_(requires_grad=False)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=0.1, weight_decay=0.01)
    nn.functional.cross_entropy(model(pixels()), torch.arange(4)).backward()
    optimizer.step()
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == before.keys() - set(frozen)


def test_recover_states_the_network_with_the_path():
    model = build(spec())
    model(pixels())
    network, _ = recover(model, pixels(), np.arange(4))
    assert {layer.name for layer in network.layers} == set(model.spec.layers)


def test_a_path_without_a_chokepoint_and_other_names_are_refused():
    with pytest.raises(ConfigError, match=r"^skip leads around a chokepoint of stage 2 or later"):
        spec(choke_width=None)
    with pytest.raises(ConfigError, match=r"^skip leads around a chokepoint of stage 2 or later"):
        spec(choke_stage=1)
    with pytest.raises(UnknownNameError, match=r"no skip 'train': did you mean 'trained'\?"):
        spec(skip="train")
