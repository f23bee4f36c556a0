"""TFLite files as litert-torch writes them: planes with their channels first in between, reductions along
any axes, constants for each number or beside codes, and tensors without an axis of samples.
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
from tilewright.interchange import read_tflite, tflite_ops, tflite_pools

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def transposed(file, x, order):
    sizes = [file.shape(x)[axis] for axis in order]
    perm = file.tensor("perm", (len(order),), kind="INT32", values=order)
    found = file.tensor("TRANSPOSE", sizes, file.grids[x])
    return file.op("TRANSPOSE", [x, perm], found, schema.TransposeOptionsT())


def reduced(path, kind, axes, *, keep=False, is_first=False):
    """A plane 4 x 5 x 6, channels first or last, reduced; then a linear layer of what is left."""
    file, x = plane()
    x = transposed(file, x, TO_FIRST) if is_first else x
    out = None if kind == "REDUCE_MAX" else (0.07, -5)
    x = file.mean(x, out, axes=axes, keep=keep, kind=kind)
    return file.save(path, file.layer("FULLY_CONNECTED", x, 5))


@BOTH
@pytest.mark.parametrize("kind", ["MEAN", "SUM", "REDUCE_MAX"])
@pytest.mark.parametrize(
    ("axes", "is_first"),
    [((2, 3), True), ((1,), True), ((3,), True), ((2,), False), ((3,), False), ((1, 3), False)],
)
def test_reductions_along_any_axes(kind, axes, is_first, kernels, tmp_path):
    path = reduced(tmp_path / "net.tflite", kind, axes, is_first=is_first, keep=axes == (3,))
    if kind == "SUM" and kernels == "reference":
        with pytest.raises(FormatError, match=r"\(SUM\): the reference kernel rounds on the way"):
            read_tflite(path, kernels=kernels)
    else:
        assert differ(path, kernels, samples=60) == 0


def test_reductions_along_other_axes_are_found(tmp_path, monkeypatch):
    """The sabotage: the axes of the interpreter are not those of the network."""
    path = reduced(tmp_path / "net.tflite", "MEAN", (2, 3), is_first=True)
    made = tflite_pools._reduced

    def turned(*of):
        found = made(*of)
        return replace(found, tensor="", places=found.places[..., ::-1])

    monkeypatch.setattr(tflite_pools, "_reduced", turned)
    assert differ(path, "xnnpack", samples=60) > 0


def test_a_reduction_of_the_samples_is_refused(tmp_path):
    path = reduced(tmp_path / "net.tflite", "MEAN", (0, 1))
    with pytest.raises(FormatError, match="it must reduce axes of a sample"):
        read_tflite(path, kernels="xnnpack")


@BOTH
@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "MAXIMUM", "PRELU"])
@pytest.mark.parametrize("sizes", [(1, 5, 6, 1), (1, 5, 6, 4), (5, 1, 4)], ids=str)
def test_a_constant_for_each_number(kind, sizes, kernels, tmp_path):
    file, x = plane()
    values = np.random.default_rng(0).integers(1, 100, sizes)
    out = GRID if kind == "MAXIMUM" else (0.03, -4)
    constant = {"scale": GRID[0], "zero": GRID[1]} if kind == "MAXIMUM" else {}
    if kind == "PRELU":
        sizes, values = (5, 6, 4), np.broadcast_to(values, (1, 5, 6, 4))[0]
    x = file.by_constant(kind, x, values, out, **constant)
    assert differ(ended(file, x, tmp_path / "net.tflite"), kernels) == 0


def test_constants_of_other_numbers_are_found(tmp_path, monkeypatch):
    file, x = plane()
    x = file.by_constant("ADD", x, np.arange(30).reshape(1, 5, 6, 1) - 15, (0.03, -4), scale=0.05)
    path = ended(file, x, tmp_path / "net.tflite")
    at = tflite_ops.Seen.at
    monkeypatch.setattr(
        tflite_ops.Seen,
        "at",
        lambda value, name, places, **of: at(
            value, name, places.reshape(-1)[::-1].reshape(places.shape), **of
        ),
    )
    assert differ(path, "xnnpack") > 0


def with_constants(path, codes, kind="CONCATENATION"):
    """Constant codes before those of a sequence, as the token of a class stands, or around a plane."""
    file = TfliteFile((9, 6), (0.03, 4))
    x = file.layer("FULLY_CONNECTED", file.input, 8, has_tokens=True, out=GRID)
    if kind == "CONCATENATION":
        constant = file.tensor("token", (1, 1, 8), GRID, values=codes)
        options = schema.ConcatenationOptionsT()
        options.axis = 1
        found = file.tensor("CONCATENATION", (1, 10, 8), GRID)
        x = file.op("CONCATENATION", [constant, x], found, options)
    else:
        pads = file.tensor("pads", (3, 2), kind="INT32", values=[(0, 0), (1, 2), (0, 0)])
        value = file.tensor("value", (1,), GRID, values=codes[:1])
        found = file.tensor("PADV2", (1, 12, 8), GRID)
        x = file.op("PADV2", [x, pads, value], found, schema.PadV2OptionsT())
    return file.save(path, file.layer("FULLY_CONNECTED", x, 5, has_tokens=True))


CODES = (5, -100, GRID[1], 7, 7, 0, -128, 127)
"""Among them that of 0."""


@BOTH
@pytest.mark.parametrize("kind", ["CONCATENATION", "PADV2"])
def test_constants_beside_codes(kind, kernels, tmp_path):
    path = with_constants(tmp_path / "net.tflite", CODES, kind)
    assert differ(path, kernels) == 0


def test_other_constants_beside_codes_are_found(tmp_path, monkeypatch):
    path = with_constants(tmp_path / "net.tflite", CODES)
    made = tflite_ops._constant
    monkeypatch.setattr(tflite_ops, "_constant", lambda *of: made(*of[:3], of[3][::-1]))
    assert differ(path, "xnnpack") > 0


@BOTH
def test_tensors_without_an_axis_of_samples(kernels, tmp_path):
    """As a pixel shuffle is written: reshaped to (channels, rows, 2, columns), turned, and back."""
    file, x = plane()
    x = transposed(file, x, TO_FIRST)
    x = file.step("LOGISTIC", file.reshape(x, (4, 5, 3, 2)), (1 / 256, -128))
    x = file.reshape(transposed(file, x, (0, 2, 1, 3)), (1, 12, 5, 2))
    path = ended(file, transposed(file, x, TO_LAST), tmp_path / "net.tflite")
    assert differ(path, kernels) == 0


def test_names_of_any_length(tmp_path):
    file, x = plane()
    layer = file._graph.tensors[x]
    layer.name = "wrapper.module." * 30 + "stem"
    network = read_tflite(ended(file, x, tmp_path / "net.tflite"), kernels="xnnpack").network
    assert len(network.nodes[0].name) < 200
    assert network.nodes[0].name.endswith("module.stem")
