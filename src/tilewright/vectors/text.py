"""Digits to the bytes of text files, and back, strictly; many files of one form at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, counted
from tilewright.vectors.containers import C_PART_BITS, IHEX, RAW, Frame, frame
from tilewright.vectors.intel_hex import hex_content, hex_octets
from tilewright.vectors.kind_layout import LINE_ENDS
from tilewright.vectors.lanes import lane_digits, lane_lines, lanes_fault, raw_content, raw_digits

ZERO = np.uint8(ord("0"))
SHOWN = 40
_PAIRS = np.array([f"{octet:02x}".encode() for octet in range(256)], "S2").view(np.uint16)
_NIBBLES = np.full(256, 255, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)
_DIGITS = {"binary": ("[01]", "digits 0 or 1"), "hex": ("[0-9a-f]", "digits 0-9 or a-f")}

Digits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TextForm:
    """What one file must look like: header lines, then `lines` words of `digits` digits.

    bits: of a word, 0 for as many as digits. radix, container, separator, array: as in `KindLayout`.
    field_bits, is_signed: of a lane, needed for separated and decimal lanes.
    """

    name: str
    header: tuple[str, ...]
    line_end: str
    lines: int
    digits: int
    radix: str = "binary"
    container: str = "text"
    bits: int = 0
    trailer: tuple[str, ...] = ()
    separator: str = ""
    field_bits: int = 0
    is_signed: bool = False
    array: str = ""

    def write(self, digits: Digits) -> bytes:
        """Bits 0 or 1, ``line bit``, to the content of the file."""
        return TextSet(self, (self.name,)).write(digits[None])[0]

    def read(self, content: bytes) -> Digits:
        """Inverse of `write`; raises `FormatError` that names the first wrong line."""
        digits: Digits = TextSet(self, (self.name,)).read([content])[0]
        return digits

    @property
    def word_bits(self) -> int:
        """Bits of a word, without the zeros that fill a hexadecimal digit."""
        return self.bits or self.digits

    @property
    def is_in_lanes(self) -> bool:
        """Whether each lane is a text of its own, not so many digits of a word."""
        return self.separator != "" or self.radix == "decimal"

    @property
    def frame(self) -> Frame:
        """The text around the words."""
        return frame(
            self.container,
            name=self.name.split(".")[0],
            header=self.header,
            trailer=self.trailer,
            radix=self.radix,
            lines=self.lines,
            bits=self.word_bits,
        )


@dataclass(frozen=True, slots=True)
class TextSet:
    """Files that differ in name and header only: as `form`, but with `names` and `headers`.

    headers: one for each name, or empty if every file has the header of `form`. sizes: words of each file,
    at most those of `form`, the others being 0; empty if every file has as many as `form`.
    """

    form: TextForm
    names: Sequence[str]
    headers: Sequence[tuple[str, ...]] = ()
    sizes: Sequence[int] = ()

    def __getitem__(self, index: int) -> TextForm:
        """The form of file number `index`."""
        header = self.headers[index] if self.headers else self.form.header
        return replace(self.form, name=self.names[index], header=header, lines=self.lines_of(index))

    def lines_of(self, index: int) -> int:
        """Words of file number `index`."""
        return self.sizes[index] if self.sizes else self.form.lines

    def called(self, name: str) -> TextForm:
        """The form of the file of that name, under the first header."""
        lines = self.lines_of(self.names.index(name) if self.sizes else 0)
        return replace(self.form, name=name, lines=lines)

    def write(self, digits: Digits) -> list[bytes]:
        """Bits 0 or 1, ``file line bit``, to the contents of the files."""
        if self.sizes:
            return [self[i].write(own[: self.sizes[i]]) for i, own in enumerate(digits)]
        if self.form.container in RAW:
            return [raw_content(words, self.form.container) for words in digits]
        if self.form.container in IHEX:
            octets = [raw_content(words, self.form.container) for words in digits]
            return [hex_content(of, self._step, self.form.line_end) for of in octets]
        if self.form.is_in_lanes:
            return [self._write_lanes(index, words) for index, words in enumerate(digits)]
        form, around, heads = self.form, self.form.frame, self._heads()
        left, right = _sides(form, around)  # line character
        front, foot = _common(heads), _octets(_encoded(around.foot, form.line_end))
        characters = _characters(digits, form, around)  # file row digit
        files, rows, count = characters.shape
        start, stop = left.shape[1], left.shape[1] + count
        first, last = front.shape[1], front.shape[1] + rows * (stop + right.shape[1])
        whole = np.empty((files, last + len(foot)), np.uint8)
        whole[:, :first], whole[:, last:] = front, foot
        grid = whole[:, first:last].reshape(files, rows, -1)  # file row character, a view
        grid[..., :start], grid[..., stop:] = left, right
        if form.radix == "hex":
            grid[..., start:stop] = characters
        else:
            np.add(characters, ZERO, out=grid[..., start:stop])
        joined, size = whole.tobytes(), whole.shape[1]
        contents = [joined[at : at + size] for at in range(0, len(joined), size)]
        if first == len(heads[0]):
            return contents
        return [head + content for head, content in zip(heads, contents, strict=True)]

    def read(self, contents: Sequence[bytes]) -> Digits:
        """Inverse of `write`; raises `FormatError` that names the first wrong file and line."""
        if self.sizes:
            most, own = self.form.lines, (self[i].read(c) for i, c in enumerate(contents))
            return np.stack([np.pad(words, ((0, most - len(words)), (0, 0))) for words in own])
        if self.form.container in RAW:
            return np.stack([raw_digits(self[i], content) for i, content in enumerate(contents)])
        if self.form.container in IHEX:
            octets = [
                hex_octets(content, self[i].name, self._step, self.form.line_end)
                for i, content in enumerate(contents)
            ]
            return np.stack([raw_digits(self[i], of) for i, of in enumerate(octets)])
        form, around, heads = self.form, self.form.frame, self._heads()
        if form.is_in_lanes:
            return np.stack([self._read_lanes(i, content) for i, content in enumerate(contents)])
        left, right = _sides(form, around)  # line character
        front, foot = _common(heads), _octets(_encoded(around.foot, form.line_end))
        start, stop = left.shape[1], left.shape[1] + _row_digits(form, around)
        first, last = front.shape[1], front.shape[1] + len(left) * (stop + right.shape[1])
        bodies = contents if first == len(heads[0]) else self._without_heads(contents, heads)
        if set(map(len, bodies)) != {last + len(foot)}:
            sizes = (len(body) == last + len(foot) for body in bodies)
            at = next(i for i, is_right in enumerate(sizes) if not is_right)
            raise _first_fault(self[at], contents[at])
        whole = np.frombuffer(b"".join(bodies), np.uint8).reshape(len(bodies), -1)
        grid = whole[:, first:last].reshape(len(bodies), len(left), -1)  # file row character
        digits = grid[..., start:stop]
        digits = _NIBBLES[digits] if form.radix == "hex" else digits - ZERO  # others: 2..255
        largest = 15 if form.radix == "hex" else 1
        fixed = [(whole[:, :first], front), (whole[:, last:], foot)]
        fixed += [(grid[..., :start], left), (grid[..., stop:], right)]
        if digits.max() > largest or any((found != wanted).any() for found, wanted in fixed):
            faults = (digits > largest).any(axis=(1, 2))
            for found, wanted in fixed:
                faults |= (found != wanted).reshape(len(bodies), -1).any(axis=1)
            at = int(faults.argmax())
            raise _first_fault(self[at], contents[at])
        return _bits(digits, self, around) if form.radix == "hex" else digits

    @property
    def _step(self) -> int:
        """Octets of a record that is a word, where Intel HEX counts words; 0 where it counts octets."""
        return -(-self.form.word_bits // 8) if self.form.container == "ihex-words" else 0

    def _write_lanes(self, index: int, digits: Digits) -> bytes:
        form, around = self[index], self[index].frame
        lines = (*around.head, *lane_lines(form, digits), *around.foot)
        return _encoded(lines, form.line_end)

    def _read_lanes(self, index: int, content: bytes) -> Digits:
        """The bits of one file of separated lanes, ``line bit``."""
        form, around = self[index], self[index].frame
        lines = content.split(LINE_ENDS[form.line_end])
        words = lines[len(around.head) : len(around.head) + form.lines]
        digits = (
            lane_digits(form, words) if len(words) == form.lines else np.empty((0, 0), np.uint8)
        )
        if digits.size == 0 or self._write_lanes(index, digits) != content:
            raise _first_fault(form, content)
        return digits

    def _heads(self) -> list[bytes]:
        """What stands before the words: of each file, or one if all have the same."""
        if self.headers or self.form.container == "c":
            forms = (self[index] for index in range(len(self.names)))
            return [_encoded(form.frame.head, form.line_end) for form in forms]
        return [_encoded(self.form.frame.head, self.form.line_end)]

    def _without_heads(self, contents: Sequence[bytes], heads: list[bytes]) -> list[bytes]:
        """Contents from the first word on."""
        for at, (head, content) in enumerate(zip(heads, contents, strict=True)):
            if not content.startswith(head):
                raise _first_fault(self[at], content)
        return [content[len(head) :] for head, content in zip(heads, contents, strict=True)]


def _common(heads: list[bytes]) -> Digits:
    """Heads of one length as ``head character``; of different lengths, none: ``1 0``."""
    if len(set(map(len, heads))) > 1:
        return np.empty((1, 0), np.uint8)
    return _octets(b"".join(heads)).reshape(len(heads), len(heads[0]))


def _octets(content: bytes) -> Digits:
    return np.frombuffer(content, np.uint8)


def _sides(form: TextForm, around: Frame) -> tuple[Digits, Digits]:
    """What stands left and right of the digits of each text line, with the line end."""
    rows = form.lines * around.parts
    end = np.repeat(np.frombuffer(LINE_ENDS[form.line_end], np.uint8)[None], rows, axis=0)
    return around.left_text(rows), np.hstack([around.right_text(rows), end])


def _row_digits(form: TextForm, around: Frame) -> int:
    """Digits in a text line: of a word, or of one of its parts."""
    return form.digits if around.parts == 1 else C_PART_BITS // 4


def _characters(digits: Digits, form: TextForm, around: Frame) -> Digits:
    """Bits ``file line bit`` to bits, or to hexadecimal characters, ``file row digit``."""
    if form.radix == "binary":
        return digits
    count = _row_digits(form, around)
    octets = -(-count // 2)
    bits = around.parts * octets * 8
    padded = np.pad(digits, ((0, 0), (0, 0), (bits - digits.shape[2], 0)))  # zeros on the left
    pairs = _PAIRS[np.packbits(padded.reshape(-1))]
    rows = form.lines * around.parts
    return pairs.view(np.uint8).reshape(len(digits), rows, octets * 2)[..., octets * 2 - count :]


def _bits(nibbles: Digits, texts: TextSet, around: Frame) -> Digits:
    """Inverse of `_characters`, from nibbles; the zeros on the left must be zeros."""
    form = texts.form
    words = nibbles.reshape(len(nibbles), form.lines, -1)  # file line nibble
    unused = words.shape[2] * 4 - form.word_bits
    if words.shape[2] % 2:
        words = np.pad(words, ((0, 0), (0, 0), (1, 0)))  # to whole octets
    octets = words[..., ::2] << np.uint8(4) | words[..., 1::2]
    words = np.unpackbits(octets.reshape(-1)).reshape(*octets.shape[:2], -1)  # file line bit
    fill = words.shape[2] - form.word_bits
    if words[..., :fill].any():
        at, line = (int(i) for i in np.argwhere(words[..., :fill].any(axis=2))[0])
        number = len(around.head) + line * around.parts + 1
        raise FormatError(
            f"{texts.names[at]} line {number}: a word has {form.word_bits} bits; the {unused} bits left "
            f"of them must be 0"
        )
    return words[..., fill:]


def _encoded(lines: tuple[str, ...], line_end: str) -> bytes:
    end = LINE_ENDS[line_end]
    return b"".join(line.encode("ascii") + end for line in lines)


def _first_fault(form: TextForm, content: bytes) -> FormatError:
    """The error for the first character of `content` that `form` does not allow."""
    around = form.frame
    left, right = _sides(form, around)
    head, foot = len(around.head), len(around.foot)
    *found, rest = content.split(b"\n")
    wanted = head + len(left) + foot
    for number, raw in enumerate(found[:wanted], start=1):
        line_end = "CRLF" if raw.endswith(b"\r") else "LF"
        row, line = number - 1 - head, raw.removesuffix(b"\r")
        if line_end != form.line_end:
            fault = f"the line must end in {form.line_end}, but ends in {line_end}"
        elif 0 <= row < len(left):
            after = right[row, : right.shape[1] - len(LINE_ENDS[form.line_end])]
            fault = _word_fault(form, line, left[row].tobytes(), after.tobytes())
        else:
            fixed = (around.head[number - 1] if row < 0 else around.foot[row - len(left)]).encode()
            what = "header" if row < 0 else "the end"
            shown = f"{what} must be {_shown(fixed)}, not {_shown(line)}"
            fault = "" if line == fixed else shown
        if fault:
            return FormatError(f"{form.name} line {number}: {fault}")
    parts = f"{counted(head, 'header line')}, {counted(form.lines, 'word')}"
    size = f"must have {counted(wanted, 'line')} ({parts})"
    if len(found) < wanted:
        tail = f" and ends within line {len(found) + 1}" if rest else ""
        return FormatError(
            f"{form.name} {size}, but has {len(found)} complete ones{tail}: it is cut short, "
            f"or was written for another shape or layout"
        )
    extra = [*found[wanted:], rest][0]
    return FormatError(
        f"{form.name} {size}, but goes on in line {wanted + 1} with {_shown(extra)}: it was "
        f"written for another shape or layout"
    )


def _word_fault(form: TextForm, line: bytes, left: bytes, right: bytes) -> str:
    """The fault in the line of a word; empty if there is none."""
    if form.is_in_lanes:
        return lanes_fault(form, line)
    digit, named = _DIGITS[form.radix]
    count = _row_digits(form, form.frame)
    wanted = re.escape(left) + b"%s{%d}" % (digit.encode(), count) + re.escape(right)
    if re.fullmatch(wanted, line):
        return ""
    between = f" between {_shown(left)} and {_shown(right)}" if left or right else ""
    return f"a word must be {count} {named}{between}, not {len(line)} characters {_shown(line)}"


def _shown(line: bytes) -> str:
    text = repr(line.decode("ascii", "backslashreplace"))
    return text if len(text) <= SHOWN * 2 else f"{text[:SHOWN]}...{text[-SHOWN:]}"
