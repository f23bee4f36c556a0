"""From axes of a search to the words of a layout: names, runs, splits and file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.adopt.families import Family
from tilewright.adopt.placement import LINES, WORD, Placement, Sizes
from tilewright.errors import ConfigError
from tilewright.spec.array_shape import MAX_LANES

PIECE = "piece"
"""The axis of files that go on where the last one ends."""
_HINTS = {
    "itile": re.compile(r"(itile|ic_?tile|ic|itl|in_?tile)_?$"),
    "otile": re.compile(r"(otile|oc_?tile|oc|otl|out_?tile)_?$"),
    "kij": re.compile(r"(kij|tap|k)_?$"),
}
_TILE = re.compile(r"tile_?$")


@dataclass(frozen=True, slots=True)
class Channels:
    """How the parts of a channel are called.

    names: of each part, one name, or two where a part is more than an array has lanes. lanes: rows or
    cols of the array. unit: the name of the tile, where there is only one. split: of the layout.
    """

    names: tuple[tuple[str, ...], ...]
    sizes: Sizes
    lanes: int
    unit: str
    split: tuple[str, ...] = ()


def name_channels(parts: tuple[int, ...], tile: str, lane: str) -> Channels:
    """Names for parts of input channels (``itile row``) or output channels (``otile col``)."""
    pair = "pair" if lane == "row" else "half"
    if len(parts) == 1:
        lanes = max(n for n in range(1, MAX_LANES + 1) if parts[0] % n == 0)
        if lanes == parts[0]:
            return Channels(((lane,),), {lane: lanes}, lanes, tile)
        return Channels(((tile, lane),), {tile: parts[0] // lanes, lane: lanes}, lanes, "")
    if len(parts) == 2 and parts[1] == 2 < parts[0] <= MAX_LANES:
        split = (f"{tile} {lane} = {tile} {lane} {pair}:2",)
        return Channels(((lane,), (pair,)), {lane: parts[0], pair: 2}, parts[0], tile, split)
    if len(parts) == 2 and parts[1] <= MAX_LANES:
        return Channels(((tile,), (lane,)), {tile: parts[0], lane: parts[1]}, parts[1], "")
    if len(parts) == 2:
        split = (f"{tile} {lane} = part:{parts[0]} inner:{parts[1]}",)
        lanes = max(n for n in range(1, MAX_LANES + 1) if parts[0] * parts[1] % n == 0)
        sizes = {"part": parts[0], "inner": parts[1]}
        return Channels((("part",), ("inner",)), sizes, lanes, "", split)
    if parts[2] == 2:
        split = (f"{tile} {lane} = {tile} {lane} {pair}:2",)
        names = ((tile,), (lane,), (pair,))
        return Channels(names, {tile: parts[0], lane: parts[1], pair: 2}, parts[1], "", split)
    split = (f"{tile} {lane} = {tile} {pair}:2 {lane}",)
    names = ((tile,), (pair,), (lane,))
    return Channels(names, {tile: parts[0], pair: 2, lane: parts[2]}, parts[2], "", split)


@dataclass(frozen=True, slots=True)
class Stated:
    """Axes of one kind with the names of a layout.

    names: of each axis of the search; those of size 1 stand nowhere yet. sizes: of the layout's axes.
    units: further axes of size 1.
    """

    names: dict[str, tuple[str, ...]]
    sizes: Sizes
    units: tuple[str, ...]

    def table(self, family: Family, place: Placement) -> dict[str, str]:
        """The keys ``file``, ``lines`` and ``word``."""
        file, left = self._file(family, place)
        lines = [*left, *self._runs(place, LINES)]
        return {"file": file, "lines": " ".join(lines), "word": " ".join(self._runs(place, WORD))}

    def _runs(self, place: Placement, block: int) -> list[str]:
        runs = []
        for axis, where in zip(place.axes, place.blocks, strict=True):
            if where == block:
                sign = "-" if axis in place.flipped else ""
                runs += [f"{sign}{name}" for name in self.names[axis]]
        return runs

    def _file(self, family: Family, place: Placement) -> tuple[str, list[str]]:
        """The template of the names, and the units that have no place in it."""
        idle = [
            name for axis, names in self.names.items() if axis not in place.axes for name in names
        ]
        left, numbers = [*self.units, *idle], []
        free = [at for at, number in enumerate(family.places) if not number.factors]
        grid = [at for at in free if family.is_grid and family.places[at].size > 1]
        terms: dict[int, list[tuple[int, str]]] = {}
        for at, number in enumerate(family.places):
            if number.factors:
                continue
            if number.size > 1 and family.pieces:
                terms[at] = [(1, PIECE), (number.first, "")]
            elif number.size == 1:
                unit = self._hinted(family.texts[at], left) if number.first == 0 else ""
                terms[at] = [(1, unit)] if unit else [(number.first, "")]
                left = [axis for axis in left if axis != unit]
            elif grid:
                axes = self._grid_axes(family, grid, self._axes(place, free.index(grid[-1])))
                terms[at] = [(1, axes[grid.index(at)]), (number.first, "")]
            else:
                axes = self._axes(place, free.index(at))
                terms[at] = [*self._weighted(axes), (number.first, "")]
        for at, number in enumerate(family.places):
            if number.factors:
                *factors, constant = number.factors
                derived = [(by * f, a) for i, f in enumerate(factors) if f for by, a in terms[i]]
                terms[at] = [*derived, (constant, "")]
        numbers = [_number(terms[at], one.digits) for at, one in enumerate(family.places)]
        pieces = [text for pair in zip(family.texts, [*numbers, ""], strict=True) for text in pair]
        return "".join(pieces), left

    def _axes(self, place: Placement, block: int) -> list[str]:
        found: list[str] = []
        for axis, where in zip(place.axes, place.blocks, strict=True):
            if where == block:
                found += self.names[axis]
        return found

    def _grid_axes(self, family: Family, grid: list[int], axes: list[str]) -> list[str]:
        """The axes of two numbers that count rows and columns of taps; raises `ConfigError` for others."""
        if [self.sizes[axis] for axis in axes] != [family.places[at].size for at in grid]:
            raise ConfigError(f"the numbers in the names of {family.title} must count taps")
        return axes

    def _weighted(self, axes: Sequence[str]) -> list[tuple[int, str]]:
        """Axes of one number, the last one fastest, each with what a step of it counts."""
        terms, by = [], 1
        for axis in reversed(axes):
            terms.append((by, axis))
            by *= self.sizes[axis]
        return terms[::-1]

    @staticmethod
    def _hinted(text: str, units: Sequence[str]) -> str:
        for axis in units:
            if _HINTS.get(axis, _NOTHING).search(text.lower()):
                return axis
        tiles = [axis for axis in ("itile", "otile") if axis in units]
        return tiles[0] if len(tiles) == 1 and _TILE.search(text.lower()) else ""


_NOTHING = re.compile(r"(?!)")


def _number(terms: Sequence[tuple[int, str]], digits: int) -> str:
    """A sum in braces; a number where no axis is in it. digits: that it has at least."""
    constant = sum(by for by, axis in terms if not axis)
    stated = [axis if by == 1 else f"{by}*{axis}" for by, axis in terms if axis and by]
    if not stated:
        return f"{constant:0{digits}}" if digits else str(constant)
    least = f":0{digits}" if digits else ""
    return "{" + "+".join([*stated, *([str(constant)] if constant else [])]) + least + "}"
