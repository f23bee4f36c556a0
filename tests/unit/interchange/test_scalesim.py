"""SCALE-Sim's topology: what is written makes SCALE-Sim count the layer's own pixels; and what is read."""

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks.scalesim_cycles import run_scalesim

from tilewright.errors import FormatError
from tilewright.interchange.scalesim import read_topology, write_topology
from tilewright.sim import TEXTBOOK, dataflow_cycles
from tilewright.spec import ConvShape, IntegerLayer, IntegerNetwork, NumberFormat

ODD = (  # strides that do not divide the padded plane, in one direction or both
    ("even_3x3", ConvShape(6, 16, 16, 5, 3, 3, (2, 2), (1, 1))),
    ("even_1x1", ConvShape(6, 8, 8, 5, 1, 1, (2, 2))),
    ("stem", ConvShape(3, 19, 18, 4, 7, 7, (2, 2), (3, 3))),
    ("one_axis", ConvShape(4, 9, 10, 3, 3, 3, (3, 3), (1, 1))),
    ("large_stride", ConvShape(2, 11, 11, 3, 2, 3, (4, 4))),
    ("exact", ConvShape(2, 9, 9, 3, 3, 3, (2, 2))),
    ("plain", ConvShape(2, 5, 7, 3, 3, 1)),
)


def network(shapes):
    weight_format = NumberFormat(4, is_signed=True, is_narrow=True)
    layers = [
        IntegerLayer(
            name=name,
            shape=shape,
            weight=np.zeros(shape.weight_sizes, np.int8),
            weight_format=weight_format,
            act_format=NumberFormat(4, is_signed=False),
            weight_scale=np.ones(1),
            act_scale=1.0,
        )
        for name, shape in shapes
    ]
    return IntegerNetwork(tuple(layers))


def counted(size, kernel, stride):
    """Pixels as SCALE-Sim counts them."""
    return -(-(size - kernel + stride) // stride)


@pytest.mark.parametrize(("name", "shape"), ODD)
def test_scalesim_counts_the_layers_own_pixels(name, shape):
    _, line = write_topology(network([(name, shape)])).splitlines()
    ih, iw, kh, kw, channels, filters, stride = map(int, line.split(",")[1:-1])
    assert (kh, kw, channels, filters) == (shape.kh, shape.kw, shape.ic, shape.oc)
    assert counted(ih, kh, stride) == shape.oh
    assert counted(iw, kw, stride) == shape.ow


def test_the_padded_plane_would_be_counted_too_large():
    """Why it is not what is written: the sabotage of the test above."""
    _, shape = ODD[0]
    assert shape.padded_h == 18
    assert counted(shape.padded_h, shape.kh, shape.stride[0]) == shape.oh + 1
    assert "even_3x3, 17, 17, 3, 3, 6, 5, 2," in write_topology(network([ODD[0]]))


def test_what_is_written_is_read_back_with_the_same_pixels(tmp_path):
    (tmp_path / "net.csv").write_text(write_topology(network(ODD)))
    found = read_topology(tmp_path / "net.csv")
    assert [name for name, _ in found] == [name for name, _ in ODD]
    for (_, read), (_, shape) in zip(found, ODD, strict=True):
        assert (read.oh, read.ow, read.macs) == (shape.oh, shape.ow, shape.macs)


def test_others_topologies_are_read_with_scalesims_rounding(tmp_path):
    path = tmp_path / "net.csv"
    path.write_text(
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
        "Strides,\nConv1, 224, 224, 7, 7, 3, 64, 2,\n\nFC6, 1, 1, 1, 1, 512, 1000, 1,\n"
    )
    (_, first), (_, last) = read_topology(path)
    assert (first.oh, first.ow) == (110, 110)  # 109 of them are whole windows of the 224
    assert last.macs == 512 * 1000
    path.write_text("Layer, M, N, K,\nproj, 256, 768, 64,\n")
    ((name, product),) = read_topology(path)
    assert (name, product.onij, product.oc, product.ic) == ("proj", 256, 768, 64)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a, 3, 3, 5, 5, 1, 1, 1,", "layer 1: the kernel 5x5 must fit"),
        ("a, 3, 3, 1, 1, 1, 1, 0,", "layer 1: the stride must be at least 1, not 0"),
        ("a, 3, 3, 1, 1, 1, 1", "layer 1: a name and 7 sizes"),
        ("a, 3, 3, 1, 1, -1, 1, 1,", "layer 1: a name and 7 sizes"),
        ("a, 3, 3, 1, 1, 1.5, 1, 1,", "layer 1: a name and 7 sizes"),
        ("a, 3, 3, 1, 1, \u0661, 1, 1,", "layer 1: a name and 7 sizes"),
        ("a, 999999, 3, 1, 1, 1, 1, 1,", "layer 1: sizes, padded ones too, must be at most"),
        ("a, " + "9" * 5000 + ", 3, 1, 1, 1, 1, 1,", "layer 1: a name and 7 sizes"),
        ("DP1, 3, 3, 1, 1, 1, 1, 1,", "layer 1: 'DP1' is a depthwise layer to SCALE-Sim"),
        ("", "must have a header and 1..10000 layers, not 0"),
    ],
)
def test_what_is_no_topology_is_refused_in_one_line(line, message, tmp_path):
    path = tmp_path / "net.csv"
    path.write_text(f"header\n{line}\n", encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        read_topology(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "net.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="is no topology of SCALE-Sim"):
        read_topology(tmp_path / "net.csv")


@pytest.mark.scalesim
@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_scalesim_itself_counts_the_cycles_of_the_closed_form(dataflow):
    """SCALE-Sim 3.0.0 runs what is written; its report counts cycles from 0."""
    python = os.environ.get("TILEWRIGHT_SCALESIM", "")
    if not python:
        pytest.skip("TILEWRIGHT_SCALESIM, a Python with scalesim==3.0.0 numpy==2.3.5, is not set")
    lines = [line.split(",") for line in write_topology(network(ODD)).splitlines()[1:]]
    layers = [(line[0], *map(int, line[1:-1])) for line in lines]
    assert dataflow in TEXTBOOK.names()
    found = list(run_scalesim(str(Path(python)), layers, 8, 4, dataflow))
    assert [line["total_cycles"] + 1 for line in found] == [
        dataflow_cycles(shape, rows=8, cols=4, dataflow=dataflow) for _, shape in ODD
    ]
