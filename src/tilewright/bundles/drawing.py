"""A layout drawn: the files of a small layer, or of one's own, and which number stands where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.bundles.geometry import Geometry
from tilewright.bundles.streamed import reference_streamed_psums
from tilewright.errors import FormatError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.tile import TilePlan, tile_activations, tile_psums, tile_weights
from tilewright.vectors import FieldWidths, KindLayout, Layout, encode
from tilewright.vectors.arrangement import arrange
from tilewright.vectors.codec import text_set
from tilewright.vectors.constants import example_constants, tile_constants
from tilewright.vectors.containers import ARRAYS, IHEX, RAW
from tilewright.vectors.kinds import CONSTANTS
from tilewright.vectors.planes import accumulate_addresses
from tilewright.verify import reference_outputs, reference_tap_psums

SHAPE = ConvShape(ic=3, ih=2, iw=2, oc=4, kh=1, kw=2, padding=(0, 1))
PLAN = TilePlan(SHAPE, ArrayShape(rows=2, cols=3, psum_bits=8))
WIDTHS = FieldWidths(act=2, weight=3, psum=8)
GEOMETRY = Geometry(
    SHAPE, PLAN.array, NumberFormat(2, is_signed=False), NumberFormat(3, is_signed=True)
)
WORDS_SHOWN = 6
LANES_SHOWN = 8

Tiles = npt.NDArray[Any]
Indices = dict[str, int]
Entry = tuple[Indices, int]


@dataclass(frozen=True, slots=True)
class DrawnFile:
    """The first file of a kind: its lines, each with what stands in it; `count` such files."""

    kind: str
    name: str
    count: int
    lines: tuple[tuple[str, str], ...]


def draw(layout: Layout, geometry: Geometry = GEOMETRY) -> Iterator[DrawnFile]:
    """The first file of every kind; by default for 3 -> 4 channels on 2 rows and 3 cols, kernel 1x2.

    Raises `FormatError` or `ShapeError` if the layout cannot state a layer of this geometry.
    """
    plan = TilePlan(geometry.shape, geometry.array)
    act, weight = geometry.act_format.bits, geometry.weight_format.bits
    widths = FieldWidths(act, weight, geometry.array.psum_bits)
    for kind, tiles in _example(layout, geometry).items():
        form = layout.kind(kind)
        files = encode(layout, kind, tiles, plan=plan, widths=widths)
        name = next(iter(files))
        shown = f"{name} (part {form.part})" if form.part else name
        found = _find(form, tiles, plan)
        yield DrawnFile(kind, shown, len(files), _lines(files[name], form, found, plan, widths))


def _example(layout: Layout, geometry: Geometry = GEOMETRY) -> dict[str, Tiles]:
    """Small codes, weights of every sign, and what the reference makes of them, as tiles."""
    shape, plan = geometry.shape, TilePlan(geometry.shape, geometry.array)
    count = np.arange(shape.oc * shape.ic * shape.taps)
    weight = (count * 5 % 7 - 3).astype(np.int8).reshape(shape.weight_sizes)  # oc ic kh kw
    weight = np.clip(weight, geometry.weight_format.min_code, geometry.weight_format.max_code)
    pixels = np.arange(shape.ic * shape.ih * shape.iw)
    small = (pixels * 3 + 1) % min(4, geometry.act_format.max_code + 1)
    codes = small.astype(np.uint8).reshape(shape.ic, shape.ih, shape.iw)
    taps = reference_tap_psums(codes[None], weight, shape)[:, 0]  # kij oc oh ow
    psums = taps.sum(axis=0)
    tiles: dict[str, Tiles] = {
        "activation": tile_activations(codes, plan),
        "weight": tile_weights(weight, plan),
        "tap_psum": np.stack([tile_psums(tap, plan) for tap in taps]),
        "psum": tile_psums(psums, plan),
        "address": accumulate_addresses(plan),
    }
    constants = example_constants(layout, shape.oc)
    for form in layout.kinds:
        if form.tensor in CONSTANTS:
            tiles[form.tensor] = tile_constants(form, constants, plan)
    if layout.stating("output"):
        outputs = reference_outputs(psums, layout.output, constants=constants)
        tiles["output"] = tile_psums(outputs, plan)
    if any(form.is_streamed for form in layout.kinds):
        streamed = reference_streamed_psums(codes, weight, shape)  # kij oc padded_h padded_w
        pixel = ConvShape(shape.ic, shape.padded_h, shape.padded_w, shape.oc, kh=1, kw=1)
        each = [tile_psums(tap, TilePlan(pixel, plan.array)) for tap in streamed]
        tiles["streamed"] = np.stack(each)
    return {
        form.kind: tiles["streamed" if form.is_streamed else form.tensor] for form in layout.kinds
    }


def _find(form: KindLayout, tiles: Tiles, plan: TilePlan) -> list[list[Entry]]:
    """For each word of the first file, its numbers from left to right: what they are, and their values.

    The numbers of the values are arranged as the layout states; where it has no place for the padding, or for
    lanes without a channel, these have none.
    """
    numbers = np.arange(1, tiles.size + 1).reshape(tiles.shape)
    index: dict[str, Tiles] = dict(zip(form.axes, [*np.indices(tiles.shape)], strict=True))
    if form.plane != "padded" and form.tensor == "activation":
        numbers[~_is_inside(index["nij"], plan)] = 0
    try:
        words = arrange(form, numbers, plan)[0]  # line lane
    except FormatError:  # a split leaves out what has no channel
        for tile, lane, size, channels in (
            ("itile", "row", plan.array.rows, plan.shape.ic),
            ("otile", "col", plan.array.cols, plan.shape.oc),
        ):
            if lane in index:
                numbers[index[tile] * size + index[lane] >= channels] = 0
        words = arrange(form, numbers, plan)[0]
    return [[_entry(form, tiles, int(n) - 1, plan) for n in word if n] for word in words]


def _is_inside(nij: Tiles, plan: TilePlan) -> npt.NDArray[np.bool_]:
    """Whether pixels of the padded plane are none of the padding."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    down, across = np.divmod(nij, shape.padded_w)
    inside: npt.NDArray[np.bool_] = (down >= pad_h) & (down < pad_h + shape.ih)
    return inside & (across >= pad_w) & (across < pad_w + shape.iw)


