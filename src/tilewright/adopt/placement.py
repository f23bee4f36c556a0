"""Where the axes of a tensor can stand in the files of a family: every order that fits their sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[Any]
Sizes = dict[str, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """Axes in the order in which they stand, outermost first, each with its block.

    blocks: of each axis, the number's index in the file name, or `lines` = -2, `word` = -1. flipped:
    axes that run downwards.
    """

    axes: tuple[str, ...]
    sizes: tuple[int, ...]
    blocks: tuple[int, ...]
    flipped: frozenset[str] = frozenset()

    def read(self, values: Tensor, order: Sequence[str]) -> Tensor:
        """Values ``file line lane`` as a tensor with the axes `order`; axes of size 1 left out in both."""
        grid = values.reshape(self.sizes)
        if self.flipped:
            grid = grid[tuple(_DOWN if axis in self.flipped else _UP for axis in self.axes)]
        return grid.transpose([self.axes.index(axis) for axis in order if axis in self.axes])

    def block(self, axis: str) -> int:
        """The block of an axis."""
        return self.blocks[self.axes.index(axis)]

    def in_file(self, axis: str) -> bool:
        """Whether an axis stands in the file names."""
        return axis in self.axes and self.block(axis) >= 0

    def is_fused(self, outer: str, inner: str) -> bool:
        """Whether two axes stand side by side in one block and run the same way: as one axis would."""
        if outer not in self.axes or inner not in self.axes:
            return True
        at = self.axes.index(outer)
        beside = self.axes[at + 1 : at + 2] == (inner,)
        same = (outer in self.flipped) == (inner in self.flipped)
        return beside and same and self.block(outer) == self.block(inner)


LINES, WORD = -2, -1
_UP, _DOWN = slice(None), slice(None, None, -1)


def placements(
    axes: Sizes, file_sizes: Sequence[int], lines: int, lanes: int
) -> Iterator[Placement]:
    """Every order of the axes, none of them flipped, that fills files, lines and words exactly."""
    real = {axis: size for axis, size in axes.items() if size > 1}
    blocks = [(i, size) for i, size in enumerate(file_sizes) if size > 1]
    blocks += [(block, size) for block, size in ((LINES, lines), (WORD, lanes)) if size > 1]
    if prod(real.values()) == prod(size for _, size in blocks):
        yield from _place(real, blocks, (), ())


def _place(
    left: Sizes, blocks: list[tuple[int, int]], placed: tuple[str, ...], where: tuple[int, ...]
) -> Iterator[Placement]:
    if not blocks:
        yield Placement(placed, (), where)
        return
    block, room = blocks[0]
    for axis, size in left.items():
        if room % size:
            continue
        rest = {other: other_size for other, other_size in left.items() if other != axis}
        after = blocks[1:] if room == size else [(block, room // size), *blocks[1:]]
        for found in _place(rest, after, (*placed, axis), (*where, block)):
            yield Placement(found.axes, (size, *found.sizes), found.blocks)


def with_flips(placement: Placement, axes: Sequence[str]) -> Iterator[Placement]:
    """The placement with every set of `axes` flipped that are not in file names, few first."""
    free = [axis for axis in axes if axis in placement.axes and not placement.in_file(axis)]
    for count in range(len(free) + 1):
        for chosen in combinations(free, count):
            flipped = placement.flipped | frozenset(chosen)
            yield Placement(placement.axes, placement.sizes, placement.blocks, flipped)


def full(tensor: Tensor, order: Sequence[str], sizes: Sizes) -> Tensor:
    """A tensor that lacks the axes of size 1, with all axes of `order`."""
    return np.ascontiguousarray(tensor).reshape([sizes[axis] for axis in order])
