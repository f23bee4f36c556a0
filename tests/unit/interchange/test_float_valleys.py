"""Means and additions of what falls and rises with sums and nobody has quantized, as HardSwish does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from tests.unit.interchange.test_functions_of_sums import (
    agree,
    gelu,
    hard_swish,
    layer,
    mirrored,
    of_ort,
    silu,
)
from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import float_layers, read_onnx
from tilewright.interchange.float_valleys import Ends, _refined, _turns, rising_part
from tilewright.interchange.values import Step, Value
from tilewright.spec import ConvShape, IntegerLayer, NumberFormat
from tilewright.studies.imports import compare_foreign, read_foreign

FUNCTIONS = {
    "silu": silu,
    "gelu": gelu,
    "hard swish": hard_swish,
    "mish": of_ort("Mish"),
    "of ONNX": of_ort("HardSwish"),
    "falling where sums rise": mirrored,
}


def meant(path, function, kind="GlobalAveragePool", **attributes):
    net = Qdq((3, 6, 5))
    x = function(net, layer(net, net.codes("x", 0.05, 3, S8)))
    x = net.node(kind, x, **attributes)
    return net.save(path, layer(net, net.codes(x, 0.0213, -60, S8), 2, 4, (1, 1)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_means_of_functions_with_a_valley(name, tmp_path):
    foreign = agree(meant(tmp_path / "net.onnx", FUNCTIONS[name]))
    assert any("the source adds floats" in one for one in foreign.notes)
    assert sum(int(mask.sum()) for mask in foreign.open_codes.values()) <= 2


def test_means_of_windows_of_them(tmp_path):
    window = {"kernel_shape": [2, 2], "strides": [2, 1]}
    agree(meant(tmp_path / "net.onnx", silu, "AveragePool", **window))


@pytest.mark.parametrize("kind", ["Add", "Sub"])
def test_additions_of_functions_with_a_valley(kind, tmp_path):
    net = Qdq((3, 6, 5))
    x = net.codes(net.node("Relu", layer(net, net.codes("x", 0.05, 3, S8))), 0.041, -128, S8)
    y = gelu(net, layer(net, x, 4, 4, (1, 1)))
    y = net.codes(net.node(kind, y, x), 0.0611, -20, S8)
    agree(net.save(tmp_path / "net.onnx", layer(net, y, 2, 4, (1, 1))))


def test_a_fall_that_is_not_counted_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: what is beside the ramp is left out."""
    beside = float_layers.beside_ramp
    monkeypatch.setattr(float_layers, "beside_ramp", lambda *read: replace(beside(*read), taps=()))
    foreign = read_foreign(meant(tmp_path / "net.onnx", hard_swish), 4)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_a_max_pool_between_is_refused(tmp_path):
    net = Qdq((3, 6, 5))
    x = net.node("MaxPool", layer(net, net.codes("x", 0.05, 3, S8)), kernel_shape=[2, 2])
    x = net.codes(net.node("GlobalAveragePool", silu(net, x)), 0.02, -60, S8)
    path = net.save(tmp_path / "net.onnx", layer(net, x, 2, 4, (1, 1)))
    with pytest.raises(FormatError, match=r"\(GlobalAveragePool\): it reads values that are not"):
        read_onnx(path)


def test_turns_are_found_where_they_are():
    sums = np.arange(-8, 9)[:, None].repeat(3, axis=1)
    values = np.stack([sums[:, 0] ** 2, -np.abs(sums[:, 1] - 3), sums[:, 2]], axis=1).astype(float)
    assert [one.tolist() for one in _turns(values, np.full(3, 0.5))] == [[8, 11, 16]]
    assert _turns(values[:, 2:], np.full(1, 0.5)) == []
    assert len(_turns(np.array([[0.0], [2], [1], [3], [0]]), np.array([1.5]))) == 1  # less is none
    wide = sums * 1000

    def hill(read):
        return -np.abs(read - np.array([1234, -777, 5]))

    assert _refined(wide, np.array([9, 7, 8]), hill).tolist() == [1234, -777, 5]


def test_the_ramp_is_the_line_at_the_end():
    """HardSwish of a hundredth of the sum: its line is the input itself, from 0 on."""
    weight = np.full((1, 1, 1, 1), 10, np.int8)
    codes = NumberFormat(8, is_signed=True)
    node = IntegerLayer("n", ConvShape(1, 1, 1, 1, 1, 1), weight, codes, codes, np.ones(1), 1.0)

    def function(sums):
        return sums / 100 * np.clip(sums / 600 + 0.5, 0, 1)

    value = Value("t", "n", (1, 1, 1), is_flat=False, steps=(Step(function, turns=True),))
    ends = Ends.of(value, node)
    assert (ends.low.item(), ends.high.item(), ends.direction.item()) == (-1280, 1270, 1)
    (ramp,) = rising_part(value, node).steps
    found = ramp.apply(np.array([[-1280.0], [-3], [0], [500], [1270]]))[:, 0]
    assert np.allclose(found, [0, 0, 0, 5, 12.7], atol=1e-9)
