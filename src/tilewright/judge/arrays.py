"""Read a dump that is an array: numpy's, or a list or records in JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, counted
from tilewright.judge.choose import choose
from tilewright.judge.columns import Chosen, Columns, read_columns
from tilewright.judge.dump import DUMP_AXES, Dump, dump_shape
from tilewright.judge.listed import numbers_in_order
from tilewright.judge.records import records_of
from tilewright.judge.words import is_beside, is_expected, is_own
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle
from tilewright.vectors.array_files import arrays_in, arrays_of_json, said
from tilewright.vectors.json_arrays import read_json

NUMPY, JSON = (".npy", ".npz"), ".json"
_OBJECT = re.compile(rb"\s*(\{|\[\s*\{)")
MOST_NAMED = 8
"""Arrays of a file that a message lists."""


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """What a file of arrays holds. arrays: as `arrays_in` has them. tables: records (`records_of`)."""

    path: Path
    arrays: Mapping[str, npt.NDArray[Any] | str]
    tables: tuple[Columns, ...] = ()


def read_array_file(path: Path) -> ArrayFile | None:
    """The arrays of a file of numpy's, or of JSON that is more than one list; None if it is none of these.

    Raises `FormatError` for an object in a ``.json`` file that is damaged.
    """
    content, suffix = read_bytes(path), path.suffix.lower()
    if suffix in NUMPY:
        return ArrayFile(path, arrays_in(content, path))
    is_object = _OBJECT.match(content) is not None
    if not is_object and suffix != JSON:
        return None
    try:
        value = _of_json(content, path)
        arrays = arrays_of_json(value, path)
    except FormatError:
        if is_object and suffix == JSON and not _is_json(content.lstrip().splitlines()[0], path):
            raise
        return None
    return None if "" in arrays else ArrayFile(path, arrays, tuple(records_of(value)))


def _of_json(content: bytes, path: Path) -> Any:
    """The value of JSON, or of what Python prints of a dictionary, which has other quotes."""
    try:
        return read_json(content, path)
    except FormatError:
        if b'"' in content or b"'" not in content:
            raise
        return read_json(content.replace(b"'", b'"'), path)


def _is_json(line: bytes, path: Path) -> bool:
    """Whether a line is JSON by itself: the file is a log of such lines."""
    try:
        read_json(line, path)
    except FormatError:
        return False
    return True


def read_array(
    bundle: Bundle,
    file: ArrayFile,
    kind: str | None,
    *,
    order: str | None = None,
    name: str | None = None,
) -> Dump:
    """One array of a file: `name`, or that which is called like a kind, or the only one with its numbers.

    In JSON an array is called by the keys and indices that lead to it, ``layers.0.psum``, and the last of
    them may be the kind. It has the axes of the kind, or fewer, where neighbors among them are counted as
    one; a first axis of size 1 (the sample) may stand before them. With `order` (`numbers_in_order`), its
    numbers stand in that one: flat, or with the axes that it names. Records with a number each are read as a
    table (`choose`), if there is one of them. Raises `FormatError` for another shape, for numbers that are no
    integers, and where no array or several could be meant.
    """
    count = None if order else bundle.shape.oc
    path, arrays = file.path, {**file.arrays, **joined(file.arrays, count)}
    tables = [choose(table, bundle, kind, order) for table in file.tables] if name is None else []
    if len(tables) == 1 and isinstance(tables[0], Chosen):
        return read_columns(bundle, path, tables[0], kind or "psum", order=order)
    if tables and not arrays:
        raise FormatError(
            f"{path} has records, but {tables[0]}: name its columns as the kind and its axes"
        )
    chosen = _chosen(bundle, path, arrays, kind, order, name)
    last = chosen.rpartition(".")[2]
    found = kind or (last if last in DUMP_AXES else "psum")
    array, where = arrays[chosen], said(path, chosen)
    if isinstance(array, str):
        raise FormatError(array)
    notes = (f"read as {found}: the array {chosen}",) if chosen and last != found else ()
    return _dump(bundle, where, found, array, order=order, notes=notes)


def joined(arrays: Mapping[str, Any], count: int | None) -> dict[str, npt.NDArray[Any]]:
    """Arrays of one shape whose names differ in one number, which counts from 0 on, as one without it.

    count: how many there must be, if that is known.

    >>> joined({"oc0": np.array([5]), "oc1": np.array([-7])}, 2)["oc"].tolist()
    [[5], [-7]]
    """
    groups = dict[tuple[str, str], dict[int, Any]]()
    for name, array in arrays.items():
        for number in re.finditer(r"\d+", name) if isinstance(array, np.ndarray) else ():
            around = name[: number.start()], name[number.end() :]
            groups.setdefault(around, {})[int(number[0])] = array
    found = dict[str, npt.NDArray[Any]]()
    for (before, behind), parts in groups.items():
        name = ".".join(part for part in (before.rstrip("._["), behind.strip("._]")) if part)
        is_whole = len(parts) == (count or len(parts)) > 1 and sorted(parts) == list(
            range(len(parts))
        )
        if is_whole and len({part.shape for part in parts.values()}) == 1 and name not in arrays:
            found[name] = np.stack([parts[n] for n in sorted(parts)])
    return found


def _chosen(
    bundle: Bundle,
    path: Path,
    arrays: Mapping[str, Any],
    kind: str | None,
    order: str | None,
    name: str | None,
) -> str:
    """The name of the array that is meant."""
    if name is not None:
        return chosen_array(path, arrays, name)
    own = [one for one in arrays if not is_expected(one.lower())]
    for wanted in (kind,) if kind else tuple(DUMP_AXES):
        called = [one for one in own if wanted in (one, one.rpartition(".")[2])]
        if len(called) == 1:
            return called[0]
    if len(arrays) == len(own) == 1:
        return own[0]
    meant = kind or "psum"
    count = len(numbers_in_order(bundle, meant, order))
    fitting = [
        one
        for one in own
        if getattr(arrays[one], "size", 0) == count
        and not is_beside(one.rpartition(".")[2].lower())
    ]
    fitting = [one for one in fitting if is_own(one.lower())] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if arrays and not own:
        raise FormatError(
            f"{path} holds {listed_arrays(arrays)}, by the name what a core should compute: give what it did "
            "compute, or say --dump-array if the name is wrong"
        )
    raise FormatError(
        f"{path} must hold one array called {kind or ' or '.join(DUMP_AXES)}, or one of "
        f"{counted(count, 'number')} ({meant}), but holds {listed_arrays(arrays)}: name it with --dump-array"
    )


def chosen_array(path: Path, arrays: Mapping[str, Any], name: str) -> str:
    """`name`; raises `FormatError` if none of the arrays has it."""
    if name not in arrays:
        raise FormatError(f"{path} has no array {name}: it has {listed_arrays(arrays)}")
    return name


def listed_arrays(arrays: Mapping[str, Any]) -> str:
    """The arrays with their shapes."""
    names = [
        f"{name or 'one without a name'} {list(array.shape) if not isinstance(array, str) else ''}".strip()
        for name, array in arrays.items()
    ]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (", ".join(names[:MOST_NAMED]) or "no list of numbers") + more


def _dump(
    bundle: Bundle, where: str, kind: str, array: Any, *, order: str | None, notes: tuple[str, ...]
) -> Dump:
    shape = dump_shape(bundle, kind)
    if order is None and not _is_of(array.shape, shape):
        order = _order_of(bundle, kind, array.shape)
        notes = (*notes, f"its axes {list(array.shape)} are {order}") if order else notes
    if order is not None:
        array = _in_natural_order(bundle, where, kind, order, array)
    if not _is_of(array.shape, shape):
        raise FormatError(
            f"{where}: {kind} must be ({', '.join(DUMP_AXES[kind])}) = {shape}, but the array is "
            f"{array.shape}: of another layer? (--kind says what it holds, --order in which order)"
        )
    whole = np.asarray(array).reshape(shape)
    if whole.dtype.kind == "f":
        known = np.isfinite(whole)
        values = np.where(known, whole, 0).astype(np.int64)
        if (values != np.where(known, whole, 0)).any():
            raise FormatError(f"{where}: {kind} must be integers, but some have a fraction")
        return Dump(kind, values, known, notes=notes)
    if whole.dtype.kind not in "iub":
        raise FormatError(f"{where}: {kind} must be integers, not {whole.dtype}")
    return Dump(kind, whole.astype(np.int64), np.ones(shape, bool), notes=notes)


def _order_of(bundle: Bundle, kind: str, found: tuple[int, ...]) -> str | None:
    """The order that the sizes of an array say, rows before columns; None if they say none, or two."""
    axes = DUMP_AXES[kind]
    sizes = dict(zip(axes, dump_shape(bundle, kind), strict=True))
    orders = [
        names
        for names in permutations(axes)
        if names.index("oh") < names.index("ow") and _is_of(found, tuple(sizes[n] for n in names))
    ]
    return " ".join(orders[0]) if len(orders) == 1 else None


def _is_of(found: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether neighbors among the axes of `shape`, counted as one, are what was found, without a sample."""
    ends, whole = {1}, 1
    for size in shape:
        whole *= size
        ends.add(whole)
    count, inner = 1, set[int]()
    for size in found:
        count *= size
        inner.add(count)
    return count == whole and inner <= ends


def _in_natural_order(bundle: Bundle, where: str, kind: str, order: str, array: Any) -> Any:
    targets = numbers_in_order(bundle, kind, order)
    if array.size != len(targets):
        raise FormatError(
            f"{where} must hold {len(targets)} numbers ({kind}, {order}), but holds {array.size}: is it of "
            f"another layer?"
        )
    sizes = dict(zip(DUMP_AXES[kind], dump_shape(bundle, kind), strict=True))
    stated = tuple(sizes.get(run.removeprefix("-"), 0) for run in order.split())
    if (
        array.squeeze().ndim == len(stated)
        and all(stated)
        and array.shape[-len(stated) :] != stated
    ):
        raise FormatError(
            f"{where}: an array in the order {order} must be {stated}, but is {array.shape}: name its axes "
            f"as they stand, or leave --order out where they are {', '.join(DUMP_AXES[kind])}"
        )
    whole = np.zeros(prod(dump_shape(bundle, kind)), array.dtype)
    whole[targets[targets >= 0]] = array.reshape(-1)[targets >= 0]
    return whole.reshape(dump_shape(bundle, kind))
