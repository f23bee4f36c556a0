"""Files that others wrote, as testbenches read them: what `$fscanf` does not mind, a decoder overlooks.

A bundle of our own is read strictly instead: every byte is under its hash.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tilewright.errors import FormatError, counted
from tilewright.vectors.array_files import plain_array
from tilewright.vectors.containers import ARRAYS, MEMORY
from tilewright.vectors.encoding import without_mark
from tilewright.vectors.kind_layout import LINE_ENDS, KindLayout
from tilewright.vectors.memory_image import read_memory_image
from tilewright.vectors.text import TextForm
from tilewright.vectors.tokens import plain_numbers

_BLANKS = re.compile(rb"[ \t]+(?=\n|\Z)")


def tolerated(form: KindLayout, content: bytes, text: TextForm) -> tuple[bytes, tuple[str, ...]]:
    """The content as the layout has it in a file of the form `text`, and what was overlooked.

    Lines of any text become those that the layout writes. Overlooked are a byte order mark, blanks at the
    ends of lines, blank lines at the end, a last line without line end, the other kind of line ends, and what
    `tilewright.vectors.tokens` says of numbers. Memory files are read in whatever way their format allows.
    """
    if form.container in ARRAYS:
        return plain_array(content, text, called=form.tensor)
    if form.container in MEMORY:
        return _as_ours(content, text)
    if form.container != "text":
        return content, ()
    plain, notes = without_mark(content), list[str]()
    if plain is not content:
        notes.append("it is text with a byte order mark")
    content = with_own_text(form, plain)
    lines = content.replace(b"\r\n", b"\n")
    is_lf = form.line_end == "LF"
    if content.count(b"\r\n") != (0 if is_lf else content.count(b"\n")):
        notes.append(f"line ends are {'CRLF' if is_lf else 'LF'}, not {form.line_end}")
    *head, body = lines.split(b"\n", form.header_count)
    bare = _BLANKS.sub(b"", body)
    if form.separator:
        bare = _even_separators(form.separator, bare)
    if bare != body:
        notes.append("blanks beside the numbers are overlooked")
    numbers = bare.rstrip(b"\n")
    if numbers and bare == numbers:
        notes.append("the last line has no line end")
    if bare not in (numbers, numbers + b"\n"):
        notes.append("blank lines at the end are overlooked")
    numbers, *foot = numbers.rsplit(b"\n", len(form.trailer_text))
    numbers, more = plain_numbers(text, numbers)
    numbers, notes = b"\n".join([numbers, *foot]), [*notes, *more]
    whole = b"\n".join([*head, numbers + b"\n" if numbers else b""])
    return whole.replace(b"\n", LINE_ENDS[form.line_end]), tuple(notes)


def with_own_text(form: KindLayout, content: bytes) -> bytes:
    """The content with the layout's own lines in the place of those of any text, if it has as many."""
    end = LINE_ENDS[form.line_end]
    if isinstance(form.header, int):
        *found, rest = content.split(b"\n", form.header)
        if len(found) == form.header:
            content = b"".join(line.encode() + end for line in form.header_text) + rest
    if isinstance(form.trailer, int) and form.trailer:
        body, *found = content.rstrip(b"\r\n").rsplit(b"\n", form.trailer)
        if len(found) == form.trailer:
            content = body + b"\n" + b"".join(line.encode() + end for line in form.trailer_text)
    return content


def _as_ours(content: bytes, text: TextForm) -> tuple[bytes, tuple[str, ...]]:
    """A memory file as the layout writes it; anything else as it is, to be refused.

    Raises `FormatError` for a memory file with too few words, or with one that is missing or does not fit.
    """
    image = read_memory_image(content, Path(text.name))
    if image is None:
        return content, ()
    bits = text.word_bits
    image = image.as_words(text.lines, bits, container=text.container)
    if len(image.words) < text.lines:
        raise FormatError(
            f"{text.name} must hold {counted(text.lines, 'word')} of {bits} bits, but holds "
            f"{len(image.words):,}: it was written for another shape or layout"
        )
    for address, (word, line) in enumerate(zip(image.words, image.lines, strict=True)):
        if word is None:
            raise FormatError(
                f"{text.name} must hold {counted(text.lines, 'word')}, but has none at {address}"
            )
        if word >> bits not in (0, -1):
            raise FormatError(
                f"{text.name} line {line}: word {address} must have {bits} bits, but is {word}"
            )
    mask = (1 << bits) - 1
    rows = "".join(f"{word & mask:0{bits}b}" for word in image.words if word is not None)
    digits = np.frombuffer(rows.encode(), np.uint8) - ord("0")
    plain = text.write(digits.reshape(text.lines, bits))
    return plain, () if plain == content else (f"read as {image}",)


def _even_separators(separator: str, body: bytes) -> bytes:
    """Lanes parted by the separator as it is written, whatever blanks stand beside it."""
    mark = separator.strip().encode()
    blanks = rb"[ \t]*" + re.escape(mark) + rb"[ \t]*" if mark else rb"[ \t]+"
    lines = (line.strip(b" \t") for line in body.split(b"\n"))
    return b"\n".join(re.sub(blanks, separator.encode(), line) for line in lines)
