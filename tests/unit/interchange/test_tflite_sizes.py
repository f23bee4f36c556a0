"""TFLite files of networks with an open batch, as Keras gives them to the converter: sizes that the file
computes, and convolutions with holes as convolutions of planes that are cut into several.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert.interpreter", reason="pip install 'tilewright[tflite]'")

from ai_edge_litert import schema_py_generated as schema

from tests.tflite_files import TfliteFile
from tests.unit.interchange.test_tflite_kinds import BOTH, GRID, differ, ended, plane
from tilewright.errors import FormatError
from tilewright.interchange import read_tflite, tflite_in, tflite_layers


def integers(file, *values):
    return file.tensor("integers", (len(values),), kind="INT32", values=values)


def computed(file, source, *sizes):
    """The samples of a tensor, as the file asks for them, and sizes, in one tensor."""
    count = len(file.shape(source))
    asks = schema.ShapeOptionsT()
    asks.outType = schema.TensorType.INT32
    shape = file.op("SHAPE", [source], file.tensor("shape", (count,), kind="INT32"), asks)
    options = schema.StridedSliceOptionsT()
    options.shrinkAxisMask = 1
    ends = [integers(file, place) for place in (0, 1, 1)]
    first = file.op("STRIDED_SLICE", [shape, *ends], file.tensor("n", (), kind="INT32"), options)
    rest = [file.tensor("size", (), kind="INT32", values=size) for size in sizes]
    packed = schema.PackOptionsT()
    packed.valuesCount = 1 + len(sizes)
    found = file.tensor("sizes", (1 + len(sizes),), kind="INT32")
    return file.op("PACK", [first, *rest], found, packed)


def reshaped(file, x, *sizes, stated=None):
    """As Flatten and Reshape of Keras are written; stated: the sizes that the file has of the result."""
    found = file.tensor("RESHAPE", (1, *(stated or sizes)), file.grids[x])
    return file.op("RESHAPE", [x, computed(file, x, *sizes)], found, schema.ReshapeOptionsT())


@BOTH
def test_a_plane_is_flattened_to_sizes_that_the_file_computes(kernels, tmp_path):
    file, x = plane()
    x = reshaped(file, x, 120)
    path = file.save(tmp_path / "net.tflite", file.layer("FULLY_CONNECTED", x, 5))
    assert differ(path, kernels) == 0


@BOTH
def test_sizes_that_the_file_leaves_open_are_those_of_what_is_moved(kernels, tmp_path):
    """As repeated pixels of Keras' UpSampling2D: the file has 1 in place of a size that it computes."""
    file, x = plane()
    x = reshaped(file, x, 6, 5, 4, stated=(1, 5, 4))
    x = file.op("TRANSPOSE", [x, integers(file, 0, 2, 1, 3)], file.tensor("T", (1, 5, 6, 4), GRID))
    assert differ(ended(file, x, tmp_path / "net.tflite"), kernels) == 0


def turned(path):
    """A square plane whose rows and columns change places, in an order that the file computes."""
    file = TfliteFile((4, 4, 3), (0.03, 4))
    x = file.layer("CONV_2D", file.input, 4, out=GRID)
    options = schema.PackOptionsT()
    options.valuesCount = 4
    places = [file.tensor("axis", (), kind="INT32", values=one) for one in (0, 2, 1, 3)]
    order = file.op("PACK", places, file.tensor("order", (4,), kind="INT32"), options)
    x = file.op("TRANSPOSE", [x, order], file.tensor("T", (1, 4, 4, 4), GRID))
    return file.save(path, file.layer("CONV_2D", x, 4, kernel=(2, 3)))


def test_constants_of_constants_are_computed(tmp_path, monkeypatch):
    """And the sabotage: in another order, codes differ."""
    path = turned(tmp_path / "net.tflite")
    assert differ(path, "xnnpack") == 0
    monkeypatch.setattr(tflite_in, "run_alone", lambda *_, **__: [np.array([0, 1, 2, 3])])
    assert differ(path, "xnnpack") > 0


def test_a_transposed_convolution_to_sizes_that_the_file_computes(tmp_path):
    """XNNPACK leaves it to kernels of which nothing is stated; the reference kernels take it."""
    file, x = plane()
    y = file.transposed(x, 5)
    step = file._graph.operators[-1]
    step.inputs[0] = computed(file, x, 10, 12, 5)
    file._graph.operators.append(file._graph.operators.pop(-4))  # behind the operations with sizes
    path = ended(file, y, tmp_path / "net.tflite")
    assert differ(path, "reference") == 0
    with pytest.raises(
        FormatError, match=r"\(TRANSPOSE_CONV\): the file computes its size, .* --kernels re"
    ):
        read_tflite(path)


