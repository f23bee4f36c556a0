"""Arrays in C and C++ sources: constants with a name each, of numbers, and of braces around numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.vectors.json_arrays import as_array

_ASIDE = re.compile(r"//[^\n]*|/\*.*?\*/|^[ \t]*#[^\n]*", re.DOTALL | re.MULTILINE)
_ARRAY = re.compile(
    r"(?P<type>[A-Za-z_][\w:]*(?:\s*<\s*\d+\s*>)?)\s+(?P<name>[A-Za-z_]\w*)\s*(?P<sizes>(?:\[[^\]\n]*\]\s*)+)"
    r"(?:[A-Za-z_]\w*+\s*+(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*+)?){0,4}=\s*\{"
)
_PIECE = re.compile(
    r"\s*(?:(?P<mark>[{},])|(?P<sign>[+-]?)\s*(?:(?P<hex>0[xX][0-9a-fA-F']+)|(?P<bits>0[bB][01']+)"
    r"|(?P<float>\d[\d']*\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|(?P<whole>\d[\d']*))[uUlLfF]*)"
)
_SIGNED = re.compile(r"(?:int|ap_int\s*<\s*)(\d+)")
_PLAIN = {"char": 8, "short": 16, "int": 32, "signed": 32}
MOST_DEPTH = 8


def read_c_arrays(content: bytes, path: Path) -> dict[str, npt.NDArray[Any] | str]:
    """The arrays of a source by their names, or why one is none.

    Digits of a negative number in a signed type are that number (``int8_t x[] = {0xff}`` is -1), and numbers
    that are left out at the end are 0, as in C.

    >>> read_c_arrays(b"const int8_t w[2][2] = {{1, -2}, {0xff, 4}};", Path("x.h"))["w"].tolist()
    [[1, -2], [-1, 4]]
    """
    text = _ASIDE.sub(" ", content.decode("latin-1").replace("\r\n", "\n"))
    found: dict[str, npt.NDArray[Any] | str] = {}
    for one in _ARRAY.finditer(text):
        where = f"{path}: {one['name']}"
        try:
            numbers = as_array(_braces(text, one.end(), where), where)
        except FormatError as error:
            found[one["name"]] = str(error)
            continue
        found[one["name"]] = _typed(_filled(numbers, one["sizes"]), one["type"].strip())
    return found


def has_hex_words(content: bytes) -> bool:
    """Whether the only array of a source is a list of hexadecimal words of one length, maybe with lanes."""
    text = _ASIDE.sub(" ", content.decode("latin-1"))
    arrays = list(_ARRAY.finditer(text))
    if len(arrays) != 1:
        return False
    words = re.split(r"[\s,]+", text[arrays[0].end() :].partition("}")[0].strip(" \r\n\t,"))
    return all(word[:2] in ("0x", "0X") for word in words) and len(set(map(len, words))) == 1


def _braces(text: str, start: int, where: str) -> list[Any]:
    """The numbers from the first opening brace on, in lists as in braces; raises `FormatError`."""
    opened: list[list[Any]] = [[]]
    at = start
    while opened:
        piece = _PIECE.match(text, at)
        if piece is None:
            raise FormatError(
                f"{where} must be numbers in braces alone, but has {text[at : at + 20].strip()!r}"
            )
        at = piece.end()
        if piece["mark"] == "{":
            opened[-1].append([])
            opened.append(opened[-1][-1])
        elif piece["mark"] == "}":
            last = opened.pop()
        elif piece["mark"] is None:
            opened[-1].append(_number(piece))
        if len(opened) > MOST_DEPTH:
            raise FormatError(f"{where} must have at most {MOST_DEPTH} braces around a number")
    return last


def _number(piece: re.Match[str]) -> int | float:
    sign = -1 if piece["sign"] == "-" else 1
    if piece["float"]:
        return sign * float(piece["float"].replace("'", ""))
    digits = (piece["hex"] or piece["bits"] or piece["whole"]).replace("'", "")
    return sign * int(digits, 0 if piece["hex"] or piece["bits"] else 10)


def _filled(numbers: npt.NDArray[Any], sizes: str) -> npt.NDArray[Any]:
    """A flat list in the array's sizes, as far as they are numbers."""
    stated = [size.strip() for size in re.findall(r"\[([^\]]*)\]", sizes)]
    if numbers.ndim != 1 or not all(size.isdecimal() for size in stated):
        return numbers
    shape = tuple(map(int, stated))
    missing = prod(shape) - numbers.size
    return np.pad(numbers, (0, missing)).reshape(shape) if 0 <= missing < 1 << 20 else numbers


def _typed(numbers: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Numbers of a signed type with their sign; in the type itself where it is one of ours and holds them."""
    signed = _SIGNED.match(name)
    bits = int(signed[1]) if signed else _PLAIN.get(name, 0)
    if numbers.dtype.kind in "iu" and 0 < bits < 64:
        is_below = (numbers >= 1 << (bits - 1)) & (numbers < 1 << bits)
        numbers = np.where(is_below, numbers - (1 << bits), numbers)
    dtype = {f"{d}_t": d for d in ("int8", "int16", "int32", "uint8", "uint16", "uint32")}.get(name)
    if dtype is None or numbers.dtype.kind not in "iu":
        return numbers
    limits = np.iinfo(dtype)
    fits = limits.min <= numbers.min(initial=0) and numbers.max(initial=0) <= limits.max
    return numbers.astype(dtype) if fits else numbers


def c_content(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Arrays of words as a header: a line for each word; of words with one number, the number alone."""
    return "\n".join(["#include <stdint.h>", *_lines(arrays), ""]).encode()


def _lines(arrays: Mapping[str, npt.NDArray[Any]]) -> Iterator[str]:
    for name, array in arrays.items():
        words = array.reshape(len(array), -1)
        sizes = "".join(f"[{size}]" for size in words.shape[: 1 + (words.shape[1] > 1)])
        yield f"\nstatic const {array.dtype.name}_t {name}{sizes} = {{"
        for word in words.tolist():
            numbers = ", ".join(map(str, word))
            yield f"  {{{numbers}}}," if len(word) > 1 else f"  {numbers},"
        yield "};"


@dataclass(frozen=True, slots=True)
class CForm:
    """What all C headers with codes of type `dtype` and shape `shape`, ``line lane``, look like."""

    dtype: np.dtype[Any]
    shape: tuple[int, int]
    name: str

    def write(self, codes: npt.NDArray[Any]) -> list[bytes]:
        """Codes ``file line lane`` to contents."""
        return [c_content({self.name: file.astype(self.dtype)}) for file in codes]

    def read(self, contents: Sequence[bytes], names: Sequence[str]) -> npt.NDArray[Any]:
        """Inverse of `write`; raises `FormatError` naming a file that is not such a file."""
        found = []
        for name, content in zip(names, contents, strict=True):
            array = read_c_arrays(content, Path(name)).get(self.name, "")
            codes = array.reshape(-1) if not isinstance(array, str) else np.empty(0, self.dtype)
            if codes.size != prod(self.shape) or self.write(codes.reshape(1, *self.shape)) != [
                content
            ]:
                raise FormatError(
                    f"{name} must be a C header with {self.name}, {self.shape[0]} words of {self.shape[1]} "
                    f"integers, as tilewright writes it: it is damaged, or of another shape or layout"
                )
            found.append(codes.astype(self.dtype).reshape(self.shape))
        return np.stack(found)  # file line lane
