"""One layout, both directions: tiled tensors to text files and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import IntArray
from tilewright.tile import TilePlan
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import AXES, FieldWidths, axis_sizes, number_format
from tilewright.vectors.layout import Layout
from tilewright.vectors.text import TextForm
from tilewright.vectors.words import from_digits, to_digits


def encode(
    layout: Layout, kind: str, tiles: IntArray, *, plan: TilePlan, widths: FieldWidths
) -> dict[str, bytes]:
    """The files of one kind: name to content.

    tiles has the axes `tilewright.vectors.kinds.AXES[kind]`, nij over the padded plane. Raises
    `FormatError` naming the value and its place if one does not fit its field, or if an unpadded
    plane would lose a code in the padding; `ShapeError` if tiles has another shape than the plan
    says.
    """
    form = layout.kind(kind)
    axes, bits = AXES[kind], widths.bits(form.bits)
    sizes = axis_sizes(plan)
    expected = tuple(sizes[axis] for axis in axes)
    if tiles.shape != expected:
        raise ShapeError(
            f"{kind} tiles must be ({', '.join(axes)}) = {expected}, not {tiles.shape}"
        )
    number_format(kind, bits).check(
        tiles, what=f"layout {layout.name}: {kind} in a field of {bits} bits", axes=" ".join(axes)
    )
    if form.plane == "unpadded":
        tiles = _drop_padding(tiles, plan)
    texts = text_forms(form, plan, widths)
    grids = _arrange(form, tiles).reshape(len(texts), texts[0][0].lines, -1)  # file line lane
    return {
        text.name: text.write(to_digits(grid, bits))
        for (text, _), grid in zip(texts, grids, strict=True)
    }


def decode(
    layout: Layout,
    kind: str,
    files: Mapping[str, bytes],
    *,
    plan: TilePlan,
    widths: FieldWidths,
) -> npt.NDArray[Any]:
    """Inverse of `encode`: tiles in the smallest integer type that holds the field.

    files must be exactly the files of that kind. Raises `FormatError` naming file and line for
    whatever `encode` would not have written: a missing or additional file or line, another header,
    line end, word length or character, a negative output.
    """
    form = layout.kind(kind)
    texts, bits = text_forms(form, plan, widths), widths.bits(form.bits)
    names = {text.name for text, _ in texts}
    for name in sorted(names ^ set(files)):
        state = "is missing" if name in names else "belongs to no tile"
        raise FormatError(f"layout {layout.name}: {kind} file {name} {state}")
    is_signed = kind != "activation"
    grids = [from_digits(t.read(files[t.name]), bits, is_signed=is_signed) for t, _ in texts]
    tiles = _restore(form, np.stack(grids), plan)
    number_format(kind, bits).check(
        tiles, what=f"layout {layout.name}: {kind}", axes=" ".join(AXES[kind])
    )
    return _add_padding(tiles, plan) if form.plane == "unpadded" else tiles


def text_forms(
    form: KindLayout, plan: TilePlan, widths: FieldWidths
) -> list[tuple[TextForm, dict[str, int]]]:
    """What each file of a kind looks like, and its tile indices, in the order of the file axes."""
    return list(_text_forms(form, plan, widths))


def file_count(form: KindLayout, plan: TilePlan) -> int:
    """How many files of a kind there are."""
    sizes = _stated_sizes(form, plan)
    return prod(sizes[axis] for axis in form.file_axes)


def _text_forms(
    form: KindLayout, plan: TilePlan, widths: FieldWidths
) -> Iterator[tuple[TextForm, dict[str, int]]]:
    sizes = _stated_sizes(form, plan)
    bits = widths.bits(form.bits)
    lines = prod(sizes[run.axis] for run in form.lines)
    lanes = prod(sizes[run.axis] for run in form.word)
    for place in np.ndindex(*(sizes[axis] for axis in form.file_axes)):
        indices = dict(zip(form.file_axes, place, strict=True))
        first_oc = indices.get("otile", 0) * plan.array.cols
        facts = {"itile": 0, "otile": 0, "kij": 0} | indices
        facts |= {"lanes": lanes, "last_lane": lanes - 1, "second_lane": max(lanes - 2, 0)}
        facts |= {"bits": bits, "digits": lanes * bits, "lines": lines}
        facts |= {"first_oc": first_oc, "second_oc": first_oc + 1}
        facts |= {"oh": plan.shape.oh, "ow": plan.shape.ow}
        header = tuple(line.format(**facts) for line in form.header)
        name = form.file.format(**indices)
        yield TextForm(name, header, form.line_end, lines, lanes * bits), indices


def _stated_sizes(form: KindLayout, plan: TilePlan) -> dict[str, int]:
    """Sizes of the axes as the files have them."""
    sizes = axis_sizes(plan)
    if form.plane == "unpadded":
        sizes["nij"] = plan.shape.ih * plan.shape.iw
    return sizes


def _stated_axes(form: KindLayout) -> tuple[str, ...]:
    return (*form.file_axes, *(run.axis for run in (*form.lines, *form.word)))


def _flips(form: KindLayout) -> tuple[slice, ...]:
    runs = (*form.lines, *form.word)
    files = [slice(None)] * len(form.file_axes)
    return (*files, *(slice(None, None, -1 if run.is_descending else 1) for run in runs))


def _arrange(form: KindLayout, tiles: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Tiles with their axes in the order and direction in which the files have them."""
    order = [AXES[form.kind].index(axis) for axis in _stated_axes(form)]
    return tiles.transpose(order)[_flips(form)]  # file axes, line axes, word axes


def _restore(form: KindLayout, grids: npt.NDArray[Any], plan: TilePlan) -> npt.NDArray[Any]:
    """Inverse of `_arrange`, from ``file line lane``."""
    sizes, stated = _stated_sizes(form, plan), _stated_axes(form)
    arranged = grids.reshape([sizes[axis] for axis in stated])[_flips(form)]
    order = [stated.index(axis) for axis in AXES[form.kind]]
    return np.ascontiguousarray(arranged.transpose(order))  # axes of the kind


def _drop_padding(tiles: npt.NDArray[Any], plan: TilePlan) -> npt.NDArray[Any]:
    """Activations ``itile nij row`` on the padded plane to those on the plane without border."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    plane = tiles.reshape(plan.itiles, shape.padded_h, shape.padded_w, -1)  # itile h w row
    inner = plane[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw]
    unpadded = inner.reshape(plan.itiles, shape.ih * shape.iw, -1)  # itile nij row
    lost = tiles != _add_padding(unpadded, plan)
    if lost.any():
        itile, nij, row = (int(index) for index in np.argwhere(lost)[0])
        raise FormatError(
            f"an unpadded plane has no place for the padding, which must be 0, but is "
            f"{int(tiles[itile, nij, row])} at (itile={itile}, nij={nij}, row={row})"
        )
    return unpadded


def _add_padding(tiles: npt.NDArray[Any], plan: TilePlan) -> npt.NDArray[Any]:
    """Inverse of `_drop_padding`."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    inner = tiles.reshape(plan.itiles, shape.ih, shape.iw, -1)  # itile h w row
    plane = np.pad(inner, ((0, 0), (pad_h, pad_h), (pad_w, pad_w), (0, 0)))
    return plane.reshape(plan.itiles, shape.nij, -1)  # itile nij row
