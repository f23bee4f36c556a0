import sys
from types import ModuleType

import pytest

from tilewright.train.tensorboard import find_writer, show_metrics

METRICS = {"epoch": 3, "seconds": 9.5, "loss": 0.25, "holdout_accuracy": 0.5}


class Writer:
    """Stands for TensorBoard's."""

    calls: list[tuple]

    def __init__(self, folder, purge_step):
        Writer.calls = [("open", folder, purge_step)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.calls.append(("close",))

    def add_scalar(self, *values):
        self.calls.append(values)


@pytest.fixture(autouse=True)
def look_anew():
    """What was found is kept for the whole process."""
    find_writer.cache_clear()
    yield
    find_writer.cache_clear()


@pytest.fixture
def board(monkeypatch):
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)


@pytest.mark.usefixtures("board")
def test_each_metric_is_a_curve_over_the_epochs(tmp_path):
    assert show_metrics(tmp_path, METRICS)
    assert Writer.calls == [
        ("open", str(tmp_path / "tensorboard"), 3),
        ("loss", 0.25, 3),
        ("holdout_accuracy", 0.5, 3),
        ("close",),
    ]


def test_without_tensorboard_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert not show_metrics(tmp_path, METRICS)
    assert not list(tmp_path.iterdir())
