"""What a module states of itself is checked: by `quantize` where it can be, else by the first batch."""

import copy
import io
import math
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.unit.quant.test_quantize_module import Calls
from tilewright.errors import ConfigError, DataError, QuantizationError
from tilewright.quant import (
    QuantAvgPool2d,
    SignedActQuantizer,
    UnlinkedWarning,
    link_report,
    quantize,
)
from tilewright.recover import recover
from tilewright.verify import check_node, reference_psums, reference_trace

W4A4 = {"weight_bits": 4, "act_bits": 4}


def small():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 3, bias=False)
    )


def two(between, *, channels=4, tail=None, **parts):
    """Two convolutions with something between them, and perhaps behind them."""
    first, second = nn.Conv2d(1, 4, 3, bias=False), nn.Conv2d(channels, 3, 3, bias=False)

    def forward(module, x):
        x = module.second(between(module, module.first(x)))
        return x if tail is None else tail(x)

    return Calls(forward, first=first, second=second, **parts)


def images(n=2, edge=10):
    return torch.rand(n, 1, edge, edge, generator=torch.Generator().manual_seed(0))


def integers(module, batch):
    """The network and stimulus of `module`, every node of which the naive reference confirms."""
    module(batch)
    network, stimulus = recover(module, batch, np.arange(len(batch)))
    assert all(check_node(node, stimulus, psum_bits=24).passed for node in network.nodes)
    return network, stimulus


def is_whole(module, batch):
    """Whether integers run through a quantized module, which the reference then does from end to end."""
    network, stimulus = integers(module, batch)
    gaps = list(network.gaps())
    if not gaps:
        name = network.inputs[0]
        sums = reference_trace(network, stimulus.codes[name]).sums[network.output.name]
        assert (sums == stimulus.psums[network.output.name]).all()
    assert link_report(module).is_whole == (not gaps)
    return not gaps


@pytest.mark.parametrize("kind", ["layer", "pool"])
def test_negative_inputs_of_unsigned_codes_are_refused_at_the_first_batch(kind):
    module = small() if kind == "layer" else nn.Sequential(nn.AvgPool2d(2), *small()[:1])
    net = quantize(module, **W4A4)
    batch = images(2, 8)
    batch[:, 0, 3, 3] = -3
    with pytest.raises(DataError, match=r"must not be negative.* 2 of the 128 .*-3: leave out the"):
        net(batch)
    net(images(2, 8))
    net(-images(2, 8))  # only the first batch is looked at


@pytest.mark.parametrize("options", [{}, {"has_signed_input": True}, {"quantizer": "pact"}])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_integers_where_floats_are_meant_are_refused_in_one_line(options, dtype):
    net = quantize(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)), **W4A4, **options)
    with pytest.raises(
        DataError, match=r"but the first batch is torch\..*int.*: quantize with has_pixel"
    ):
        net((images() * 255).to(dtype))


def test_the_way_out_of_negative_inputs():
    """The message says so: images in 0..1, or raw pixels and has_pixel_input."""
    assert is_whole(quantize(small(), **W4A4), images(2, 8))
    pixels = (images(2, 8) * 255).byte()
    assert is_whole(quantize(small(), **W4A4, has_pixel_input=True), pixels)


@pytest.mark.parametrize(
    "first",
    [nn.ReLU(), Calls(lambda _m, x: x.abs()), nn.Hardtanh(0, 1), Calls(lambda _m, x: x.square())],
)
def test_inputs_that_a_first_operation_makes_positive_may_be_negative(first):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnlinkedWarning)  # it is float
        net = quantize(nn.Sequential(first, *small()), **W4A4)
    net(images(2, 8) - 0.5)


