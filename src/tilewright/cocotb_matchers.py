"""Exact matchers of simulated values with numpy arrays, for benches in cocotb 2.

``LogicArray == int`` accepts the signed and the unsigned reading alike, so that a wrapped psum equals the
expected one. Here the sign is always said, and bits that are x or z are never a number. Nothing of cocotb is
imported: a value is taken by its bits, as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError

MOST_BITS = 63
SHOWN = 10
WORDS = ("LogicArray", "Logic", "Bit")
"""Types of cocotb that are one word."""


def numbers(
    value: object, *, bits: int, is_signed: bool, is_first_left: bool = False
) -> np.ma.MaskedArray[Any, np.dtype[np.int64]]:
    """The numbers in a simulated value, masked where a bit is not 0 or 1.

    value: a word (a handle, ``LogicArray``, ``Logic`` or text of bits, the most significant first): gives
    its lanes, lane 0 rightmost unless `is_first_left`; or several (an ``Array`` or any sequence), which give
    ``word lane``. bits: of a lane. is_signed: read two's complement. Raises `FormatError` for a value that
    is no word, or whose lanes do not fill it.

    >>> numbers("11110001", bits=4, is_signed=True).tolist()
    [1, -1]
    >>> numbers(["0001", "1x10"], bits=4, is_signed=False).tolist()
    [[1], [None]]
    """
    if not 1 <= bits <= MOST_BITS:
        raise FormatError(f"a lane has 1..{MOST_BITS} bits, not {bits}")
    value = getattr(value, "value", value)  # of a handle
    word = _bits_of(value)
    if word is not None:
        return _lanes(word, bits, is_signed=is_signed, is_first_left=is_first_left)
    if not isinstance(value, Iterable):
        raise FormatError(
            f"a simulated value must be its bits (a handle, LogicArray or text of 0, 1, x and z), not "
            f"{value!r}: of a Python number the sign is not known"
        )
    words = [
        numbers(one, bits=bits, is_signed=is_signed, is_first_left=is_first_left) for one in value
    ]
    if len({one.shape for one in words}) != 1:
        raise FormatError(
            f"words must have one length, not {[one.size for one in words][:8]} lanes"
        )
    return np.ma.stack(words)


def expect_numbers(
    value: object,
    expected: npt.ArrayLike,
    *,
    bits: int,
    is_signed: bool,
    is_first_left: bool = False,
    what: str = "value",
) -> None:
    """Assert that a simulated value is the integers `expected`, bit for bit.

    The arguments are those of `numbers`; expected has its shape, or that of its only word or lanes. Raises
    `AssertionError` that counts the differences and names the first of them, `FormatError` as `numbers`, and
    `ShapeError` if as many numbers are not expected.

    >>> expect_numbers("11110001", [1, -1], bits=4, is_signed=True)
    """
    found = numbers(value, bits=bits, is_signed=is_signed, is_first_left=is_first_left)
    wanted = np.asarray(expected)
    if wanted.dtype.kind not in "iu":
        raise FormatError(f"{what}: expected numbers must be integers, not {wanted.dtype}")
    if wanted.size != found.size or wanted.squeeze().shape != found.squeeze().shape:
        raise ShapeError(f"{what} has numbers {found.shape}, but {wanted.shape} are expected")
    wanted = wanted.reshape(found.shape)
    known = ~np.ma.getmaskarray(found)
    differs = ~known | (found.filled(0) != wanted)
    if not differs.any():
        return
    lines = [
        f"  {', '.join(map(str, place))}: expected {wanted[place]}, found "
        f"{found[place] if known[place] else 'x or z'}"
        for place in map(tuple, np.argwhere(differs)[:SHOWN].tolist())
    ]
    count = int(differs.sum())
    more = [f"  and {count - SHOWN} more"] if count > SHOWN else []
    sign = "signed" if is_signed else "unsigned"
    raise AssertionError(
        "\n".join([f"{what}: {count} of {found.size} {sign} numbers differ", *lines, *more])
    )


def _bits_of(value: object) -> str | None:
    """The bits of a word, the most significant first; None for what is not one word."""
    if not isinstance(value, str) and type(value).__name__ not in WORDS:
        return None
    text = str(value).replace("_", "")
    if not text or not set(text.upper()) <= set("01XZUWLH-"):
        raise FormatError(f"a word must be bits (0, 1, x, z), not {text[:80]!r}")
    return text


def _lanes(
    word: str, bits: int, *, is_signed: bool, is_first_left: bool
) -> np.ma.MaskedArray[Any, np.dtype[np.int64]]:
    count, rest = divmod(len(word), bits)
    if rest:
        raise FormatError(f"lanes of {bits} bits must fill a word, but it has {len(word)} bits")
    fields = [word[place * bits : (place + 1) * bits] for place in range(count)]
    if not is_first_left:
        fields.reverse()
    mask = [not set(field) <= {"0", "1"} for field in fields]
    values = [
        0 if hidden else int(field, 2) - ((int(field[0]) << bits) if is_signed else 0)
        for field, hidden in zip(fields, mask, strict=True)
    ]
    return np.ma.MaskedArray(np.array(values, np.int64), mask=mask)
