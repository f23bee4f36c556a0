"""Words whose lanes are parted by text, decimal or not, and words as raw octets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, counted
from tilewright.vectors.words import from_digits, to_digits

Digits = npt.NDArray[np.uint8]


class LaneForm(Protocol):
    """What must be known of a file of separated lanes, or of octets."""

    @property
    def name(self) -> str:
        """Of the file."""

    @property
    def lines(self) -> int:
        """Words."""

    @property
    def word_bits(self) -> int:
        """Bits of a word."""

    @property
    def container(self) -> str:
        """As in `KindLayout`."""

    @property
    def radix(self) -> str:
        """As in `KindLayout`."""

    @property
    def separator(self) -> str:
        """As in `KindLayout`."""

    @property
    def field_bits(self) -> int:
        """Bits of a lane."""

    @property
    def is_signed(self) -> bool:
        """Whether a lane is two's complement."""


def lane_lines(form: LaneForm, digits: Digits) -> list[str]:
    """Bits ``line bit`` to the text of each word."""
    bits = form.field_bits
    is_signed = form.is_signed and form.radix == "decimal"
    codes = from_digits(np.ascontiguousarray(digits), bits, is_signed=is_signed)  # line lane
    shape = {"binary": f"0{bits}b", "hex": f"0{-(-bits // 4)}x", "decimal": "d"}[form.radix]
    return [form.separator.join(format(int(code), shape) for code in word) for word in codes]


def lane_digits(form: LaneForm, lines: Sequence[bytes]) -> Digits:
    """Bits ``line bit`` of the words; empty if a line holds anything else than these lanes."""
    words = [_codes(form, line) for line in lines]
    if any(word is None for word in words):
        return np.empty((0, 0), np.uint8)
    unsigned = np.array(words, np.uint64)  # line lane
    return to_digits(unsigned, form.field_bits)


def lanes_fault(form: LaneForm, line: bytes) -> str:
    """The fault in the line of a word; empty if there is none."""
    codes = _codes(form, line)
    lanes = form.word_bits // form.field_bits
    digits = to_digits(np.array([codes], np.uint64), form.field_bits) if codes is not None else None
    if digits is not None and lane_lines(form, digits) == [line.decode("ascii")]:
        return ""
    between = f", {form.separator!r} between them" if lanes > 1 else ""
    shown = line[:80].decode("ascii", "backslashreplace")
    return (
        f"a word must be {counted(lanes, f'{form.radix} number')} of {form.field_bits} bits{between}, "
        f"not '{shown}'"
    )


def _codes(form: LaneForm, line: bytes) -> list[int] | None:
    """The lanes of a line, as unsigned fields; None if they are not these lanes."""
    text = line.decode("ascii", "replace")
    tokens = text.split(form.separator) if form.separator else [text]
    bits, base = form.field_bits, {"binary": 2, "hex": 16, "decimal": 10}[form.radix]
    pattern = {2: "[01]{1,64}", 16: "[0-9a-fA-F]{1,16}", 10: "[+-]?[0-9]{1,20}"}[base]
    if len(tokens) * bits != form.word_bits:
        return None
    if not all(re.fullmatch(pattern, token, re.ASCII) for token in tokens):
        return None
    values = [int(token, base) for token in tokens]
    low = -(1 << bits - 1) if form.is_signed and base == 10 else 0
    high = (1 << bits - (form.is_signed and base == 10)) - 1
    if not all(low <= value <= high for value in values):
        return None
    return [value & (1 << bits) - 1 for value in values]


def raw_content(digits: Digits, container: str) -> bytes:
    """Bits ``line bit`` to whole octets for each word, zeros on the left; the highest octet first or last."""
    count = -(-digits.shape[1] // 8)
    padded = np.pad(digits, ((0, 0), (count * 8 - digits.shape[1], 0)))
    octets = np.packbits(padded, axis=1)  # line octet
    return (octets[:, ::-1] if container.endswith("-little") else octets).tobytes()


def raw_digits(form: LaneForm, content: bytes) -> Digits:
    """Inverse of `raw_content`; raises `FormatError` for another size or a bit left of a word."""
    count = -(-form.word_bits // 8)
    if len(content) != count * form.lines:
        raise FormatError(
            f"{form.name} must have {counted(form.lines, 'word')} of {counted(count, 'octet')}, "
            f"{count * form.lines} in all, not {len(content)}: it is cut short, or was "
            f"written for another shape or layout"
        )
    octets = np.frombuffer(content, np.uint8).reshape(form.lines, count)
    digits = np.unpackbits(
        octets[:, ::-1] if form.container.endswith("-little") else octets, axis=1
    )
    unused = count * 8 - form.word_bits
    if digits[:, :unused].any():
        line = int(digits[:, :unused].any(axis=1).argmax())
        raise FormatError(
            f"{form.name} word {line}: a word has {form.word_bits} bits; the {unused} bits left of "
            f"them must be 0"
        )
    return digits[:, unused:]
