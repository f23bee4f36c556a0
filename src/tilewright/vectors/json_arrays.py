"""Arrays in JSON: lists of numbers, and lists of such lists, wherever they stand in objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError

MOST_LISTS = 10_000
"""Lists of a file that are looked at."""


def read_json_lists(content: bytes, path: Path) -> dict[str, list[Any]]:
    """The lists of numbers in a JSON file (`lists_of`). Raises `FormatError`, naming `path`, for no JSON."""
    return lists_of(read_json(content, path), path)


def read_json(content: bytes, path: Path) -> Any:
    """What a JSON file says; raises `FormatError`, naming `path`, for text that is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} must be JSON: {error or 'it is nested too deeply'}") from None


def lists_of(value: Any, path: Path) -> dict[str, list[Any]]:
    """The lists of numbers in a value of JSON, by the keys and indices that lead to them, parted by points.

    Lists that begin with something else than a number are left out. Raises `FormatError`, naming `path`, for
    too many.

    >>> lists_of({"layers": [{"w": [[1, 2]], "name": "a"}]}, Path("x.json"))
    {'layers.0.w': [[1, 2]]}
    """
    found: dict[str, list[Any]] = {}
    for name, numbers in _lists(value, ""):
        found[name] = numbers
        if len(found) > MOST_LISTS:
            raise FormatError(f"{path} must have at most {MOST_LISTS:,} lists of numbers")
    return found


def _lists(value: Any, name: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list) and _begins_with_number(value):
        yield name, value
        return
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in parts:
        yield from _lists(part, f"{name}.{key}" if name else str(key))


def _begins_with_number(value: list[Any]) -> bool:
    first: Any = value
    while isinstance(first, list) and first:
        first = first[0]
    return isinstance(first, int | float) and not isinstance(first, bool)


def as_array(numbers: list[Any], where: str) -> npt.NDArray[Any]:
    """A list of lists as an array of int64 or float64; raises `FormatError` where it is none."""
    try:
        array = np.array(numbers)
    except (ValueError, OverflowError):
        raise FormatError(f"{where} must be lists of one length: some are longer") from None
    if array.dtype.kind not in "iuf":
        raise FormatError(f"{where} must be numbers of at most 64 bits, and nothing else")
    return array


@dataclass(frozen=True, slots=True)
class JsonForm:
    """What all JSON files with codes of type `dtype` and shape `shape`, ``line lane``, look like.

    name: of the list in an object; "" where the list is all there is.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, int]
    name: str = ""

    def write(self, codes: npt.NDArray[Any]) -> list[bytes]:
        """Codes ``file line lane`` to contents: a line for each word, in an object if the list has a name."""
        return [json_content({self.name: file.tolist()}) for file in codes]

    def read(self, contents: Sequence[bytes], names: Sequence[str]) -> npt.NDArray[Any]:
        """Inverse of `write`; raises `FormatError` naming a file that is not such a file."""
        found = []
        for name, content in zip(names, contents, strict=True):
            lists = read_json_lists(content, Path(name))
            numbers = as_array(lists.get(self.name, []) or [0], name)
            codes = numbers.astype(self.dtype)
            if numbers.size != self.shape[0] * self.shape[1] or self.write(
                codes.reshape(1, *self.shape)
            ) != [content]:
                raise FormatError(
                    f"{name} must be a JSON list of {self.shape[0]} words of {self.shape[1]} integers"
                    f"{f', called {self.name}' if self.name else ''}, as tilewright writes it: it is "
                    f"damaged, or of another shape or layout"
                )
            found.append(codes.reshape(self.shape))
        return np.stack(found)  # file line lane


def json_content(lists: dict[str, list[list[int]]]) -> bytes:
    """Lists of words by their names; the one without a name stands alone."""
    texts = {name: _words(words) for name, words in lists.items()}
    if "" in texts:
        return f"{texts['']}\n".encode()
    parts = (f"{json.dumps(name)}: {text}" for name, text in texts.items())
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _words(words: list[list[int]]) -> str:
    """A line for each word; of words with one number, the number alone."""
    lines = [json.dumps(word[0] if len(word) == 1 else word) for word in words]
    return "[\n" + ",\n".join(lines) + "\n]"
