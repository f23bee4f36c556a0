"""Read a dump that is an array: numpy's, or a list in an object of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.errors import FormatError, counted
from tilewright.judge.dump import DUMP_AXES, Dump, dump_shape
from tilewright.judge.listed import numbers_in_order
from tilewright.store.artifact import read_bytes
from tilewright.vectors import Bundle
from tilewright.vectors.array_files import arrays_in, said
from tilewright.vectors.json_arrays import read_json_lists

NUMPY, JSON = (".npy", ".npz"), ".json"
MOST_NAMED = 8
"""Arrays of a file that a message lists."""


def is_of_arrays(path: Path, content: bytes) -> bool:
    """Whether a file holds arrays: numpy's, or JSON that is more than one list.

    Raises `FormatError` for an object in a ``.json`` file that is damaged.
    """
    if path.suffix.lower() in NUMPY:
        return True
    is_object = content.lstrip().startswith(b"{")
    if not is_object and path.suffix.lower() != JSON:
        return False
    try:
        return "" not in read_json_lists(content, path)
    except FormatError:
        if is_object and path.suffix.lower() == JSON:
            raise
        return False


def read_array(
    bundle: Bundle,
    path: Path,
    kind: str | None,
    *,
    order: str | None = None,
    name: str | None = None,
) -> Dump:
    """One array of a file: `name`, or that which is called like a kind, or the only one with its numbers.

    In JSON an array is called by the keys and indices that lead to it, ``layers.0.psum``, and the last of
    them may be the kind. It has the axes of the kind, or fewer, where neighbors among them are counted as
    one; a first axis of size 1 (the sample) may stand before them. With `order` (`numbers_in_order`), its
    numbers stand in that one: flat, or with the axes that it names. Raises `FormatError` for another shape,
    for numbers that are no integers, and where no array or several could be meant.
    """
    suffix = path.suffix.lower()
    content_of = path if suffix in NUMPY else path.with_suffix(JSON)
    arrays = arrays_in(read_bytes(path), content_of)
    chosen = _chosen(bundle, path, arrays, kind, order, name)
    last = chosen.rpartition(".")[2] if suffix not in NUMPY else chosen
    found = kind or (last if last in DUMP_AXES else "psum")
    array, where = arrays[chosen], said(path, chosen)
    if isinstance(array, str):
        raise FormatError(array)
    notes = (f"read as {found}: the array {chosen}",) if chosen and last != found else ()
    return _dump(bundle, where, found, array, order=order, notes=notes)


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
        if name not in arrays:
            raise FormatError(f"{path} has no array {name}: it has {_listed(arrays)}")
        return name
    for wanted in (kind,) if kind else tuple(DUMP_AXES):
        called = [one for one in arrays if wanted in (one, one.rpartition(".")[2])]
        if len(called) == 1:
            return called[0]
    if len(arrays) == 1:
        return next(iter(arrays))
    meant = kind or "psum"
    count = len(numbers_in_order(bundle, meant, order))
    fitting = [one for one, array in arrays.items() if getattr(array, "size", 0) == count]
    if len(fitting) == 1:
        return fitting[0]
    raise FormatError(
        f"{path} must hold one array called {kind or ' or '.join(DUMP_AXES)}, or one of "
        f"{counted(count, 'number')} ({meant}), but holds {_listed(arrays)}: name it with --dump-array"
    )


def _listed(arrays: Mapping[str, Any]) -> str:
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
