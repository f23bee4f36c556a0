"""A drawing says what the file says: every label is read back from the line beside it."""

import re

import numpy as np
import pytest

from tests.naive import convolve
from tilewright.bundles import draw
from tilewright.bundles.drawing import PLAN, SHAPE, WIDTHS
from tilewright.tile import untile_activations, untile_weights
from tilewright.vectors import decode, layout_names, load_layout
from tilewright.vectors.codec import encode


def _fields(word, bits):
    return [word[start : start + bits] for start in range(0, len(word), bits)]


def _signed(field):
    return int(field, 2) - (int(field[0]) << len(field))


def test_the_canonical_layout_is_drawn_word_by_word():
    drawn = {file.kind: file for file in draw(load_layout("ece284-ws"))}
    weight = drawn["weight"]
    assert (weight.name, weight.count) == ("weight_itile0_otile0_kij0.txt", 8)
    assert weight.lines[:3] == (
        ("#col0row1..row0#", ""),
        ("#col1row1..row0#", ""),
        ("#................#", ""),
    )
    # w = 5 i mod 7 - 3 at i = (oc * 3 + ic) * 2 + kij: oc0: i = 0, 2; oc1: 6, 8; oc2: 12, 14
    assert weight.lines[3:] == (
        ("000101", "kij=0 oc=0: ic1 = 0, ic0 = -3"),
        ("010111", "kij=0 oc=1: ic1 = 2, ic0 = -1"),
        ("101001", "kij=0 oc=2: ic1 = -3, ic0 = 1"),
    )
    assert drawn["activation"].lines[-1] == ("... 2 more lines", "")


@pytest.mark.parametrize("name", layout_names())
def test_every_label_is_the_number_in_its_field(name):
    layout = load_layout(name)
    for file in draw(layout):
        form = layout.kind(file.kind)
        if file.kind == "address" or form.radix != "binary":
            continue
        read = int if file.kind == "activation" else _signed
        labelled = 0
        for line, meaning in file.lines:
            values = [int(value) for value in re.findall(r" = (-?\d+)", meaning)]
            labelled += len(values)
            fields = _fields(line, WIDTHS.bits(form.bits)) if values else []
            found = [int(field, 2) if read is int else _signed(field) for field in fields]
            assert [v for v in found if v] == [v for v in values if v]
        assert labelled


def test_the_example_is_a_convolution():
    layout = load_layout("ece284-ws")
    from tilewright.bundles.drawing import _example

    tiles = _example(layout)
    weight = untile_weights(tiles["weight"], PLAN)
    codes = untile_activations(tiles["activation"], PLAN)
    psums = decode(
        layout,
        "psum",
        encode(layout, "psum", tiles["psum"], plan=PLAN, widths=WIDTHS),
        plan=PLAN,
        widths=WIDTHS,
    )
    expected = convolve(weight, codes, SHAPE).reshape(SHAPE.oc, -1)
    np.testing.assert_array_equal(psums.transpose(0, 2, 1).reshape(6, -1)[:4], expected)


def test_a_container_that_is_not_text_is_said_to_be_binary():
    drawn = next(draw(load_layout("ece284-ws").with_container("npz")))
    assert drawn.lines == (("(binary)", ""),)
