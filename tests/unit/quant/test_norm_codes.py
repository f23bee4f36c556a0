"""BatchNorm, pool and quantizer in one function, against the same three one after the other."""

import numpy as np
import pytest
import torch
from torch import nn

from tilewright.quant import map_kernels, norm_codes
from tilewright.quant.carried import Carried, carry
from tilewright.quant.learned_step import quantize
from tilewright.quant.norm_codes import Reading, normalize_to_codes
from tilewright.quant.sum_norm import normalize_sums

SHAPES = [(4, 5, 6, 6), (3, 4, 7, 5), (20, 16, 2, 2), (5, 1, 3, 4), (2, 3, 4, 1)]
NAMES = ["codes", "psums", "scale", "step", "weight", "bias", "mean", "variance", "batches"]


def a_norm(channels, dtype):
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(channels, dtype=dtype)
    for parameter in norm.parameters():
        nn.init.normal_(
            parameter
        )  # of both signs: where a weight is negative, the smallest psum is pooled
    return norm.train()


def integers(shape, dtype, *, low=-90, high=300):
    generator = torch.Generator().manual_seed(0)
    psums = torch.randint(low, high, shape, generator=generator).to(dtype)
    return psums.contiguous(memory_format=torch.channels_last)


def together(norm, psums, scale, step, *, is_pooled):
    found = normalize_to_codes(norm, carry(psums), scale, step, Reading(is_pooled, 15, psums.dtype))
    return found.numbers, found.edge


def apart(norm, psums, scale, step, *, is_pooled):
    values = normalize_sums(norm, psums, scale)
    if is_pooled:
        values = nn.functional.max_pool2d(values, 2)
    codes = quantize(values, step, 0, 15)
    return codes.detach(), codes


def results(function, psums, *, is_pooled, gradient=None):
    """Codes, all gradients and the running statistics, by `NAMES`."""
    dtype = psums.dtype
    norm, x = a_norm(psums.shape[1], dtype), psums.clone().requires_grad_()
    scale = torch.full((1, 1, 1, 1), 0.01, dtype=dtype, requires_grad=True)
    step = torch.tensor(0.17, dtype=dtype, requires_grad=True)
    codes, edge = function(norm, x, scale, step, is_pooled=is_pooled)
    if gradient is None:
        generator = torch.Generator().manual_seed(3)
        gradient = torch.randn(edge.shape, generator=generator, dtype=torch.float64)
    edge.backward(gradient.to(dtype))
    gradients = [x.grad, scale.grad, step.grad, norm.weight.grad, norm.bias.grad]
    statistics = [norm.running_mean, norm.running_var, norm.num_batches_tracked]
    return dict(zip(NAMES, [codes.to(dtype), *gradients, *statistics], strict=True))


@pytest.mark.parametrize(
    ("shape", "is_pooled"),
    [*((shape, False) for shape in SHAPES), *((shape, True) for shape in SHAPES[:-1])],
)
def test_codes_gradients_and_statistics_are_those_of_the_parts(shape, is_pooled):
    """In float64, where a rounding is 1e-16, and sums of up to 1,300 terms cancel to some thousandth."""
    psums = integers(shape, torch.float64)
    found, expected = (results(f, psums, is_pooled=is_pooled) for f in (together, apart))
    assert torch.equal(found["codes"], expected["codes"])
    assert len(found["codes"].unique()) > 5
    for name in NAMES:
        assert found[name].shape == expected[name].shape, name
        torch.testing.assert_close(found[name], expected[name], rtol=1e-11, atol=1e-12, msg=name)


@pytest.mark.parametrize("is_pooled", [False, True])
def test_float32_is_as_near_to_float64_as_the_parts_are(is_pooled):
    """A gradient of psums has some five roundings of 6e-8, of terms as large as the largest; thrice that."""
    psums = integers((4, 8, 6, 6), torch.float32)
    exact = results(apart, psums.double(), is_pooled=is_pooled)
    found = results(together, psums, is_pooled=is_pooled)
    assert torch.equal(found["codes"].double(), exact["codes"])
    for name in NAMES[1:]:
        # the gradient of the scale is what epsilon leaves of numbers 1e5 times as large
        tolerance = 1e-3 if name == "scale" else 2e-6
        error = (found[name].double() - exact[name]).abs().max() / exact[name].abs().max()
        assert error < tolerance, name


