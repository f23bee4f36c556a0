"""Activations in another order or place, with another border, or read as other numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause
from tilewright.judge.dump import Known
from tilewright.judge.families.lane_maps import lane_maps, moved
from tilewright.judge.families.number_maps import bit_maps, filled, low_bits, narrower, wrapped
from tilewright.judge.problem import ArrayFacts, Problem
from tilewright.spec import ConvShape, Ints

ORDER = "look at the order of pixels and lanes (layout: [activation] lines, word, plane)"
NUMBER = "look at the type of the activation where it is multiplied and at the field (layout: bits)"
STREAM = "look at header lines and at when reading begins (layout: [activation] header)"
BORDER = "look at who adds the border (layout: [activation] plane) and on which sides"
ROW = "look at this row's FIFO and at the skew"

Change = tuple[str, Callable[[Problem, Ints], Ints]]
"""The form of a cause, and the change of the plane."""


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    for key, words, function in _numbers(problem.array):
        yield codes_cause(f"codes-{key}", f"activations {words}", _of(function), NUMBER)
    for key, words, source in lane_maps(problem.shape.ic, problem.array.lanes):
        yield codes_cause(
            f"codes-ic-{key}", f"activations have the input channels {words}", _lanes(source), ORDER
        )
    yield from _geometry(problem)
    yield from _borders(problem)
    yield from _streams(problem)
    yield from _rows(problem)


def codes_cause(key: str, text: str, change: Change, hint: str) -> Cause:
    """A cause that changes the plane of codes."""
    form, apply = change
    return Cause(key, text, "plane", apply, hint, form=form)


def _of(function: Callable[[Ints], Ints]) -> Change:
    return "map", lambda _, plane: function(plane)


def _lanes(source: Ints) -> Change:
    return "move", lambda _, plane: moved(plane, source, 0)


def from_pixels(source: Ints) -> Change:
    """Each place of the plane takes the code of place `source`; 0 where it is -1."""
    return "move", lambda _, plane: moved(plane, source.reshape(-1), 1)


def _where(at: Known, function: Callable[[Ints], Ints]) -> Change:
    """Codes changed where `at` is True, of a shape that fits ``ic nij``."""
    return "map", lambda _, plane: np.where(at, function(plane), plane)


def _numbers(array: ArrayFacts) -> Iterator[tuple[str, str, Callable[[Ints], Ints]]]:
    bits, sign = array.act_bits, "unsigned" if array.has_signed_acts else "signed"
    yield (
        sign,
        f"are taken as {sign}",
        partial(low_bits if array.has_signed_acts else wrapped, bits=bits),
    )
    yield "doubled", "are doubled", lambda x: 2 * x
    yield "halved", "are halved", lambda x: x >> 1
    for narrow in range(1, bits):
        yield (
            f"low-bits n={narrow}",
            f"keep only their low {counted(narrow, 'bit')}",
            partial(low_bits, bits=narrow),
        )
    yield from narrower(bits, is_signed=array.has_signed_acts)
    for key, words, function in bit_maps(bits, is_signed=array.has_signed_acts):
        yield key, f"are read {words}", function


def _geometry(problem: Problem) -> Iterator[Cause]:
    shape = problem.shape
    height, width = shape.padded_h, shape.padded_w
    grid = np.arange(height * width).reshape(height, width)
    orders = {
        "rows-flipped": ("with its rows in reverse order", grid[::-1]),
        "columns-flipped": ("with its columns in reverse order", grid[:, ::-1]),
        "flipped": ("in reverse order", grid[::-1, ::-1]),
        "transposed": ("column by column", np.resize(grid.T, (height, width))),
    }
    for key, (words, source) in orders.items():
        yield codes_cause(f"plane-{key}", f"the map is read {words}", from_pixels(source), ORDER)
    for down in range(-2, 3):
        for across in range(-2, 3):
            if down or across:
                source = _offset(grid, down, across)
                yield codes_cause(
                    f"plane-offset dh={down} dw={across}",
                    f"the map lies {down} rows down and {across} columns right of its place",
                    from_pixels(source),
                    BORDER,
                )
    for pitch in sorted({width - 2, width - 1, width + 1, width + 2, shape.iw} - {0, -1, width}):
        source = np.arange(height)[:, None] * pitch + np.arange(width)
        yield codes_cause(
            f"plane-pitch n={pitch}",
            f"rows of the map are read {pitch} pixels apart, not {width}",
            from_pixels(np.where(source < grid.size, source, -1)),
            ORDER,
        )


def _offset(grid: Ints, down: int, across: int) -> Ints:
    height, width = grid.shape
    h, w = np.arange(height)[:, None] - down, np.arange(width)[None] - across
    inside = (h >= 0) & (h < height) & (w >= 0) & (w < width)
    return np.where(inside, h % height * width + w % width, -1)


def _inner(problem: Problem) -> Ints:
    """The nij of the pixels inside the border, row by row."""
    shape, (pad_h, pad_w) = problem.shape, problem.shape.padding
    grid = np.arange(shape.nij).reshape(shape.padded_h, shape.padded_w)
    return grid[pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw]


def _mirrored(at: Ints, size: int) -> Ints:
    """Places beyond the ends, mirrored about the first and the last one."""
    last: Ints = np.maximum(size - 1 - np.abs(size - 1 - np.abs(at)), 0)
    return last


def _filled_borders(shape: ConvShape, inner: Ints) -> Iterator[Cause]:
    """Borders of pixels of the map. inner: the nij of these, row by row."""
    h = np.arange(shape.padded_h)[:, None] - shape.padding[0]
    w = np.arange(shape.padded_w)[None] - shape.padding[1]
    sources = {
        "edge": ("repeats the edge", np.clip(h, 0, shape.ih - 1), np.clip(w, 0, shape.iw - 1)),
        "wrapped": ("is the other side of the map", h % shape.ih, w % shape.iw),
        "mirrored": ("mirrors the map", _mirrored(h, shape.ih), _mirrored(w, shape.iw)),
    }
    for key, (words, rows, columns) in sources.items():
        yield codes_cause(
            f"border-{key}",
            f"the border {words} in place of 0",
            from_pixels(inner[rows, columns]),
            BORDER,
        )
    address = h * shape.iw + w
    is_inside = (address >= 0) & (address < inner.size)
    yield codes_cause(
        "border-linear",
        "the border left and right is read from the rows beside, as in a memory without one",
        from_pixels(np.where(is_inside, inner.reshape(-1)[address % inner.size], -1)),
        BORDER,
    )


def _borders(problem: Problem) -> Iterator[Cause]:
    shape, inner = problem.shape, _inner(problem)
    if not any(map(sum, shape.edges)):
        return
    yield from _filled_borders(shape, inner)
    yield from _wide_borders(shape.nij, inner)
    outside = np.ones(shape.nij, bool)
    outside[inner] = False
    for value in (1, (1 << problem.array.act_bits) - 1, 1 << (problem.array.act_bits - 1)):
        yield codes_cause(
            f"border-value n={value}",
            f"the border holds {value} in place of 0",
            _where(outside, partial(filled, value=value)),
            BORDER,
        )
    flat = inner.ravel()
    first = np.full(shape.nij, -1)
    first[: len(flat)] = flat
    again = flat[np.arange(shape.nij) % len(flat)]
    last = flat[np.minimum(np.arange(shape.nij), len(flat) - 1)]
    for key, source, words in (
        ("0", first, "0 after it"),
        ("again", again, "read again"),
        ("last", last, "its last code repeated"),
    ):
        yield codes_cause(
            f"border-missing rest={key}",
            f"the map is streamed without its border, then {words}",
            from_pixels(source),
            BORDER,
        )


def _wide_borders(nij: int, inner: Ints) -> Iterator[Cause]:
    """inner: the nij of the pixels inside the border, row by row."""
    edges: dict[str, tuple[str, Ints]] = {
        "top": ("first row", inner[0]),
        "bottom": ("last row", inner[-1]),
        "left": ("first column", inner[:, 0]),
        "right": ("last column", inner[:, -1]),
    }
    for key, (words, edge) in edges.items():
        source = np.arange(nij)
        source[edge] = -1
        yield codes_cause(
            f"border-wide side={key}",
            f"the {words} of the map is taken for border",
            from_pixels(source),
            "look at the comparison that tells the border from the map: < or <=",
        )


def _streams(problem: Problem) -> Iterator[Cause]:
    nij = np.arange(problem.shape.nij)
    steps = sorted({1, 2, 3, 4, problem.shape.padded_w} - {len(nij)})
    for n in (*steps, *(-s for s in steps)):
        yield from _shifted(f"stream-shifted n={n}", nij, nij, n)
    inner = _inner(problem).ravel()
    if len(inner) < len(nij):
        for n in (1, 2, 3, -1, -2, -3, problem.shape.iw, -problem.shape.iw):
            yield from _shifted(f"map-shifted n={n}", nij, inner, n)
    for key, words, source in (
        ("repeated", "every word of the stream is taken twice", nij // 2),
        ("halved", "every second word of the stream is lost", nij * 2),
    ):
        inside = np.where(source < len(nij), source, -1)
        yield codes_cause(f"stream-{key}", words, from_pixels(inside), STREAM)
    for p in range(1, len(nij)):
        lost = np.where(nij >= p, np.minimum(nij + 1, len(nij) - 1), nij)
        yield codes_cause(
            f"pixel-lost nij={p}",
            f"pixel {p} of the stream is lost, later ones come early",
            from_pixels(lost),
            STREAM,
        )
        twice = np.where(nij >= p, nij - 1, nij)
        yield codes_cause(
            f"pixel-twice nij={p - 1}",
            f"pixel {p - 1} of the stream comes twice, later ones late",
            from_pixels(twice),
            STREAM,
        )
        hole = np.where(nij == p, -1, nij)
        yield codes_cause(
            f"pixel-zero nij={p}", f"pixel {p} of the stream is 0", from_pixels(hole), STREAM
        )


def _shifted(key: str, nij: Ints, order: Ints, n: int) -> Iterator[Cause]:
    """The codes at `order` come `n` places early; what is missing is 0, repeated, or from the other end."""
    at = np.arange(len(order)) + n
    what = f"{counted(abs(n), 'pixel')} {'early (the first are lost)' if n > 0 else 'late'}"
    where = "the stream" if len(order) == len(nij) else "the map inside the border"
    inside = (at >= 0) & (at < len(order))
    for rest, words, source in (
        ("0", "the rest is 0", np.where(inside, order[at % len(order)], -1)),
        ("repeated", "the end is repeated", order[np.clip(at, 0, len(order) - 1)]),
        ("around", "the rest comes from the other end", order[at % len(order)]),
    ):
        whole = nij.copy()
        whole[order] = source
        yield codes_cause(
            f"{key} rest={rest}", f"{where} comes {what}; {words}", from_pixels(whole), STREAM
        )


def _rows(problem: Problem) -> Iterator[Cause]:
    shape, array = problem.shape, problem.array
    row = np.arange(shape.ic) % array.lanes // array.per_pe
    for n, way in ((1, "early"), (-1, "late"), (2, "2 pixels early"), (-2, "2 pixels late")):
        for r in range(array.rows):
            yield codes_cause(
                f"row-late row={r} n={n}",
                f"PE row {r} gets its activations {way}",
                _late(row == r, np.full(1, n)),
                ROW,
            )
    for n, way in ((1, "early"), (-1, "late")):
        for r in range(1, array.rows):
            yield codes_cause(
                f"rows-late from={r} n={n}",
                f"the PE rows from {r} on get their activations {way}",
                _late(row >= r, np.full(1, n)),
                ROW,
            )
        yield codes_cause(
            f"row-skew n={n}",
            f"row r gets its activations r pixels {way}: the skew is wrong",
            _late(row >= 0, n * row),
            ROW,
        )
    yield from _row_numbers(problem, row)


def _row_numbers(problem: Problem, row: Ints) -> Iterator[Cause]:
    """row: of each input channel."""
    shape, array = problem.shape, problem.array
    for r in range(array.rows):
        for value in (1, (1 << array.act_bits) - 1):
            yield codes_cause(
                f"row-stuck row={r} value={value}",
                f"the activations of PE row {r} are always {value}",
                _where((row == r)[:, None], partial(filled, value=value)),
                ROW,
            )
        sign, as_other = ("unsigned", low_bits) if array.has_signed_acts else ("signed", wrapped)
        yield codes_cause(
            f"row-{sign} row={r}",
            f"PE row {r} takes activations as {sign}",
            _where((row == r)[:, None], partial(as_other, bits=array.act_bits)),
            ROW,
        )
        for key, words, function in bit_maps(array.act_bits, is_signed=array.has_signed_acts):
            yield codes_cause(
                f"row-{key} row={r}",
                f"PE row {r} reads activations {words}",
                _where((row == r)[:, None], function),
                ROW,
            )
        for other in (r - 1, r + 1):
            if 0 <= other < array.rows:
                source = np.where(
                    row == r, np.arange(shape.ic) + (other - r) * array.per_pe, np.arange(shape.ic)
                )
                yield codes_cause(
                    f"row-copied row={r} from={other}",
                    f"PE row {r} has the activations of row {other}",
                    _lanes(np.where(source < shape.ic, source, -1)),
                    ROW,
                )


def _late(chosen: Known, steps: Ints) -> Change:
    """The chosen channels come `steps` pixels early; 0 where there is none."""

    def apply(_: Problem, plane: Ints) -> Ints:
        source = np.arange(plane.shape[1])[None] + steps[:, None]  # ic|1 nij
        inside = (source >= 0) & (source < plane.shape[1])
        source = np.broadcast_to(np.clip(source, 0, plane.shape[1] - 1), plane.shape)
        moved_ = np.where(inside, np.take_along_axis(plane, source, 1), 0)
        return np.where(chosen[:, None], moved_, plane)

    return "move", apply
