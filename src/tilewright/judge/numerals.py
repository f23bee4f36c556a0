"""How dumps write one number: digits of a radix, literals of SystemVerilog and VHDL, signs, x and z."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from tilewright.vectors.tokens import CALLS

RADICES = {"decimal": 10, "hex": 16, "binary": 2}
DIGIT_BITS = {"binary": 1, "hex": 4}
PLACE = re.compile(r"@([0-9a-f]{1,15})", re.IGNORECASE)
_LITERAL = re.compile(
    r"(?P<sign>[+-]?)(?P<width>[0-9]{0,4})'(?P<signed>s?)(?P<base>[bodh])(?P<digits>[+-]?[0-9a-fxz?]+)"
    r"|(?P<hex>[0-9a-f]+)h",
    re.IGNORECASE,
)
"""``16'sd5``, ``-8'd3``, ``20'hFFFFB``, and ``FFFBh`` as Quartus writes it."""
_BASES = {"b": (2, 1), "o": (8, 3), "d": (10, 0), "h": (16, 4)}
"""Of a literal: the base, and the bits of a digit."""
_LITERALS = r"[+-]?[0-9]{0,4}'s?[bodh][+-]?[0-9a-fxz?_]+|[0-9a-f]+h"
_LITERAL_TOKEN = re.compile(_LITERALS, re.IGNORECASE)
_BITS = "[0-9a-fxz?_]+"
_NUMBERS = {
    radix: re.compile(rf"{digits}|{_LITERALS}", re.IGNORECASE)
    for radix, digits in {
        "decimal": r"[+-]?[0-9_]+(\.[0-9]*)?(e[+-]?[0-9]{1,3})?|[xz?]+",
        "hex": rf"[+-]?(0x)?{_BITS}|{PLACE.pattern}",
        "binary": rf"[+-]?(0b)?[01xz?_]+|{PLACE.pattern}",
    }.items()
}
_UNKNOWN = re.compile(r"[+-]?(?!0x[0-9a-f]+$)[0-9a-f]*[xz?][0-9a-fxz?]*")
_COMMENT = re.compile(r"(//|#).*")
_CALLS = re.compile(CALLS)
_SEPARATORS = re.compile(r"(?:'(?=\{)|[\s,;\[\](){}])+")
_QUOTED = re.compile(r'(?:(?<![\w\'])(?P<base>[xbo]))?"(?P<text>[^"]*)"', re.IGNORECASE)
_THOUSANDS = re.compile(r"\s*[+-]?[0-9]{1,3}([, '\u00a0\u202f][0-9]{3})+(\.[0-9]*)?\s*")
_VHDL = {"x": ("h", 4), "b": ("b", 1), "o": ("o", 3)}


def tokens_of(line: str) -> list[str]:
    """What stands on a line of numbers: parted by blanks, commas, semicolons or brackets, without comments.

    >>> tokens_of("1, -2; x  // the last is unknown")
    ['1', '-2', 'x']
    >>> tokens_of("array([np.int64(-3), 4], dtype=int64)")
    ['-3', '4']
    >>> tokens_of(r'''"-1,024" '{16'sd5, 'h1f} x"FB" '7' ''')
    ['-1024', "16'sd5", "'h1f", "8'hFB", '7']
    """
    plain = _CALLS.sub(" ", _COMMENT.sub("", line))
    if '"' in plain:
        plain = _QUOTED.sub(_unquoted, plain)
    tokens = [token for token in _SEPARATORS.split(plain) if token]
    if "'" in plain:
        return [token[1:-1] if token[0] == token[-1] == "'" else token for token in tokens]
    return tokens


def _unquoted(found: re.Match[str]) -> str:
    text, base = found["text"], found["base"]
    if base and re.fullmatch("[0-9a-fxz_]+", text, re.IGNORECASE):
        letter, bits = _VHDL[base.lower()]
        return f" {bits * len(text.replace('_', ''))}'{letter}{text} "
    text = re.sub(r"[, '\u00a0\u202f]", "", text) if _THOUSANDS.fullmatch(text) else text
    return f"{base or ''} {text} "


def parse_number(token: str, radix: str, bits: int) -> int | None:
    """The number that `token` says; None if it has x or z in it. Raises ValueError for anything else.

    Hexadecimal and binary numbers without a sign are two's complement of `bits` bits, or of as many
    as their digits have, if these are more digits than `bits` bits take or say more than these bits. Of
    decimal ones, -4.0, -4.0e+00 and -4e+00 are -4. A literal has a radix and a width of its own; without a
    sign it is two's complement of the wider of that width and `bits`, with an ``s`` of that width.

    >>> parse_number("fff4", "hex", 16), parse_number("-12", "decimal", 16), parse_number("1x", "hex", 16)
    (-12, -12, None)
    >>> parse_number("3fff4", "hex", 18), parse_number("ffff4", "hex", 18), parse_number("3fff4", "hex", 16)
    (-12, -12, 262132)
    >>> [parse_number(text, "decimal", 16) for text in ("16'hFFF4", "-8'd3", "8'shFB", "16'd65531", "FFFBh")]
    [-12, -3, -5, -5, -5]
    """
    bare = token.replace("_", "").lower()
    literal = _LITERAL.fullmatch(bare)
    if literal is not None and (literal["hex"] is None or radix != "binary"):
        return _literal(literal, bits)
    if _UNKNOWN.fullmatch(bare):
        return None
    is_float = radix == "decimal" and re.search("[.e]", bare) is not None
    value = _whole(bare) if is_float else int(bare, RADICES[radix])
    if radix == "decimal" or bare[0] in "+-":
        return value
    digit, prefix = (4, "0x") if radix == "hex" else (1, "0b")
    width = len(bare.removeprefix(prefix)) * digit
    if width < bits + digit and value >> bits == 0:  # no digit more than the bits take
        width = bits
    return _in_complement(value, width)


