"""What the codec refuses: values that do not fit, lost codes, other sets of files."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tilewright.errors import ConfigError, FormatError, ShapeError
from tilewright.tile import tile_activations
from tilewright.vectors import FieldWidths, decode, encode, load_layout

WS = load_layout("ece284-ws")
SIZES = {"plan": example.PLAN, "widths": example.WIDTHS}


@pytest.mark.parametrize(
    ("kind", "place", "value", "message"),
    [
        ("activation", (0, 5, 1), 16, r"must fit u4 .* is 16 at \(itile=0, nij=5, row=1\)"),
        ("activation", (0, 5, 1), -1, r"is -1 at \(itile=0, nij=5, row=1\)"),
        ("weight", (0, 0, 4, 2, 1), 8, r"is 8 at \(otile=0, itile=0, kij=4, col=2, row=1\)"),
        ("weight", (0, 0, 4, 2, 1), -9, r"is -9 at \(otile=0, itile=0, kij=4, col=2, row=1\)"),
        ("psum", (0, 3, 2), 2**15, r"must fit s16 .* is 32768 at \(otile=0, onij=3, col=2\)"),
        ("output", (0, 3, 2), -1, r"must fit u15 \(0\.\.32767\), but is -1 at"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named_with_its_place_and_never_masked(
    kind, place, value, message
):
    shapes = {"activation": (1, 16, 2), "weight": (1, 1, 9, 3, 2), "psum": (1, 4, 3)}
    tiles = np.zeros(shapes.get(kind, (1, 4, 3)), np.int64)
    tiles[place] = value
    with pytest.raises(FormatError, match=rf"^layout ece284-ws: {kind} .*{message}"):
        encode(WS, kind, tiles, **SIZES)


def test_a_negative_output_is_refused_in_decoding():
    content = example.WS_FILES["out.txt"].replace(b"0000000001011101", b"1000000001011101")
    with pytest.raises(FormatError, match=r"output must fit .* at \(otile=0, onij=3, col=2\)"):
        decode(WS, "output", {"out.txt": content}, **SIZES)


def test_tiles_of_another_shape_are_refused():
    message = r"^psum tiles must be \(otile, onij, col\) = \(1, 4, 3\), not \(1, 3, 4\)$"
    with pytest.raises(ShapeError, match=message):
        encode(WS, "psum", np.zeros((1, 3, 4), int), **SIZES)


def test_an_unpadded_plane_never_drops_a_code():
    tiles = tile_activations(example.CODES, example.PLAN)
    tiles[0, 15, 1] = 3
    with pytest.raises(FormatError, match=r"padding, .* is 3 at \(itile=0, nij=15, row=1\)"):
        encode(load_layout("ece284-unpadded"), "activation", tiles, **SIZES)


def test_files_must_be_exactly_those_of_the_kind():
    weights = {k: v for k, v in example.WS_FILES.items() if k.startswith("weight")}
    name = "weight_itile0_otile0_kij8.txt"
    with pytest.raises(FormatError, match=rf"^layout ece284-ws: weight file {name} is missing$"):
        decode(WS, "weight", {k: v for k, v in weights.items() if k != name}, **SIZES)
    with pytest.raises(FormatError, match=r"file weight_itile0_otile0_kij9.txt belongs to no tile"):
        decode(WS, "weight", weights | {name.replace("8", "9"): b""}, **SIZES)


def test_a_kind_that_the_layout_lacks_is_named():
    with pytest.raises(ConfigError, match=r"^layout ece284-ws has no tap_psum files"):
        encode(WS, "tap_psum", np.zeros((9, 1, 4, 3), int), **SIZES)


def test_a_field_can_be_wider_than_its_number_format():
    """A layout may give a number of bits: every reader has its own field."""
    facts = WS.to_facts()
    facts["activation"]["bits"] = 12
    layout = type(WS).from_facts(facts)
    tiles = tile_activations(example.CODES.astype(np.int64) * 200, example.PLAN)
    widths = FieldWidths(act=4, weight=4, psum=16)
    files = encode(layout, "activation", tiles, plan=example.PLAN, widths=widths)
    assert files["activation_tile0.txt"].split(b"\n")[3 + 5] == b"001111101000000011001000"
    back = decode(layout, "activation", files, plan=example.PLAN, widths=widths)
    np.testing.assert_array_equal(back, tiles)
