"""Files of arrays, numpy's, JSON or C: as tilewright writes them, as anybody does, and several in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, TilewrightError, counted
from tilewright.store.arrays import read_arrays
from tilewright.vectors.c_arrays import CForm, c_content, read_c_arrays
from tilewright.vectors.containers import SUFFIXES
from tilewright.vectors.json_arrays import (
    JsonForm,
    as_array,
    json_content,
    lists_of,
    read_json,
    read_json_lists,
)
from tilewright.vectors.npz import NumpyForm, npz_content
from tilewright.vectors.text import TextForm, TextSet

_SAMPLE = re.compile(r"(.*)\[([0-9]{1,9})\]", re.DOTALL)
"""A name, and the number of a sample in its array."""
WORDS = "words"
"""How the only array of a file of ours is called, where the layout does not say otherwise."""


def array_form(text: TextForm) -> NumpyForm | JsonForm | CForm:
    """The form of files with the words of `text`, numpy's in the smallest type that holds a lane."""
    bits = text.field_bits
    width = next(width for width in (8, 16, 32, 64) if bits <= width)
    dtype = np.dtype(f"<{'i' if text.is_signed else 'u'}{width // 8}")
    shape = (text.lines, text.word_bits // bits)
    if text.container == "json":
        return JsonForm(dtype, shape, text.array)
    if text.container == "c-arrays":
        return CForm(dtype, shape, text.array or WORDS)
    if text.container == "npy":
        return NumpyForm.npy(dtype, shape)
    return NumpyForm.npz(dtype, shape, text.array or WORDS)


def write_arrays(texts: TextSet, grids: npt.NDArray[Any]) -> list[bytes]:
    """Codes ``file line lane`` to the contents of files of arrays."""
    if not texts.sizes:
        return array_form(texts.form).write(grids)
    own = ((texts[at], grids[at : at + 1]) for at in range(len(grids)))
    return [array_form(text).write(grid[:, : text.lines])[0] for text, grid in own]


def read_arrays_of(texts: TextSet, contents: Sequence[bytes]) -> npt.NDArray[Any]:
    """Inverse of `write_arrays`, with 0 behind the last number of a file; raises `FormatError`."""
    if not texts.sizes:
        return array_form(texts.form).read(contents, texts.names)
    found = []
    for at, content in enumerate(contents):
        (codes,) = array_form(texts[at]).read([content], texts.names[at : at + 1])
        found.append(np.pad(codes, ((0, texts.form.lines - len(codes)), (0, 0))))
    return np.stack(found)  # file line lane


def arrays_in(content: bytes, path: Path) -> dict[str, npt.NDArray[Any] | str]:
    """Every array of a file by its name, "" for one without, or why it is none.

    Raises `FormatError` or `ArtifactError`, naming `path`, for a file that is none of JSON, C and numpy's.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        return arrays_of_json(read_json(content, path), path)
    if suffix == SUFFIXES["c-arrays"]:
        return read_c_arrays(content, path)
    arrays = read_arrays(content, path)
    return {"" if suffix == ".npy" else name: a for name, a in arrays.items()}


def arrays_of_json(value: Any, path: Path) -> dict[str, npt.NDArray[Any] | str]:
    """`arrays_in` of what the JSON file `path` says."""
    found: dict[str, npt.NDArray[Any] | str] = {}
    for name, numbers in lists_of(value, path).items():
        try:
            found[name] = as_array(numbers, said(path, name))
        except FormatError as error:
            found[name] = str(error)
    return found


def said(path: Path, name: str) -> str:
    """A file, or an array of it, in messages."""
    return f"{path}: {name}" if name else str(path)


def whole_numbers(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """The integers of an array, which floats may hold as well; raises `FormatError` for other numbers."""
    if array.dtype.kind in "iub":
        return array
    if array.dtype.kind != "f":
        raise FormatError(f"{where} must be whole numbers, but is an array of {array.dtype}")
    is_whole = np.isfinite(array) & (np.rint(array) == array) & (np.abs(array) < 2**62)
    if not is_whole.all():
        first = np.argwhere(~is_whole)[0].tolist()
        place = f" at {first}" if first else ""
        raise FormatError(
            f"{where} must be whole numbers, but has {array[tuple(first)]}{place}: are they the values "
            f"before quantization?"
        )
    return array.astype(np.int64)


def plain_array(content: bytes, text: TextForm, *, called: str) -> tuple[bytes, tuple[str, ...]]:
    """A file of anybody as the layout has it, and what was overlooked.

    Of several arrays, the layout's, "words", or the one that is `called` like the kind is taken. Raises
    `FormatError` for an array that is none of so many integers in their range, or where none of several has
    such a name.
    """
    path, form = Path(text.name), array_form(text)
    name, array = _chosen(content, path, text, called)
    count = form.shape[0] * form.shape[1]
    if array.size != count:
        raise FormatError(
            f"{said(path, name)} must hold {counted(count, 'integer')} "
            f"({counted(form.shape[0], 'word')} of {form.shape[1]}), "
            f"but holds {array.dtype} of shape {array.shape}"
        )
    whole, limits = whole_numbers(array, said(path, name)), np.iinfo(form.dtype)
    if int(whole.min()) < limits.min or int(whole.max()) > limits.max:
        raise FormatError(
            f"{said(path, name)}: {called} numbers must be {limits.min}..{limits.max}, but are "
            f"{int(whole.min())}..{int(whole.max())}"
        )
    (plain,) = form.write(whole.astype(form.dtype).reshape(1, *form.shape))
    changed = array.dtype != form.dtype or array.shape != form.shape
    own = f"array {name}" if name else "an array"
    note = f"{own} of {array.dtype}, {array.shape}, is read as {form.dtype}, {form.shape}"
    return plain, (note,) if changed and text.container != "json" else ()


def _chosen(
    content: bytes, path: Path, text: TextForm, called: str
) -> tuple[str, npt.NDArray[Any]]:
    """The array that a layout means, and its name where the layout says it."""
    is_json, is_c = text.container == "json", text.container == "c-arrays"
    arrays = dict[str, Any](
        read_json_lists(content, path)
        if is_json
        else read_c_arrays(content, path)
        if is_c
        else read_arrays(content, path)
    )
    index = None if text.array in arrays else _SAMPLE.fullmatch(text.array)
    name = index[1] if index else text.array
    names = (name,) if name else (WORDS, called)
    found = next((one for one in names if one in arrays), None)
    if found is None and (name or len(arrays) != 1):
        wanted = " or ".join(f"'{one}'" for one in names)
        raise FormatError(
            f"{text.name} must have an array {wanted}, but has {', '.join(arrays) or 'none'}"
        )
    array = arrays[next(iter(arrays)) if found is None else found]
    if is_json:
        array = as_array(array, said(path, name))
    if isinstance(array, str):
        raise FormatError(array)
    if index is None or array.size == text.lines * text.word_bits // text.field_bits:
        return text.array, array
    if array.ndim < 2 or int(index[2]) >= len(array):
        raise FormatError(
            f"{said(path, name)} has no sample {index[2]}: it is of shape {array.shape}"
        )
    return text.array, array[int(index[2])]


def part_of(content: bytes, container: str, array: str) -> bytes:
    """One array of a file that `joined_arrays` wrote, as a file of its own; anything else as it is."""
    path = Path(f"file{SUFFIXES[container]}")
    try:
        arrays = {name: a for name, a in arrays_in(content, path).items() if not isinstance(a, str)}
    except TilewrightError:
        return content
    if array not in arrays or _written(arrays, container) != content:
        return content
    return _written({array: arrays[array]}, container)


def joined_arrays(contents: Sequence[bytes], container: str) -> bytes:
    """The file with all arrays of `contents`, in their order."""
    path, arrays = Path(f"file{SUFFIXES[container]}"), dict[str, Any]()
    for content in contents:
        arrays |= arrays_in(content, path)
    return _written(arrays, container)


def _written(arrays: dict[str, Any], container: str) -> bytes:
    if container == "json":
        lists = {name: array.reshape(len(array), -1).tolist() for name, array in arrays.items()}
        return json_content(lists)
    if container == "c-arrays":
        return c_content(arrays)
    return npz_content(arrays)
