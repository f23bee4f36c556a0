"""Kinds of operations in TFLite files: each code is that of LiteRT's kernels, with either of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert.interpreter", reason="pip install 'tilewright[tflite]'")

from tests.tflite_files import TfliteFile
from tilewright.errors import FormatError
from tilewright.interchange import (
    KERNELS,
    read_tflite,
    tflite_blends,
    tflite_context,
    tflite_layers,
    tflite_pools,
)
from tilewright.spec import CodeMove, CodeTable, SumPool
from tilewright.studies.imports import compare_foreign, run_foreign

GRID = (0.02, 9)
BOTH = pytest.mark.parametrize("kernels", KERNELS)


def plane(**options):
    """A file whose input is read by a convolution; h != w."""
    file = TfliteFile((5, 6, 3), (0.03, 4), **options)
    return file, file.layer("CONV_2D", file.input, 4, out=GRID)


def differ(path, kernels, *, run_by=None, samples=6):
    """How many codes differ; none is open."""
    imported = read_tflite(path, kernels=kernels)
    if run_by is not None:
        imported = replace(imported, engine=f"litert-{run_by}")
    assert imported.doubtful == 0
    imported.network.require_whole()
    found = compare_foreign(run_foreign(imported, samples))
    assert sum(one.compared for one in found) > 500
    return sum(one.mismatches for one in found)


def ended(file, x, path):
    return file.save(path, file.layer("CONV_2D", x, 2, kernel=(1, 1)))


# --- the larger and the smaller


def extreme(path, kind, second=(4, (1, 1)), *, is_first=False, grids=(GRID, GRID, GRID)):
    file, x = plane()
    x = file.step("RELU", x, grids[0]) if grids[0] != GRID else x
    channels, stride = second
    y = file.layer("CONV_2D", file.input, channels, out=grids[1])
    if stride == "all":
        y = file.pool("MAX_POOL_2D", y, kernel=(5, 6), stride=6)
    pair = (y, x) if is_first else (x, y)
    return ended(file, file.add(kind, *pair, grids[2]), path)


@BOTH
@pytest.mark.parametrize("kind", ["MAXIMUM", "MINIMUM", "ADD", "SUB", "MUL"])
@pytest.mark.parametrize("second", [(4, 1), (4, "all"), (1, 1)], ids=str)
@pytest.mark.parametrize("is_first", [False, True])
def test_two_tensors_one_of_which_may_be_smaller(kernels, kind, second, is_first, tmp_path):
    grids = (GRID, GRID, GRID) if kind.endswith("IMUM") else (GRID, (0.013, -7), (0.03, 2))
    path = extreme(tmp_path / "net.tflite", kind, second, is_first=is_first, grids=grids)
    assert differ(path, kernels) == 0


def test_the_larger_is_no_table_and_the_smaller_three(tmp_path):
    for kind, tables in (("MAXIMUM", 0), ("MINIMUM", 3)):
        nodes = read_tflite(extreme(tmp_path / "net.tflite", kind)).network.nodes
        assert sum(isinstance(one, CodeTable) for one in nodes) == tables
        assert sum(isinstance(one, CodeMove) for one in nodes) == 1


def test_the_larger_of_two_grids_is_refused(tmp_path):
    path = extreme(tmp_path / "net.tflite", "MAXIMUM", grids=(GRID, (0.03, 0), GRID))
    with pytest.raises(
        FormatError, match=r"\(MAXIMUM\): all it reads and gives must have one scale"
    ):
        read_tflite(path)


# --- planes resized

WAYS = {
    "from the corner on": {},
    "with the corners in place": {"alignCorners": True},
    "with the halves of pixels in place": {"halfPixelCenters": True},
}


def resized(path, way, kind="RESIZE_BILINEAR", size=None):
    file, x = plane()
    return ended(file, file.resize(x, 2, kind=kind, size=size, **WAYS[way]), path)


SIZES = {
    "from the corner on": [(10, 12), (20, 6), (5, 3), (40, 6)],
    "with the corners in place": [(9, 11), (5, 21), (3, 6), (17, 6)],
    "with the halves of pixels in place": [(10, 12), (20, 24), (5, 3), (5, 48)],
}


@BOTH
@pytest.mark.parametrize(("way", "size"), [(way, one) for way in WAYS for one in SIZES[way]])
def test_planes_resized_between_pixels(kernels, way, size, tmp_path):
    path = resized(tmp_path / "net.tflite", way, size=size)
    assert differ(path, kernels) == 0
    blend, _ = (one for one in read_tflite(path).network.nodes if isinstance(one, SumPool))
    assert blend.output_shape == (4, *size)


@BOTH
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(10, 12), (7, 13), (3, 4)])
def test_planes_resized_to_the_nearest_pixel(kernels, way, size, tmp_path):
    path = resized(tmp_path / "net.tflite", way, "RESIZE_NEAREST_NEIGHBOR", size)
    assert differ(path, kernels) == 0


def test_the_rounding_of_the_other_kernels_would_be_seen(tmp_path):
    path = resized(tmp_path / "net.tflite", "with the halves of pixels in place")
    assert differ(path, "reference", run_by="xnnpack") > 10


def test_another_share_of_a_neighbor_would_be_seen(tmp_path, monkeypatch):
    in_parts = tflite_blends.in_parts
    monkeypatch.setattr(tflite_blends, "in_parts", lambda line, size: in_parts(line[::-1], size))
    assert differ(resized(tmp_path / "net.tflite", "from the corner on"), "xnnpack") > 0


@pytest.mark.parametrize("way", WAYS)
def test_shares_that_the_kernels_round_are_refused(way, tmp_path):
    path = resized(tmp_path / "net.tflite", way, size=(15, 22))
    with pytest.raises(FormatError, match=r"from 5 to 15 pixels, its kernels round .* factor of 2"):
        read_tflite(path)


# --- averages at the border


def averaged(path, kernel, stride, *, size=(5, 6), relu="NONE"):
    file = TfliteFile((*size, 3), (0.03, 4))
    x = file.layer("CONV_2D", file.input, 4, out=GRID)
    x = file.pool("AVERAGE_POOL_2D", x, kernel=kernel, stride=stride, padding="SAME", relu=relu)
    return ended(file, x, path)


@BOTH
@pytest.mark.parametrize(
    ("kernel", "stride", "relu"), [((3, 3), 1, "NONE"), ((3, 2), 2, "RELU"), ((2, 4), 1, "RELU6")]
)
def test_averages_of_fewer_codes_at_the_border(kernels, kernel, stride, relu, tmp_path):
    path = averaged(tmp_path / "net.tflite", kernel, stride, relu=relu)
    assert differ(path, kernels) == 0


def test_one_divisor_for_all_would_be_seen(tmp_path, monkeypatch):
    steps = tflite_pools._steps_by_pixel

    def of_the_last(context, op, windows, plane):
        found = steps(context, op, windows, plane)
        return [(pixels, found[-1][1]) for pixels, _ in found]

    monkeypatch.setattr(tflite_pools, "_steps_by_pixel", of_the_last)
    assert differ(averaged(tmp_path / "net.tflite", (3, 3), 1), "xnnpack") > 0


def test_averages_of_many_pixels_with_a_border_are_refused(tmp_path):
    path = averaged(tmp_path / "net.tflite", (3, 3), 1, size=(64, 64))
    with pytest.raises(FormatError, match=r"at most 4,096 pixels .*: average without padding$"):
        read_tflite(path)


# --- constants by channel


@BOTH
@pytest.mark.parametrize("kind", ["PRELU", "ADD", "SUB", "MUL"])
@pytest.mark.parametrize("is_flat", [False, True])
def test_constants_may_differ_by_channel(kernels, kind, is_flat, tmp_path):
    file, x = plane()
    x = file.layer("FULLY_CONNECTED", file.reshape(x, (1, -1)), 4, out=GRID) if is_flat else x
    values = np.array([20, 0, 90, -60 if kind == "MUL" else 5])
    sizes = (4,) if is_flat else (1, 1, 4) if kind == "PRELU" else (1, 1, 1, 4)
    is_first = kind == "SUB"
    x = file.by_constant(kind, x, values.reshape(sizes), (0.013, -11), is_first=is_first)
    last = file.layer("FULLY_CONNECTED", x, 3) if is_flat else None
    path = tmp_path / "net.tflite"
    assert differ(file.save(path, last) if is_flat else ended(file, x, path), kernels) == 0


def test_a_constant_of_another_channel_would_be_seen(tmp_path, monkeypatch):
    from tilewright.interchange import tflite_ops

    known = tflite_ops.ByCode

    def turned(value, values):
        return known(value, values[::-1])

    monkeypatch.setattr(tflite_ops, "ByCode", turned)
    file, x = plane()
    x = file.by_constant("ADD", x, np.array([[[[20, 0, 90, 5]]]]), (0.013, -11))
    assert differ(ended(file, x, tmp_path / "net.tflite"), "xnnpack") > 0


def test_constants_of_more_pixels_and_slopes_below_0_are_refused(tmp_path):
    file = TfliteFile((40, 40, 3), (0.03, 4))
    x = file.layer("CONV_2D", file.input, 4, out=GRID)
    x = file.by_constant("ADD", x, np.zeros((1, 40, 40, 1)), GRID)
    with pytest.raises(FormatError, match=r"or one for each of at most 4,096 numbers of a sample$"):
        read_tflite(ended(file, x, tmp_path / "net.tflite"))
    file, x = plane()
    x = file.by_constant("PRELU", x, np.array([[[20, 0, -90, 5]]]), GRID)
    with pytest.raises(FormatError, match=r"\(PRELU\): it rises and falls in a channel"):
        read_tflite(ended(file, x, tmp_path / "net.tflite"))


# --- sequences and tokens


def sequence(path):
    """As Keras' Conv1D, Dense of tokens, and pools over steps are converted."""
    file = TfliteFile((12, 3), (0.03, 4))
    x = file.reshape(file.input, (1, 1, 12, 3))
    x = file.layer("CONV_2D", x, 4, kernel=(1, 3), out=GRID)
    x = file.reshape(x, (1, 12, 4))
    x = file.layer("FULLY_CONNECTED", x, 6, has_tokens=True, relu="RELU6")
    x = file.by_constant("MUL", x, np.array([20, 3, 90, 5, 7, 1]), (0.013, -11))
    both = [file.mean(x, axes=(1,)), file.mean(x, axes=(1,), kind="REDUCE_MAX")]
    x = file.concat(both, axis=1)
    return file.save(path, file.layer("FULLY_CONNECTED", x, 3))


