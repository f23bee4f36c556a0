"""A user's float module becomes integer arithmetic, or the submodule and the reason are named."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tilewright.errors import ConfigError, QuantizationError, ShapeError, UnknownNameError
from tilewright.quant import (
    ChannelBias,
    PixelQuantizer,
    QuantAdd,
    QuantAvgPool2d,
    QuantConv2d,
    QuantLinear,
    UnlinkedWarning,
    quantize,
)
from tilewright.recover import recover
from tilewright.spec import ResidualAdd
from tilewright.verify import reference_psums, reference_sums

W8A8 = {"weight_bits": 8, "act_bits": 8}


class Block(nn.Module):
    """Depthwise and pointwise convolution with biases, one before a BatchNorm and one not."""

    def __init__(self, channels):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding="same", groups=channels)
        self.norm = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        y = functional.relu(self.norm(self.depthwise(x)))
        y = self.pointwise(y)
        y += x
        return y.relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 2), bias=False)
        self.pool = nn.MaxPool2d(2)
        self.blocks = nn.Sequential(Block(8), Block(8))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.pool(torch.relu(self.stem(x)))
        return self.fc(self.blocks(x).mean((2, 3)))


def net():
    torch.manual_seed(0)
    model = Net()
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean)
            nn.init.uniform_(part.running_var, 0.5, 2)
            nn.init.normal_(part.bias)
    return model.eval()


def images(n=6):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (n, 3, 16, 12), dtype=torch.uint8, generator=generator)


def set_fine_steps(module, batch):
    """Steps that cover the range of each tensor, so that 8 bits lose little."""

    def cover(part, inputs):
        shape, largest = part.step.shape, part.number_format.max_code
        axes = [axis for axis in range(inputs[0].ndim) if shape and shape[axis] == 1]
        with torch.no_grad():
            part.initialize(inputs[0])
            part.step.copy_(inputs[0].abs().amax(axes, keepdim=bool(shape)) / largest)

    quantizers = [part for part in module.modules() if hasattr(part, "step")]
    hooks = [part.register_forward_pre_hook(cover) for part in quantizers]
    module(batch)
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("is_per_channel", [False, True])
def test_with_fine_steps_the_integer_network_is_the_float_network(is_per_channel):
    """At 8 bits the logits move by a small part of their spread; names and weights are kept."""
    model = net()
    quantized = quantize(
        model,
        **W8A8,
        has_pixel_input=True,
        is_per_channel=is_per_channel,
        example=torch.zeros(1, 3, 16, 12),
    )
    set_fine_steps(quantized, images())
    with torch.no_grad():
        expected, actual = model(images() / 255), quantized(images())
    assert (actual - expected).abs().max() < 0.05 * expected.std()
    assert torch.equal(quantized.stem.weight, model.stem.weight)
    assert isinstance(quantized.stem.act_quantizer, PixelQuantizer)
    assert isinstance(quantized.get_submodule("blocks.0.add"), QuantAdd)
    assert isinstance(quantized.get_submodule("blocks.1.pointwise_bias"), ChannelBias)
    assert isinstance(quantized.get_submodule("pool_1"), QuantAvgPool2d)
    assert quantized.get_submodule("blocks.0.depthwise").groups == 8


def test_the_module_itself_is_left_as_it_was():
    model = net()
    before = copy.deepcopy(model.state_dict())
    quantize(model, **W8A8, example=torch.zeros(1, 3, 16, 12)).train()(images() / 255)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert type(model.stem) is nn.Conv2d
    assert not model.training


def test_every_layer_is_an_integer_layer_and_recover_states_it():
    """Every sum is an integer; the psums of plain convolutions equal the naive int64 reference."""
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 6 * 4, 5),
    )
    quantized = quantize(model, weight_bits=4, act_bits=3, has_pixel_input=True)
    quantized.train()(images())
    network, stimulus = recover(quantized, images(), np.arange(6))
    assert [layer.name for layer in network.layers] == ["0", "4", "7"]
    assert network.layer("4").unlinked == ""  # its bias moves thresholds
    for layer in network.layers:
        psums = stimulus.psums[layer.name]
        assert (reference_psums(stimulus.codes[layer.name], layer) == psums).all()
    assert not any(isinstance(part, nn.Conv2d | nn.Linear) for part in quantized.modules())


def test_a_bias_moves_into_the_mean_of_the_norm_that_follows():
    """conv + b - mean = conv - (mean - b), here 3 - 1.25."""
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.ReLU())
    with torch.no_grad():
        model[0].bias.fill_(1.25)
        model[1].running_mean.fill_(3.0)
    quantized = quantize(model, **W8A8)
    assert quantized.get_submodule("1").running_mean.item() == 1.75
    assert not any(isinstance(part, ChannelBias) for part in quantized.modules())


def test_a_norm_that_another_operation_reads_past_leaves_the_bias_where_it_is():
    class Forked(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)

        def forward(self, x):
            x = self.conv(x)
            return self.norm(x), x

    quantized = quantize(Forked(), **W8A8)
    assert isinstance(quantized.conv_bias, ChannelBias)
    assert not quantized.norm.running_mean.any()


def test_what_is_skipped_stays_as_it_is_and_is_not_looked_into():
    class Odd(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    model = nn.Sequential(
        nn.Conv2d(1, 2, 1),
        nn.Sequential(nn.ConvTranspose2d(2, 2, 1), Odd()),
        nn.ReLU(),
        nn.Conv2d(2, 3, 1),
    )
    quantized = quantize(model, **W8A8, skip=["1", "0"])
    assert type(quantized.get_submodule("0")) is nn.Conv2d
    assert isinstance(quantized.get_submodule("3"), QuantConv2d)
    assert quantized(torch.rand(2, 1, 3, 4)).shape == (2, 3, 3, 4)


def test_pools_as_modules_and_functions_become_integer_sums():
    class Pools(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = nn.AvgPool2d((2, 1), stride=1)
            self.head = nn.AdaptiveAvgPool2d((1, 2))

        def forward(self, x):
            x = functional.avg_pool2d(self.pool(x.relu()), 2, stride=(1, 2))
            return functional.adaptive_avg_pool2d(self.head(x), 1)

    x = torch.rand(2, 3, 8, 9)
    with pytest.warns(UnlinkedWarning, match="pool: no node reads the module's input as it is"):
        quantized = quantize(Pools(), **W8A8, example=x)
    pools = [part for part in quantized.modules() if isinstance(part, QuantAvgPool2d)]
    assert sorted((pool.kernel_size, pool.stride) for pool in pools) == [
        ((1, 2), (1, 2)),
        ((2, 1), (1, 1)),
        ((2, 2), (1, 2)),
        ((6, 2), (6, 2)),
    ]
    assert quantized(x).shape == (2, 3, 1, 1)


@pytest.mark.parametrize(
    "flatten",
    [
        lambda x: x.view(x.size(0), -1),
        lambda x: x.reshape(x.shape[0], -1),
        lambda x: x.view((x.size(0), -1)),
    ],
)
def test_codes_are_followed_through_functional_pools_and_reshapes(flatten):
    model = Calls(
        lambda m, x: m.b(flatten(functional.max_pool2d(m.a(x).relu(), 2, stride=(2, 1)))),
        a=nn.Conv2d(3, 4, 3, bias=False),
        b=nn.Linear(4 * 7 * 9, 2, bias=False),
    )
    quantized = quantize(model, weight_bits=4, act_bits=4, has_pixel_input=True)
    quantized(images())
    network, _ = recover(quantized, images(), np.arange(6))
    assert network.layer("a").unlinked == ""
    with torch.no_grad():
        shapes = [model(images() / 255).shape, quantized(images()).shape]
    assert shapes == [(6, 2), (6, 2)]


@pytest.mark.parametrize("activation", [nn.ReLU6(), nn.Hardtanh(0, 0.5)])
def test_codes_are_followed_through_bounded_activations(activation):
    """They never decrease, so thresholds state them."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), activation, nn.Conv2d(4, 2, 3))
    quantized = quantize(model, weight_bits=4, act_bits=4, has_pixel_input=True)
    quantized(images())
    network, _ = recover(quantized, images(), np.arange(6))
    assert network.layer("0").unlinked == ""