# --- convolutions with holes


def cut(
    path,
    *,
    block=(2, 3),
    pads=((2, 2), (3, 4)),
    crops=((0, 0), (0, 1)),
    kind="CONV_2D",
    kernel=(3, 3),
):
    """A convolution with holes of `block`, as TensorFlow writes it."""
    file = TfliteFile((6, 8, 3), (0.03, 4))
    x = file.layer("CONV_2D", file.input, 4, out=GRID)
    size = [sum(pair) + one for pair, one in zip(pads, (6, 8), strict=True)]
    inner = [one // part for one, part in zip(size, block, strict=True)]
    border = file.tensor("pads", (2, 2), kind="INT32", values=pads)
    y = file.tensor("cut", (1, *inner, 4), GRID)
    y = file.op("SPACE_TO_BATCH_ND", [x, integers(file, *block), border], y)
    y = file.layer(kind, y, 4, kernel=kernel, padding="VALID")
    ends = file.tensor("crops", (2, 2), kind="INT32", values=crops)
    out = [(one - edge + 1) * part for one, edge, part in zip(inner, kernel, block, strict=True)]
    out = [one - sum(pair) for one, pair in zip(out, crops, strict=True)]
    found = file.tensor("joined", (1, *out, 4), file.grids[y])
    y = file.op("BATCH_TO_SPACE_ND", [y, integers(file, *block), ends], found)
    return ended(file, file.step("RELU", y), path)


@BOTH
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions_with_holes_are_cut_and_joined(kernels, kind, tmp_path):
    assert differ(cut(tmp_path / "net.tflite", kind=kind), kernels) == 0


@BOTH
def test_what_is_cut_off_again_is_no_border(kernels, tmp_path):
    options = {"pads": ((1, 1), (0, 1)), "crops": ((1, 0), (0, 1)), "kernel": (2, 1)}
    assert differ(cut(tmp_path / "net.tflite", **options), kernels) == 0


def test_another_border_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: a row less above, and one more below."""
    read = tflite_in.read_dilated

    def moved(op, graph):
        layer, inside = read(op, graph)
        top, left, bottom, right = layer.attributes["border"]
        border = {"border": (top - 1, left, bottom + 1, right)}
        return replace(layer, attributes=layer.attributes | border), inside

    monkeypatch.setattr(tflite_in, "read_dilated", moved)
    assert differ(cut(tmp_path / "net.tflite"), "xnnpack") > 0


@BOTH
def test_sequences_are_cut_with_a_row_in_between(kernels, tmp_path):
    """As causal convolutions of Keras with holes are written."""
    file = TfliteFile((12, 3), (0.03, 4))
    cut_to = file.tensor("cut", (1, 8, 3), (0.03, 4))
    border = file.tensor("pads", (1, 2), kind="INT32", values=((4, 0),))
    x = file.op("SPACE_TO_BATCH_ND", [file.input, integers(file, 2), border], cut_to)
    row = file.tensor("axis", (), kind="INT32", values=-3)
    x = file.op("EXPAND_DIMS", [x, row], file.tensor("row", (1, 1, 8, 3), (0.03, 4)))
    x = file.layer("CONV_2D", x, 16, kernel=(1, 3), padding="VALID")
    grid = file.grids[x]
    x = file.op("RESHAPE", [x, integers(file, -1, 6, 16)], file.tensor("steps", (1, 6, 16), grid))
    crops = file.tensor("crops", (1, 2), kind="INT32", values=((0, 0),))
    joined = file.tensor("joined", (1, 12, 16), grid)
    x = file.op("BATCH_TO_SPACE_ND", [x, integers(file, 2), crops], joined)
    x = file.op("RESHAPE", [x, integers(file, 1, 192)], file.tensor("flat", (1, 192), grid))
    path = file.save(tmp_path / "net.tflite", file.layer("FULLY_CONNECTED", x, 5))
    assert differ(path, kernels) == 0


def test_other_planes_that_are_cut_are_refused(tmp_path):
    """Between them stands more than a convolution."""
    file = TfliteFile((6, 8, 3), (0.03, 4))
    pads = file.tensor("pads", (2, 2), kind="INT32", values=((0, 0), (0, 0)))
    y = file.tensor("cut", (1, 3, 4, 3), (0.03, 4))
    y = file.op("SPACE_TO_BATCH_ND", [file.input, integers(file, 2, 2), pads], y)
    y = file.layer("CONV_2D", file.step("LOGISTIC", y, (1 / 256, -128)), 4)
    with pytest.raises(FormatError, match=r"\(SPACE_TO_BATCH_ND\): it cannot be stated"):
        read_tflite(file.save(tmp_path / "net.tflite", y))


# --- other codes than of 8 bits


def test_floats_whose_weights_have_codes_are_refused_in_one_line(tmp_path):
    """Dynamic-range quantization; each operation would be named else."""
    file = TfliteFile((5, 6, 3), None, kind="FLOAT32")
    file.grids[file.input] = (1.0, 0)
    x = file.layer("CONV_2D", file.input, 4)
    for tensor in file._graph.tensors:
        if tensor.type == schema.TensorType.INT8 and not tensor.buffer:
            tensor.type = schema.TensorType.FLOAT32
    with pytest.raises(
        FormatError, match=r"^\S+net.tflite computes its layers with floats, .* representative"
    ):
        read_tflite(file.save(tmp_path / "net.tflite", x))


# --- linear layers over the last axis


def rows(file, x, *sizes, is_open, oc, **more):
    """All tokens of a sample as rows of these sizes, and their product, as Keras' Dense is written."""
    target = computed_of(file, *sizes) if is_open else integers(file, *sizes)
    given = file.tensor("rows", sizes, file.grids[x])
    file.op("RESHAPE", [x, target], given, reshape())
    weight = file.rng.integers(-127, 128, (oc, sizes[1]))
    found = file.layer("FULLY_CONNECTED", given, oc, weight=weight, **more)
    for tensor, channels in ((given, sizes[1]), (found, oc)):  # the file leaves computed sizes open
        file._graph.tensors[tensor].shape = [1, 1] if is_open else [sizes[0], channels]
    if is_open:
        file._graph.tensors[found].shape = [1, oc]
    return found


def reshape():
    return schema.ReshapeOptionsT()


def computed_of(file, *sizes):
    """Sizes that the file computes of others."""
    options = schema.PackOptionsT()
    options.valuesCount = len(sizes)
    parts = [file.tensor("size", (), kind="INT32", values=size) for size in sizes]
    return file.op("PACK", parts, file.tensor("sizes", (len(sizes),), kind="INT32"), options)


def again(file, x, *sizes):
    found = file.tensor("again", (1, *sizes), file.grids[x])
    return file.op("RESHAPE", [x, computed_of(file, 1, *sizes)], found, reshape())


def dense(path, *, is_open, ends="axes"):
    """Two linear layers of the pixels of a plane, the second of which reads the rows of the first one."""
    file = TfliteFile((4, 3, 5), (0.03, 4))
    x = file.layer("CONV_2D", file.input, 6, out=GRID)
    x = rows(file, x, 12, 6, is_open=is_open, oc=7)
    y = again(file, x, 4, 3, 7)
    x = rows(file, x, 12, 7, is_open=is_open, oc=7, out=GRID)
    if ends == "rows":
        return file.save(path, x)
    x = file.add("ADD", again(file, x, 4, 3, 7), y, GRID)
    return file.save(path, file.layer("CONV_2D", x, 4))


@BOTH
@pytest.mark.parametrize("ends", ["axes", "rows"])
@pytest.mark.parametrize("is_open", [False, True])
def test_a_linear_layer_of_rows_is_one_of_tokens(is_open, ends, kernels, tmp_path):
    path = dense(tmp_path / "net.tflite", is_open=is_open, ends=ends)
    assert differ(path, kernels) == 0
    shapes = [layer.shape for layer in read_tflite(path).network.layers[1:3]]
    assert [(one.ic, one.oc, one.onij, one.taps) for one in shapes] == [
        (6, 7, 12, 1),
        (7, 7, 12, 1),
    ]


def test_rows_in_another_order_are_found(tmp_path, monkeypatch):
    """The sabotage: the numbers of the rows where those of planes stand."""
    path = dense(tmp_path / "net.tflite", is_open=True, ends="rows")
    at = tflite_layers.Seen.at
    monkeypatch.setattr(tflite_layers.Seen, "at", lambda *of, **_: at(*of))
    assert differ(path, "xnnpack") > 0


@BOTH
def test_rows_may_be_added(kernels, tmp_path):
    file = TfliteFile((8, 5), (0.03, 4))
    x = file.tensor("rows", (8, 5), (0.03, 4))
    x = file.op("RESHAPE", [file.input, integers(file, 8, 5)], x, reshape())
    x = file.add("ADD", x, x, GRID)
    y = file.layer("FULLY_CONNECTED", x, 3, weight=file.rng.integers(-127, 128, (3, 5)))
    path = file.save(tmp_path / "net.tflite", y)
    assert differ(path, kernels, samples=20) == 0
    (layer,) = read_tflite(path, kernels=kernels).network.layers
    assert (layer.shape.ic, layer.shape.oc, layer.shape.onij) == (5, 3, 8)
