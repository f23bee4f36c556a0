"""A layout drawn by its own encoder: the files of a tiny layer, and which number stands where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.bundles.streamed import reference_streamed_psums
from tilewright.errors import TilewrightError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan, tile_activations, tile_psums, tile_weights
from tilewright.vectors import FieldWidths, Layout, encode
from tilewright.vectors.planes import accumulate_addresses
from tilewright.verify import reference_outputs, reference_tap_psums

SHAPE = ConvShape(ic=3, ih=2, iw=2, oc=4, kh=1, kw=2, padding=(0, 1))
PLAN = TilePlan(SHAPE, ArrayShape(rows=2, cols=3, psum_bits=8))
WIDTHS = FieldWidths(act=2, weight=3, psum=8)
WORDS_SHOWN = 6

Tiles = npt.NDArray[Any]
Indices = dict[str, int]


@dataclass(frozen=True, slots=True)
class DrawnFile:
    """The first file of a kind: its lines, each with what stands in it; `count` such files."""

    kind: str
    name: str
    count: int
    lines: tuple[tuple[str, str], ...]


def draw(layout: Layout) -> Iterator[DrawnFile]:
    """The first file of every kind, for 3 -> 4 channels on 2 rows and 3 cols, kernel 1x2, padded.

    Each number is found in the text by changing it and encoding again, so the drawing says what the
    encoder does, whatever the layout states.
    """
    for kind, tiles in _example(layout).items():
        files = encode(layout, kind, tiles, plan=PLAN, widths=WIDTHS)
        name = next(iter(files))
        lines = _lines(files[name], _find(layout, kind, tiles, name, files[name]))
        yield DrawnFile(kind, name, len(files), lines)


def _example(layout: Layout) -> dict[str, Tiles]:
    """Small codes, weights of every sign, and what the reference makes of them, as tiles."""
    count = np.arange(SHAPE.oc * SHAPE.ic * SHAPE.taps)
    weight = (count * 5 % 7 - 3).astype(np.int8).reshape(SHAPE.oc, SHAPE.ic, 1, 2)  # oc ic kh kw
    codes = ((count[:12] * 3 + 1) % 4).astype(np.uint8).reshape(SHAPE.ic, 2, 2)  # ic ih iw
    taps = reference_tap_psums(codes[None], weight, SHAPE)[:, 0]  # kij oc oh ow
    psums = taps.sum(axis=0)
    tiles = {
        "activation": tile_activations(codes, PLAN),
        "weight": tile_weights(weight, PLAN),
        "tap_psum": np.stack([tile_psums(tap, PLAN) for tap in taps]),
        "psum": tile_psums(psums, PLAN),
        "address": accumulate_addresses(PLAN),
    }
    if layout.stating("output"):
        tiles["output"] = tile_psums(reference_outputs(psums, layout.output), PLAN)
    streamed = reference_streamed_psums(codes, weight, SHAPE)  # kij oc padded_h padded_w
    pixel = ConvShape(SHAPE.ic, SHAPE.padded_h, SHAPE.padded_w, SHAPE.oc, kh=1, kw=1)
    pixels = np.stack([tile_psums(tap, TilePlan(pixel, PLAN.array)) for tap in streamed])
    return {form.kind: pixels if form.is_streamed else tiles[form.tensor] for form in layout.kinds}


def _find(
    layout: Layout, kind: str, tiles: Tiles, name: str, content: bytes
) -> dict[int, list[tuple[int, Indices, int]]]:
    """For each line of the file: where its numbers end, what they are, and their values.

    A number that cannot be changed alone (padding, an address) is not found.
    """
    found: dict[int, list[tuple[int, Indices, int]]] = {}
    original = np.frombuffer(content, np.uint8)
    for place in np.ndindex(*tiles.shape):
        changed = tiles.copy()
        changed[place] ^= 1
        try:
            other = encode(layout, kind, changed, plan=PLAN, widths=WIDTHS)[name]
        except TilewrightError:
            continue
        for offset in np.flatnonzero(original != np.frombuffer(other, np.uint8)).tolist():
            at = _channels(dict(zip(layout.kind(kind).axes, place, strict=True)))
            entry = (offset, at, int(tiles[place]))
            found.setdefault(content.count(b"\n", 0, offset), []).append(entry)
    return found


def _channels(at: Indices) -> Indices:
    """The place with channels instead of tiles and lanes, which a layout may pair as it likes."""
    for tile, lane, size, channel in (
        ("otile", "col", PLAN.array.cols, "oc"),
        ("itile", "row", PLAN.array.rows, "ic"),
    ):
        if lane in at:
            number = at[tile] * size + at[lane]
            at = {axis: i for axis, i in at.items() if axis not in (tile, lane)}
            at[channel] = number
    return at


def _lines(
    content: bytes, found: dict[int, list[tuple[int, Indices, int]]]
) -> tuple[tuple[str, str], ...]:
    """The first lines of a file, each with what stands in it."""
    if not content.isascii():
        return (("(binary)", ""),)
    lines = content.decode("ascii").splitlines()
    shown = sorted(found)[:WORDS_SHOWN] or [WORDS_SHOWN]
    end = min(shown[-1] + 1, len(lines))
    drawn = [(lines[i], _meaning(sorted(found.get(i, []), key=_by_offset))) for i in range(end)]
    if end < len(lines):
        drawn.append((f"... {len(lines) - end} more lines", ""))
    return tuple(drawn)


def _by_offset(entry: tuple[int, Indices, int]) -> int:
    return entry[0]


def _meaning(entries: list[tuple[int, Indices, int]]) -> str:
    """What stands in a line: the axes that all its numbers share, then each number, left to right."""
    if not entries:
        return ""
    places = [place for _, place, _ in entries]
    axes = list(places[0])
    varying = [axis for axis in axes if len({place[axis] for place in places}) > 1] or axes[-1:]
    shared = " ".join(f"{axis}={places[0][axis]}" for axis in axes if axis not in varying)
    lanes = [
        f"{' '.join(f'{axis}{place[axis]}' for axis in varying)} = {value}"
        for _, place, value in entries
    ]
    return f"{shared}: {', '.join(lanes)}"
