"""Files that others made and a real core passes: read, recomputed and written back, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan, untile_activations, untile_psums, untile_weights
from tilewright.vectors import (
    FieldWidths,
    decode,
    decode_bundle,
    encode,
    layout_names,
    load_layout,
    read_bundle,
    write_bundle,
)
from tilewright.vectors.codec import text_forms
from tilewright.verify import reference_outputs

pytestmark = pytest.mark.data

CASES = {
    "ece284-unpadded": ("choke8-w4a4", 8, FieldWidths(act=4, weight=4, psum=16), 21),
    "ece284-unpadded-2b": ("choke16-w4a2", 16, FieldWidths(act=2, weight=4, psum=16), 29),
    "ece284-unpadded-2b-4b": ("choke16-w4a2", 8, FieldWidths(act=4, weight=4, psum=16), 20),
}


def _plan(channels):
    shape = ConvShape(ic=channels, ih=4, iw=4, oc=channels, kh=3, kw=3, padding=(1, 1))
    return TilePlan(shape, ArrayShape(rows=8, cols=8, psum_bits=16))


def _read(witness_folder, name):
    """Contents by kind and file name."""
    folder, channels, widths, _ = CASES[name]
    return {
        form.kind: {
            text.name: (witness_folder / folder / text.name).read_bytes()
            for text, _ in text_forms(form, _plan(channels), widths)
        }
        for form in load_layout(name).kinds
    }


def _tap_psums(codes, weight):
    """Plain int64 sums: codes ``ic 4 4``, weight ``oc ic 3 3``, padding 1, to ``kij oc 4 4``."""
    plane = np.zeros((len(codes), 6, 6), np.int64)
    plane[:, 1:5, 1:5] = codes
    taps = np.zeros((9, len(weight), 4, 4), np.int64)
    for kij, oc, oh, ow in np.ndindex(taps.shape):
        for ic in range(len(codes)):
            pixel = plane[ic, oh + kij // 3, ow + kij % 3]
            taps[kij, oc, oh, ow] += int(weight[oc, ic, kij // 3, kij % 3]) * int(pixel)
    return taps


@pytest.mark.parametrize("name", CASES)
def test_every_file_comes_back_byte_for_byte(witness_folder, name):
    layout, (_, channels, widths, count) = load_layout(name), CASES[name]
    contents, plan = _read(witness_folder, name), _plan(channels)
    for kind, files in contents.items():
        tiles = decode(layout, kind, files, plan=plan, widths=widths)
        assert encode(layout, kind, tiles, plan=plan, widths=widths) == files
    assert sum(map(len, contents.values())) == count


@pytest.mark.parametrize("name", CASES)
def test_a_naive_convolution_reproduces_every_psum_file(witness_folder, name):
    layout, (_, channels, widths, _) = load_layout(name), CASES[name]
    plan = _plan(channels)
    tiles = {
        kind: decode(layout, kind, files, plan=plan, widths=widths)
        for kind, files in _read(witness_folder, name).items()
    }
    taps = _tap_psums(
        untile_activations(tiles["activation"], plan), untile_weights(tiles["weight"], plan)
    )
    stated = np.stack([untile_psums(tap, plan) for tap in tiles["tap_psum"]])
    np.testing.assert_array_equal(stated, taps)
    if "psum" in tiles:
        np.testing.assert_array_equal(untile_psums(tiles["psum"], plan), taps.sum(axis=0))
    outputs = untile_psums(tiles["output"], plan)
    np.testing.assert_array_equal(outputs, np.maximum(taps.sum(axis=0), 0))
    assert outputs.max() > 0


def _tensors(contents, name):
    """Codes ``ic ih iw``, weight ``oc ic kh kw`` and tap psums ``kij oc oh ow`` of a witness."""
    layout, (_, channels, widths, _) = load_layout(name), CASES[name]
    plan = _plan(channels)
    tiles = {
        kind: decode(layout, kind, contents[kind], plan=plan, widths=widths)
        for kind in ("activation", "weight", "tap_psum")
    }
    return {
        "codes": untile_activations(tiles["activation"], plan),
        "weight": untile_weights(tiles["weight"], plan),
        "tap_psums": np.stack([untile_psums(tap, plan) for tap in tiles["tap_psum"]]),
    }


def _written(folder, tensors, name, widths, array):
    """The tensors as a bundle in the layout `name`."""
    taps = tensors["tap_psums"].astype(np.int64)
    channels = len(tensors["codes"])
    layer = IntegerLayer(
        name="choke",
        shape=_plan(channels).shape,
        weight=tensors["weight"],
        weight_format=NumberFormat(widths.weight, is_signed=True),
        act_format=NumberFormat(widths.act, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    return write_bundle(
        folder,
        layer=layer,
        plan=TilePlan(layer.shape, array),
        layout=load_layout(name),
        codes=tensors["codes"],
        psums=taps.sum(axis=0),
        tap_psums=taps,
        outputs=reference_outputs(taps.sum(axis=0), load_layout(name).output),
        sample=0,
    )


@pytest.mark.parametrize("source", CASES)
def test_a_witness_passes_through_every_layout_and_comes_back_unchanged(
    witness_folder, tmp_path, source
):
    contents, widths = _read(witness_folder, source), CASES[source][2]
    tensors = _tensors(contents, source)
    array = ArrayShape(rows=8, cols=8, psum_bits=16)
    for name in layout_names():
        _written(tmp_path / name, tensors, name, widths, array)
        read = decode_bundle(read_bundle(tmp_path / name))
        np.testing.assert_array_equal(read.codes, tensors["codes"])
        np.testing.assert_array_equal(read.weight, tensors["weight"])
        np.testing.assert_array_equal(read.psums, tensors["tap_psums"].sum(axis=0))
        taps = tensors["tap_psums"] if read.tap_psums is None else read.tap_psums
        back = {"codes": read.codes, "weight": read.weight, "tap_psums": taps}
        _written(tmp_path / "back", back, source, widths, array)
        for files in contents.values():
            for file, content in files.items():
                assert (tmp_path / "back" / file).read_bytes() == content
