from dataclasses import replace

import pytest
import torch

from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.errors import ConfigError
from tilewright.models import build_model
from tilewright.train import Recipe, muon, read_metrics, train_network
from tilewright.train.muon import Muon, orthogonalize
from tilewright.train.recipe import build_optimizer, set_rates

MUON = replace(RECIPE, optimizer="muon", angle_lr=0.03)


@pytest.mark.parametrize("shape", [(16, 144), (64, 27), (40, 60)])
def test_singular_values_are_brought_near_1_and_vectors_stay(shape):
    """Against torch's decomposition; singular values of the polar factor are 1, here 0.6 to 1.3."""
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    found = left.T @ orthogonalize(matrix) @ right.T
    is_large = values > values.max() / 20
    assert is_large.sum() >= len(values) - 2
    diagonal = found.diagonal()[is_large]
    assert 0.6 < diagonal.min() <= diagonal.max() < 1.3
    rest = found - torch.diag(found.diagonal())
    assert rest.abs().max() < 0.05  # bfloat16 products


def rounds_in_float64(matrix):
    """The iteration as its source states it."""
    x, (a, b, c) = matrix.double() / matrix.double().norm(), muon.COEFFICIENTS
    for _ in range(muon.ROUNDS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@pytest.mark.parametrize("decades", [0, 1, 3])
@pytest.mark.parametrize("is_fast", [False, True])
@pytest.mark.parametrize("shape", [(24, 216), (64, 48), (20, 60)])
def test_the_rounds_are_the_same_on_the_square_product(monkeypatch, shape, is_fast, decades):
    """The first shape is wide, and computed in float32 always. bfloat16 keeps 8 bits: five rounds lose up to
    an eighth of the smallest of singular values that span three decades; float32 loses next to nothing.
    """
    monkeypatch.setattr(muon, "has_fast_bfloat16", lambda: is_fast)
    generator, rank = torch.Generator().manual_seed(3), min(shape)
    left, right = (
        torch.linalg.qr(torch.randn(size, rank, generator=generator))[0] for size in shape
    )
    matrix = left * 10 ** torch.linspace(0, -decades, rank) @ right.T
    expected = rounds_in_float64(matrix).float()
    error = (orthogonalize(matrix) - expected).norm() / expected.norm()
    is_rounded = is_fast and shape != (24, 216)
    assert error < (0.125 if is_rounded else 1e-3)


def test_a_matrix_of_one_direction_stays_one():
    """Its square product has no other eigenvalue, and rounding must not make it one."""
    rows = torch.linspace(-1, 1, 32)[:, None]
    found = orthogonalize(rows @ torch.linspace(1, 2, 300)[None])
    values = torch.linalg.svdvals(found)
    assert 0.6 < values[0] < 1.3
    assert values[1] < 0.1


def test_a_step_is_an_angle_and_keeps_the_length():
    """0.01 of the length, whatever the size of the gradient; two steps along one gradient turn twice."""
    weight = torch.nn.Parameter(torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(1)))
    before = weight.detach().clone()
    gradient = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(2))
    optimizer = Muon([{"params": [weight], "is_orthogonal": True}], lr=0.01, momentum=0.9)
    for size in (1e-3, 1e3):
        weight.grad = gradient * size
        optimizer.step()
    torch.testing.assert_close(weight.norm(), before.norm())
    moved = (weight - before).norm() / before.norm()
    assert 0.015 < moved < 0.0201
    assert weight.grad is None


def test_a_gradient_of_zeros_moves_nothing():
    weight = torch.nn.Parameter(torch.ones(2, 2, 3, 3))
    optimizer = Muon([{"params": [weight], "is_orthogonal": True}], lr=0.1, momentum=0.9)
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.ones(2, 2, 3, 3))


def test_all_but_kernels_are_left_to_sgd():
    """Of kernels, only the direction is another; the rest is SGD's bit by bit."""

    def one_step(optimizer_name):
        torch.manual_seed(0)
        model = build_model("vgg_tiny", weight_bits=4, act_bits=4, choke_width=8)
        optimizer = build_optimizer(model, Recipe(optimizer=optimizer_name, angle_lr=0.02))
        set_rates(optimizer, 1.0)
        before = {name: value.detach().clone() for name, value in model.named_parameters()}
        for value in model.parameters():
            value.grad = torch.randn_like(value)
        optimizer.step()
        return before, dict(model.named_parameters())

    before, turned = one_step("muon")
    _, sgd = one_step("sgd")
    assert turned.keys() == sgd.keys()
    kernels = {name for name, value in turned.items() if value.ndim == 4 and "step" not in name}
    assert len(kernels) == 6
    for name, value in turned.items():
        assert torch.equal(value, sgd[name]) == (name not in kernels), name
    for name in kernels:
        moved = (turned[name] - before[name]).norm() / before[name].norm()
        assert 0.01 < moved < 0.0201, name


def test_it_learns_and_goes_on_bit_by_bit(tmp_path):
    """One epoch and then the others, as all at once."""
    data, constant = few_digits(), replace(MUON, schedule="constant", warmup_epochs=0)
    train_network(SPEC, data, folder=tmp_path / "whole", recipe=constant)
    for epochs in (1, constant.epochs):
        train_network(
            SPEC, data, folder=tmp_path / "parts", recipe=replace(constant, epochs=epochs)
        )
    whole, parts = (
        [{**line, "seconds": 0, "images_per_second": 0} for line in read_metrics(tmp_path / name)]
        for name in ("whole", "parts")
    )
    assert whole == parts
    assert whole[-1]["loss"] < whole[0]["loss"]
    (one,), (other,) = (
        [path.name for path in (tmp_path / name).glob("state-*")] for name in ("whole", "parts")
    )
    assert one == other  # the name holds the hash of weights and momentum


def test_values_that_do_not_fit_together_are_refused():
    with pytest.raises(ConfigError, match=r"^angle_lr must be in 0\.\.1, ends excluded, not 1\.5$"):
        Recipe(optimizer="muon", angle_lr=1.5)
    with pytest.raises(ConfigError, match=r"^decay must be another one with muon .* not weights_"):
        Recipe(optimizer="muon", decay="weights_and_steps")