def test_only_the_inputs_that_an_unsigned_quantizer_reads_are_checked():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)

        def forward(self, x, y):
            return self.a(x) + self.b(y.relu())

    example = (images(), images())
    with pytest.warns(UnlinkedWarning):
        net = quantize(Two(), **W4A4, example=example)
    net(images(), -images())
    with pytest.raises(DataError, match=r"must not be negative"):
        copy.deepcopy(net)(-images(), images())


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (images(), r"not all of them whole: these look like images in 0\.\.1: give the 8-bit"),
        (images() * 256, r"integers 0\.\.255, but .*not all of them whole: give"),
        ((images() * 255).round() - 128, r"but the first batch holds -1\d\d\.\.1\d\d: give"),
        (torch.full((1, 1, 8, 8), 256), r"holds 256\.\.256: give"),
        (torch.full((1, 1, 8, 8), torch.nan), r"holds nan\.\.nan"),
    ],
    ids=["scaled", "whole", "signed", "large", "nan"],
)
def test_what_are_no_pixels_is_refused_at_the_first_batch(pixels, message):
    net = quantize(nn.Sequential(nn.Conv2d(1, 2, 3)), **W4A4, has_pixel_input=True)
    with pytest.raises(DataError, match=message):
        net(pixels)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.int64, torch.bfloat16])
def test_pixels_of_any_type_pass(dtype):
    pixels = (images() * 255).byte()
    net = quantize(nn.Sequential(nn.Conv2d(1, 2, 3)), **W4A4, has_pixel_input=True)
    expected, found = net(pixels), net(pixels.to(dtype))
    assert torch.equal(expected, found) or dtype == torch.bfloat16  # which rounds no integer to 256


IN_FRONT = {
    "border": lambda m, x: m.first(functional.pad(x, (1, 0, 1, 0))),
    "border as a module": lambda m, x: m.first(m.pad(x)),
    "flattened border": lambda m, x: m.last(m.pad(x).flatten(1)),
    "cut": lambda m, x: m.first(x[:, :, 1:, 1:]),
    "transposed": lambda m, x: m.spread(x),
}


@pytest.mark.parametrize("has_example", [False, True])
@pytest.mark.parametrize("forward", IN_FRONT.values(), ids=IN_FRONT)
def test_pixels_are_pixels_behind_what_moves_them(forward, has_example):
    """An operation that moves the input reads it as it was said to be."""
    parts = {"pad": nn.ConstantPad2d(1, 0.0), "spread": nn.ConvTranspose2d(1, 2, 3, stride=2)}
    parts |= {"first": nn.Conv2d(1, 2, 3), "last": nn.Linear(100, 3)}
    pixels = (images(2, 8) * 255).byte()
    example = pixels if has_example else None
    net = quantize(Calls(forward, **parts), **W4A4, has_pixel_input=True, example=example)
    network, stimulus = integers(net, pixels)
    assert is_whole(net, pixels)
    (name,) = network.inputs
    assert (stimulus.codes[name] == pixels.numpy()).all()
    with pytest.raises(DataError, match=r"these look like images in 0\.\.1"):
        copy.deepcopy(net)(images(2, 8))


def test_a_given_scale_is_that_of_what_moves_the_input():
    net = quantize(nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 2, 3)), **W4A4, input_scale=1 / 64)
    network, _ = integers(net, images(2, 8) - 0.5)
    assert network.nodes[0].act_scale == 1 / 64


def test_zeros_and_ones_alone_are_doubtful():
    net = quantize(nn.Sequential(nn.Conv2d(1, 2, 3)), **W4A4, has_pixel_input=True)
    with pytest.warns(UserWarning, match=r"0 and 1 alone: .*must be multiplied by 255"):
        net(torch.ones(1, 1, 4, 4))
    net = quantize(nn.Sequential(nn.Conv2d(1, 2, 3)), **W4A4, has_pixel_input=True)
    net(torch.zeros(1, 1, 4, 4))


