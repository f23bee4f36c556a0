import copy

import pytest
import torch
from torch import nn

from tilewright.train.averaging import average_into, with_fresh_norms


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3))


def test_the_average_moves_by_the_rest_of_the_decay():
    latest = model()
    average = copy.deepcopy(latest)
    with torch.no_grad():
        latest[0].weight += 1.0
        latest[1].running_mean += 5.0
    before = average[0].weight.clone()
    average_into(average, latest, decay=0.75)
    assert torch.allclose(average[0].weight, before + 0.25)
    assert torch.equal(average[1].running_mean, latest[1].running_mean)


def test_fresh_norms_hold_the_mean_over_the_batches():
    trained = model()
    trained[1].running_mean.fill_(100.0)
    batches = [torch.randn(8, 2, 4, 4) for _ in range(3)]
    fresh = with_fresh_norms(trained, iter(batches))
    outputs = [trained[0](batch).detach() for batch in batches]
    means = torch.stack([output.mean((0, 2, 3)) for output in outputs]).mean(0)
    spreads = torch.stack([output.var((0, 2, 3)) for output in outputs]).mean(0)
    assert torch.allclose(fresh[1].running_mean, means, atol=1e-6)
    assert torch.allclose(fresh[1].running_var, spreads, atol=1e-6)
    assert not fresh.training
    assert not fresh[1].training
    assert fresh[1].momentum == trained[1].momentum == pytest.approx(0.1)
    assert (trained[1].running_mean == 100).all()
    assert trained.training
