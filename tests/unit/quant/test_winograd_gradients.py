"""The backward pass with fewer products, against that of a convolution in float64."""

import pytest
import torch

from tests.unit.quant.test_engines import case_of
from tilewright.quant import gradients, winograd_gradients
from tilewright.quant.compiled_loops import has_kernels
from tilewright.quant.gradients import code_gradients
from tilewright.quant.winograd_gradients import suits

BOTH = (True, True)


def suited(n=3, ic=64, oc=96, size=(6, 4), **changes):
    return case_of(x_shape=(n, ic, *size), w_shape=(oc, ic, 3, 3), **changes)


def operands(case):
    """Gradients of bfloat16, codes and weights."""
    generator = torch.Generator().manual_seed(0)
    (n, _, h, w), oc = case.x_shape, case.w_shape[0]
    gradient = torch.randn(n, oc, h, w, generator=generator)
    x = torch.randint(0, case.max_x + 1, case.x_shape, generator=generator, dtype=torch.uint8)
    low = -case.max_w
    weights = torch.randint(low, -low + 1, case.w_shape, generator=generator, dtype=torch.int8)
    last = torch.channels_last
    return gradient.bfloat16().contiguous(memory_format=last), *(
        t.contiguous(memory_format=last) for t in (x, weights)
    )


def in_float64(gradient, x, w):
    return of_torch(gradient.double(), x, w)


def of_torch(gradient, x, w):
    """Torch's own gradients of a convolution, computed in the dtype of `gradient`."""
    x, w = (t.to(gradient.dtype).requires_grad_() for t in (x, w))
    psums = torch.nn.functional.conv2d(x, w, None, 1, 1)
    return torch.autograd.grad(psums, (x, w), gradient)


def errors(found, expected):
    return [
        float((one.double() - other).norm() / other.norm())
        for one, other in zip(found, expected, strict=True)
    ]


@pytest.mark.parametrize("place", [(0, 0, 0), (1, 5, 3), (2, 2, 1), (2, 0, 2), (1, 3, 0)])
def test_one_gradient_gives_the_weights_and_the_codes_around_it(place):
    """One gradient 2: no sum is rounded, and each number of the result is one product."""
    case = suited(max_x=15, max_w=7)
    gradient, x, w = operands(case)
    sample, y, column = place
    gradient.zero_()[sample, 17, y, column] = 2
    found = winograd_gradients.winograd_gradients(gradient, x, w, case, BOTH)
    for one, other in zip(found, in_float64(gradient, x, w), strict=True):
        assert one.shape == other.shape
        assert torch.equal(one.double(), other)


@pytest.mark.parametrize("values", [{}, {"size": (2, 8)}, {"n": 70, "ic": 80, "size": (8, 8)}])
def test_rounding_is_that_of_bfloat16_two_or_three_times(values):
    """Beside the result, transformed gradients and products are rounded, where terms up to 2.8 times as large
    in variance cancel (six times in all, for to_x): 0.0017 each, so 0.0044. A convolution alone has 0.0017.
    """
    case = suited(**values)
    gradient, x, w = operands(case)
    found = winograd_gradients.winograd_gradients(gradient, x, w, case, BOTH)
    assert [one.dtype for one in found] == [torch.bfloat16, torch.float32]
    to_x, to_w = errors(found, in_float64(gradient, x, w))
    assert to_x < 0.006
    assert to_w < 0.006


def test_rounding_has_no_bias():
    """Mean errors of samples and of output channels lie around 0; within one, a rounding errs many times."""
    case = suited(n=16, size=(8, 8))
    gradient, x, w = operands(case)
    found = winograd_gradients.winograd_gradients(gradient, x, w, case, BOTH)
    for one, other in zip(found, in_float64(gradient, x, w), strict=True):
        means = (one.double() - other).flatten(1).mean(1)
        assert means.mean().abs() < 5 * means.std() / len(means) ** 0.5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_wrong_sign_would_be_seen(monkeypatch, dtype):
    case = suited()
    gradient, x, w = operands(case)
    gradient = gradient.to(dtype)
    spread = winograd_gradients._spread_kernels(w)
    spread[5] *= -1  # of 16 positions
    monkeypatch.setattr(winograd_gradients, "_spread_kernels", lambda _w: spread)
    found = winograd_gradients.winograd_gradients(gradient, x, w, case, BOTH)
    to_x, to_w = errors(found, in_float64(gradient, x, w))
    assert to_x > 0.1
    assert to_w < 0.006