@BOTH
def test_sequences_are_planes_of_one_row(kernels, tmp_path):
    path = sequence(tmp_path / "net.tflite")
    assert differ(path, kernels) == 0
    layers = read_tflite(path).network.layers
    assert [(one.shape.ic, one.shape.ih, one.shape.iw) for one in layers[:2]] == [
        (3, 1, 12),
        (4, 1, 12),
    ]


@BOTH
def test_linear_layers_of_pixels_and_the_largest_of_a_plane(kernels, tmp_path):
    file, x = plane()
    x = file.layer("FULLY_CONNECTED", x, 6, has_tokens=True)
    x = file.mean(x, kind="REDUCE_MAX", keep=True)
    assert differ(ended(file, x, tmp_path / "net.tflite"), kernels) == 0


def test_steps_in_the_order_of_channels_would_be_seen(tmp_path, monkeypatch):
    from tilewright.interchange import tflite_places

    monkeypatch.setattr(tflite_places, "channels_first", lambda places: places)
    path = sequence(tmp_path / "net.tflite")
    with pytest.raises((AssertionError, FormatError)):
        assert differ(path, "xnnpack") == 0


# --- transposed convolutions


@BOTH
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("kernel", "stride"),
    [((3, 3), 2), ((2, 2), 2), ((4, 3), 2), ((3, 2), 1), ((1, 2), 3), ((3, 2), 3)],
)
def test_transposed_convolutions(kernels, padding, kernel, stride, tmp_path):
    file, x = plane()
    x = file.transposed(x, 5, kernel=kernel, stride=stride, padding=padding, bias=kernel != (2, 2))
    assert differ(ended(file, x, tmp_path / "net.tflite"), kernels) == 0


