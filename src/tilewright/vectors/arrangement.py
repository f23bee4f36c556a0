"""Arrange tiles as ``file line lane`` and back, as the layout states for the kind."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, ShapeError
from tilewright.tile import TilePlan, tile_psums, tile_weights
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import axis_sizes
from tilewright.vectors.planes import from_plane, tile_sizes, to_plane

Tensor = npt.NDArray[Any]

MAX_VALUES = 2**31
"""Most values that the files of a kind may state: what a split asks for is never larger by mistake."""


def stated_sizes(form: KindLayout, plan: TilePlan) -> dict[str, int]:
    """Sizes of the axes that stand in the statement; raises `ShapeError` if they are too large."""
    known = _known_sizes(form, plan)
    sizes = {axis: known[axis] for axis in form.plane_axes}
    for split in form.split:
        total = prod(sizes.pop(axis) for axis in split.source)
        sizes |= split.sizes(total, known)
        if prod(sizes.values()) > MAX_VALUES:
            raise ShapeError(
                f"{form.kind}: split '{split}' makes {prod(sizes.values())} values of this layer, "
                f"more than {MAX_VALUES}: give smaller sizes"
            )
    return sizes


def file_indices(form: KindLayout, plan: TilePlan) -> Iterator[tuple[int, ...]]:
    """The indices of the axes in the file name, for every file, the last axis fastest."""
    sizes = stated_sizes(form, plan)
    return product(*(range(sizes[axis]) for axis in form.file_axes))


def arrange(form: KindLayout, tiles: Tensor, plan: TilePlan) -> Tensor:
    """Tiles with the axes of the kind to ``file line lane``.

    Raises `FormatError` if a code would be lost, `ShapeError` if the layer cannot be stated so.
    """
    if form.tensor == "activation":
        tiles = to_plane(tiles, plan, form)
    if form.first:
        tiles = tiles.take(range(_known_sizes(form, plan)["onij"]), form.plane_axes.index("onij"))
    axes, sizes = form.plane_axes, stated_sizes(form, plan)
    known = _known_sizes(form, plan)
    for split in form.split:
        total = prod(tiles.shape[axes.index(axis)] for axis in split.source)
        tiles = split.divide(tiles, axes, split.sizes(total, known))
        axes = split.axes(axes)
    arranged = tiles.transpose([axes.index(axis) for axis in form.stated_axes])[_flips(form)]
    lines, lanes = line_count(form, sizes), lane_count(form, sizes)
    return arranged.reshape(-1, lines, lanes)  # file line lane


def restore(form: KindLayout, grids: Tensor, plan: TilePlan) -> Tensor:
    """Inverse of `arrange`; of a layout with the first pixels only, those."""
    sizes, axes = stated_sizes(form, plan), form.stated_axes
    tiles = grids.reshape([sizes[axis] for axis in axes])[_flips(form)]
    known, before, stages = _known_sizes(form, plan), form.plane_axes, []
    lengths = {axis: known[axis] for axis in before}
    for split in form.split:
        stages.append((split, before, tuple(lengths[axis] for axis in before)))
        total = prod(lengths.pop(axis) for axis in split.source)
        lengths |= split.sizes(total, known)
        before = split.axes(before)
    tiles = tiles.transpose([axes.index(axis) for axis in before])  # axes after the splits
    for split, outer, shape in reversed(stages):
        tiles = split.join(tiles, outer, shape)
    if form.tensor == "activation":
        tiles = from_plane(tiles, plan, form)
    return np.ascontiguousarray(tiles)  # axes of the kind


def expected_shape(form: KindLayout, plan: TilePlan) -> tuple[int, ...]:
    """Shape of the tiles of a kind, all pixels of them."""
    sizes = axis_sizes(plan) | {"level": form.levels}
    return tuple(sizes[axis] for axis in form.axes)


def line_count(form: KindLayout, sizes: dict[str, int]) -> int:
    """Words in a file."""
    return prod(sizes[run.axis] for run in form.lines)


def word_counts(form: KindLayout, plan: TilePlan) -> tuple[int, ...]:
    """Words of each file that ends with its last number; empty if every file has all words.

    Raises `ConfigError` if a file would hold none.
    """
    if not form.short:
        return ()
    shape = plan.shape
    if form.tensor == "weight":
        there = tile_weights(np.ones((shape.oc, shape.ic, shape.kh, shape.kw), np.int8), plan)
    else:
        there = tile_psums(np.ones((shape.oc, shape.oh, shape.ow), np.int8), plan)
    has_numbers: Tensor = np.any(arrange(form, there, plan), axis=2)  # file line
    if not np.any(has_numbers, axis=1).all():
        raise ConfigError(f"{form.kind}: '{form.file}' gives a file without a number of {shape}")
    behind = np.argmax(has_numbers[:, ::-1], axis=1)
    return tuple((has_numbers.shape[1] - behind).tolist())


def lane_count(form: KindLayout, sizes: dict[str, int]) -> int:
    """Fields in a word."""
    return prod(sizes[run.axis] for run in form.word)


def _known_sizes(form: KindLayout, plan: TilePlan) -> dict[str, int]:
    """Sizes of all axes of the layer, as far as the file has them."""
    shape = plan.shape
    sizes = axis_sizes(plan) | {"ic": shape.ic, "oc": shape.oc, "kh": shape.kh, "kw": shape.kw}
    sizes |= {"oh": shape.oh, "ow": shape.ow, "ih": shape.ih, "iw": shape.iw}
    if form.plane == "padded" or form.is_streamed:
        sizes |= {"ih": shape.padded_h, "iw": shape.padded_w}
    if form.plane == "halo":
        sizes |= tile_sizes(form, plan)
    sizes["nij"] = sizes["ih"] * sizes["iw"]
    sizes["level"] = form.levels
    if form.first:
        sizes["onij"] = min(form.first, shape.onij)
    return sizes


def _flips(form: KindLayout) -> tuple[slice, ...]:
    files = [slice(None)] * len(form.file_axes)
    runs = (*form.lines, *form.word)
    return (*files, *(slice(None, None, -1 if run.is_descending else 1) for run in runs))