def test_other_reshapes_stay_as_they_are():
    model = Calls(lambda _m, x: x.relu().view(-1, 12).reshape(x.size(1), -1))
    x = torch.rand(2, 3, 4)
    assert torch.equal(quantize(model, **W8A8)(x), model(x))


def test_a_mean_that_keeps_its_axes_and_one_over_other_axes():
    class Means(nn.Module):
        def forward(self, x):
            x = x.mean(dim=(-1, -2), keepdim=True)
            return x.mean(1)

    quantized = quantize(Means(), **W8A8, example=torch.rand(2, 3, 4, 6))
    assert quantized.pool.kernel_size == (4, 6)
    assert quantized(torch.rand(2, 3, 4, 6)).shape == (2, 1, 1)


def test_a_linear_layer_may_read_pixels_and_parameters_may_be_added():
    class Perceptron(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.shift = nn.Linear(12, 4), nn.Parameter(torch.ones(4))

        def forward(self, x):
            return torch.relu(self.first(x.view(x.size(0), -1)) + self.shift) + 1

    quantized = quantize(Perceptron(), **W8A8, has_pixel_input=True)
    assert isinstance(quantized.first, QuantLinear)
    assert isinstance(quantized.first.act_quantizer, PixelQuantizer)
    assert quantized(images()[:, :, :2, :2]).shape == (6, 4)
    assert not any(isinstance(part, QuantAdd) for part in quantized.modules())


@pytest.mark.parametrize(
    "subtract",
    [
        lambda a, b: a - b,
        torch.sub,
        torch.subtract,
        lambda a, b: a.sub(b),
        lambda a, b: a.clone().sub_(b),
    ],
)
def test_a_difference_of_two_branches_is_one_of_codes(subtract):
    class Difference(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
            self.last = nn.Conv2d(4, 2, 1)

        def forward(self, x):
            return self.last(subtract(self.first(x).relu(), self.second(x).relu()))

    torch.manual_seed(0)
    model = Difference().eval()
    quantized = quantize(model, **W8A8, has_pixel_input=True, example=torch.zeros(1, 3, 16, 12))
    set_fine_steps(quantized, images())
    with torch.no_grad():
        expected, actual = model(images() / 255), quantized(images())
    assert (actual - expected).abs().max() < 0.05 * expected.std()
    network, stimulus = recover(quantized, images(), np.arange(6))
    (node,) = (node for node in network.nodes if isinstance(node, ResidualAdd))
    assert node.gains == (1, -1)
    codes = [stimulus.codes[f"{node.name}{end}"] for end in ("", ":1")]
    assert (stimulus.psums[node.name] == reference_sums(node, *codes)).all()
    assert (stimulus.psums[node.name] < 0).any()


class Calls(nn.Module):
    """A forward that is one function of the input."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        return self.function(self, x)


REFUSED = {
    "transposed": (
        nn.Sequential(nn.ConvTranspose2d(1, 2, 3, padding=3)),
        r"^submodule 0, ConvTranspose2d, cannot be quantized: its padding \(3, 3\) reaches beyond "
        r"the kernel \(3, 3\); change it, or name it in skip$",
    ),
    "three dimensions": (
        nn.Sequential(nn.Sequential(nn.Conv3d(1, 2, 3, dilation=2))),
        r"^submodule 0\.0, Conv3d, cannot be quantized: there is no integer layer of this kind",
    ),
    "padding mode": (
        nn.Sequential(nn.Conv2d(1, 2, 3, padding_mode="circular")),
        r"^submodule 0, .* its padding must be zeros, not circular",
    ),
    "one dimension, turned": (
        Calls(lambda m, x: m.a(x.transpose(1, 2)), a=nn.Conv1d(1, 2, 3)),
        r"^transpose: transpose of a sequence has no twin on planes: leave it out$",
    ),
    "one and two dimensions": (
        nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Conv2d(1, 2, 3)),
        r"^Conv1d and Conv2d in one module cannot be quantized together",
    ),
    "recurrent": (Calls(lambda m, x: m.rnn(x), rnn=nn.LSTM(3, 3)), r"^submodule rnn, LSTM, cannot"),
    "lazy subclass": (
        nn.Sequential(type("Standardized", (nn.Conv2d,), {})(1, 2, 3)),
        r"^submodule 0, Standardized, .* a subclass of Conv2d, whose forward may differ",
    ),
    "unknown map": (
        nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
        r"^average pool 1 .* depends on the size of the map: give quantize an example input",
    ),
    "padded pool": (
        nn.Sequential(nn.ReLU(), nn.AvgPool2d(3, padding=1, count_include_pad=False)),
        r"^average pool 1 .* padding, ceil_mode and divisor_override have no form",
    ),
    "control flow": (
        Calls(lambda m, x: m.a(x) if x.sum() > 0 else x, a=nn.Conv2d(1, 1, 1)),
        r"^torch\.fx cannot trace Calls: symbolically traced variables cannot be used as inputs to "
        r"control flow; name the submodule in skip",
    ),
    "control flow inside": (
        nn.Sequential(Calls(lambda _m, x: x if x.sum() > 0 else -x)),
        r"^torch\.fx cannot trace 0: symbolically traced",
    ),
    "product": (
        nn.Sequential(Calls(lambda _m, x: x @ x)),
        r"^the forward of 0 calls matmul, which is no layer: use nn\.Conv2d or nn\.Linear",
    ),
    "product method": (
        Calls(lambda _m, x: x.matmul(x)),
        r"^the forward of the module calls matmul",
    ),
    "functional layer": (
        Calls(lambda _m, x: functional.conv2d(x, torch.ones(1, 1, 1, 1))),
        r"^the forward of the module calls conv2d, which is no layer",
    ),
    "functional mode": (
        Calls(lambda m, x: functional.dropout(x, training=m.training)),
        r"calls functional\.dropout, whose mode tracing would fix: use the module of torch\.nn$",
    ),
    "twice": (
        Calls(lambda m, x: m.a(m.a(x).relu()), a=nn.Conv2d(1, 1, 1)),
        r"^submodule a runs more than once: give each use a layer of its own$",
    ),
    "weighted sum": (
        Calls(lambda _m, x: torch.add(x.relu(), x, alpha=2)),
        r"^the forward of the module adds with \{'alpha': 2\}: only plain sums",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_quantized_is_named_with_its_reason(case):
    module, message = REFUSED[case]
    with pytest.raises(QuantizationError, match=message) as caught:
        quantize(module, **W8A8)
    assert "\n" not in str(caught.value)


def test_a_map_without_equal_windows_is_refused():
    module = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d((2, 1)))
    with pytest.raises(
        QuantizationError, match=r"a map of \(5, 4\) has no equal windows for an output of \(2, 1\)"
    ):
        quantize(module, **W8A8, example=torch.rand(1, 1, 5, 4))


def test_arguments_are_checked():
    module = nn.Sequential(nn.Conv2d(1, 2, 3))
    with pytest.raises(ConfigError, match=r"^weight_bits must be 2\.\.8, not 1$"):
        quantize(module, weight_bits=1, act_bits=4)
    with pytest.raises(UnknownNameError, match=r"no submodule 'O': .*valid names are 0$"):
        quantize(module, **W8A8, skip=["O"])
    with pytest.raises(ConfigError, match=r"^has_pixel_input: .* but truediv does: leave it out"):
        quantize(Calls(lambda m, x: m.a(x / 255), a=module), **W8A8, has_pixel_input=True)


def test_a_bias_needs_the_channel_on_the_second_axis():
    with pytest.raises(ShapeError, match=r"^a bias is added to n c or n c h w, not to \(2, 3, 4\)"):
        ChannelBias(4)(torch.ones(2, 3, 4))
