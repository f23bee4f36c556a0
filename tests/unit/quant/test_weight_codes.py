"""Weights to bytes in one pass, against `quantize`."""

import pytest
import torch

from tilewright.quant.learned_step import quantize
from tilewright.quant.weight_codes import quantize_weight


def weights(shape, dtype):
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(shape, generator=generator, dtype=dtype)
    return w.contiguous(memory_format=torch.channels_last).requires_grad_()


def both(w, *, step=0.23, top=7, dtype=torch.float32):
    """Codes, and the gradients to weights and step, each way."""
    generator = torch.Generator().manual_seed(1)
    upstream = torch.randn(w.shape, generator=generator, dtype=torch.float64).to(dtype)
    steps = [torch.full((1, 1, 1, 1), step, dtype=w.dtype, requires_grad=True) for _ in range(2)]
    found = quantize_weight(w, steps[0], top, dtype)
    expected = quantize(w, steps[1], -top, top)
    assert found.edge.dtype == dtype
    assert found.numbers.dtype == torch.int8
    gradients = torch.autograd.grad(found.edge, (w, steps[0]), upstream)
    wanted = torch.autograd.grad(expected, (w, steps[1]), upstream.to(w.dtype))
    return (found.numbers.to(w.dtype), *gradients), (expected, *wanted)


@pytest.mark.parametrize("shape", [(5, 3, 3, 3), (16, 8, 3, 3), (7, 130, 1, 1), (1, 1, 2, 5)])
@pytest.mark.parametrize("top", [1, 7, 127])
def test_codes_and_gradients_are_those_of_quantize_to_the_last_bit(shape, top):
    """The same divisions; only the sum for the step has another order: in float64, to 1e-12."""
    (codes, to_w, to_step), expected = both(
        weights(shape, torch.float64), top=top, step=1.6 / top, dtype=torch.float64
    )
    assert torch.equal(codes, expected[0])
    assert torch.equal(to_w, expected[1])
    torch.testing.assert_close(to_step, expected[2], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_float32_divides_as_torch_does(dtype):
    """The sum of 18,432 products of float32, about 1e-7 each, has an error of at most some 1e-5."""
    (codes, to_w, to_step), expected = both(weights((64, 32, 3, 3), torch.float32), dtype=dtype)
    assert torch.equal(codes, expected[0])
    assert torch.equal(to_w, expected[1])
    torch.testing.assert_close(to_step, expected[2], rtol=1e-5, atol=1e-4)


def test_halves_go_to_even():
    w = torch.tensor([-3.5, -2.5, -0.5, 0.5, 1.5, 2.5, 9.0]).reshape(1, 7, 1, 1)
    found = quantize_weight(w, torch.ones(1, 1, 1, 1), 7, torch.float32)
    assert found.numbers.flatten().tolist() == [-4, -2, 0, 0, 2, 2, 7]
