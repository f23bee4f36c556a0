"""Every layout that can be stated has an exact inverse, over random layers and random layouts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tilewright.vectors import (
    AxisRun,
    FieldWidths,
    KindLayout,
    Layout,
    decode,
    encode,
    layout_names,
    load_layout,
)
from tilewright.vectors.kinds import AXES, FILE_AXES, axis_sizes, number_format


@st.composite
def kind_layouts(draw, kind):
    """Any distribution of the axes of `kind` over file name, lines and word, in any direction."""
    axes = draw(st.permutations(AXES[kind]))
    places = [
        draw(st.sampled_from(["file", "lines", "word"] if axis in FILE_AXES else ["lines", "word"]))
        for axis in axes
    ]
    runs = {place: [] for place in ("file", "lines", "word")}
    for axis, place in zip(axes, places, strict=True):
        runs[place].append(AxisRun(axis, place != "file" and draw(st.booleans())))
    header = st.sampled_from(["", "#{lanes}#", "two tokens {bits}b", "//{lines} {first_oc} {{x}}"])
    return KindLayout(
        kind=kind,
        file="_".join([kind, *(f"{run.axis}{{{run.axis}}}" for run in runs["file"])]),
        lines=tuple(runs["lines"]),
        word=tuple(runs["word"]),
        bits=draw(st.sampled_from(["psum", 20, 33]) if "psum" in kind else st.integers(5, 9)),
        plane=draw(st.sampled_from(["padded", "unpadded"])) if kind == "activation" else "",
        header=tuple(draw(st.lists(header, max_size=3))),
        line_end=draw(st.sampled_from(["LF", "CRLF"])),
    )


layouts = st.tuples(*(kind_layouts(kind) for kind in AXES)).map(
    lambda kinds: Layout("drawn", "a layout drawn by hypothesis", kinds)
)


def random_tiles(kind, plan, bits, seed):
    """Codes over the whole range of the field; padding, which an unpadded plane drops, is 0."""
    sizes, number = axis_sizes(plan), number_format(kind, bits)
    tiles = np.random.default_rng(seed).integers(
        number.min_code, number.max_code, [sizes[a] for a in AXES[kind]], np.int64, endpoint=True
    )
    if kind == "activation":
        shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
        inside = np.zeros((shape.padded_h, shape.padded_w), bool)
        inside[pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = True
        tiles[:, ~inside.reshape(-1)] = 0
    return tiles


@settings(max_examples=150, deadline=None)
@given(layout=layouts, plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_decode_is_the_inverse_of_encode_for_every_layout(layout, plan, seed):
    widths = FieldWidths(act=4, weight=4, psum=plan.array.psum_bits)
    assert Layout.from_facts(layout.to_facts()) == layout
    for kind in AXES:
        tiles = random_tiles(kind, plan, widths.bits(layout.kind(kind).bits), seed)
        files = encode(layout, kind, tiles, plan=plan, widths=widths)
        back = decode(layout, kind, files, plan=plan, widths=widths)
        np.testing.assert_array_equal(back, tiles)
        assert encode(layout, kind, back, plan=plan, widths=widths) == files


@pytest.mark.parametrize("name", layout_names())
@settings(max_examples=30, deadline=None)
@given(
    plan=plans(), act=st.integers(1, 8), weight=st.integers(2, 8), seed=st.integers(0, 2**32 - 1)
)
def test_decode_is_the_inverse_of_encode_for_the_presets(name, plan, act, weight, seed):
    layout, widths = load_layout(name), FieldWidths(act, weight, plan.array.psum_bits)
    for kind in layout.kind_names:
        tiles = random_tiles(kind, plan, widths.bits(layout.kind(kind).bits), seed)
        files = encode(layout, kind, tiles, plan=plan, widths=widths)
        back = decode(layout, kind, files, plan=plan, widths=widths)
        np.testing.assert_array_equal(back, tiles)
        assert encode(layout, kind, back, plan=plan, widths=widths) == files


@settings(max_examples=40, deadline=None)
@given(data=st.data(), plan=plans())
def test_each_value_stands_where_the_statement_says(data, plan):
    """A naive encoder, one value at a time, agrees: axes become file, line and lane numbers."""
    kind = data.draw(st.sampled_from(sorted(AXES)))
    form = data.draw(kind_layouts(kind).filter(lambda form: form.plane != "unpadded"))
    others = [
        load_layout("ece284-ws").kind(k) for k in ("activation", "weight", "psum") if k != kind
    ]
    layout, widths = Layout("drawn", "", (form, *others)), FieldWidths(4, 4, 12)
    bits, sizes = widths.bits(form.bits), axis_sizes(plan)
    tiles = random_tiles(kind, plan, bits, 7)
    files = encode(layout, kind, tiles, plan=plan, widths=widths)
    place = [data.draw(st.integers(0, size - 1)) for size in tiles.shape]
    at = dict(zip(AXES[kind], place, strict=True))

    def number(runs):
        index = 0
        for run in runs:
            here = sizes[run.axis] - 1 - at[run.axis] if run.is_descending else at[run.axis]
            index = index * sizes[run.axis] + here
        return index

    end = {"LF": "\n", "CRLF": "\r\n"}[form.line_end]
    lines = files[form.file.format(**at)].decode().split(end)
    lane = number(form.word)
    field = lines[len(form.header) + number(form.lines)][lane * bits : (lane + 1) * bits]
    assert field == format(int(tiles[tuple(place)]) % 2**bits, f"0{bits}b")