def _literal(found: re.Match[str], bits: int) -> int | None:
    """The number of a match of `_LITERAL`."""
    if found["hex"] is not None:
        return parse_number(found["hex"], "hex", bits)
    base, digit = _BASES[found["base"]]
    if set(found["digits"]) & set("xz?"):
        return None
    value = int(found["digits"], base)
    stated = int(found["width"] or 0)
    if stated and value >> stated not in (0, -1):
        raise ValueError(found[0])
    if found["sign"]:
        return -value if found["sign"] == "-" else value
    if value < 0:
        return value
    is_signed = stated and found["signed"]
    size = len(found["digits"]) * digit
    size = (
        0 if size < bits + digit and value >> bits == 0 else size
    )  # no digit more than the bits take
    return _in_complement(value, stated if is_signed else max(stated, bits, size))


def _in_complement(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) == 1 else value


def _whole(text: str) -> int:
    """The integer that a decimal fraction says; ValueError if it is none, or too rounded to say it."""
    if _is_rounded(text):
        raise ValueError(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if value != value.to_integral_value():
        raise ValueError(text)
    return int(value)


def _is_rounded(text: str) -> bool:
    """Whether the last digit that stands there is one of tens or more: ``1.2346e+05``."""
    digits, _, exponent = text.lower().partition("e")
    return int(exponent or 0) > len(digits.partition(".")[2])


def is_literal(token: str) -> bool:
    """Whether a token says its radix itself.

    >>> [is_literal(token) for token in ("16'hff", "ffh", "0xff", "ff")]
    [True, True, False, False]
    """
    return _LITERAL_TOKEN.fullmatch(token) is not None


def is_unknown(token: str) -> bool:
    """Whether a token is a number that has x or z among its digits.

    >>> [is_unknown(token) for token in ("x", "0xfx", "12'hzzz", "0xff", "exp=5")]
    [True, True, True, False, False]
    """
    bare = token.replace("_", "").lower()
    literal = _LITERAL.fullmatch(bare)
    if literal is not None and literal["digits"]:
        return not set(literal["digits"]).isdisjoint("xz?")
    return _UNKNOWN.fullmatch(bare) is not None


def not_a_number(token: str) -> str:
    """What a message says of a token that is no integer."""
    is_fraction = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", token, re.IGNORECASE)
    if not is_fraction:
        return repr(token[:40])
    if _is_rounded(token):
        return f"{token[:40]!r}, which is rounded: print every digit (torch: sci_mode=False)"
    is_grouped = re.fullmatch(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+", token)
    also = ", and leave separators of thousands out" if is_grouped else ""
    return f"{token[:40]!r}: dump the integers that the core holds, not what they stand for{also}"


def digits_of(token: str) -> str:
    """The digits of a word, without what groups them, a prefix or the width of a literal.

    >>> digits_of("0x1_f"), digits_of("8'b0101_1xx0"), digits_of("0b1f")
    ('1f', '01011xx0', '0b1f')
    """
    bare = token.replace("_", "").lower()
    return re.sub(r"^(?:0x|0b(?=[01xz?]+$)|[0-9]*'[bh])", "", bare)


def is_number(token: str, radix: str) -> bool:
    """Whether a token may be a number of that radix, x and z among its digits, or a literal."""
    return _NUMBERS[radix].fullmatch(token) is not None


def is_numbers(line: str, radix: str) -> bool:
    """Whether a line holds numbers of that radix, x and z among them, and nothing else."""
    tokens = tokens_of(line)
    return bool(tokens) and all(is_number(token, radix) for token in tokens)


def radix_of(content: str, bits: int) -> str:
    """Binary where all numbers are as many binary digits, `bits` or more, or have its prefix; hexadecimal
    where a line of numbers has digits or a prefix of that; else decimal. Literals do not count.
    """
    lines = [tokens_of(line) for line in content.splitlines() if is_numbers(line, "hex")]
    tokens = [
        token.lower().replace("_", "") for line in lines for token in line if not is_literal(token)
    ]
    digits = {token.removeprefix("0b") for token in tokens}
    is_long = len({len(token) for token in tokens}) == 1 and len(tokens[0]) >= bits
    is_prefixed = all(token.startswith("0b") for token in tokens)
    if tokens and (is_long or is_prefixed) and set().union(*digits) <= set("01xz?"):
        return "binary"
    letters = re.compile(r"[+-]?0x[0-9a-f].*|@.*|[+-]?(?=[0-9]*[a-f])[0-9a-f]+")
    return "hex" if any(map(letters.fullmatch, tokens)) else "decimal"
