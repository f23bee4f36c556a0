"""The backward pass of a convolution of codes, on maps larger and smaller than the kernel."""

import pytest
import torch

from tests.unit.quant.test_engines import case_of
from tilewright.quant import gradients
from tilewright.quant.gradients import convolution_gradients, is_dense

SMALL_MAPS = [
    # map, kernel, stride, padding
    ((2, 2), (3, 3), (1, 1), (1, 1)),
    ((1, 1), (3, 3), (1, 1), (1, 1)),
    ((2, 3), (3, 3), (2, 1), (1, 2)),
    ((1, 4), (3, 2), (1, 2), (2, 0)),
    ((2, 2), (1, 5), (1, 1), (0, 2)),
]


def integers(*shape, seed):
    """Small integers: every sum below is exact, so that results are compared with ``==``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-7, 8, shape, generator=generator).float()


def operands(size, kernel, stride, padding):
    case = case_of(x_shape=(3, 6, *size), w_shape=(5, 6, *kernel), stride=stride, padding=padding)
    x = integers(*case.x_shape, seed=0).contiguous(memory_format=torch.channels_last)
    w = integers(*case.w_shape, seed=1).contiguous(memory_format=torch.channels_last)
    output = torch.nn.functional.conv2d(x, w, None, stride, padding)
    return case, integers(*output.shape, seed=2), x, w


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), SMALL_MAPS)
def test_the_matrix_between_pixels_has_the_gradients_of_the_convolution(
    size, kernel, stride, padding, memory_format
):
    case, gradient, x, w = operands(size, kernel, stride, padding)
    gradient = gradient.contiguous(memory_format=memory_format)
    x, w = x.requires_grad_(), w.requires_grad_()
    output = torch.nn.functional.conv2d(x, w, None, stride, padding)
    expected = torch.autograd.grad(output, (x, w), gradient)
    assert is_dense(case) == (size[0] * size[1] < kernel[0] * kernel[1])
    found = gradients._dense_gradients(gradient, x.detach(), w.detach(), case, (True, True))
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("size", [(2, 2), (5, 4)])
def test_gradients_that_are_not_needed_are_not_computed(size):
    case, gradient, x, w = operands(size, (3, 3), (1, 1), (1, 1))
    to_x, to_w = convolution_gradients(gradient, x, w, case, (False, True))
    assert to_x is None
    assert to_w.shape == w.shape
    to_x, to_w = convolution_gradients(gradient, x, w, case, (True, False))
    assert to_x.shape == x.shape
    assert to_w is None


def test_other_maps_groups_and_devices_go_to_torch():
    small = {"x_shape": (3, 6, 2, 2), "w_shape": (5, 6, 3, 3)}
    assert is_dense(case_of(**small))
    assert not is_dense(case_of(**small, device="cuda:0"))
    assert not is_dense(case_of(x_shape=(3, 6, 2, 2), w_shape=(6, 1, 3, 3), groups=6))
    assert not is_dense(case_of(x_shape=(3, 6, 3, 3), w_shape=(5, 6, 3, 3)))
