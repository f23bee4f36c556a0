"""Numbers as others write them: comments, capital digits, ``0x``, ``_``, and lines of any length.

`$readmemh`, `$fscanf` and `numpy.loadtxt` take one number after the other and mind neither; what stands
before the first number is the layout's to say, for a reader has to skip it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from tilewright.vectors.text import TextForm

_ODD = re.compile(rb"[_/#xX+A-Z]|\n\n|(?<![0-9a-fA-F])0[0-9]|(?<![0-9a-zA-Z])0b")
_COMMENT = re.compile(rb"[ \t]*(//|#)[^\n]*|/\*.*?\*/", re.DOTALL)
_BETWEEN_DIGITS = re.compile(rb"(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])")
_TOKEN = {
    "binary": re.compile(rb"[01]+"),
    "hex": re.compile(rb"[0-9a-f]+"),
    "decimal": re.compile(rb"[+-]?[0-9]{1,20}"),
}
_PREFIX = {"binary": b"0b", "hex": b"0x"}
_PLACE = re.compile(rb"@([0-9a-fA-F]{1,15})$")
_BRACKETS = re.compile(rb"[\[\](){}]")
CALLS = (
    r"(?:\b(?:np\.|tf\.)?(?:array|tensor|u?int[0-9]+)|\b(?:[A-Z]\w*)?(?:Array|Buffer)|\b(?:tf\.)?Tensor"
    r"|\b(?:Vector|List|Seq|vec!?))(?:\(|(?<=vec!)\[)"
    r"|,\s*(?:dtype|device|requires_grad|grad_fn|shape|numpy)=(?:\([^()]*\)|<[^<>]*>|'[^']*'|[\w.]+)"
)
"""What numpy, torch and others print around numbers."""
_CALLS = re.compile(CALLS.encode())
_FLOAT = re.compile(rb"(?<![\w.])[+-]?[0-9]+\.[0-9]*(e[+-]?[0-9]{1,3})?(?![\w.])", re.IGNORECASE)
_MARKS = re.compile(r"[ \t]*[,;|]?[ \t]*")


def plain_numbers(text: TextForm, body: bytes) -> tuple[bytes, list[str]]:
    """The lines of words as a file of the form `text` has them, if they can be; and what was overlooked.

    >>> form = TextForm("x.txt", (), "LF", 4, 2, radix="hex", field_bits=8, bits=8)
    >>> plain_numbers(form, b"0A 0b // two\\n0xc\\n\\nd")[0]
    b'0a\\n0b\\n0c\\n0d'
    """
    notes: list[str] = []
    plain = without_places(body)
    if plain != body:
        notes.append("addresses that count up are overlooked")
    if text.radix == "decimal" and (whole := whole_floats(plain)) != plain:
        plain = whole
        notes.append("numbers with a point are whole")
    bare = without_brackets(plain) if text.radix == "decimal" else plain
    if bare != plain:
        plain = bare.strip(b" ")
        notes.append("brackets are overlooked")
    if _ODD.search(plain):
        plain, notes = _without_marks(text, plain)
    lanes = text.word_bits // text.field_bits if text.field_bits else 0
    is_listed = lanes == 1 or (text.is_in_lanes and _MARKS.fullmatch(text.separator))
    if is_listed and lanes:
        plain, more = _in_words(text, plain, lanes)
        notes += more
    return plain, notes


def without_brackets(content: bytes) -> bytes:
    """A list as Python, numpy and torch print it, with blanks for its brackets; other text as it is.

    >>> without_brackets(b"array([[1, -2]], dtype=int8)").split()
    [b'1,', b'-2']
    """
    bare = _CALLS.sub(b" ", content) if _CALLS.match(content.lstrip()) else content
    is_list = bare is not content or content.lstrip()[:1] in (b"[", b"(")
    return _BRACKETS.sub(b" ", bare) if is_list else content


def whole_floats(content: bytes) -> bytes:
    """Numbers as `numpy.savetxt` writes them by default, as integers; text as it is if one has a fraction.

    >>> whole_floats(b"1.5e+01 -2.00"), whole_floats(b"1.5 2.0")
    (b'15 -2', b'1.5 2.0')
    """
    values = [Decimal(found[0].decode()) for found in _FLOAT.finditer(content)]
    if any(value != value.to_integral_value() for value in values):
        return content
    numbers = iter(values)
    return _FLOAT.sub(lambda _: str(int(next(numbers))).encode(), content)


def without_places(content: bytes) -> bytes:
    """Words without the addresses of a memory file (``@0``), if each is the number of the words before it.

    >>> without_places(b"@0 1a 2b\\n@2 3c"), without_places(b"@4 1a")
    (b'1a 2b\\n3c', b'@4 1a')
    """
    if b"@" not in content:
        return content
    count, lines, is_placed = 0, list[bytes](), False
    for line in content.split(b"\n"):
        bare, kept = _COMMENT.sub(b"", line).split(), list[bytes]()
        for token in bare:
            place = _PLACE.match(token)
            if place is None:
                kept.append(token)
                count += 1
            elif int(place[1], 16) == count:
                is_placed = True
            else:
                return content
        if kept or not bare:
            lines.append(b" ".join(kept) if kept else line)
    return b"\n".join(lines) if is_placed else content


def _without_marks(text: TextForm, body: bytes) -> tuple[bytes, list[str]]:
    notes = []
    first, found, rest = body.partition(b"\n")
    if not first.lstrip().startswith((b"//", b"#", b"/*")):
        bare = _COMMENT.sub(b"", first + found + rest)
        if bare != body:
            notes.append("comments beside the numbers are overlooked")
        body = bare.rstrip()
    if "_" not in text.separator and _BETWEEN_DIGITS.search(body):
        body = _BETWEEN_DIGITS.sub(b"", body)
        notes.append("_ between digits is overlooked")
    if text.radix == "hex" and body != body.lower():
        body = body.lower()
        notes.append("digits A-F are read as a-f")
    if text.radix in _PREFIX and not text.separator and text.field_bits != text.word_bits:
        bare = re.sub(rb"(?m)^[ \t]*" + _PREFIX[text.radix], b"", body)
        if bare != body:
            notes.append(f"{_PREFIX[text.radix].decode()} before words is overlooked")
        body = bare
    return body, notes


def _in_words(text: TextForm, body: bytes, lanes: int) -> tuple[bytes, list[str]]:
    """The numbers in words of so many lanes, if there are as many as the file must have."""
    mark = text.separator.strip()
    split = re.compile(rb"\s*" + re.escape(mark.encode()) + rb"\s*" if mark else rb"[\s,;]+")
    lines = body.split(b"\n")
    counts = {len([token for token in split.split(line) if token]) for line in lines}
    tokens = [token for line in lines for token in split.split(line.strip()) if token]
    if len(tokens) != lanes * text.lines:
        return body, []
    numbers = [_digits(text, token) for token in tokens]
    if not all(numbers):
        return body, []
    separator = text.separator.encode()
    words = [separator.join(numbers[at : at + lanes]) for at in range(0, len(numbers), lanes)]
    notes = []
    if counts != {lanes}:
        notes.append("numbers are read one after the other, however many stand on a line")
    if numbers != tokens:
        notes.append("leading zeros, + and 0x of numbers are overlooked")
    return b"\n".join(words), notes


def _digits(text: TextForm, token: bytes) -> bytes:
    """The number as the file has it; empty if it is none."""
    wide = text.field_bits if text.radix == "binary" else -(-text.field_bits // 4)
    prefix = _PREFIX.get(text.radix)
    if prefix and token.startswith(prefix) and len(token) != wide:
        token = token[2:]
    if not _TOKEN[text.radix].fullmatch(token):
        return b""
    if text.radix == "decimal":
        return str(int(token)).encode()
    return token.rjust(wide, b"0")
