"""``benchmarks/train.py --psums`` counts a wrong psum, in the layer where it is."""

import sys
from pathlib import Path

import pytest
import torch

from tilewright.models import build_model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def compare_psums(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from train_psums import compare_psums

    yield compare_psums
    sys.modules.pop("train_psums")


def pixels(n=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=generator)


def test_exact_psums_have_no_mismatch_in_any_kind_of_layer(compare_psums):
    model = build_model("resnet8", weight_bits=4, act_bits=4)
    counts = compare_psums(model, pixels())
    assert {"conv1", "layer2.0.shortcut.0", "layer2.0.add", "pool", "classifier"} <= counts.keys()
    assert len(counts) == 14
    assert all(count["mismatches"] == count["naive_mismatches"] == 0 for count in counts.values())
    assert counts["conv1"]["compared"] == 3 * 16 * 32 * 32
    assert counts["conv1"]["naive_compared"] == 16 * 32 * 32


@pytest.mark.parametrize("name", ["conv1", "layer3.0.conv2", "layer1.0.add", "pool", "classifier"])
def test_one_wrong_psum_is_counted_where_it_is(compare_psums, name):
    model = build_model("resnet8", weight_bits=4, act_bits=4)

    def off_by_one(_module, _inputs, sums):
        wrong = sums.clone()
        wrong[(0,) * wrong.ndim] += 1
        return wrong

    model.get_submodule(f"{name}.integer").register_forward_hook(off_by_one)
    counts = compare_psums(model, pixels())
    assert {layer for layer, count in counts.items() if count["mismatches"]} == {name}
    assert counts[name]["mismatches"] == 1
    if "conv" in name:
        assert counts[name]["naive_mismatches"] == 1
