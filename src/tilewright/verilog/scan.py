"""`$fscanf`, `$sscanf` and `$fgets` on bytes, as Icarus Verilog 11 was seen to do them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.events import AT_END, DIGITS, MATCHED, NO_MATCH, Stream

SPACE = frozenset(b" \t\n\v\f\r")
_ITEM = re.compile(rb"%(\*?)(\d*)([a-zA-Z%])|(\s+)|(.)", re.DOTALL)
_CODES = {"x": "h"}


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of a format: a conversion ("b o h d s c"), white space (" ") or a character."""

    code: str
    field: int = 0
    is_dropped: bool = False
    literal: int = 0


@dataclass(frozen=True, slots=True)
class Conversion:
    """What one conversion did: status, what it consumed, and the value if it matched."""

    item: Item
    status: str
    start: int
    end: int
    digits: bytes = b""


def parse_format(text: bytes) -> tuple[Item, ...] | None:
    """The items of a format; None if one of them is not followed here."""
    items = []
    for dropped, width, code, space, literal in _ITEM.findall(text):
        letter = _CODES.get(code.decode().lower(), code.decode().lower())
        if space:
            items.append(Item(" "))
        elif literal or letter == "%":
            items.append(Item("literal", literal=ord(literal or b"%")))
        elif letter in (*DIGITS, "s", "c"):
            items.append(Item(letter, int(width or 0), bool(dropped)))
        else:
            return None
    return tuple(items)


def scan(stream: Stream, items: tuple[Item, ...]) -> tuple[int, list[Conversion]]:
    """Read by a format: the result of `$fscanf`, and what each conversion did until one failed."""
    if stream.peek() < 0:
        first = next((item for item in items if item.code not in (" ", "literal")), None)
        at = stream.position
        return -1, [Conversion(first, AT_END, at, at)] if first else []
    matched, done = 0, []
    for item in items:
        if item.code == " ":
            skip_space(stream)
        elif item.code == "literal":
            if stream.peek() != item.literal:
                break
            stream.position += 1
        else:
            conversion = _convert(stream, item)
            done.append(conversion)
            if conversion.status != MATCHED:
                break
            matched += not item.is_dropped
    return matched, done


def skip_space(stream: Stream) -> None:
    """Go to the next byte that is no white space."""
    while stream.peek() in SPACE:
        stream.position += 1


def get_line(stream: Stream, buffer: int) -> bytes:
    """`$fgets`: up to and with the next line feed, at most `buffer` bytes."""
    content, start = stream.content or b"", stream.position
    found = content.find(b"\n", start, start + buffer)
    end = found + 1 if found >= 0 else min(start + buffer, len(content))
    stream.position = end
    if found < 0 and end == len(content) and end - start < buffer:
        stream.at_end = True
    return content[start:end]


def number(digits: bytes, code: str) -> int | None:
    """The value of scanned digits; None with x or z."""
    plain = digits.replace(b"_", b"")
    try:
        return int(plain, {"b": 2, "o": 8, "h": 16, "d": 10}[code])
    except ValueError:
        return None


def _convert(stream: Stream, item: Item) -> Conversion:
    if item.code != "c":
        skip_space(stream)
    start = stream.position
    if stream.peek() < 0:
        return Conversion(item, AT_END, start, start)
    content: Any = stream.content or b""
    limit = start + (item.field or len(content) + 1)
    end = start
    if item.code == "c":
        end = start + 1
    elif item.code == "s":
        while end < min(limit, len(content)) and content[end] not in SPACE:
            end += 1
    else:
        if item.code == "d" and content[end] in b"+-":
            end += 1
        elif item.code == "d" and content[end] in b"xXzZ?":  # one such digit is a whole number
            limit = start + 1
            end += 1
        while end < min(limit, len(content)) and content[end] in DIGITS[item.code]:
            end += 1
    stream.position = end
    if item.code != "c" and (item.code != "d" or end < limit):
        stream.peek()
    digits = bytes(content[start:end])
    status = MATCHED if digits.strip(b"+-") or item.code == "c" else NO_MATCH
    return Conversion(item, status, start, end, digits)