def _entry(form: KindLayout, tiles: Tiles, number: int, plan: TilePlan) -> Entry:
    place = np.unravel_index(number, tiles.shape)
    at = dict(zip(form.axes, map(int, place), strict=True))
    return _channels(at, plan.array), int(tiles[place]) + form.offset


def _channels(at: Indices, array: ArrayShape) -> Indices:
    """The place with channels instead of tiles and lanes, which a layout may pair as it likes."""
    for tile, lane, size, channel in (
        ("otile", "col", array.cols, "oc"),
        ("itile", "row", array.rows, "ic"),
    ):
        if lane in at:
            number = at[tile] * size + at[lane]
            at = {axis: i for axis, i in at.items() if axis not in (tile, lane)}
            at[channel] = number
    return at


def _lines(
    content: bytes, form: KindLayout, words: list[list[Entry]], plan: TilePlan, widths: FieldWidths
) -> tuple[tuple[str, str], ...]:
    """The first lines of a file, each with what stands in it."""
    if form.container in (*ARRAYS, *IHEX, *RAW):
        return (("(binary)", ""),)
    lines = content.decode("ascii").splitlines()
    around = text_set(form, plan, widths)[0].frame
    meanings = {
        len(around.head) + w * around.parts: _meaning(entries) for w, entries in enumerate(words)
    }
    told = [line for line, meaning in meanings.items() if meaning][:WORDS_SHOWN]
    end = min((told[-1] if told else WORDS_SHOWN) + 1, len(lines))
    drawn = [(lines[i], meanings.get(i, "")) for i in range(end)]
    if end < len(lines):
        drawn.append((f"... {len(lines) - end} more lines", ""))
    return tuple(drawn)


def _meaning(entries: list[Entry]) -> str:
    """What stands in a line: the axes that all its numbers share, then each number, left to right."""
    if not entries:
        return ""
    places = [place for place, _ in entries]
    axes = list(places[0])
    varying = [axis for axis in axes if len({place[axis] for place in places}) > 1] or axes[-1:]
    shared = " ".join(f"{axis}={places[0][axis]}" for axis in axes if axis not in varying)
    lanes = [
        f"{' '.join(f'{axis}{place[axis]}' for axis in varying)} = {value}"
        for place, value in entries
    ]
    if len(lanes) > LANES_SHOWN:
        lanes = [*lanes[: LANES_SHOWN - 1], "...", lanes[-1]]
    return f"{shared}: {', '.join(lanes)}" if shared else ", ".join(lanes)
