"""The presets write what their readers read: files written out by hand, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan, tile_activations, tile_psums, tile_weights
from tilewright.vectors import FieldWidths, decode, encode, load_layout

TILES = {
    "activation": tile_activations(example.CODES, example.PLAN),
    "weight": tile_weights(example.WEIGHT, example.PLAN),
    "tap_psum": np.stack([tile_psums(tap, example.PLAN) for tap in example.TAP_PSUMS]),
    "psum": tile_psums(example.PSUMS, example.PLAN),
    "output": tile_psums(np.maximum(example.PSUMS, 0), example.PLAN),
}
PRESETS = {"ece284-ws": example.WS_FILES, "ece284-unpadded": example.UNPADDED_FILES}


@pytest.mark.parametrize("name", PRESETS)
def test_encode_writes_the_hand_written_bytes(name):
    layout, written = load_layout(name), {}
    for kind in layout.kind_names:
        written |= encode(layout, kind, TILES[kind], plan=example.PLAN, widths=example.WIDTHS)
    assert written == PRESETS[name]


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("ece284-ws", "activation", "activation"),
        ("ece284-ws", "weight", "weight"),
        ("ece284-ws", "psum", "psum"),
        ("ece284-ws", "output", "out"),
        ("ece284-unpadded", "activation", "activation"),
        ("ece284-unpadded", "weight", "weight"),
        ("ece284-unpadded", "psum", "psum.txt"),
        ("ece284-unpadded", "output", "psum_relu"),
    ],
)
def test_decode_reads_the_hand_written_bytes(name, kind, stem):
    files = {k: v for k, v in PRESETS[name].items() if k.startswith(stem)}
    tiles = decode(load_layout(name), kind, files, plan=example.PLAN, widths=example.WIDTHS)
    np.testing.assert_array_equal(tiles, TILES[kind])


def test_decode_reads_the_psums_of_single_taps():
    files = {f"psum_{kij}.txt": example.UNPADDED_FILES[f"psum_{kij}.txt"] for kij in range(9)}
    layout = load_layout("ece284-unpadded")
    tiles = decode(layout, "tap_psum", files, plan=example.PLAN, widths=example.WIDTHS)
    np.testing.assert_array_equal(tiles, TILES["tap_psum"])


def test_tiles_merge_in_one_word_with_the_highest_channel_leftmost():
    """Four input channels in two tiles, two output tiles of two columns, one pixel, one tap."""
    shape = ConvShape(ic=4, ih=1, iw=1, oc=4, kh=1, kw=1)
    plan = TilePlan(shape, ArrayShape(rows=2, cols=2, psum_bits=16))
    layout, widths = load_layout("ece284-unpadded-2b"), FieldWidths(act=2, weight=4, psum=16)
    codes = np.array([1, 2, 3, 0], np.uint8).reshape(4, 1, 1)
    weight = np.array([[1, -2, 3, -4], [0, 0, 1, 0], [7, -7, 0, 1], [-1, 0, 0, 0]], np.int8)
    psums = np.array([6, 3, -7, -1], np.int64).reshape(4, 1, 1)

    def words(kind, tiles):
        files = encode(layout, kind, tiles, plan=plan, widths=widths)
        assert all(content.endswith(b"\r\n") for content in files.values())
        return {name: content.decode().split("\r\n")[3:-1] for name, content in files.items()}

    assert words("activation", tile_activations(codes, plan)) == {"data_2b_act.txt": ["00111001"]}
    assert words("weight", tile_weights(weight.reshape(4, 4, 1, 1), plan)) == {
        "data_2b_wgt_otile0_kij0.txt": ["1100001111100001", "0000000100000000"],
        "data_2b_wgt_otile1_kij0.txt": ["0001000010010111", "0000000000001111"],
    }
    assert words("tap_psum", tile_psums(psums, plan)[None]) == {
        "data_2b_psum_kij0.txt": [
            "1111111111111111111111111111100100000000000000110000000000000110"
        ]
    }


def test_headers_state_the_sizes_of_the_two_bit_files():
    shape = ConvShape(ic=16, ih=4, iw=4, oc=16, kh=3, kw=3, padding=(1, 1))
    plan = TilePlan(shape, ArrayShape(rows=8, cols=8, psum_bits=16))
    layout, widths = load_layout("ece284-unpadded-2b"), FieldWidths(act=2, weight=4, psum=16)
    weights = encode(layout, "weight", np.zeros((2, 2, 9, 8, 8), int), plan=plan, widths=widths)
    outputs = encode(layout, "output", np.zeros((2, 16, 8), int), plan=plan, widths=widths)
    assert weights["data_2b_wgt_otile1_kij3.txt"].split(b"\r\n")[:3] == [
        b"# col8row15[msb-lsb],...,col0row0[msb-lsb]#",
        b"# col9row15[msb-lsb],...,col1row0[msb-lsb]#",
        b"# Expected: 8 lines (per tile), each line has 16*4b = 64 digits",
    ]
    assert outputs["data_2b_psum_relu.txt"].split(b"\r\n")[2] == (
        b"# Expected: 4*4=16 lines, each line has 16*16b = 256 digits"
    )


def test_output_tiles_follow_one_another_in_the_lines_of_one_file():
    shape = ConvShape(ic=1, ih=1, iw=2, oc=3, kh=1, kw=1)
    plan = TilePlan(shape, ArrayShape(rows=1, cols=2, psum_bits=4))
    psums = np.array([[[1, 2]], [[3, -4]], [[5, -6]]])  # oc oh ow
    files = encode(
        load_layout("ece284-ws"),
        "psum",
        tile_psums(psums, plan),
        plan=plan,
        widths=FieldWidths(4, 4, 4),
    )
    lines = files["psum.txt"].decode().split()[3:]
    assert lines == ["00110001", "11000010", "00000101", "00001010"]  # otile 0, then otile 1
