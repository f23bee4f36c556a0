import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.unit.quant.test_engines import case_of
from tilewright.errors import ConfigError
from tilewright.quant import QuantConv2d, QuantLinear, allow_int8
from tilewright.quant.integer_layers import _to_bytes


def images(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).relu()


def capture(layer, x):
    """Codes, weight codes, psums, as forward hooks see them, and the output."""
    seen = []
    handle = layer.integer.register_forward_hook(
        lambda _m, inputs, psums: seen.extend((*inputs, psums))
    )
    output = layer(x)
    handle.remove()
    return (*seen, output)


def conv(**changes):
    values = {"weight_bits": 4, "act_bits": 4, "stride": (2, 1), "padding": (1, 2)}
    torch.manual_seed(0)
    layer = QuantConv2d(16, 12, (3, 2), **(values | changes))
    layer.weight.data[:, 0] *= 5  # so that some weights are clipped
    return layer


@pytest.mark.parametrize("is_per_channel", [False, True])
@pytest.mark.parametrize("is_training", [False, True])
def test_a_convolution_is_integer_arithmetic_and_one_scale(is_per_channel, is_training):
    """Psums equal an int64 convolution; the output is psums * (act_scale * weight_scale)."""
    layer = conv(is_per_channel=is_per_channel).train(is_training)
    x_codes, w_codes, psums, output = capture(layer, images(3, 16, 7, 5))
    expected = functional.conv2d(x_codes.long(), w_codes.long(), None, (2, 1), (1, 2))
    assert torch.equal(psums.long(), expected)
    assert torch.equal(psums, psums.round())
    assert (x_codes.min(), x_codes.max()) == (0, 15)
    assert w_codes.abs().max() == 7
    weight_scale = layer.weight_quantizer.scale
    assert weight_scale.shape == ((12 if is_per_channel else 1), 1, 1, 1)
    scale = layer.act_quantizer.scale * weight_scale.reshape(1, -1, 1, 1)
    assert torch.equal(output, psums * scale)


