"""Parts of the ofmap that were never written, or hold what was written before: ends, rows, columns, tiles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilewright.judge.cause import Cause
from tilewright.judge.families.places import of_channels, of_pixels, placed
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

LOOP = "look at where the loops over rows, columns and output tiles begin and end: < or <="
TWICE = "look at how long the valid signal is 1, and at what counts the addresses"


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family; they need all pixels."""
    if not problem.is_whole:
        return
    yield from _ends(problem, np.flatnonzero(problem.differs.any(axis=(0, 1))))
    yield from _lines(problem)
    yield from _channels(problem, np.flatnonzero(problem.wrong_channels))
    yield from _pixels(problem)


def _ends(problem: Problem, wrong: Ints) -> Iterator[Cause]:
    """wrong: the pixels that differ; none is written from the first of these on, or up to the last one."""
    oc, onij = problem.shape.oc, problem.shape.onij
    pixel, first, last = np.arange(onij), int(wrong[0]), int(wrong[-1])
    if first < onij - 1:
        kept = np.where(pixel < first, pixel, -1)
        text = f"the pixels from {first} on are 0 (never written)"
        yield placed(f"outputs-until onij={first}", text, of_pixels(kept, oc), LOOP)
    if last > 0:
        kept = np.where(pixel > last, pixel, -1)
        text = f"the pixels up to {last} are 0 (never written)"
        yield placed(f"outputs-from onij={last + 1}", text, of_pixels(kept, oc), LOOP)


def _lines(problem: Problem) -> Iterator[Cause]:
    """Rows and columns of the map."""
    shape = problem.shape
    grid = np.arange(shape.onij).reshape(shape.oh, shape.ow)
    for name, count, axis in (("row", shape.oh, 0), ("column", shape.ow, 1)):
        for n in range(count if min(shape.oh, shape.ow) > 1 else 0):
            index = (n,) if axis == 0 else (slice(None), n)
            never = grid.copy()
            never[index] = -1
            text = f"{name} {n} of the map is 0 (never written)"
            plane = of_pixels(never.ravel(), shape.oc)
            yield placed(f"outputs-{name}-zero n={n}", text, plane, LOOP)
            if n:
                stale = grid.copy()
                stale[index] = grid[n - 1] if axis == 0 else grid[:, n - 1]
                text = f"{name} {n} of the map has the numbers of the {name} before"
                plane = of_pixels(stale.ravel(), shape.oc)
                yield placed(f"outputs-{name}-stale n={n}", text, plane, LOOP)


def _channels(problem: Problem, wrong: Ints) -> Iterator[Cause]:
    """wrong: the output channels that differ."""
    shape, cols = problem.shape, problem.array.cols
    channel = np.arange(shape.oc)
    if len(wrong) == 1:
        kept = np.where(channel == wrong[0], -1, channel)
        text = f"output channel {wrong[0]} is 0 (never written)"
        plane = of_channels(kept, shape.onij)
        yield placed(f"outputs-channel-zero oc={wrong[0]}", text, plane, LOOP)
    for tile in range(problem.otiles if problem.otiles > 1 else 0):
        mine = channel // cols == tile
        never = of_channels(np.where(mine, -1, channel), shape.onij)
        text = f"output tile {tile} is 0 (never written)"
        yield placed(f"outputs-tile-zero otile={tile}", text, never, LOOP)
        for other, words in ((tile - 1, "before"), (tile + 1, "after")):
            if 0 <= other < problem.otiles:
                source = np.where(mine, channel + (other - tile) * cols, channel)
                source = np.where(source < shape.oc, source, -1)
                text = f"output tile {tile} has the numbers of the tile {words} it"
                plane = of_channels(source, shape.onij)
                key = f"outputs-tile-copied otile={tile} from={other}"
                yield placed(key, text, plane, LOOP)


def _pixels(problem: Problem) -> Iterator[Cause]:
    oc, onij = problem.shape.oc, problem.shape.onij
    pixel = np.arange(onij)
    every_second = np.where(2 * pixel < onij, 2 * pixel, -1)
    for key, words, source in (
        ("pairs", "pixels are exchanged in pairs", np.minimum(pixel ^ 1, onij - 1)),
        ("halves", "the halves of the psum memory are exchanged", np.roll(pixel, onij // 2)),
        ("repeated", "every pixel is written twice, and the second half is lost", pixel // 2),
        (
            "halved",
            "every second pixel is lost, later ones stand early; the rest is 0",
            every_second,
        ),
    ):
        yield placed(f"outputs-{key}", words, of_pixels(source, oc), TWICE)
