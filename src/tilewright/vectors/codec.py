"""One layout, both directions: tiled tensors to text files and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, FormatError, ShapeError
from tilewright.spec import IntArray
from tilewright.tile import TilePlan
from tilewright.vectors.arrangement import (
    arrange,
    expected_shape,
    file_indices,
    lane_count,
    line_count,
    restore,
    stated_sizes,
    word_counts,
)
from tilewright.vectors.array_files import read_arrays_of, write_arrays
from tilewright.vectors.containers import ARRAYS
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.kinds import FILE_AXES, FieldWidths
from tilewright.vectors.layout import Layout
from tilewright.vectors.planes import accumulate_addresses
from tilewright.vectors.templates import fill, names_in
from tilewright.vectors.text import TextForm, TextSet
from tilewright.vectors.words import from_digits, to_digits

_BRACES = re.compile(r"\{[^}]*\}")


def encode(
    layout: Layout, kind: str, tiles: IntArray, *, plan: TilePlan, widths: FieldWidths
) -> dict[str, bytes]:
    """The files of one kind: name to content.

    tiles has the axes `tilewright.vectors.kinds.AXES[kind]`, nij over the padded plane, onij over
    all ofmap pixels, also where the file has the first ones only. Raises `FormatError` naming the
    value and its place if one does not fit its field, or if a code would be lost; `ShapeError` if
    tiles has another shape than the plan says, or the layout cannot state this layer.
    """
    form, bits = layout.kind(kind), widths.bits(layout.kind(kind).bits)
    expected = expected_shape(form, plan)
    if tiles.shape != expected:
        raise ShapeError(
            f"{kind} tiles must be ({', '.join(form.axes)}) = {expected}, not {tiles.shape}"
        )
    if form.tensor == "address":
        _check_addresses(layout, tiles, plan)
        tiles = tiles.astype(np.int64) + form.offset
    widths.number_format(kind, bits, function=form.function, low=form.low).check(
        tiles,
        what=f"layout {layout.name}: {kind} in a field of {bits} bits",
        axes=" ".join(form.axes),
    )
    texts = text_set(form, plan, widths)
    grids = arrange(form, tiles, plan)  # file line lane
    if form.container in ARRAYS:
        contents = write_arrays(texts, grids)
    else:
        digits = word_digits(form, grids.reshape(-1, grids.shape[2]), bits)  # (file line) digit
        contents = texts.write(digits.reshape(*grids.shape[:2], -1))
    return dict(zip(texts.names, contents, strict=True))


def decode(
    layout: Layout,
    kind: str,
    files: Mapping[str, bytes],
    *,
    plan: TilePlan,
    widths: FieldWidths,
) -> npt.NDArray[Any]:
    """Inverse of `encode`: tiles in the smallest integer type that holds the field.

    files must be exactly the files of that kind. Of a kind with the first ofmap pixels only, those
    are returned: the axis onij is shorter then. Raises `FormatError` naming file and line for
    whatever `encode` would not have written: a missing or additional file or line, another header,
    line end, word length or character, a value outside the range, an address that is not the
    plan's, windows that contradict one another.
    """
    form, bits = layout.kind(kind), widths.bits(layout.kind(kind).bits)
    texts = text_set(form, plan, widths)
    for name in sorted(files.keys() ^ set(texts.names)):
        state = "belongs to no tile" if name in files else "is missing"
        raise FormatError(f"layout {layout.name}: {kind} file {name} {state}")
    contents = [files[name] for name in texts.names]
    tiles = restore(form, _grids(form, texts, contents, bits), plan)
    widths.number_format(kind, bits, function=form.function, low=form.low).check(
        tiles, what=f"layout {layout.name}: {kind}", axes=" ".join(form.axes)
    )
    if form.tensor == "address":
        tiles = tiles.astype(np.int64) - form.offset
        _check_addresses(layout, tiles, plan)
    return tiles


def text_forms(
    form: KindLayout, plan: TilePlan, widths: FieldWidths
) -> list[tuple[TextForm, dict[str, int]]]:
    """The form of each file of a kind, and its tile indices, in the order of the file axes."""
    texts = text_set(form, plan, widths)
    places = enumerate(file_indices(form, plan))
    return [(texts[i], dict(zip(form.file_axes, place, strict=True))) for i, place in places]


def text_set(form: KindLayout, plan: TilePlan, widths: FieldWidths) -> TextSet:
    """The forms of the files of a kind, in the order of the file axes."""
    sizes, bits = stated_sizes(form, plan), widths.bits(form.bits)
    lines, lanes = line_count(form, sizes), lane_count(form, sizes)
    word = form.filler_left + lanes * bits + form.filler_right
    digits = word if form.radix == "binary" else -(-word // 4)
    facts = {"lanes": lanes, "last_lane": lanes - 1, "second_lane": max(lanes - 2, 0)}
    facts |= {"bits": bits, "digits": digits, "lines": lines}
    facts |= {"oh": plan.shape.oh, "ow": plan.shape.ow}
    counts = word_counts(form, plan)
    places = enumerate(islice(file_indices(form, plan), _header_count(form)))
    own = ((place, {"lines": counts[at] if counts else lines}) for at, place in places)
    headers = [_header(form, plan, facts | fact, place) for place, fact in own]
    trailer = tuple(line.format(**facts) for line in form.trailer_text)
    names = _file_names(form, sizes, plan)
    text = TextForm(
        names[0],
        headers[0],
        form.line_end,
        lines,
        digits,
        radix=form.radix,
        container=form.container,
        bits=word,
        trailer=trailer,
        separator=form.separator,
        field_bits=bits,
        is_signed=widths.is_signed(form.kind) and not form.has_unsigned_codes,
        array=form.array,
    )
    return TextSet(text, names, headers if len(headers) == len(names) else (), counts)


def file_count(form: KindLayout, plan: TilePlan) -> int:
    """The number of files of a kind."""
    sizes = stated_sizes(form, plan)
    return prod(sizes[axis] for axis in form.file_axes)


def _file_names(form: KindLayout, sizes: dict[str, int], plan: TilePlan) -> list[str]:
    """Names of all files, the last axis fastest; raises `ConfigError` if two are equal."""
    plain = [f"{{{axis}}}" for axis in form.file_axes]
    if _BRACES.findall(form.file) != plain:  # a sum, digits, or an axis that stands twice
        places = (dict(zip(form.file_axes, at, strict=True)) for at in file_indices(form, plan))
        filled = [fill(form.file, place) for place in places]
        if len(set(filled)) < len(filled):
            raise ConfigError(
                f"{form.kind}: '{form.file}' gives two files of {plan.shape} one name"
            )
        return filled
    first, *texts = _BRACES.split(form.file)
    names = [first]
    for axis, text in zip(form.file_axes, texts, strict=True):
        ends = [f"{index}{text}" for index in range(sizes[axis])]
        names = [name + end for name in names for end in ends]
    return names


def _header_count(form: KindLayout) -> int | None:
    """How many headers to make: 1 if no line says which file it stands in, else all (None)."""
    own = {"first_oc", "second_oc", *form.file_axes, *(["lines"] if form.short else [])}
    return None if any(own.intersection(names_in(line)) for line in form.header_text) else 1


def _header(
    form: KindLayout, plan: TilePlan, facts: dict[str, int], place: tuple[int, ...]
) -> tuple[str, ...]:
    """Header lines of the file at `place` along the file axes."""
    indices = dict.fromkeys(FILE_AXES, 0) | dict(zip(form.file_axes, place, strict=True))
    first_oc = indices["otile"] * plan.array.cols
    facts = facts | indices | {"first_oc": first_oc, "second_oc": first_oc + 1}
    return tuple(line.format(**facts) for line in form.header_text)


def _grids(form: KindLayout, texts: TextSet, contents: list[bytes], bits: int) -> npt.NDArray[Any]:
    """Codes ``file line lane`` of the contents."""
    if form.container in ARRAYS:
        return read_arrays_of(texts, contents)
    digits = texts.read(contents)  # file line digit
    flat = digits.reshape(-1, digits.shape[2])
    codes = word_codes(form, flat, bits, is_signed=texts.form.is_signed)  # (file line) lane
    return codes.reshape(len(contents), texts.form.lines, -1)  # file line lane


def word_digits(form: KindLayout, codes: IntArray, bits: int) -> npt.NDArray[np.uint8]:
    """Codes ``line lane`` to the bits of words, ``line bit``, filler included."""
    digits = to_digits(codes, bits)
    if form.bit_order == "lsb":
        digits = digits.reshape(*codes.shape, bits)[..., ::-1].reshape(len(codes), -1)
    if form.filler_left or form.filler_right:
        digits = np.pad(digits, ((0, 0), (form.filler_left, form.filler_right)))
    return digits


def word_codes(
    form: KindLayout, digits: npt.NDArray[np.uint8], bits: int, *, is_signed: bool
) -> npt.NDArray[Any]:
    """Inverse of `word_digits`; what stands in the filler is not looked at."""
    lanes = digits[:, form.filler_left : digits.shape[1] - form.filler_right]
    if form.bit_order == "lsb":
        lanes = lanes.reshape(len(lanes), -1, bits)[..., ::-1].reshape(len(lanes), -1)
    return from_digits(lanes, bits, is_signed=is_signed)


def _check_addresses(layout: Layout, tiles: IntArray, plan: TilePlan) -> None:
    expected = accumulate_addresses(plan)[: len(tiles)]  # onij kij
    different = np.argwhere(tiles != expected)
    if len(different):
        onij, kij = place = tuple(int(index) for index in different[0])
        raise FormatError(
            f"layout {layout.name}: the address at (onij={onij}, kij={kij}) must be "
            f"{int(expected[place])}, as {plan.shape} says, but is {int(tiles[place])}: "
            f"another offset, width or shape?"
        )
