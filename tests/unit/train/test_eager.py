import subprocess
import sys

import pytest
import torch

from tilewright.train.eager import AdamW, Sgd

SGD_VALUES = {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}


@pytest.mark.parametrize(
    ("ours", "theirs", "values"),
    [(Sgd, torch.optim.SGD, SGD_VALUES), (AdamW, torch.optim.AdamW, {"lr": 0.01})],
)
def test_steps_and_states_are_those_of_torch(ours, theirs, values):
    """Bit by bit, also after a state was taken and given back."""
    found = []
    for kind in (ours, theirs):
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(4, 3))
        optimizer = kind([{"params": [weight], "peak_lr": 0.5}], **values)
        for _ in range(5):
            optimizer.zero_grad()
            assert weight.grad is None
            (weight.sin() * torch.randn(4, 3)).sum().backward()
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())
        found.append((weight.detach().clone(), optimizer.state_dict()["state"][0]))
    assert torch.equal(found[0][0], found[1][0])
    assert found[0][1].keys() == found[1][1].keys() != set()
    for name, value in found[0][1].items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(found[1][1][name])), name


PROGRAM = """
import sys, torch
from tilewright.train.eager import AdamW, Sgd
from tilewright.train.muon import Muon
for kind in (AdamW, Sgd, Muon, torch.optim.SGD):
    print("torch._dynamo" in sys.modules)
    weight = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = kind([weight], lr=0.1)
    optimizer.zero_grad()
    weight.sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules)
"""


def test_the_compiler_is_not_loaded():
    """Torch's own loads it: should a later one not do so, `eager` can go."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == [*["False"] * 4, "True"], done.stderr
