"""Planes resized to pixels that lie anywhere between those there are: a weight for each neighbor of each."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx, uneven_blends
from tilewright.studies.imports import compare_foreign, read_foreign

RESIZES = {
    "corners aligned, as U-Nets have it": ((12, 9), (2, 2), "align_corners"),
    "smaller": ((20, 24), (0.45, 0.7), "pytorch_half_pixel"),
    "to other sizes": ((7, 10), (10 / 7, 1.7), "half_pixel"),
    "to other sizes, not of halves": ((7, 10), (10 / 7, 1.7), "asymmetric"),
    "many parts of one axis alone": ((19, 3), (2, 1), "align_corners"),
}


def resized(path, way, *, scale=0.031, ends=False):
    """A plane of three channels resized between its pixels, quantized, and read by a convolution."""
    size, scales, mode = RESIZES[way]
    net = Qdq((3, *size))
    x = net.codes("x", 0.05, 3, S8)
    stated = {"mode": "linear", "coordinate_transformation_mode": mode}
    x = net.node("Resize", x, "", net.constant([1, 1, *scales]), **stated)
    if ends:
        return net.save(path, x)
    x = net.codes(net.node("Relu", x), scale, -7, S8)
    return net.save(path, net.node("Conv", x, net.weight((5, 3, 2, 2), 0.01, 0, kind=S8)))


@pytest.mark.parametrize("way", RESIZES)
@pytest.mark.parametrize("scale", [0.031, 0.0011])
def test_every_code_that_is_not_open_is_that_of_the_file(way, scale, tmp_path):
    """Few are open, although the step of the sum is far smaller than that of a code."""
    foreign = read_foreign(resized(tmp_path / "net.onnx", way, scale=scale), 4)
    found = compare_foreign(foreign)
    assert [str(one) for one in found if not one.passed] == []
    assert sum(one.compared for one in found) > 5000
    assert sum(one.unresolved for one in found) < 0.002 * sum(one.compared for one in found)
    layer = foreign.network.layers[0]
    assert layer.shape.groups == layer.shape.oc
    assert layer.weight.min() == 0


@pytest.mark.parametrize("by", ["place", "weight"])
def test_another_neighbor_or_weight_would_be_seen(by, tmp_path, monkeypatch):
    """The sabotage: neighbors change places, or one part of 23 goes to the other one."""
    neighbors = uneven_blends._neighbors

    def other(op, line, size):
        places, counts, missed = neighbors(op, line, size)
        if by == "place":
            return places[:, ::-1], counts, missed
        step = (counts[:, :1] > 1) * np.array([[-1, 1]])
        return places, counts + step, missed

    monkeypatch.setattr(uneven_blends, "_neighbors", other)
    path = resized(tmp_path / "net.onnx", next(iter(RESIZES)), scale=0.0011)
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 4)))


def test_sums_at_the_end_are_not_compared_and_that_is_said(tmp_path):
    foreign = read_foreign(resized(tmp_path / "net.onnx", next(iter(RESIZES)), ends=True), 4)
    assert all("input codes of" in one.what for one in compare_foreign(foreign))
    assert any("so that its sums are not compared" in note for note in foreign.notes)


def test_weights_are_parts_of_8_bits_that_add_up():
    """300 is 127, 127 and 46; what is no part counts 0 times."""
    which, counts = uneven_blends._parted(np.array([[300, 0, 1, 127], [0, 0, 428, 0]]))
    assert which.tolist() == [[0, 0, 0, 2, 3], [2, 2, 2, 2, 3]]
    assert counts.tolist() == [[127, 127, 46, 1, 127], [127, 127, 127, 47, 0]]


@pytest.mark.parametrize(
    ("size", "scales", "message"),
    [
        (
            (40, 52),
            (2, 2),
            r"smaller parts of the way than a 16th, .* at most 4,096 pixels, not 8,320",
        ),
        ((4, 3), (700.25, 1), r"at parts of at least 1/1024 of the way"),
    ],
)
def test_larger_planes_and_smaller_parts_say_what_to_do(
    size, scales, message, tmp_path, monkeypatch
):
    monkeypatch.setitem(RESIZES, "too much", (size, scales, "align_corners"))
    with pytest.raises(FormatError, match=message):
        read_onnx(resized(tmp_path / "net.onnx", "too much"))
