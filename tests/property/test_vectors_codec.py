"""Every layout that can be stated has an exact inverse, over random layers and random layouts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tilewright.spec.channel_output import CODE_FUNCTIONS
from tilewright.vectors import (
    AxisRun,
    AxisSplit,
    FieldWidths,
    KindLayout,
    Layout,
    accumulate_addresses,
    decode,
    encode,
    layout_names,
    load_layout,
)
from tilewright.vectors.kinds import AXES, FILE_AXES, axis_sizes

# Every split keeps the values of tiles that `random_tiles` makes: what it leaves out is 0 there.
SPLITS = {
    "activation": [
        *(["itile row = itile row pair:2"], ["itile row = pass pair:2 row"], ["itile row = ic"]),
        *(
            ["nij = ih iw"],
            ["nij = group lane:4"],
            ["nij = ih iw", "itile row = ic", "iw ic = x y:3"],
        ),
    ],
    "windows": [["itile row = ic", "onij = opass row"], ["onij = oh ow"], ["kij = kh kw"]],
    "weight": [
        *(["itile row = itile row pair:2"], ["itile row = ic"], ["otile col = oc"]),
        *(["kij = kh kw"], ["otile itile = tile"], ["otile itile kij = core:3 turn"]),
    ],
    "tap_psum": [["onij = group row"], ["onij = oh ow", "kij = kh kw"], ["otile col = oc"]],
    "psum": [["onij = group lane:row"], ["otile col = half:2 lane"], ["onij = oh ow"]],
    "output": [["onij = group row"], ["otile = core:2 otile"]],
    "address": [["kij = kh kw"], ["onij = oh ow"], ["onij kij = group lane:5"]],
    "bias": [["otile col = oc"]],
    "multiplier": [["otile col = half:2 lane"]],
    "threshold": [["otile col = oc"], ["level = above below:2"]],
}
HEADERS = st.sampled_from(["", "#{lanes}#", "two tokens {bits}b", "//{lines} {first_oc} {{x}}"])
CONTAINERS = ["text"] * 4 + ["mem", "mif", "coe", "c", "npz"]


@st.composite
def kind_layouts(draw, kind, planes=("padded", "unpadded", "windows"), splits=True):
    """Any distribution of the axes of `kind` over file name, lines and word, in any direction."""
    plane = draw(st.sampled_from(planes)) if kind == "activation" else ""
    choices = SPLITS["windows" if plane == "windows" else kind]
    stated = draw(st.sampled_from([[], *choices])) if splits else []
    split = tuple(map(AxisSplit.parse, stated))
    axes = ("itile", "kij", "onij", "row") if plane == "windows" else AXES[kind]
    for one in split:
        axes = one.axes(axes)
    named = {*FILE_AXES, *(name for one in split for name in one.names)}
    runs = {place: [] for place in ("file", "lines", "word")}
    for axis in draw(st.permutations(axes)):
        place = draw(
            st.sampled_from(["file", "lines", "word"] if axis in named else ["lines", "word"])
        )
        runs[place].append(AxisRun(axis, place != "file" and draw(st.booleans())))
    container = draw(st.sampled_from(CONTAINERS))
    radix = {"c": "hex", "npz": "binary"}.get(container) or draw(st.sampled_from(["binary", "hex"]))
    function = (
        draw(st.sampled_from(["relu", "signed", "leaky", *CODE_FUNCTIONS]))
        if kind == "output"
        else "relu"
    )
    wide = kind in ("psum", "tap_psum", "output", "address")
    return KindLayout(
        kind=kind,
        file="_".join([kind, *(f"{run.axis}{{{run.axis}}}" for run in runs["file"])]),
        lines=tuple(runs["lines"]),
        word=tuple(runs["word"]),
        bits=draw(st.sampled_from([20, 24, 33] if wide else [3, 4, 5, 8, 9, 16])),
        plane=plane,
        header=tuple(draw(st.lists(HEADERS, max_size=3))) if container == "text" else (),
        line_end=draw(st.sampled_from(["LF", "CRLF"])),
        split=split,
        radix=radix,
        container=container,
        function=function,
        shift=draw(st.integers(1, 62)) if function in ("leaky", "requantized") else 0,
        low=draw(st.sampled_from([0, -8])) if function in CODE_FUNCTIONS else 0,
        high=100 if function == "requantized" else 0,
        levels=draw(st.integers(1, 4)) if kind == "threshold" else 0,
        first=draw(st.sampled_from([0, 0, 1, 3])) if kind in ("output", "address") else 0,
        offset=draw(st.integers(0, 3)) if kind == "address" else 0,
    )


layouts = st.tuples(*(kind_layouts(kind) for kind in AXES)).map(
    lambda kinds: Layout("drawn", "a layout drawn by hypothesis", kinds)
)


def random_tiles(form, plan, widths, seed):
    """Codes over the whole range of the field; 0 in the padding and where there is no channel."""
    if form.kind == "address":
        return accumulate_addresses(plan)
    sizes, bits = axis_sizes(plan) | {"level": form.levels}, widths.bits(form.bits)
    number = widths.number_format(form.kind, bits, function=form.function, low=form.low)
    axes = AXES[form.kind]
    tiles = np.random.default_rng(seed).integers(
        number.min_code, number.max_code, [sizes[a] for a in axes], np.int64, endpoint=True
    )
    index = dict(zip(axes, np.indices(tiles.shape), strict=True))
    if "row" in index:
        tiles[index["itile"] * plan.array.rows + index["row"] >= plan.shape.ic] = 0
    if "col" in index:
        tiles[index["otile"] * plan.array.cols + index["col"] >= plan.shape.oc] = 0
    if form.kind == "activation":
        shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
        inside = np.zeros((shape.padded_h, shape.padded_w), bool)
        inside[pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = True
        tiles[:, ~inside.reshape(-1)] = 0
    return tiles


def seen_pixels(plan):
    """Whether each pixel of the padded plane (nij) is in the window of some ofmap pixel, one by one."""
    shape = plan.shape
    seen = np.zeros((shape.padded_h, shape.padded_w), bool)
    for oh, ow, kh, kw in np.ndindex(shape.oh, shape.ow, shape.kh, shape.kw):
        seen[oh * shape.stride[0] + kh, ow * shape.stride[1] + kw] = True
    return seen.reshape(-1)


def assert_inverse(layout, kind, plan, widths, seed):
    """Encoding, decoding and encoding again lose nothing that the files are said to hold."""
    form = layout.kind(kind)
    tiles = random_tiles(form, plan, widths, seed)
    files = encode(layout, kind, tiles, plan=plan, widths=widths)
    back = decode(layout, kind, files, plan=plan, widths=widths)
    axis = AXES[kind].index("onij") if form.first else 0
    stated = tiles.take(range(min(form.first, plan.shape.onij)), axis) if form.first else tiles
    if form.plane == "windows" and not form.first:
        stated = stated * seen_pixels(plan)[:, None]
    np.testing.assert_array_equal(back, stated)
    if form.is_complete():
        assert encode(layout, kind, back, plan=plan, widths=widths) == files


@settings(max_examples=150, deadline=None)
@given(layout=layouts, plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_decode_is_the_inverse_of_encode_for_every_layout(layout, plan, seed):
    widths = FieldWidths(act=4, weight=4, psum=plan.array.psum_bits)
    assert Layout.from_facts(layout.to_facts()) == layout
    for kind in AXES:
        assert_inverse(layout, kind, plan, widths, seed)


@pytest.mark.parametrize("name", layout_names())
@settings(max_examples=30, deadline=None)
@given(
    plan=plans(),
    act=st.integers(1, 8),
    is_signed=st.booleans(),
    weight=st.integers(2, 8),
    seed=st.integers(0, 2**32 - 1),
)
def test_decode_is_the_inverse_of_encode_for_the_presets(name, plan, act, is_signed, weight, seed):
    layout, widths = load_layout(name), FieldWidths(act, weight, plan.array.psum_bits, is_signed)
    for kind in layout.kind_names:
        assert_inverse(layout, kind, plan, widths, seed)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), plan=plans())
def test_each_value_stands_where_the_statement_says(data, plan):
    """A naive encoder, one value at a time, agrees: axes become file, line and lane numbers."""
    kind = data.draw(st.sampled_from(["activation", "weight", "tap_psum", "psum", "output"]))
    form = data.draw(
        kind_layouts(kind, planes=("padded",), splits=False).filter(
            lambda form: form.container == "text" and form.radix == "binary" and not form.first
        )
    )
    others = [
        load_layout("ece284-ws").kind(k) for k in ("activation", "weight", "psum") if k != kind
    ]
    layout, widths = Layout("drawn", "", (form, *others)), FieldWidths(4, 4, 12)
    bits, sizes = widths.bits(form.bits), axis_sizes(plan)
    tiles = random_tiles(form, plan, widths, 7)
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