@BOTH
def test_transposed_convolutions_that_give_more_pixels_than_their_products(kernels, tmp_path):
    for kernel, size in (((2, 2), (15, 18)), ((3, 3), (16, 20)), ((4, 4), (16, 19))):
        file, x = plane()
        x = file.transposed(x, 5, kernel=kernel, stride=3, padding="VALID", size=size)
        assert differ(ended(file, x, tmp_path / "net.tflite"), kernels) == 0


def test_a_kernel_that_is_not_turned_would_be_seen(tmp_path, monkeypatch):
    made = tflite_layers.as_convolution

    def upright(op, value, weight, assembly):
        op, value, weight = made(op, value, weight, assembly)
        return op, value, replace(weight, codes=weight.codes[:, :, ::-1])

    monkeypatch.setattr(tflite_layers, "as_convolution", upright)
    file, x = plane()
    path = ended(file, file.transposed(x, 5), tmp_path / "net.tflite")
    assert differ(path, "xnnpack") > 0


def test_codes_of_16_bits_say_what_to_do(tmp_path):
    file = TfliteFile((5, 6, 3), (0.001, 0), kind="INT16")
    path = file.save(tmp_path / "net.tflite", file.layer("CONV_2D", file.input, 4))
    with pytest.raises(FormatError, match=r"has codes of 16 bits, .*, TFLITE_BUILTINS_INT8$"):
        read_tflite(path)


