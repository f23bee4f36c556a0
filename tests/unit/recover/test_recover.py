"""From a torch module to integers: every layer by name, exact, or a reason why not."""

import numpy as np
import pytest
import torch
from torch import nn

from tilewright.errors import RecoveryError
from tilewright.models import build_model
from tilewright.quant import QuantAdd, QuantAvgPool2d, QuantConv2d, QuantLinear
from tilewright.recover import recover
from tilewright.spec import MaxPool, NumberFormat, ResidualAdd, SumPool
from tilewright.verify import check_node, reference_trace


def conv(ic, oc, kernel=3, **options):
    return QuantConv2d(ic, oc, kernel, weight_bits=4, act_bits=4, **options)


def settle(module, batch):
    """Random BatchNorms, of both signs, and steps from a first batch."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    module.train()(batch)
    return module


def pixels(n=4, edge=32):
    return torch.randint(
        0, 256, (n, 3, edge, edge), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )


def check_all(network, stimulus):
    return [check_node(node, stimulus, psum_bits=24) for node in network.nodes]


@pytest.mark.parametrize(("weight_bits", "act_bits"), [(4, 4), (4, 2), (8, 8), (2, 3)])
@pytest.mark.parametrize("has_choke_norm", [False, True])
def test_every_layer_of_a_vgg_is_exact(weight_bits, act_bits, has_choke_norm):
    model = build_model(
        "vgg_tiny",
        weight_bits=weight_bits,
        act_bits=act_bits,
        choke_width=8,
        has_choke_norm=has_choke_norm,
    )
    network, stimulus = recover(settle(model, pixels()), pixels(), np.arange(4))
    assert [layer.name for layer in network.layers] == [
        *(f"features.{n}" for n in (0, 4, 8, 12, 15, 18)),
        "classifier",
    ]
    verdicts = check_all(network, stimulus)
    assert all(verdict.passed for verdict in verdicts)
    assert sum(len(verdict.next_codes) for verdict in verdicts) == 6
    assert list(network.gaps()) == []
    assert sum(verdict.psums.compared for verdict in verdicts) > 100_000
    assert network.layers[0].act_format.bits == 8
    assert network.layer("classifier").unlinked == "it is the output of the network"


def test_the_integer_network_predicts_what_the_model_predicts():
    model = settle(build_model("vgg_tiny", weight_bits=4, act_bits=4, choke_width=8), pixels())
    network, _ = recover(model, pixels(), np.arange(4))
    psums = reference_trace(network, pixels().numpy()).sums["classifier"]
    with torch.no_grad():
        logits = model.eval()(pixels())
    assert network.classes(psums).tolist() == logits.argmax(dim=1).tolist()


def test_strides_kernels_and_functional_operations():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = conv(3, 5, 5, stride=2, padding=(2, 1), is_pixel_input=True)
            self.norm = nn.BatchNorm2d(5)
            self.second = conv(5, 4, (1, 3), is_per_channel=True)
            self.head = QuantLinear(4 * 4 * 1, 3, weight_bits=3, act_bits=2)
            self.last_norm = nn.BatchNorm1d(3)
            self.tail = QuantLinear(3, 2, weight_bits=3, act_bits=2)

        def forward(self, x):
            x = torch.relu(self.norm(self.first(x)))
            x = nn.functional.relu(self.second(x))
            x = torch.flatten(x, 1)
            return self.tail(self.last_norm(self.head(x)).relu())

    batch = pixels(edge=8)
    network, stimulus = recover(settle(Net(), batch), batch, np.arange(4))
    verdicts = check_all(network, stimulus)
    assert all(verdict.passed for verdict in verdicts)
    assert [len(verdict.next_codes) for verdict in verdicts] == [1, 1, 1, 0]
    assert network.layer("first").shape.stride == (2, 2)
    assert network.layer("second").weight_scale.shape == (4,)
    assert network.layer("second").requantizations[0].is_flattened


def test_psums_beyond_float32_are_exact():
    """8-bit operands over 4,608 products reach 149 million, more than float32 holds exactly."""
    wide = QuantConv2d(512, 3, 3, weight_bits=8, act_bits=8)
    net = nn.Sequential(
        conv(3, 512, padding=1, is_pixel_input=True),
        nn.ReLU(),
        wide,
        nn.BatchNorm2d(3),
        conv(3, 2, 1),
    )
    batch = pixels(edge=4)
    settle(net, batch)
    network, stimulus = recover(net, batch, np.arange(4))
    assert network.layer("2").psum_bound() > 2**24
    assert all(verdict.passed for verdict in check_all(network, stimulus))


def test_pools_are_recovered_with_their_geometry():
    net = nn.Sequential(
        conv(3, 4, is_pixel_input=True),
        nn.MaxPool2d(3, stride=1, padding=1),
        nn.ReLU(),
        conv(4, 2),
    )
    batch = pixels(edge=6)
    network, stimulus = recover(settle(net, batch), batch, np.arange(4))
    assert network.layers[0].requantizations[0].pools == (MaxPool((3, 3), (1, 1), (1, 1)),)
    assert all(verdict.passed for verdict in check_all(network, stimulus))


class FloatResidual(nn.Module):
    """Two layers read one output, and their sum is not one of codes."""

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 4, padding=1, is_pixel_input=True)
        self.left, self.right = conv(4, 4, padding=1), conv(4, 4, padding=1)
        self.tail = conv(4, 2)

    def forward(self, x):
        x = self.stem(x)
        return self.tail(torch.relu(self.left(x) + self.right(x)))


class Branching(nn.Module):
    """Control flow that depends on data cannot be traced."""

    def __init__(self):
        super().__init__()
        self.conv = conv(3, 4, is_pixel_input=True)

    def forward(self, x):
        return self.conv(x) if x.float().mean() > 0 else x


@pytest.mark.parametrize(
    ("net", "layer", "reason"),
    [
        (FloatResidual(), "left", "add is not part of a threshold step"),
        (
            nn.Sequential(
                conv(3, 4, is_pixel_input=True), nn.MaxPool2d(2), nn.BatchNorm2d(4), conv(4, 4)
            ),
            "0",
            "2 after a pool is not part of a threshold step",
        ),
        (
            nn.Sequential(
                conv(3, 4, is_pixel_input=True),
                nn.Flatten(),
                nn.BatchNorm1d(196),
                QuantLinear(196, 2, weight_bits=4, act_bits=4),
            ),
            "0",
            "2 after a flatten is not part of a threshold step",
        ),
        (
            nn.Sequential(
                conv(3, 4, is_pixel_input=True), nn.MaxPool2d(2, ceil_mode=True), conv(4, 4)
            ),
            "0",
            "max-pooling with ceil_mode or dilation is not part of a threshold step",
        ),
    ],
)
def test_what_cannot_be_linked_says_why_and_keeps_its_psums(net, layer, reason):
    batch = pixels(edge=9)
    network, stimulus = recover(settle(net, batch), batch, np.arange(4))
    assert network.layer(layer).unlinked.startswith(reason)
    verdicts = {verdict.layer: verdict for verdict in check_all(network, stimulus)}
    assert verdicts[layer].passed
    assert len(verdicts[layer].next_codes) == 0
    assert any(gap.startswith(f"{layer}: {reason}") for gap in network.gaps())


def test_a_module_that_cannot_be_traced_says_so():
    batch = pixels(edge=9)
    network, stimulus = recover(settle(Branching(), batch), batch, np.arange(4))
    assert network.layer("conv").unlinked.startswith("torch.fx cannot trace Branching")
    assert all(verdict.passed for verdict in check_all(network, stimulus))


class Scaled(nn.Module):
    """The first layer does not read the images but their halves, as whole numbers."""

    def __init__(self):
        super().__init__()
        self.conv = conv(3, 4, is_pixel_input=True)
        self.tail = conv(4, 2)

    def forward(self, x):
        return self.tail(torch.relu(self.conv(x // 2)))


def test_a_network_that_changes_its_input_first_does_not_run_on_it():
    batch = pixels(edge=9)
    network, stimulus = recover(settle(Scaled(), batch), batch, np.arange(4))
    assert list(network.gaps()) == ["conv: no node reads the module's input as it is"]
    assert all(verdict.passed for verdict in check_all(network, stimulus))


class Block(nn.Module):
    """Two branches, one with a norm and no convolution, a second addition of a tensor to itself,
    depthwise and average pool.
    """

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 6, padding=1, is_pixel_input=True)
        self.stem_norm = nn.BatchNorm2d(6)
        self.body = conv(6, 6, (3, 1), padding=(1, 0))
        self.body_norm = nn.BatchNorm2d(6)
        self.add = QuantAdd(bits=5)
        self.deep = conv(6, 12, padding=1, groups=3, stride=2)
        self.deep_norm = nn.BatchNorm2d(12)
        self.twice = QuantAdd(bits=8)
        self.pool = QuantAvgPool2d((2, 3), act_bits=8, stride=(2, 1))
        self.head = QuantLinear(24, 5, weight_bits=4, act_bits=6)

    def forward(self, x):
        x = torch.relu(self.stem_norm(self.stem(x)))
        x = torch.relu(self.add(x, self.body_norm(self.body(x))))
        x = self.deep_norm(self.deep(x))
        x = torch.relu(self.twice(x, x))
        return self.head(self.pool(x).flatten(1))


def test_additions_average_pools_and_groups_are_exact():
    batch = torch.randint(0, 256, (4, 3, 8, 6), dtype=torch.uint8)
    model = settle(Block(), batch)
    network, stimulus = recover(model, batch, np.arange(4))
    assert [node.name for node in network.nodes] == [
        *("stem", "body", "add", "deep", "twice", "pool", "head")
    ]
    verdicts = check_all(network, stimulus)
    assert [(str(v.psums), v.passed) for v in verdicts if not v.passed] == []
    assert [len(verdict.next_codes) for verdict in verdicts] == [2, 1, 1, 2, 1, 1, 0]
    assert [codes.compared for codes in verdicts[0].next_codes] == [4 * 6 * 8 * 6] * 2
    assert list(network.gaps()) == []
    add, pool = network.node("add"), network.node("pool")
    assert isinstance(add, ResidualAdd)
    assert isinstance(pool, SumPool)
    assert (add.sum_range(), pool.sum_range()) == ((-30, 30), (0, 6 * 255))
    assert add.act_format == NumberFormat(5, is_signed=True, is_narrow=True)
    assert {link.port for link in network.node("deep").requantizations} == {"twice", "twice:1"}
    assert pool.output_shape == (12, 2, 1)
    with torch.no_grad():
        logits = model.eval()(batch)
    sums = reference_trace(network, batch.numpy()).sums["head"]
    assert network.classes(sums).tolist() == logits.argmax(dim=1).tolist()


def test_groups_stay_groups_and_become_dense_with_zeros_between_them():
    layer = conv(4, 6, 1, groups=2, is_pixel_input=True)
    batch = torch.randint(0, 256, (2, 4, 2, 3), dtype=torch.uint8)
    network, _ = recover(settle(nn.Sequential(layer), batch), batch, np.arange(2))
    codes = layer.weight_quantizer(layer.weight).detach().numpy()[:, :, 0, 0]
    (found,) = network.layers
    assert found.shape.groups == 2
    assert found.weight[:, :, 0, 0].tolist() == codes.tolist()
    dense = found.as_dense().weight[:, :, 0, 0]
    assert dense[:3, :2].tolist() == codes[:3].tolist()
    assert dense[3:, 2:].tolist() == codes[3:].tolist()
    assert not dense[:3, 2:].any()
    assert not dense[3:, :2].any()


def test_a_module_without_quantized_layers_is_refused():
    with pytest.raises(RecoveryError, match=r"^Conv2d has no quantized layer"):
        recover(nn.Conv2d(3, 4, 3), pixels().float(), np.arange(4))


def test_a_layer_that_runs_twice_is_refused():
    layer = conv(3, 3, padding=1)
    batch = pixels(edge=4).float()
    with pytest.raises(RecoveryError, match=r"^layer 0 runs more than once"):
        recover(settle(nn.Sequential(layer, layer), batch), batch, np.arange(4))


def test_a_linear_layer_over_more_than_one_axis_is_refused():
    head = QuantLinear(49, 2, weight_bits=4, act_bits=4)
    net = nn.Sequential(conv(3, 4, is_pixel_input=True), nn.Flatten(2), head)
    batch = pixels(edge=9)
    with pytest.raises(
        RecoveryError, match=r"^layer 2: a linear layer must read .*flatten its input$"
    ):
        recover(settle(net, batch), batch, np.arange(4))


def test_a_layer_that_does_not_run_is_refused():
    class Idle(Branching):
        def __init__(self):
            super().__init__()
            self.unused = conv(4, 4)

    batch = pixels(edge=4)
    with pytest.raises(RecoveryError, match=r"^layer unused did not run in this forward"):
        recover(settle(Idle(), batch), batch, np.arange(4))


def test_a_psum_that_is_no_integer_is_named():
    net = settle(nn.Sequential(conv(3, 4, is_pixel_input=True)), pixels(edge=4))
    net[0].integer.register_forward_hook(lambda _module, _inputs, psums: psums + 0.25)
    with pytest.raises(
        RecoveryError, match=r"^layer 0: psum must be an integer in .* at \(0, 0, 0, 0\); 64 of 64"
    ):
        recover(net, pixels(edge=4), np.arange(4))


def test_recover_leaves_the_module_as_it_was():
    net = settle(build_model("vgg_tiny", weight_bits=4, act_bits=4), pixels())
    net.features[1].eval()
    before = {name: part.training for name, part in net.named_modules()}
    recover(net, pixels(), np.arange(4))
    assert {name: part.training for name, part in net.named_modules()} == before
    assert not any(part._forward_hooks for part in net.modules())
