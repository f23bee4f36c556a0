"""Ifmap tiles with halo: each has every pixel that its part of the ofmap sees, its neighbors' too."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forgery import repair_hash
from tests.naive import convolve
from tests.unit.vectors import course_example as example
from tests.unit.vectors.test_partial_layouts import GEOMETRY, foreign, layout
from tests.unit.vectors.test_strangers_layouts import assert_whole, convert
from tilewright.bundles import Geometry, check_foreign, draw
from tilewright.errors import ConfigError, FormatError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan, tile_activations, untile_activations
from tilewright.vectors import FieldWidths, Layout, decode, decode_bundle, encode, read_bundle

TILES = {
    "file": "tile{th}_{tw}.txt",
    "lines": "itile nij",
    "word": "-row",
    "bits": "act",
    "plane": "halo",
    "tile": "1x2",
    "header": [],
}


def halo(**changes):
    """The canonical layout with the ifmap in tiles of one row and two columns of the ofmap."""
    return layout(activation=TILES | changes)


def test_the_tiles_of_the_example_by_hand(tmp_path):
    """Two tiles of 3 x 4 pixels: rows 0..2 and 1..3 of the padded plane, which share two rows."""
    bundle = convert(tmp_path, halo())
    first = (bundle.folder / "tile0_0.txt").read_text().split()
    second = (bundle.folder / "tile1_0.txt").read_text().split()
    zero = "00000000"
    above = [zero, "01010001", "00000010", zero]  # (ic1, ic0) = (5, 1), (0, 2)
    below = [zero, "00000011", "11110100", zero]  # (0, 3), (15, 4)
    assert first == [*[zero] * 4, *above, *below]
    assert second == [*above, *below, *[zero] * 4]
    assert_whole(bundle)
    assert Layout.from_facts(bundle.layout.to_facts()) == bundle.layout


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "x.txt", "lines": "th tw itile nij"},
        {"file": "x.txt", "split": ["nij = ih iw"], "lines": "itile th ih tw iw"},
        {"file": "t{tile}.txt", "split": ["th tw = tile"]},
        {"file": "x{2*th+tw}.txt", "tile": "1x1"},
        {"file": "x.txt", "lines": "-tw th", "word": "itile nij row", "tile": "3x3"},
    ],
)
def test_other_places_of_the_tiles(tmp_path, changes):
    assert_whole(convert(tmp_path, halo(**changes)))


@pytest.mark.parametrize(
    ("stride", "kernel", "padding", "tile"),
    [
        ((1, 1), (3, 3), (1, 1), "2x3"),
        ((2, 1), (3, 2), (1, 0), "2x2"),
        ((1, 2), (1, 3), (0, 1), "3x1"),
    ],
)
def test_every_pixel_that_a_tile_sees_by_loops(stride, kernel, padding, tile):
    """What ofmap pixel (oh, ow) of a tile sees lies at (oh - first) * stride + kh of that tile alone."""
    shape = ConvShape(3, 7, 7, 2, *kernel, stride, padding)
    plan = TilePlan(shape, ArrayShape(2, 2, 16))
    codes = np.random.default_rng(0).integers(0, 16, (3, 7, 7))
    stated = halo(file="x.txt", lines="th tw itile nij", tile=tile)
    widths = FieldWidths(4, 4, 16)
    tiles = tile_activations(codes, plan)
    files = encode(stated, "activation", tiles, plan=plan, widths=widths)
    assert (decode(stated, "activation", files, plan=plan, widths=widths) == tiles).all()
    words = [[int(w[4:], 2), int(w[:4], 2)] for w in files["x.txt"].decode().split()]
    down, across = map(int, tile.split("x"))
    sizes = [(d - 1) * s + k for d, s, k in zip((down, across), stride, kernel, strict=True)]
    grid = np.array(words).reshape(-(-shape.oh // down), -(-shape.ow // across), 2, *sizes, 2)
    weight = np.random.default_rng(1).integers(-8, 8, (2, 3, *kernel))
    expected = convolve(weight, codes, shape)
    for oc, oh, ow in np.ndindex(*expected.shape):
        th, tw = oh // down, ow // across
        total = 0
        for ic, kh, kw in np.ndindex(3, *kernel):
            h, w = oh % down * stride[0] + kh, ow % across * stride[1] + kw
            total += weight[oc, ic, kh, kw] * grid[th, tw, ic // 2, h, w, ic % 2]
        assert total == expected[oc, oh, ow]


def test_tiles_that_contradict_one_another_are_refused(tmp_path):
    bundle = convert(tmp_path, halo())
    path = bundle.folder / "tile1_0.txt"
    path.write_bytes(path.read_bytes().replace(b"01010001", b"01010011"))
    repair_hash(bundle.folder, path.name)
    with pytest.raises(
        FormatError, match=r"every tile must say the same code of a pixel, but nij=5 "
    ):
        decode_bundle(read_bundle(bundle.folder))


def test_what_lies_beyond_the_plane_is_zero(tmp_path):
    """Tiles of three rows of an ofmap of two: the last row of the tile lies beyond the border."""
    bundle = convert(tmp_path, halo(tile="3x2", file="x.txt", lines="th tw itile nij"))
    path = bundle.folder / "x.txt"
    content = path.read_bytes()
    assert len(content.split()) == 5 * 4
    path.write_bytes(content[:-9] + b"00000001\n")
    repair_hash(bundle.folder, path.name)
    with pytest.raises(
        FormatError, match=r"what lies beyond the plane must be 0, but is 1 at \(.*nij=19"
    ):
        decode_bundle(read_bundle(bundle.folder))


def test_pixels_that_no_tile_sees_are_left_out_and_come_back_as_zero():
    """Tiles of 1x2 ofmap pixels of a 1x1 kernel with stride 2 have a row, 0 or 2, and columns 0..2."""
    shape = ConvShape(1, 4, 4, 1, 1, 1, stride=(2, 2))
    plan, widths = TilePlan(shape, ArrayShape(1, 1, 16)), FieldWidths(4, 4, 16)
    codes = np.arange(16).reshape(1, 4, 4)
    files = encode(halo(), "activation", tile_activations(codes, plan), plan=plan, widths=widths)
    back = decode(halo(), "activation", files, plan=plan, widths=widths)
    codes[:, 1::2], codes[:, :, 3] = 0, 0
    np.testing.assert_array_equal(untile_activations(back, plan), codes)


@pytest.mark.parametrize(
    "changes", [{"tile": ""}, {"tile": "2"}, {"tile": "0x2"}, {"plane": "padded"}, {"first": 2}]
)
def test_what_a_tile_must_be(changes):
    with pytest.raises(ConfigError, match=r"tile|first must be|axis"):
        halo(**changes)


def test_files_of_others_and_their_drawing(tmp_path):
    folder = foreign(tmp_path / "f", halo())
    assert check_foreign(folder, halo(), GEOMETRY).passed
    sizes = Geometry.parse("ic=2,oc=3,size=4,kernel=3,padding=1,bits=4/4/16,rows=2,cols=3")
    drawn = next(file for file in draw(halo(tile="2x2"), sizes) if file.kind == "activation")
    assert (drawn.name, drawn.count) == ("tile0_0.txt", 4)
    told = [meaning for _, meaning in drawn.lines if meaning]
    assert told[0] == "nij=7: ic1 = 1, ic0 = 1"
    assert example.CODES[0, 0, 0] == 1


def test_psums_tile_by_tile(tmp_path):
    """As the page says: tiles of 1 x 2 of the ofmap, here one across and two down."""
    split = ["onij = oh ow", "oh = th a:1", "ow = tw b:2"]
    bundle = convert(
        tmp_path, layout(activation=TILES, psum={"split": split, "lines": "otile th tw a b"})
    )
    assert_whole(bundle)