@pytest.mark.parametrize("way", ["save", "pickle", "deepcopy"])
@pytest.mark.parametrize("quantizer", ["lsq", "pact"])
def test_a_saved_module_is_the_same_and_checks_its_first_batch_anew(way, quantizer):
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3))
    net = quantize(module, **W4A4, quantizer=quantizer)
    net(images())
    if way == "save":
        file = io.BytesIO()
        torch.save(net, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
    else:
        loaded = pickle.loads(pickle.dumps(net)) if way == "pickle" else copy.deepcopy(net)
    with pytest.raises(DataError, match="must not be negative"):
        loaded(-images())
    assert torch.equal(loaded.eval()(images()), net.eval()(images()))
    assert is_whole(loaded, images())


@pytest.mark.parametrize(
    "flatten",
    [
        lambda x: x.view(-1, 144),
        lambda x: x.reshape(-1, 144),
        lambda x: torch.reshape(x, (-1, 144)),
        lambda x: x.view(x.size(0), 144),
        lambda x: x.contiguous().view(x.shape[0], -1),
    ],
)
@pytest.mark.parametrize("has_example", [False, True])
def test_a_view_of_planes_that_lie_channels_last(flatten, has_example):
    parts = {"first": nn.Conv2d(1, 4, 3), "last": nn.Linear(144, 3, bias=False)}
    module = Calls(lambda m, x: m.last(flatten(m.first(x).relu())), **parts)
    batch = images(3, 8)
    net = quantize(module, **W4A4, example=batch if has_example else None)
    net(batch).sum().backward()
    assert is_whole(net, batch)


def test_a_view_that_is_no_flatten_stays_one():
    module = Calls(lambda m, x: m.first(x).relu().view(-1, 32), first=nn.Conv2d(1, 2, 3))
    assert quantize(module, **W4A4, example=images())(images()).shape == (8, 32)


@pytest.mark.parametrize("has_branch", [False, True])
def test_a_forward_that_differs_in_training_is_refused(has_branch):
    def forward(module, x):
        y = module.last(module.first(x).relu())
        return (y, x) if has_branch and module.training else y

    module = Calls(forward, first=nn.Conv2d(1, 2, 3), last=nn.Conv2d(2, 2, 3))
    if has_branch:
        with pytest.raises(
            QuantizationError,
            match=r"^the forward of the module differs in training and in evaluation \(if self\.tr",
        ):
            quantize(module, **W4A4)
    else:
        assert is_whole(quantize(module, **W4A4), images())


def test_a_shared_pool_has_a_quantizer_for_each_use():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3)
            self.pool, self.last = nn.AvgPool2d(2), nn.Linear(16, 3, bias=False)

        def forward(self, x):
            x = self.pool(self.a(x).relu())
            return self.last(self.pool(self.b(x).relu()).flatten(1))

    net = quantize(Shared(), **W4A4)
    batch = images(2, 14)
    assert is_whole(net, batch)
    assert [name for name, part in net.named_modules() if isinstance(part, QuantAvgPool2d)] == [
        "pool",
        "pool_1",
    ]


@pytest.mark.parametrize("has_relu", [False, True])
@pytest.mark.parametrize("kind", ["mean", "module"])
def test_an_average_behind_the_last_convolution_needs_no_relu(kind, has_relu):
    """As All-CNN and NiN end; without a ReLU its codes are signed."""

    def tail(x):
        return x.relu() if has_relu else x

    last = nn.Sequential(nn.AvgPool2d(6), nn.Flatten()) if kind == "module" else nn.Identity()
    module = two(lambda _m, x: x.relu(), tail=tail)
    net = nn.Sequential(module, last)
    if kind == "mean":
        net = two(lambda _m, x: x.relu(), tail=lambda x: tail(x).mean((2, 3)))
    quantized = quantize(net, **W4A4, example=images())
    pool = next(part for part in quantized.modules() if isinstance(part, QuantAvgPool2d))
    assert isinstance(pool.act_quantizer, SignedActQuantizer) != has_relu
    assert is_whole(quantized, images(3))


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (torch.rand(1, 3, 8, 8), r"does not run on \[\(1, 3, 8, 8\)\]: .* but got 3 channels"),
        ((torch.rand(1, 1, 8, 8),) * 2, r"does not run on \[\(1, 1, 8, 8\), \(1, 1, 8, 8\)\]: "),
        ((3,), r"does not run on \[3\]: "),
    ],
)
def test_an_example_that_does_not_fit_is_refused_in_one_line(example, message):
    with pytest.raises(ConfigError, match=message) as caught:
        quantize(small(), **W4A4, example=example)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_module_of_another_type_is_refused_and_its_float_is_not(dtype):
    kind = str(dtype).removeprefix("torch.")
    with pytest.raises(
        QuantizationError, match=rf"^parameter 0\.weight is {kind}, .*module\.float"
    ):
        quantize(small().to(dtype), **W4A4)
    assert is_whole(quantize(small().to(dtype).float(), **W4A4), images(2, 8))


