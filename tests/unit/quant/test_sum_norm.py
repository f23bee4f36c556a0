"""BatchNorm of psums with their scale in its epsilon, against BatchNorm of the product."""

import copy

import pytest
import torch
from torch import nn

from tilewright.quant.learned_step import rescale
from tilewright.quant.sum_norm import normalize_sums


def integers(shape, *, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-90, 300, shape, generator=generator).to(dtype)


def a_norm(channels, *, dtype=torch.float64, **options):
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(channels, dtype=dtype, **options)
    for parameter in norm.parameters():
        nn.init.normal_(parameter)
    return norm.train()


def hooked(norm):
    norm.register_forward_hook(lambda *_: None)
    return norm


def both(norm, psums, scale, batches=1):
    """Outputs, gradients and buffers: of `normalize_sums`, and of the product written out."""
    results = []
    for function in (normalize_sums, lambda norm, p, s: norm(rescale(p, s))):
        own, x, s = (
            copy.deepcopy(norm),
            psums.clone().requires_grad_(),
            scale.clone().requires_grad_(),
        )
        for _ in range(batches):
            values = function(own, x, s)
        values.mul(
            torch.linspace(-1, 1, values.numel(), dtype=x.dtype).view_as(values)
        ).sum().backward()
        gradients = {f"to {name}": p.grad for name, p in own.named_parameters()}
        results.append({"y": values, "x": x.grad, "s": s.grad, **gradients, **own.state_dict()})
    return results


@pytest.mark.parametrize("options", [{}, {"momentum": 0.3}, {"momentum": None}, {"eps": 0.1}])
@pytest.mark.parametrize("scale", [1e-4, 0.01, 3.0])
def test_outputs_gradients_and_statistics_are_those_of_the_product(options, scale):
    """In float64, where rounding is 1e-16: the functions are the same. Epsilon 0.1 outweighs variances."""
    psums = integers((4, 3, 5, 6))
    psums[:, 2] = psums[:, 2] // 300  # -1 or 0: a channel that hardly varies
    one, other = both(
        a_norm(3, **options), psums, torch.full((1, 1, 1, 1), scale).double(), batches=2
    )
    assert one.keys() == other.keys()
    assert len(one) == 10
    for name, value in one.items():
        # sums of 120 numbers that cancel: the gradient of the scale is what epsilon leaves
        torch.testing.assert_close(value, other[name], rtol=1e-7, atol=1e-8, msg=name)
    assert one["num_batches_tracked"] == 2


def test_the_gradient_of_the_scale_is_not_lost():
    """A large epsilon makes it large; a sign or a power that is wrong cannot hide."""
    one, other = both(a_norm(3, eps=5.0), integers((4, 3, 5, 6)), torch.tensor(0.01).double())
    assert other["s"].abs() > 1
    torch.testing.assert_close(one["s"], other["s"], rtol=1e-10, atol=0)


def test_a_channel_without_variance_keeps_a_variance_of_0():
    psums = integers((2, 3, 4, 4), dtype=torch.float32)
    psums[:, 1] = 7
    norm = a_norm(3, dtype=torch.float32, momentum=1.0)
    normalize_sums(norm, psums, torch.tensor(0.03))
    assert 0 <= norm.running_var[1] < 1e-10
    assert norm.running_mean[1] == pytest.approx(0.21)


def calls_of(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "tilewright.quant.sum_norm.rescale", lambda p, s: seen.append(1) or rescale(p, s)
    )
    return seen


@pytest.mark.parametrize(
    ("norm", "psums", "scale"),
    [
        (a_norm(3).eval(), integers((4, 3, 5, 6)), torch.tensor(0.1).double()),
        (a_norm(3), integers((4, 3, 5, 6)), torch.full((1, 3, 1, 1), 0.1).double()),
        (a_norm(3, dtype=torch.float32), integers((4, 3, 5, 6)), torch.tensor(0.1)),
        (a_norm(3, affine=False), integers((4, 3, 5, 6)), torch.tensor(0.1).double()),
        (a_norm(3, track_running_stats=False), integers((4, 3, 5, 6)), torch.tensor(0.1).double()),
        (hooked(a_norm(3)), integers((4, 3, 5, 6)), torch.tensor(0.1).double()),
        (nn.Identity(), integers((4, 3, 5, 6)), torch.tensor(0.1).double()),
    ],
)
def test_where_the_product_is_needed_it_is_taken(monkeypatch, norm, psums, scale):
    expected = copy.deepcopy(norm)(rescale(psums, scale))
    seen = calls_of(monkeypatch)
    assert torch.equal(normalize_sums(norm, psums, scale), expected)
    assert seen == [1]


def test_else_it_is_not(monkeypatch):
    seen = calls_of(monkeypatch)
    normalize_sums(a_norm(3), integers((4, 3, 5, 6)), torch.tensor(0.1).double())
    assert not seen


def test_one_value_a_channel_is_refused_as_ever():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        normalize_sums(a_norm(3), integers((1, 3, 1, 1)), torch.tensor(0.1).double())
