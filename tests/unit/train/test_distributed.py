import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.unit.train import training_process
from tilewright.errors import ConfigError, TrainingError
from tilewright.train import World, load_trained, read_metrics
from tilewright.train import distributed as module


def test_two_processes_end_with_the_same_weights_and_psums(tmp_path):
    script = Path(training_process.__file__)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(script.parents[3]), *sys.path]),
        "OMP_NUM_THREADS": "1",
    }
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ended = subprocess.run(
        [sys.executable, *launcher, str(script), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    lines = sorted(line for line in ended.stdout.splitlines() if line.startswith("rank"))
    assert [line[:7] for line in lines] == ["rank 0:", "rank 1:"]
    assert lines[0][7:] == lines[1][7:]
    assert [line["epoch"] for line in read_metrics(tmp_path)] == [1, 2, 3]
    model = load_trained(tmp_path)  # in this process, on its own: the same integers
    assert training_process.hashes(model) == lines[0][8:] == lines[1][8:]
    weight = next(one for one in model.parameters() if one.ndim == 4)
    with torch.no_grad():
        weight[0].neg_()  # sabotage: other weights have other hashes, of psums too
    assert not set(training_process.hashes(model).split()) & set(lines[0].split())


def test_alone_nothing_is_shared():
    loss, correct = torch.tensor(2.0), torch.tensor(3)
    assert World().share_step(nn.Linear(2, 2), loss, correct) == (loss, correct)
    World().check_agreement(nn.Linear(2, 2))
    World().wait()


def test_a_step_is_the_mean_over_the_processes(monkeypatch):
    """The other process has gradients and statistics of 3, a loss of 4, and recognized 5."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.BatchNorm1d(2))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)

    def add_the_others(flat):
        flat += torch.cat([torch.full((len(flat) - 2,), 3.0), torch.tensor([4.0, 5.0])])

    monkeypatch.setattr(module.distributed, "all_reduce", add_the_others)
    loss, correct = World(0, 2).share_step(model, torch.tensor(2.0), torch.tensor(1))
    assert (float(loss), float(correct)) == (3.0, 6.0)
    assert all((parameter.grad == 2).all() for parameter in model.parameters())
    assert (model[1].running_mean == 1.5).all()
    assert (model[1].running_var == 2).all()


def test_processes_that_drift_apart_are_stopped(monkeypatch):
    def others(hashes, own):
        hashes[:] = [own, "another"]

    monkeypatch.setattr(module.distributed, "all_gather_object", others)
    with pytest.raises(TrainingError, match=r"^all processes must hold the same weights, but"):
        World(0, 2).check_agreement(nn.Linear(2, 2))


@pytest.mark.parametrize("size", [15, 2])
def test_a_batch_must_divide_among_the_processes(size):
    with pytest.raises(ConfigError, match=rf"a multiple of the 2 processes, .*, not {size}$"):
        World(0, 2).check_batch(size)
    with pytest.raises(ConfigError, match=r"^a rank must be 0\.\.1, not 2$"):
        World(2, 2)