POSITIVE = {
    "clamp": (lambda _m, x: x.clamp(min=0), 4, True),
    "clamp both": (lambda _m, x: torch.clamp(x, 0, 6), 4, True),
    "clip": (lambda _m, x: torch.clip(x, min=0, max=1.5), 4, True),
    "clamp_min": (lambda _m, x: x.clamp_min(0), 4, True),
    "hardtanh": (lambda _m, x: functional.hardtanh(x, 0, 1), 4, True),
    "relu6": (lambda _m, x: functional.relu6(x), 4, True),
    "relu_": (lambda _m, x: torch.relu_(x), 4, True),
    "adaptive max": (lambda _m, x: functional.adaptive_max_pool2d(x.relu(), 4), 4, True),
    "amax": (lambda _m, x: x.relu().amax(1, keepdim=True), 1, False),
    "slice": (lambda _m, x: x.relu()[:, 1:3], 2, True),
    "chunk": (lambda _m, x: x.relu().chunk(2, 1)[1], 2, True),
    "split": (lambda _m, x: torch.split(x.relu(), 2, 1)[0], 2, True),
    "pad": (lambda _m, x: functional.pad(x.relu(), (1, 0, 0, 1)), 4, True),
    "shuffle": (lambda _m, x: functional.channel_shuffle(x.relu(), 2), 4, True),
    "half": (lambda _m, x: x.relu() / 2, 4, True),
    "resized": (lambda _m, x: functional.interpolate(x.relu(), scale_factor=2), 4, True),
}


@pytest.mark.parametrize("case", POSITIVE)
def test_what_is_not_negative_is_known(case):
    between, channels, links = POSITIVE[case]
    module = two(between, channels=channels)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        net = quantize(module, **W4A4, example=images())
    assert bool(seen) == (not links)
    assert is_whole(net, images()) == links


SIGNED = {
    "layer": (lambda _m, x: x, True),
    "sub": (lambda _m, x: x.relu() - 1, True),
    "pad with": (lambda _m, x: functional.pad(x.relu(), (1, 1), value=-1.0), False),
    "clamp": (lambda _m, x: x.clamp(min=-1), True),
    "hardtanh": (lambda _m, x: functional.hardtanh(x), True),
    "silu": (lambda _m, x: functional.silu(x)[:, :4], True),
    "leaky": (lambda m, x: m.leaky(x).contiguous(), True),
    "bicubic": (  # of peaks: what swings below 0 is then more than half a step
        lambda _m, x: functional.interpolate(x.relu() ** 3, scale_factor=2, mode="bicubic"),
        False,
    ),
}
"""What makes values of both signs, and whether thresholds follow it."""


@pytest.mark.parametrize("case", SIGNED)
def test_what_may_be_negative_becomes_signed_codes(case):
    between, links = SIGNED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnlinkedWarning)
        net = quantize(two(between, leaky=nn.LeakyReLU(0.5)), **W4A4)
    assert is_whole(net, images()) == links
    assert str(net.second.act_quantizer.number_format) == "s4 (-7..7)"
    network, stimulus = integers(net, images())
    assert stimulus.codes["second"].min() < 0
    second = network.layer("second")
    psums = reference_psums(stimulus.codes["second"], second)
    assert (psums == stimulus.psums["second"]).all()


