"""Right numbers in wrong places: channels, pixels, lines, columns of the dump."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause
from tilewright.judge.families.lane_maps import lane_maps
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

ORDER = "look at the order of lines and lanes of the dump (layout: [psum] or [output] lines, word)"
STREAM = "look at when writing begins and ends, and at header lines (layout: header)"
COLUMN = "look at the skew of this column and at its FIFO"


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family; they need all pixels."""
    if not problem.is_whole:
        return
    oc, onij = problem.shape.oc, problem.shape.onij
    for key, words, source in lane_maps(oc, problem.array.cols):
        yield placed(
            f"outputs-oc-{key}", f"output channels stand {words}", of_channels(source, onij), ORDER
        )
    yield from _maps(problem)
    yield from _lines(problem)
    if problem.otiles > 1:
        yield from _file_lines(problem)
    yield from _columns(problem)
    if problem.groups > 1:
        yield from _taps(problem)
    for first, second in combinations(range(min(oc, 32)), 2):
        source = np.arange(oc)
        source[[first, second]] = second, first
        yield placed(
            f"outputs-exchanged oc={first},{second}",
            f"output channels {first} and {second} are exchanged",
            of_channels(source, onij),
            ORDER,
        )


def placed(key: str, text: str, plane: Ints, hint: str) -> Cause:
    """plane: ``oc onij`` flat index into ``oc onij``, or -1; the same in every group."""
    plane = plane.astype(np.int32)  # there are many of these, and each is as large as the dump

    def apply(problem: Problem, _: object) -> Ints:
        if problem.groups == 1:
            return plane[None]
        size = plane.size
        steps = np.arange(problem.groups)[:, None, None] * size
        return np.where(plane < 0, -1, plane + steps)

    return Cause(key, text, "place", apply, hint)


def of_channels(source: Ints, onij: int) -> Ints:
    """Each output channel taken from channel `source`, or 0 where that is -1: ``oc onij``."""
    return np.where(source[:, None] < 0, -1, source[:, None] * onij + np.arange(onij))


def of_pixels(source: Ints, oc: int) -> Ints:
    """Each pixel taken from pixel `source`, or 0 where that is -1: ``oc onij``."""
    return np.where(source[None] < 0, -1, np.arange(oc)[:, None] * len(source) + source)


def _maps(problem: Problem) -> Iterator[Cause]:
    shape = problem.shape
    grid = np.arange(shape.onij).reshape(shape.oh, shape.ow)
    orders = {
        "rows-flipped": ("with its rows in reverse order", grid[::-1]),
        "columns-flipped": ("with its columns in reverse order", grid[:, ::-1]),
        "flipped": ("in reverse order", grid[::-1, ::-1]),
    }
    for key, (words, source) in orders.items():
        yield placed(
            f"outputs-map-{key}",
            f"the map stands {words}",
            of_pixels(source.ravel(), shape.oc),
            ORDER,
        )
    flat = np.arange(shape.oc * shape.onij)
    yield from _orders(flat.reshape(shape.oc, shape.oh, shape.ow))
    back = flat.reshape(shape.onij, shape.oc).T.reshape(shape.oc, shape.onij)
    yield placed(
        "outputs-refolded-back",
        "channels and pixels are exchanged: channels stand in the order of pixels",
        back,
        ORDER,
    )
    pixel = grid.ravel()
    depth = 2
    while depth < shape.onij:
        address = pixel % depth
        last = address + (shape.onij - 1 - address) // depth * depth
        yield placed(
            f"outputs-memory-wraps n={depth}",
            f"the psum memory has {depth} words: later ones overwrite",
            of_pixels(last, shape.oc),
            "look at the depth of the psum memory",
        )
        yield placed(
            f"outputs-address-wraps n={depth}",
            f"psum addresses of the dump wrap at {depth}",
            of_pixels(address, shape.oc),
            "look at the width of the psum address",
        )
        depth *= 2


_ORDERS = {
    "oc ow oh": ("outputs-map-transposed", "the map stands column by column"),
    "oh ow oc": (
        "outputs-refolded",
        "channels and pixels are exchanged: pixels stand in the order of channels",
    ),
    "oh oc ow": ("outputs-by-rows", "the rows of all channels stand one after the other"),
    "ow oc oh": ("outputs-by-columns", "the columns of all channels stand one after the other"),
    "ow oh oc": (
        "outputs-refolded-transposed",
        "pixels stand column by column in the order of channels",
    ),
}
"""Other orders of the axes, the last one fastest."""


def _orders(flat: Ints) -> Iterator[Cause]:
    """flat: indices ``oc oh ow``."""
    names = ("oc", "oh", "ow")
    for order, (key, text) in _ORDERS.items():
        source = flat.transpose([names.index(name) for name in order.split()])
        hint = f"{ORDER}; if the dump is a list that is meant so, say --order '{order}'"
        yield placed(key, text, source.reshape(flat.shape[0], -1), hint)