def test_of_equal_psums_the_first_in_its_window_gets_the_gradient():
    """By hand, with BatchNorm's part taken away: what differs between the pixels of a window."""
    psums = torch.tensor([[[[1.0, 4, 4, 0], [4, 0, 4, 4]]]], dtype=torch.float64)
    gradient = torch.tensor([[[[1.0, 1.0]]]], dtype=torch.float64)
    expected = results(apart, psums, is_pooled=True, gradient=gradient)["psums"]
    found = results(together, psums, is_pooled=True, gradient=gradient)["psums"]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)
    common = found[0, 0, 1, 0]  # of a psum 4 that gets nothing of its own
    assert found[0, 0, 0, 1] - common == pytest.approx(float(found[0, 0, 0, 2] - common))
    assert abs(found[0, 0, 0, 1] - common) > 1e-6
    assert found[0, 0, 1, 2] == found[0, 0, 1, 3] == common


def test_a_wrong_gradient_would_be_seen(monkeypatch):
    """The comparison above fails where the second of equals gets the gradient."""
    psums = integers((4, 5, 6, 6), torch.float64, low=0, high=3)
    expected = results(apart, psums, is_pooled=True)["psums"]
    assert torch.allclose(results(together, psums, is_pooled=True)["psums"], expected)
    write = map_kernels.write_window_gradients

    def mirrored(rows, given, lines, top, like, found, *parts):
        flipped = np.empty_like(found)
        write(
            np.ascontiguousarray(rows[:, :, ::-1]),
            np.ascontiguousarray(given[:, :, ::-1]),
            lines, top, like, flipped, *parts,
        )  # fmt: skip
        found[:] = flipped[:, :, ::-1]

    monkeypatch.setattr(norm_codes, "share", lambda work, parts: [work(0, parts)])
    monkeypatch.setattr(map_kernels, "write_window_gradients", mirrored)
    assert not torch.allclose(results(together, psums, is_pooled=True)["psums"], expected)


@pytest.mark.parametrize("is_pooled", [False, True])
def test_gradients_in_bfloat16_are_the_same_rounded_once(is_pooled):
    """What comes in is bfloat16 on both sides; what goes out is its nearest."""
    psums = integers((4, 16, 6, 6), torch.float32)
    wide = results(together, psums, is_pooled=is_pooled)
    norm, step = a_norm(16, torch.float32), torch.tensor(0.17, requires_grad=True)
    edge = torch.zeros(psums.shape, dtype=torch.bfloat16, requires_grad=True)
    reading = Reading(is_pooled, 15, torch.bfloat16)
    codes = normalize_to_codes(norm, Carried(psums, edge), torch.tensor(0.01), step, reading)
    assert codes.edge.dtype == torch.bfloat16
    generator = torch.Generator().manual_seed(3)
    upstream = torch.randn(codes.edge.shape, generator=generator, dtype=torch.float64).bfloat16()
    codes.edge.backward(upstream)
    exact = results(together, psums, is_pooled=is_pooled, gradient=upstream)
    assert edge.grad.dtype == torch.bfloat16
    assert torch.equal(edge.grad, exact["psums"].bfloat16())
    assert torch.equal(norm.weight.grad, exact["weight"])
    assert not torch.equal(exact["weight"], wide["weight"])


@pytest.mark.parametrize("is_pooled", [False, True])
def test_no_bit_depends_on_the_number_of_threads(is_pooled):
    psums = integers((21, 8, 6, 6), torch.float32)
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        try:
            found.append(results(together, psums, is_pooled=is_pooled))
        finally:
            torch.set_num_threads(before)
    for name in NAMES:
        assert torch.equal(found[0][name], found[1][name]), name
        assert torch.equal(found[0][name], found[2][name]), name


def test_numbers_that_are_none_pass_on():
    """A weight that is not a number makes its gradients so, and no code but 0."""
    psums = integers((4, 3, 4, 4), torch.float32)
    norm = a_norm(3, torch.float32)
    with torch.no_grad():
        norm.weight[1] = torch.nan
    step = torch.tensor(0.17, requires_grad=True)
    edge = torch.zeros(psums.shape, dtype=torch.bfloat16, requires_grad=True)
    reading = Reading(False, 15, torch.bfloat16)
    codes = normalize_to_codes(norm, Carried(psums, edge), torch.tensor(0.01), step, reading)
    codes.edge.sum().backward()
    assert not codes.numbers[:, 1].any()
    assert edge.grad[:, 1].isnan().all()
    assert edge.grad[:, ::2].isfinite().all()
    assert step.grad.isnan()
