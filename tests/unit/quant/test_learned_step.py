import pytest
import torch

from tilewright.quant.learned_step import MIN_STEP, quantize, rescale, view_step


def plain_quantize(x, step, low, high):
    """The straight-through estimator written with plain operations; autograd differentiates it."""
    ratio = x / step
    inside = (ratio > low) & (ratio < high)
    straight = ratio + (ratio.round() - ratio).detach()
    return torch.where(inside, straight, ratio.clamp(low, high).round().detach())


def values(shape, *, seed=0, dtype=torch.float64):
    """Values around the range, with exact zeros as ReLU makes them."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator, dtype=dtype) * 3
    return torch.where(x.abs() < 0.3, torch.zeros_like(x), x)


def test_codes_by_hand():
    """Half to even, clipped to the range: x / step is -0.5, 0.5, 1.5, 2.5, 14.9, 15.2, 100."""
    x = torch.tensor([-0.25, 0.25, 0.75, 1.25, 7.45, 7.6, 50.0])
    assert quantize(x, torch.tensor(0.5), 0, 15).tolist() == [0, 0, 2, 2, 15, 15, 15]
    assert quantize(-x, torch.tensor(0.5), -7, 7).tolist() == [0, 0, -2, -2, -7, -7, -7]


def test_codes_divide_by_the_step_and_never_multiply_by_its_reciprocal():
    """One formula everywhere, to the last bit of its ties."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(100_000, generator=generator) * 2
    for step in (0.1, 0.07, 0.013):
        expected = (x / torch.tensor(step)).clamp(0, 15).round()
        assert torch.equal(quantize(x, torch.tensor(step), 0, 15), expected)


@pytest.mark.parametrize("step_shape", [(), (1, 1, 1, 1), (5, 1, 1, 1)])
@pytest.mark.parametrize(("low", "high"), [(0, 15), (-7, 7)])
def test_gradients_equal_those_of_the_plain_straight_through_estimator(step_shape, low, high):
    """In float64, to 1e-12: only the order of summation differs."""
    x = values((5, 3, 4, 2)).requires_grad_()
    step = torch.full(step_shape, 0.21, dtype=torch.float64, requires_grad=True)
    upstream = values((5, 3, 4, 2), seed=1)
    expected = torch.autograd.grad(plain_quantize(x, step, low, high), (x, step), upstream)
    actual = torch.autograd.grad(quantize(x, step, low, high), (x, step), upstream)
    assert actual[1].shape == step.shape
    for found, wanted in zip(actual, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_the_gradient_of_the_input_is_exact_in_float32():
    """One division for each value: equal to the last bit."""
    x = values((2, 3, 4, 5), dtype=torch.float32).requires_grad_()
    step, upstream = torch.tensor(0.3), values((2, 3, 4, 5), seed=1, dtype=torch.float32)
    (expected,) = torch.autograd.grad(plain_quantize(x, step, 0, 15), x, upstream)
    (actual,) = torch.autograd.grad(quantize(x, step.requires_grad_(), 0, 15), x, upstream)
    assert torch.equal(actual, expected)


@pytest.mark.parametrize("scale_shape", [(1, 1, 1, 1), (1, 3, 1, 1)])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_rescaling_has_the_gradients_of_a_product(scale_shape, memory_format):
    psums = values((2, 3, 4, 5)).round().contiguous(memory_format=memory_format).requires_grad_()
    scale = (0.1 + torch.arange(scale_shape[1], dtype=torch.float64)).reshape(scale_shape)
    scale.requires_grad_()
    upstream = values((2, 3, 4, 5), seed=1)
    expected = torch.autograd.grad(psums * scale, (psums, scale), upstream)
    actual = torch.autograd.grad(rescale(psums, scale), (psums, scale), upstream)
    for found, wanted in zip(actual, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_rescaling_wide_psums_gives_values_in_the_dtype_of_the_scale():
    psums = torch.tensor([[2.0**24 + 1]], dtype=torch.float64, requires_grad=True)
    result = rescale(psums, torch.ones(1, 1))
    result.backward()
    assert (result.dtype, psums.grad.dtype) == (torch.float32, torch.float64)


def test_a_step_is_used_positive_and_its_gradient_is_scaled_also_at_the_bound():
    for value in (0.5, 0.0, -3.0):
        step = torch.tensor(value, requires_grad=True)
        view = view_step(step, torch.tensor(0.25))
        view.backward()
        assert view.item() == max(value, MIN_STEP)
        assert step.grad.item() == 0.25


def test_both_uses_of_a_step_sum_to_the_gradient_of_the_paper():
    """Equation 3: dx_hat/ds is ``round(x/s) - x/s`` inside the range, the clipped code outside."""
    x = torch.tensor([0.6, 1.3, 9.0], dtype=torch.float64)
    step = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    for value, expected in zip(x, (1 - 1.2, 3 - 2.6, 15), strict=True):
        step.grad = None
        (quantize(value, step, 0, 15) * step).backward()
        assert step.grad.item() == pytest.approx(expected, abs=1e-12)