@pytest.mark.parametrize("scale", [None, 0.03])
def test_normalized_images_are_signed_codes_of_a_learned_or_given_scale(scale):
    net = quantize(small(), **W4A4, has_signed_input=scale is None, input_scale=scale)
    batch = (images(2, 8) - 0.5) / 0.25
    batch[0, 0, 0, 0], batch[0, 0, 0, 1] = 30, 0.045  # beyond the range, and a tie
    assert is_whole(net, batch)
    network, stimulus = integers(net, batch)
    first = network.layers[0]
    assert str(first.act_format) == "s8 (-127..127)"
    if scale is not None:
        assert first.act_scale == np.float32(0.03)
        expected = np.rint(np.clip(batch.numpy() / np.float32(0.03), -127, 127))
        assert (stimulus.codes[first.name] == expected).all()
        net(batch).sum().backward()
        assert not any("first" in name for name, _ in net.named_parameters() if "act" in name)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ConfigError, match=r"^input_scale must be at least 2\^-20 and finite, not"):
        quantize(small(), **W4A4, input_scale=scale)


def test_pixels_have_no_sign():
    with pytest.raises(ConfigError, match=r"^has_pixel_input: raw pixels have no sign"):
        quantize(small(), **W4A4, has_pixel_input=True, input_scale=0.1)


def concatenated(module, x):
    return torch.cat([x.relu(), x.relu()], 1)


ADVISED = {
    "sum": (
        two(lambda _m, x: x.relu().sum(1, keepdim=True), channels=1),
        "sum_1 is not part of a threshold step; move it behind the last layer, or leave it out",
        two(lambda _m, x: x.relu()),
    ),
    "ceil": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(3, ceil_mode=True), nn.Conv2d(4, 2, 2)
        ),
        "ceil_mode or dilation .*; use ceil_mode=False and dilation=1",
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(3), nn.Conv2d(4, 2, 2)),
    ),
    "norm": (
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.BatchNorm2d(4), nn.ReLU()),
            nn.Conv2d(4, 2, 3),
        ),
        "2 after a pool is not .*; put it right behind its layer, before the pool or flatten",
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.ReLU()),
            nn.Conv2d(4, 2, 3),
        ),
    ),
    "adaptive": (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(4), nn.Conv2d(4, 2, 3)),
        "2 is not .*; give quantize an example input .*, or use a pool with a fixed kernel",
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 3)),
    ),
    "soft maximum": (
        two(lambda _m, x: x.relu().softmax(1)),
        "softmax is not .*; move it behind the last layer, or leave it out",
        two(lambda _m, x: x.relu(), tail=lambda x: x.softmax(1)),
    ),
    "float at the input": (
        Calls(lambda m, x: m.net(x * 2), net=small()),
        "net.0: no node reads the module's input as it is; let a quantized layer read",
        Calls(lambda m, x: m.net(x), net=small()),
    ),
}


@pytest.mark.parametrize("case", ADVISED)
def test_what_will_not_link_is_said_before_training_with_advice_that_helps(case):
    """The advice is tried: the module changed as advised is whole."""
    module, message, advised = ADVISED[case]
    with pytest.warns(UnlinkedWarning, match=message):
        net = quantize(module, **W4A4)
    report = link_report(net)
    assert not report.is_whole
    assert str(report.gaps[0]) in str(report)
    assert not is_whole(net, images(2, 8))
    whole = quantize(advised, **W4A4)
    assert is_whole(whole, images(2, 8))
    assert "all " in str(link_report(whole))


def test_a_whole_module_is_reported_whole_without_running():
    assert link_report(quantize(small(), **W4A4)).nodes == ("0", "2", "4")