# --- functions that the converter leaves in floats


def floats(path, *kinds, is_read=False):
    """As ELU is converted, which has no kernel of codes."""
    file, x = plane()
    x = start = file.step("DEQUANTIZE", x, to="FLOAT32")
    for kind in kinds:
        x = file.step(kind, x, to="FLOAT32")
    x = file.step("QUANTIZE", x, GRID)
    if is_read:
        return file.save(path, [file.layer("CONV_2D", x, 3), start])
    return file.save(path, file.layer("CONV_2D", x, 3))


@pytest.mark.parametrize("kinds", [("ELU",), ("ELU", "NEG"), ("ABS", "SQRT", "ELU")])
def test_functions_of_floats_between_codes_are_tables(kinds, tmp_path):
    path = floats(tmp_path / "net.tflite", *kinds)
    assert differ(path, "xnnpack") == 0
    assert sum(isinstance(one, CodeTable) for one in read_tflite(path).network.nodes) == 1


def test_a_chain_that_leaves_one_out_differs(tmp_path, monkeypatch):
    """The sabotage."""
    right = tflite_context.run_alone

    def run(file, op, values, *, kernels):
        return values if op.kind == "NEG" else right(file, op, values, kernels=kernels)

    monkeypatch.setattr(tflite_context, "run_alone", run)
    assert differ(floats(tmp_path / "net.tflite", "ELU", "NEG"), "xnnpack") > 0


def test_floats_that_are_an_output_too_are_refused(tmp_path):
    with pytest.raises(
        FormatError, match=r"\(ELU\): .* must have codes of int8 with a scale, not f"
    ):
        read_tflite(floats(tmp_path / "net.tflite", "ELU", is_read=True))