def _lines(problem: Problem) -> Iterator[Cause]:
    oc, onij = problem.shape.oc, problem.shape.onij
    pixel = np.arange(onij)
    for n in sorted({1, 2, 3, problem.shape.ow, -1, -2, -3, -problem.shape.ow}):
        if abs(n) >= onij:
            continue
        what = f"{counted(abs(n), 'pixel')} {'early: the first are lost' if n > 0 else 'late'}"
        at = pixel + n
        inside = (at >= 0) & (at < onij)
        for rest, words, source in (
            ("0", "the rest is 0", np.where(inside, at, -1)),
            ("repeated", "the end is repeated", np.clip(at, 0, onij - 1)),
            ("around", "the rest comes from the other end", at % onij),
        ):
            yield placed(
                f"outputs-shifted n={n} rest={rest}",
                f"outputs stand {what}; {words}",
                of_pixels(source, oc),
                STREAM,
            )
    for p in range(onij):
        if p:
            lost = np.where(pixel >= p, np.minimum(pixel + 1, onij - 1), pixel)
            yield placed(
                f"output-lost onij={p}",
                f"pixel {p} is lost, later ones stand early",
                of_pixels(lost, oc),
                STREAM,
            )
            twice = np.where(pixel >= p, pixel - 1, pixel)
            yield placed(
                f"output-twice onij={p - 1}",
                f"pixel {p - 1} stands twice, later ones late",
                of_pixels(twice, oc),
                STREAM,
            )
            stale = np.where(pixel == p, p - 1, pixel)
            yield placed(
                f"output-stale onij={p}",
                f"pixel {p} has the numbers of the pixel before",
                of_pixels(stale, oc),
                STREAM,
            )
        hole = np.where(pixel == p, -1, pixel)
        yield placed(
            f"output-zero onij={p}", f"pixel {p} is 0 (never written)", of_pixels(hole, oc), STREAM
        )


def _file_lines(problem: Problem) -> Iterator[Cause]:
    """Lines of a file of all output tiles, one tile after the other."""
    count = problem.otiles * problem.shape.onij
    for n in (1, 2, 3, -1, -2, -3):
        what = f"{counted(abs(n), 'line')} {'early: the first are lost' if n > 0 else 'late'}"
        at = np.arange(count) + n
        inside = (at >= 0) & (at < count)
        for rest, words, source in (
            ("0", "the rest is 0", np.where(inside, at, -1)),
            ("repeated", "the end is repeated", np.clip(at, 0, count - 1)),
            ("around", "the rest comes from the other end", at % count),
        ):
            plane = _from_lines(problem, source)
            key = f"outputs-lines-shifted n={n} rest={rest}"
            yield placed(key, f"lines of all output tiles stand {what}; {words}", plane, STREAM)


def _from_lines(problem: Problem, source: Ints) -> Ints:
    """Lines ``otile onij``, taken from the lines `source`, to ``oc onij`` flat index."""
    oc, onij, cols = problem.shape.oc, problem.shape.onij, problem.array.cols
    channel = np.arange(oc)[:, None]
    taken = source.reshape(problem.otiles, onij)[channel[:, 0] // cols]  # oc onij
    other = taken // onij * cols + channel % cols
    return np.where((taken < 0) | (other >= oc), -1, other * onij + taken % onij)


def _columns(problem: Problem) -> Iterator[Cause]:
    oc, onij, cols = problem.shape.oc, problem.shape.onij, problem.array.cols
    col = np.arange(oc)[:, None] % cols
    for n, way in (
        (1, "one pixel early"),
        (-1, "one pixel late"),
        (2, "two pixels early"),
        (-2, "two pixels late"),
    ):
        for c in range(min(cols, oc)):
            for rest in ("0", "repeated"):
                yield _shifted(
                    f"column-late col={c} n={n} rest={rest}",
                    f"column {c} is {way}",
                    np.where(col == c, n, 0),
                    rest,
                    (oc, onij),
                )
    for n, way in ((1, "early"), (-1, "late")):
        for rest in ("0", "repeated"):
            yield _shifted(
                f"column-skew n={n} rest={rest}",
                f"column c is c pixels {way}: the skew is wrong",
                n * col,
                rest,
                (oc, onij),
            )
    for c in range(min(cols, oc)):
        for other in (c - 1, c + 1):
            if 0 <= other < cols:
                source = np.where(col[:, 0] == c, np.arange(oc) + other - c, np.arange(oc))
                yield placed(
                    f"outputs-copied col={c} from={other}",
                    f"column {c} has the numbers of column {other}",
                    of_channels(np.where(source < oc, source, -1), onij),
                    COLUMN,
                )


def _shifted(key: str, text: str, steps: Ints, rest: str, size: tuple[int, int]) -> Cause:
    oc, onij = size
    at = np.arange(onij)[None] + steps
    clipped = np.clip(at, 0, onij - 1)
    source = np.arange(oc)[:, None] * onij + clipped
    if rest == "0":
        source = np.where(at == clipped, source, -1)
    return placed(
        key,
        f"{text}; {'the rest is 0' if rest == '0' else 'the end is repeated'}",
        np.broadcast_to(source, size),
        COLUMN,
    )


def _taps(problem: Problem) -> Iterator[Cause]:
    """Groups in another order."""
    shape, groups = problem.shape, problem.groups
    size = shape.oc * shape.onij
    kij = np.arange(shape.taps).reshape(shape.kh, shape.kw)
    tiles = groups // shape.taps
    orders = {
        "flipped": ("in reverse order", kij.ravel()[::-1]),
        "transposed": ("column by column", kij.T.ravel()),
        "rotated n=1": ("one early", np.roll(kij.ravel(), -1)),
        "rotated n=-1": ("one late", np.roll(kij.ravel(), 1)),
    }
    for key, (words, order) in orders.items():
        whole = (np.arange(tiles)[:, None] * shape.taps + order).ravel()
        yield Cause(
            f"outputs-taps-{key}",
            f"the taps stand {words}",
            "place",
            _grouped(whole, size, shape.oc),
            ORDER,
        )


def _grouped(order: Ints, size: int, oc: int) -> Callable[[Problem, object], Ints]:
    source = (order[:, None] * size + np.arange(size)).reshape(len(order), oc, -1)
    return lambda _, __: source
