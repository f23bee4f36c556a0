"""Weights of -1 and 1, and scales that are powers of two: exact codes, gradients, and their way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tilewright.corners import layer_sets
from tilewright.engine import Engine
from tilewright.errors import ConfigError, FormatError
from tilewright.quant import QuantConv2d, quantize
from tilewright.quant.learned_step import power_of_two, signs
from tilewright.recover import recover
from tilewright.sim import simulate
from tilewright.spec import BIPOLAR, ArrayShape, IntegerNetwork, PackedNetwork
from tilewright.spec.packed_network import DataClaim
from tilewright.tile import Execution, TilePlan, plan_words, untile_psums
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import check_node, reference_outputs, reference_psums, reference_trace

BINARY = {"weight_bits": 2, "act_bits": 4, "quantizer": "binary"}


def images(n=4):
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def small(norm=nn.BatchNorm2d):
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 3, bias=False), norm(6), nn.ReLU()),
        *(nn.Conv2d(6, 6, 3, groups=3, bias=False), norm(6), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(96, 3, bias=False)),
    )


def integers(net):
    net(images())
    network, stimulus = recover(net, images(), np.arange(4))
    network.require_whole()
    assert all(check_node(node, stimulus, psum_bits=24).passed for node in network.nodes)
    return network, stimulus


@pytest.fixture(scope="module")
def binary():
    return integers(quantize(small(), **BINARY))


def test_signs_and_their_gradients():
    x = torch.tensor([-3.0, -0.5, 0.0, 0.25, 2.0], requires_grad=True)
    step = torch.tensor(0.5, requires_grad=True)
    codes = signs(x, step)
    assert codes.tolist() == [-1, -1, 1, 1, 1]
    codes.backward(torch.tensor([1.0, 10.0, 100.0, 1000.0, 1e4]))
    clipped = torch.clip(x.detach() / 0.5, -1, 1)
    assert x.grad.tolist() == [0, 0, 200, 2000, 0]  # as clip(x / step, -1, 1): not at -1 and beyond
    assert step.grad.item() == -1000 * clipped[3].item() / 0.5


def test_first_steps_are_the_means_of_each_channel():
    layer = QuantConv2d(2, 3, 3, weight_bits=2, act_bits=4, is_per_channel=True, quantizer="binary")
    layer(torch.rand(1, 2, 4, 4))
    means = layer.weight.detach().abs().mean((1, 2, 3))
    assert torch.allclose(layer.weight_quantizer.scale.flatten(), means)
    layer.weight_quantizer.fit(2 * layer.weight.detach())
    assert torch.allclose(layer.weight_quantizer.scale.flatten(), 2 * means)


def test_a_binary_module_is_whole_on_integers(binary):
    network, stimulus = binary
    first, grouped, head = network.layers
    for layer in (first, grouped, head):
        assert layer.weight_format is BIPOLAR
        assert set(np.unique(layer.weight)) == {-1, 1}
    assert grouped.shape.groups == 3
    trace = reference_trace(network, stimulus.codes[network.inputs[0]])
    assert (trace.sums[head.name] == stimulus.psums[head.name]).all()
    assert (Engine(network).sums(stimulus.codes[network.inputs[0]]) == trace.sums[head.name]).all()


def test_the_array_takes_them_as_two_bits(binary, tmp_path):
    """And the corner cases of such a layer hold codes of its format alone."""
    network, stimulus = binary
    first = network.layers[0]
    codes = stimulus.codes[first.name][0]
    plan = TilePlan(first.shape, ArrayShape(2, 3, 16))
    psums = reference_psums(codes[None], first)[0]
    model = simulate(Execution(plan), *plan_words(plan, first.weight, codes))
    assert (untile_psums(model.psums, plan) == psums).all()
    layout = load_layout("ece284-ws")
    outputs = reference_outputs(psums, layout.output)
    bundle = write_bundle(
        tmp_path / "bundle",
        layer=first,
        plan=plan,
        layout=layout,
        codes=codes,
        psums=psums,
        outputs=outputs,
        sample=0,
    )
    words = (bundle.folder / "weight_itile0_otile0_kij0.txt").read_text().split("\n")
    assert set("".join(words)) >= {"0", "1"}
    sets, notes = layer_sets(bundle, tmp_path / "corners", seed=0)
    assert [one.name for one in sets][:4] == ["random", "max", "bound", "extreme"]
    assert notes == []


def test_they_are_packed_and_other_codes_refused(binary, tmp_path):
    network, _ = binary
    claim = DataClaim("mine", 2, "0" * 64)
    packed = PackedNetwork(network, ("a", "b", "c"), claim, np.array([0, 1]), {})
    packed.save(tmp_path / "net")
    again = PackedNetwork.load(tmp_path / "net").network
    assert again.fingerprint() == network.fingerprint()
    assert again.layers[0].weight_format is BIPOLAR
    weight = network.layers[0].weight.copy()
    weight[1, 0, 2, 1] = 0
    with pytest.raises(FormatError, match=r"must fit bipolar \(-1 or 1\), but is 0 at \(oc=1,"):
        IntegerNetwork((replace(network.layers[0], weight=weight),))


def test_binary_weights_take_two_bits():
    with pytest.raises(ConfigError, match=r"^binary weights, .* weight_bits must be 2, not 4$"):
        quantize(small(), **{**BINARY, "weight_bits": 4})


@pytest.mark.parametrize("options", [BINARY, {**BINARY, "quantizer": "power-of-two"}])
def test_training_learns(options):
    """Which half of the image is brighter, from 64 images."""
    torch.manual_seed(0)
    x = torch.rand(64, 1, 8, 8)
    labels = (x[:, :, :4].mean((1, 2, 3)) > x[:, :, 4:].mean((1, 2, 3))).long()
    net = quantize(small(), **options)
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    losses = []
    for _ in range(40):
        loss = nn.functional.cross_entropy(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < 0.5 * losses[0]
    assert ((net(x).argmax(1) == labels).float().mean()) > 0.9


def test_powers_of_two_are_exact_and_nearest():
    exponents = torch.arange(-20, 20)
    exact = torch.tensor([2.0 ** int(one) for one in exponents])
    for factor in (1.0, 0.71, 1.41):  # within half an octave
        assert torch.equal(power_of_two(exact * factor), exact)
    assert torch.equal(power_of_two(exact * 0.70), exact / 2)
    step = torch.tensor(0.3, requires_grad=True)
    power_of_two(step).backward(torch.tensor(5.0))
    assert step.grad == 5


def test_thresholds_between_scales_of_powers_of_two_are_those_of_a_shift():
    """Without a BatchNorm: code k from psum (k - 1/2) * 2^n on, ties to even codes."""
    plain = small(lambda _channels: nn.Identity())
    net = quantize(plain, weight_bits=4, act_bits=4, quantizer="power-of-two")
    network, _ = integers(net)
    for layer in network.layers:
        for scale in (layer.act_scale, *layer.weight_scale):
            assert np.frexp(scale)[0] == 0.5
    first, second, _ = network.layers
    shift = int(np.log2(second.act_scale / (first.act_scale * first.weight_scale[0])))
    assert shift >= 1
    (link,) = first.requantizations
    code = np.arange(1, 16)
    assert (link.direction == 1).all()
    assert (link.thresholds == (2 * code - 1) * 2 ** (shift - 1) + code % 2).all()
