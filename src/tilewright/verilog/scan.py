"""`$fscanf`, `$sscanf` and `$fgets` on bytes, as a simulator was seen to do them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tilewright.verilog.events import AT_END, DIGITS, MATCHED, NO_MATCH, Stream
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.values import Value, from_pattern, wrap

SPACE = frozenset(b" \t\n\v\f\r")
MOST_WIDTH = 1 << 20
"""Of a field; a wider one is refused."""
_ITEM = re.compile(rb"%(\*?)(\d*)([a-zA-Z%])|(\s+)|(.)", re.DOTALL)
_CODE = re.compile(rb"%\*?(\d*)(.?)", re.DOTALL)
_KNOWN = frozenset("bodhxefgsctmuz%")
_WORDS = frozenset("bodhxefgs")
NO_LETTER = "at the end"
_CODES = {"x": "h", "e": "f", "g": "f"}
_REAL = re.compile(rb"[+-]?\d*\.?\d*(?:[eE][+-]?\d+)?")
_BITS = {"b": 1, "o": 3, "h": 4}


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of a format: a conversion ("b o h d s c f"), white space (" ") or a character. is_apart:
    white space stands behind it."""

    code: str
    field: int = 0
    is_dropped: bool = False
    literal: int = 0
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Conversion:
    """What one conversion did: status, what it consumed, and the value if it matched.

    literal: the character of the format, before this conversion, that the file does not have.
    """

    item: Item
    status: str
    start: int
    end: int
    digits: bytes = b""
    literal: int = 0


def bad_code(text: bytes, simulator: Simulator = ICARUS) -> str:
    """A conversion that the simulator refuses, without its percent sign, or ''."""
    for width, code in _CODE.findall(text):
        letter = code.decode("latin-1")
        if simulator.takes_no_digits and width.strip(b"0") == b"" != width and letter in _WORDS:
            return f"0{letter}"
        if letter.lower() not in _KNOWN or (letter.isupper() and not simulator.takes_upper_case):
            return letter or NO_LETTER
    return ""


def parse_format(text: bytes, simulator: Simulator = ICARUS) -> tuple[Item, ...] | None:
    """The items of a format; None if one of them is not followed here."""
    items: list[Item] = []
    for dropped, width, code, space, literal in _ITEM.findall(text):
        letter = _CODES.get(code.decode().lower(), code.decode().lower())
        if space:
            items[-1:] = [replace(one, is_apart=True) for one in items[-1:]]
            items.append(Item(" "))
        elif literal or letter == "%":
            items.append(Item("literal", literal=ord(literal or b"%")))
        elif letter in (*DIGITS, "s", "c", "f") and len(width) < 8 and int(width or 0) < MOST_WIDTH:
            field = int(width or 0) if simulator.has_fields else 0
            items.append(Item(letter, field, bool(dropped)))
        else:
            return None
    return tuple(items)


def scan(
    stream: Stream, items: tuple[Item, ...], simulator: Simulator = ICARUS
) -> tuple[int, list[Conversion]]:
    """Read by a format: the result of `$fscanf`, and what each conversion did until one failed."""
    conversions = [item for item in items if item.code not in (" ", "literal")]
    if stream.peek() < 0:
        at = stream.position
        return -1, [Conversion(conversions[0], AT_END, at, at)] if conversions else []
    done: list[Conversion] = []
    for item in items:
        if item.code == " ":
            skip_space(stream)
        elif item.code == "literal":
            if stream.peek() != item.literal:
                if len(done) < len(conversions):
                    done.append(_unmatched(stream, conversions[len(done)], item.literal))
                break
            stream.position += 1
        else:
            done.append(_convert(stream, item))
            if done[-1].status != MATCHED:
                break
    matched = sum(not one.item.is_dropped for one in done if one.status == MATCHED)
    if simulator.ends_with_minus_one and done and done[-1].status == AT_END:
        return -1, done
    return matched, done


def _unmatched(stream: Stream, item: Item, literal: int) -> Conversion:
    at = stream.position
    status = AT_END if stream.peek() < 0 else NO_MATCH
    return Conversion(item, status, at, at, literal=literal)


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


def digits_value(
    text: str, code: str, width: int, *, is_signed: bool = False, is_repeated: bool = True
) -> Value:
    """The digits as a variable of `width` bits holds them; a first digit x or z is repeated, or not."""
    digits = text.replace("_", "").lower().replace("?", "x")
    if not set(digits) & set("xz"):
        bits = number(digits.encode(), code) or 0
        return Value(wrap(bits, width, is_signed=is_signed), width, is_signed)
    if code == "d":
        digits, code = digits.lstrip("+-")[:1], "b"
    ones = mask = 0
    size = _BITS[code]
    full = (1 << size) - 1
    for digit in digits:
        ones = ones << size | (int(digit, 16) if digit not in "xz" else full * (digit == "z"))
        mask = mask << size | full * (digit in "xz")
    if is_repeated and digits[0] in "xz" and len(digits) * size < width:
        rest = (1 << width) - (1 << len(digits) * size)
        ones, mask = ones | rest * (digits[0] == "z"), mask | rest
    return from_pattern(ones, mask, width, is_signed=is_signed)


def _convert(stream: Stream, item: Item) -> Conversion:
    if item.code != "c":
        skip_space(stream)
    start = stream.position
    if stream.peek() < 0:
        return Conversion(item, AT_END, start, start)
    end, limit = _span(stream.content or b"", start, item)
    stream.position = end
    if item.code != "c" and (item.code != "d" or end < limit):
        stream.peek()
    digits = (stream.content or b"")[start:end]
    is_text = item.code in ("c", "s")
    status = MATCHED if is_text or digits.strip(b"+-") else NO_MATCH
    return Conversion(item, status, start, end, digits)


def _span(content: bytes, start: int, item: Item) -> tuple[int, int]:
    """Where a conversion ends, and where its field does."""
    limit = start + (item.field or len(content) + 1)
    if item.code == "c":
        return start + 1, limit
    last, end = min(limit, len(content)), start
    if item.code == "f":
        found = _REAL.match(content, start, last)
        return (found.end() if found else start), limit
    if item.code == "s":
        while end < last and content[end] not in SPACE:
            end += 1
        return end, limit
    if item.code == "d" and content[end] in b"xXzZ?":  # one such digit is a whole number
        return end + 1, start + 1
    if item.code == "d" and content[end] in b"+-":
        end += 1
    if content[end : end + 1] == b"_":  # no number begins with it
        return end, limit
    while end < last and content[end] in DIGITS[item.code]:
        end += 1
    return end, limit