@pytest.mark.parametrize(("oc", "groups"), [(12, 4), (16, 16), (32, 16)])
def test_a_grouped_convolution_is_integer_arithmetic_and_trains(oc, groups):
    layer = QuantConv2d(16, oc, (3, 2), groups=groups, padding=(1, 2), weight_bits=4, act_bits=4)
    x = images(3, 16, 7, 5).requires_grad_()
    x_codes, w_codes, psums, output = capture(layer, x)
    assert w_codes.shape == (oc, 16 // groups, 3, 2)
    expected = functional.conv2d(x_codes.long(), w_codes.long(), padding=(1, 2), groups=groups)
    assert torch.equal(psums.long(), expected)
    assert torch.equal(output, layer.dequantize(psums))
    upstream = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    wanted = (x, layer.weight)
    actual = torch.autograd.grad(output, wanted, upstream)
    plain = torch.autograd.grad(plain_conv(layer, x), wanted, upstream)
    for found, expected in zip(actual, plain, strict=True):
        assert (found - expected).abs().max().item() <= 2**-6 * expected.abs().max().item()


def test_zeros_below_and_right_alone_are_exact_and_pass_gradients():
    """As TensorFlow pads with stride 2: what `functional.pad` and a convolution without padding give."""
    torch.manual_seed(0)
    layer = QuantConv2d(
        3, 4, 3, stride=2, padding_after=(1, 2), weight_bits=4, act_bits=4, is_signed_input=True
    )
    x = torch.randn(2, 3, 6, 7)
    layer(x)
    x_codes = layer.act_quantizer(x).detach().requires_grad_()
    w_codes = layer.weight_quantizer(layer.weight).detach().requires_grad_()
    psums = layer.integer(x_codes, w_codes)
    edges = (0, 2, 0, 1)
    expected = functional.conv2d(functional.pad(x_codes.long(), edges), w_codes.long(), stride=2)
    assert torch.equal(psums.long(), expected)
    rest = torch.randn_like(psums)
    found = torch.autograd.grad(psums, (x_codes, w_codes), rest)
    plain = functional.conv2d(functional.pad(x_codes, edges), w_codes, stride=2)
    for one, other in zip(found, torch.autograd.grad(plain, (x_codes, w_codes), rest), strict=True):
        torch.testing.assert_close(one, other)


def test_groups_that_do_not_divide_the_channels_are_refused():
    for groups, oc in ((3, 12), (4, 10), (0, 12)):
        with pytest.raises(
            ConfigError,
            match=rf"^groups must divide 16 input and {oc} output channels, but is {groups}$",
        ):
            QuantConv2d(16, oc, 3, groups=groups, weight_bits=4, act_bits=4)


@pytest.mark.parametrize("is_per_channel", [False, True])
def test_a_linear_layer_is_integer_arithmetic_and_one_scale(is_per_channel):
    layer = QuantLinear(7, 5, weight_bits=3, act_bits=2, is_per_channel=is_per_channel)
    x_codes, w_codes, psums, output = capture(layer, images(4, 7))
    assert torch.equal(psums.long(), x_codes.long() @ w_codes.long().T)
    scale = layer.act_quantizer.scale * layer.weight_quantizer.scale.reshape(1, -1)
    assert torch.equal(output, psums * scale)


def test_autocast_does_not_touch_the_psums():
    """bfloat16 would hold integers up to 256 only."""
    layers = [conv(act_bits=8), QuantLinear(300, 5, weight_bits=8, act_bits=8)]
    for layer, x in zip(layers, (images(3, 16, 7, 5), images(4, 300)), strict=True):
        *_, plain, _ = capture(layer, x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            *_, cast, _ = capture(layer, x)
        assert cast.dtype == torch.float32
        assert torch.equal(plain, cast)
        assert plain.abs().max() > 256


def test_the_int8_engine_changes_no_psum():
    layer = conv()
    x = images(6, 16, 13, 8)
    *_, fast, _ = capture(layer, x)
    allow_int8(torch.nn.Sequential(layer), is_allowed=False)
    *_, slow, _ = capture(layer, x)
    assert torch.equal(fast, slow)


def gradients(layer, x, wanted):
    """Of our layer and of the plain operations, for the same upstream gradient."""
    output = layer(x)
    upstream = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    actual = torch.autograd.grad(output, wanted, upstream)
    return zip(actual, torch.autograd.grad(plain_conv(layer, x), wanted, upstream), strict=True)


def test_gradients_equal_those_of_the_plain_operations():
    """Only the order of summation differs: to 1e-5 of the largest, and to 1e-3 for a step.

    A step's gradient is the small difference of two sums over thousands of terms, each rounded to 6e-8.
    """
    layer = conv()
    allow_int8(layer, is_allowed=False)
    x = images(6, 16, 13, 8).requires_grad_()
    wanted = [x, layer.weight, layer.act_quantizer.step, layer.weight_quantizer.step]
    for found, expected in gradients(layer, x, wanted):
        tolerance = 1e-3 if expected.numel() == 1 else 1e-5
        assert (found - expected).abs().max().item() <= tolerance * expected.abs().max().item()


def test_gradients_of_the_int8_engine_are_as_good_as_bfloat16():
    """To 2 ** -6 of the largest. (A step's gradient is a sum over these, by the same code as above.)"""
    layer = conv()
    x = images(6, 16, 13, 8).requires_grad_()
    for found, expected in gradients(layer, x, [x, layer.weight]):
        assert (found - expected).abs().max().item() <= 2**-6 * expected.abs().max().item()


def plain_conv(layer, x):
    """The layer written with plain operations that autograd differentiates."""

    def codes(values, quantizer):
        step = quantizer.step * quantizer.gradient_scale
        step = step + (quantizer.step - step).detach()  # gradient scaled, value kept
        ratio = values / step
        low, high = quantizer.number_format.min_code, quantizer.number_format.max_code
        inside = (ratio > low) & (ratio < high)
        straight = ratio + (ratio.round() - ratio).detach()
        return torch.where(inside, straight, ratio.clamp(low, high).round().detach()), step

    x_codes, x_step = codes(x, layer.act_quantizer)
    w_codes, w_step = codes(layer.weight, layer.weight_quantizer)
    geometry = {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
    psums = functional.conv2d(x_codes, w_codes, **geometry)
    return psums * (x_step * w_step)


def test_the_backward_pass_keeps_bytes_not_floats():
    """The codes of a batch are kept as uint8 and int8."""
    layer = conv()
    layer(images(2, 16, 7, 5))
    kept = []
    codes = layer.act_quantizer(images(2, 16, 7, 5)), layer.weight_quantizer(layer.weight)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.dtype) or t, lambda t: t):
        layer.integer(*codes)
    assert kept == [torch.uint8, torch.int8]


@pytest.mark.parametrize("max_x", [3, 127, 128, 255])
def test_codes_become_bytes_without_a_change(max_x):
    case = case_of(max_x=max_x)
    codes = torch.arange(max_x + 1).float().reshape(1, -1, 1, 1)
    found = _to_bytes(codes, case)
    assert found.dtype == torch.uint8
    assert torch.equal(found.long(), codes.long())


def test_the_layout_of_weights_changes_no_code_and_no_psum():
    """Weights are kept channels last, as the engines read them."""
    layer, x = conv(), images(3, 16, 7, 5)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    before = capture(layer, x)
    layer.weight.data = layer.weight.data.contiguous()
    assert all(torch.equal(a, b) for a, b in zip(capture(layer, x), before, strict=True))


def test_the_first_layer_reads_raw_pixels():
    layer = QuantConv2d(3, 8, 3, weight_bits=4, act_bits=4, padding=1, is_pixel_input=True)
    pixels = torch.arange(3 * 5 * 4, dtype=torch.uint8).reshape(1, 3, 5, 4) * 4
    x_codes, w_codes, psums, _ = capture(layer, pixels)
    assert torch.equal(x_codes.to(torch.uint8), pixels)
    assert torch.equal(psums.long(), functional.conv2d(pixels.long(), w_codes.long(), padding=1))
    psums.sum().backward()
    assert layer.weight.grad is not None


def test_wide_psums_are_exact_beyond_float32():
    """All codes at their extremes: 9 * 64 * 255 * 127 = 18,653,760 in every psum."""
    layer = QuantConv2d(64, 3, 3, weight_bits=8, act_bits=8)
    torch.nn.init.ones_(layer.weight)
    x = torch.ones(1, 64, 3, 3)
    layer(x)
    with torch.no_grad():
        layer.act_quantizer.step.fill_(1 / 255)
        layer.weight_quantizer.step.fill_(1 / 127)
    *_, psums, output = capture(layer, x)
    assert psums.flatten().long().tolist() == [18_653_760] * 3
    assert output.dtype == torch.float32
    output.sum().backward()


def test_geometry_is_kept_as_pairs():
    layer = QuantConv2d(2, 3, 3, weight_bits=2, act_bits=2, stride=2, padding=1)
    assert (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (2, 2), (1, 1))
    assert "2, 3, kernel_size=(3, 3)" in repr(layer)
    assert "4, 5" in repr(QuantLinear(4, 5, weight_bits=2, act_bits=2))


def test_widths_are_checked():
    with pytest.raises(ConfigError, match=r"^weight_bits must be 2\.\.8, not 1$"):
        conv(weight_bits=1)
    with pytest.raises(ConfigError, match=r"^act_bits must be 2\.\.8, not 9$"):
        QuantLinear(3, 3, weight_bits=2, act_bits=9)


def test_numbers_do_not_depend_on_batch_or_layout():
    layer = conv().eval()
    x = images(5, 16, 7, 5)
    whole = layer(x)
    single = torch.cat([layer(sample[None]) for sample in x])
    last = layer(x.contiguous(memory_format=torch.channels_last))
    assert np.array_equal(whole.detach().numpy(), single.detach().numpy())
    assert np.array_equal(whole.detach().numpy(), last.detach().numpy())
