"""``benchmarks/train.py --processes`` counts a weight or psum that one process has otherwise."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tilewright.models import build_model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import train_processes

    yield train_processes
    sys.modules.pop("train_processes")


def test_what_differs_or_is_not_there_is_counted(module):
    expected = {"a": np.arange(6).reshape(2, 3), "b": np.arange(4)}
    wrong = np.array([[0, 1, 2], [3, 4, 9]])
    assert module.compare(expected, expected) == (10, 0)
    assert module.compare(expected | {"a": wrong}, expected) == (10, 1)
    assert module.compare({"a": expected["a"].reshape(3, 2)}, expected) == (10, 10)


@pytest.mark.parametrize("is_wrong", [False, True])
def test_a_process_that_drifted_is_counted(module, monkeypatch, tmp_path, is_wrong):
    """The processes are played: both leave the network's own numbers, the second with one psum more."""
    model = build_model("vgg_tiny", weight_bits=4, act_bits=4, choke_width=8)
    monkeypatch.setattr(module, "load_trained", lambda _: model)
    psums = module.psums_of(model)
    count = sum(array.size for array in psums.values())

    def play(words, **_):
        folder = Path(words[-5])
        for rank in range(int(words[words.index("--nproc-per-node") + 1])):
            first = next(iter(psums))
            changed = psums | {first: psums[first] + (is_wrong and rank == 1)}
            np.savez(folder / f"{rank}_weights.npz", **module.weights_of(model))
            np.savez(folder / f"{rank}_psums.npz", **changed)
            (folder / f"{rank}.json").write_text(json.dumps({"wall": 2.0, "processor": 1.5}))

    monkeypatch.setattr(module.subprocess, "run", play)
    found = module.compare_processes("vgg_tiny", batch=8, images=24, processes=2, rounds=1)
    assert found["psums_compared"] == 4 * count
    assert found["psums_differ"] == (psums[next(iter(psums))].size if is_wrong else 0)
    assert (found["weights_compared"] > 0, found["weights_differ"]) == (True, 0)
    assert found["images_per_second"] == {
        "1 process, 1 thread each": {"wall": 12.0, "processor": 16.0},
        "1 process, 2 threads each": {"wall": 12.0, "processor": 16.0},
        "2 processes, 1 thread each": {"wall": 12.0, "processor": 8.0},
    }
