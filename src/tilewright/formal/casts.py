"""Casts that yosys misreads, written so that it does not: an operator before a size, a signed type's sign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tilewright.verilog.tokens import Token, tokenize

_UNARY = frozenset(("|", "&", "^", "~", "!", "-", "+", "~&", "~|", "~^"))
_ENDS_OPERAND = frozenset((")", "]", "}"))
_SIGNED_TYPES = ("byte", "shortint", "int", "longint", "integer")
_SIGNED_TYPEDEF = re.compile(
    rf"\btypedef\s+(?:(?:logic|bit|reg)\s+signed\b[^;{{}}]*?|(?:{'|'.join(_SIGNED_TYPES)})\s+)\b(\w+)\s*;"
)
_BEFORE_OPERAND = frozenset(("return", "case", "casez", "casex", "inside"))
_SUSPECT = re.compile(
    r"(?:[=(,?:;{\[|&^~!+\-<>*/%]|\breturn|\binside)\s*[|&^~!+-]\s*(?:[\w:$]+|\([^;]*?\))\s*'\s*\("
)
"""An operator without an operand before it, and a cast: more than those that are misread, and none less."""


def with_plain_casts(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources, with ``|4'(x)`` as ``|(4'(x))`` and ``int'(x)`` as ``$signed(int'(x))``, else unchanged.

    yosys 0.70 reads ``|4'(x)`` as ``(|4)'(x)``: bit 0 of x. It gives ``int'(x)`` the sign of x, not of int.
    Lines keep their numbers. Raises `FormatError` if a file that seems to hold such a cast has text that is
    no token of SystemVerilog.
    """
    defined = [name for text in sources.values() for name in _SIGNED_TYPEDEF.findall(text)]
    signed = (*_SIGNED_TYPES, *defined)
    return {file: _rewritten(text, file, signed) for file, text in sources.items()}


def _rewritten(text: str, file: str, signed: Sequence[str]) -> str:
    has_sign = re.search(rf"\b(?:{'|'.join(signed)})\s*'\s*\(", text)
    if not (_SUSPECT.search(text) or has_sign):
        return text
    tokens = tokenize(text, file=file)
    brackets = list(_signs(tokens, signed))
    for index in _unary_operators(tokens):
        span = _size_cast(tokens, index + 1)
        if span is not None:
            brackets += [(span[0], "("), (span[1], ")")]
    for place, bracket in sorted(brackets, reverse=True):
        text = text[:place] + bracket + text[place:]
    return text


def _signs(tokens: list[Token], signed: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Places of a `$signed` around each cast to one of the types `signed` that has none."""
    for index, token in enumerate(tokens):
        texts = [other.text for other in tokens[index + 1 : index + 3]]
        if token.text not in signed or texts != ["'", "("]:
            continue
        start = index - 2 if index > 1 and tokens[index - 1].text == "::" else index
        if [other.text for other in tokens[max(start - 2, 0) : start]] != ["$signed", "("]:
            yield tokens[start].start, "$signed("
            yield tokens[_closing(tokens, index + 2)].end, ")"


def _unary_operators(tokens: list[Token]) -> Iterator[int]:
    for index, token in enumerate(tokens):
        if token.text not in _UNARY:
            continue
        before = tokens[index - 1] if index else None
        if before is None or before.text in _BEFORE_OPERAND or _is_open(before):
            yield index


def _is_open(token: Token) -> bool:
    """Whether an operand must follow."""
    return token.kind == "operator" and token.text not in _ENDS_OPERAND


def _size_cast(tokens: list[Token], start: int) -> tuple[int, int] | None:
    """Where the text of a cast ``size'(operand)`` begins and ends, if one begins at this token."""
    quote = _after_size(tokens, start)
    texts = [token.text for token in tokens[quote : quote + 2]]
    if quote == start or texts != ["'", "("]:
        return None
    return tokens[start].start, tokens[_closing(tokens, quote + 1)].end


def _after_size(tokens: list[Token], start: int) -> int:
    """The index behind a number, a name (of a package or not) or a bracketed size; `start` for none."""
    if start >= len(tokens):
        return start
    if tokens[start].text == "(":
        return _closing(tokens, start) + 1
    if tokens[start].kind == "operator":
        return start
    is_of_package = [t.text for t in tokens[start + 1 : start + 2]] == ["::"]
    return start + (3 if is_of_package else 1)


def _closing(tokens: list[Token], opening: int) -> int:
    depth = tokens[opening].depth
    return next(
        (
            i
            for i in range(opening + 1, len(tokens))
            if tokens[i].depth == depth and tokens[i].text == ")"
        ),
        len(tokens) - 1,
    )