@pytest.mark.parametrize("needed", [(True, False), (False, True)])
def test_gradients_that_are_not_needed_are_not_computed(needed):
    case = suited()
    both = winograd_gradients.winograd_gradients(*operands(case), case, BOTH)
    found = winograd_gradients.winograd_gradients(*operands(case), case, needed)
    for one, other, is_needed in zip(found, both, needed, strict=True):
        assert torch.equal(one, other) if is_needed else one is None


def test_the_same_threads_give_the_same_bits():
    case = suited(n=9, size=(16, 16))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        one, other = (
            winograd_gradients.winograd_gradients(*operands(case), case, BOTH) for _ in range(2)
        )
    finally:
        torch.set_num_threads(before)
    alone = winograd_gradients.winograd_gradients(*operands(case), case, BOTH)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert torch.equal(one[0], alone[0])
    torch.testing.assert_close(one[1], alone[1], rtol=1e-3, atol=1e-2 * alone[1].abs().max())


@pytest.mark.parametrize(
    "case",
    [
        suited(ic=32),
        suited(oc=32),
        suited(ic=72),
        suited(size=(5, 4)),
        suited(size=(2, 2)),
        suited(max_x=255),
        suited(max_w=31),
        suited(min_x=-7),
        suited(stride=(2, 2)),
        suited(padding=(0, 0)),
        case_of(x_shape=(2, 64, 4, 4), w_shape=(64, 64, 1, 1), padding=(0, 0)),
        case_of(x_shape=(2, 128, 4, 4), w_shape=(128, 64, 3, 3), groups=2),
    ],
)
def test_other_layers_do_not_suit(case):
    """In bfloat16; float32 holds larger integers."""
    assert suits(suited(), torch.bfloat16)
    assert not suits(case, torch.bfloat16)


@pytest.mark.parametrize(
    ("case", "dtype", "does"),
    [
        (suited(max_x=255, max_w=127), torch.float32, True),
        (suited(max_x=255, max_w=127, size=(5, 4)), torch.float32, False),
        (suited(), torch.float64, False),
    ],
)
def test_the_dtype_must_hold_transformed_codes(case, dtype, does):
    assert suits(case, dtype) is does


def used(monkeypatch, name):
    seen = []
    function = getattr(gradients, name)
    monkeypatch.setattr(gradients, name, lambda *a: seen.append(1) or function(*a))
    return seen


@pytest.mark.parametrize(("dtype", "calls"), [(torch.float32, [1]), (torch.float64, [])])
@pytest.mark.parametrize("values", [{}, {"n": 40, "max_x": 255, "max_w": 127}])
def test_other_dtypes_are_those_of_a_convolution(monkeypatch, values, dtype, calls):
    """Some roundings of float32, of 6e-8 each, on the way."""
    seen = used(monkeypatch, "winograd_gradients")
    case = suited(**values)
    gradient, x, w = operands(case)
    found = code_gradients(gradient.to(dtype), x, w, case, BOTH)
    assert [one.dtype for one in found] == [dtype, torch.float32 if calls else dtype]
    assert max(errors(found, in_float64(gradient, x, w))) < 1e-6
    assert seen == calls


def test_without_compiled_loops_it_is_a_convolution(monkeypatch):
    """To the last bit: how often torch rounds to bfloat16 on the way depends on the processor."""
    assert has_kernels()
    seen = used(monkeypatch, "winograd_gradients")
    case = suited()
    gradient, x, w = operands(case)
    code_gradients(gradient, x, w, case, BOTH)
    assert seen == [1]
    monkeypatch.setattr(gradients, "has_kernels", lambda: False)
    found = code_gradients(gradient, x, w, case, BOTH)
    for one, other in zip(found, of_torch(gradient, x, w), strict=True):
        assert torch.equal(one, other)
    assert seen == [1]


@pytest.mark.parametrize("size", [(2, 2), (1, 1), (1, 4)])
def test_dense_gradients_of_bytes_are_those_of_floats(monkeypatch, size):
    """The same products and the same order of sums: to the last bit."""
    case = case_of(x_shape=(6, 24, *size), w_shape=(20, 24, 3, 3))
    found = code_gradients(*operands(case), case, BOTH)
    monkeypatch.setattr(gradients, "has_kernels", lambda: False)
    expected = code_gradients(*operands(case), case, BOTH)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)
