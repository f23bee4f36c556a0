"""Statements of a source file: which tokens may be changed, and which belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.verilog.tokens import Token

DECLARATIONS = {
    *(
        "input",
        "output",
        "inout",
        "logic",
        "wire",
        "reg",
        "bit",
        "integer",
        "int",
        "genvar",
        "typedef",
    ),
    *("parameter", "localparam", "import", "export", "function", "task", "struct", "union", "enum"),
}
_WITH_VALUES = {"localparam", "wire", "tri"}
"""Declarations with a value that is behavior, not the first value of a register."""
_UNITS = {
    "primitive": "endprimitive",
    "specify": "endspecify",
    "covergroup": "endgroup",
    "property": "endproperty",
    "sequence": "endsequence",
}
"""Tables, times and checks: what stands in them is no behavior of the core."""
_CHECKS = {"assert", "assume", "cover", "restrict"}
_PRINTS = re.compile(
    r"\$(?:f?(?:display|write|monitor|strobe)[bho]?|info|warning|error|fatal|dump\w+)"
)
_STATEMENT_ENDS = {"begin", "end", "else", "endcase", "endmodule", "generate", "endgenerate"}


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens ``first`` to ``last`` (inclusive) of a file."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """``target <= value ;`` or ``assign target = value ;`` as spans, the semicolon left out."""

    target: Span
    value: Span
    is_nonblocking: bool


def changeable(tokens: list[Token]) -> list[bool]:
    """For each token, whether it is part of behavior.

    Left out: packages but for the bodies of their functions, module headers, declarations (their widths and
    types; the value of a localparam and of a net is behavior), sensitivity lists, the headers of generate
    loops, which no mutant survives compiling, tables of primitives, and what only checks or prints.
    """
    keep = [True] * len(tokens)
    left_out = (_headers, _packages, _declarations, _loop_headers, _no_behavior)
    for span in (span for find in left_out for span in find(tokens)):
        for index in range(span.first, span.last + 1):
            keep[index] = False
    for index, token in enumerate(tokens):
        if token.text == "@" and index + 1 < len(tokens) and tokens[index + 1].text == "(":
            for inner in range(index, closing(tokens, index + 1) + 1):
                keep[inner] = False
    return keep


def closing(tokens: list[Token], opening: int) -> int:
    """Index of the bracket that closes the one at `opening`; the last token if none does."""
    for index in range(opening + 1, len(tokens)):
        if tokens[index].depth == tokens[opening].depth and tokens[index].text in ")]}":
            return index
    return len(tokens) - 1


def statement_end(tokens: list[Token], first: int) -> int:
    """Index of the semicolon that ends what begins at `first`; the last token if none does."""
    for index in range(first, len(tokens)):
        if tokens[index].text == ";" and tokens[index].depth <= tokens[first].depth:
            return index
    return len(tokens) - 1


def assignments(tokens: list[Token], keep: list[bool]) -> Iterator[Assignment]:
    """Continuous and nonblocking assignments, outside of any bracket."""
    for index, token in enumerate(tokens):
        if not keep[index] or token.depth or token.text not in ("<=", "="):
            continue
        first = target_start(tokens, index)
        begin = first
        while begin > 0 and _parts(tokens[begin - 1]):
            begin = target_start(tokens, begin - 1)
        is_assign = begin > 0 and tokens[begin - 1].text == "assign"
        if is_assign != (token.text == "="):
            continue
        last = statement_end(tokens, index) - 1
        last = next((at - 1 for at in range(index, last) if _parts(tokens[at])), last)
        value = _after_delay(tokens, index + 1)
        if first < index and value <= last:
            yield Assignment(Span(first, index - 1), Span(value, last), token.text == "<=")


def _parts(token: Token) -> bool:
    """Whether another assignment follows: ``assign a = b, c = d``."""
    return token.text == "," and not token.depth


def _after_delay(tokens: list[Token], index: int) -> int:
    """The first token behind ``#1`` or ``#(...)``."""
    if tokens[index].text != "#":
        return index
    return closing(tokens, index + 1) + 1 if tokens[index + 1].text == "(" else index + 2


def conditions(tokens: list[Token], keep: list[bool]) -> Iterator[Span]:
    """What stands between the brackets of each ``if (...)``."""
    for index, token in enumerate(tokens[:-1]):
        if keep[index] and token.text == "if" and tokens[index + 1].text == "(":
            yield Span(index + 2, closing(tokens, index + 1) - 1)


def choices(tokens: list[Token], keep: list[bool]) -> Iterator[Span]:
    """The condition of each ``condition ? this : that``."""
    for index, token in enumerate(tokens):
        if token.text == "?" and keep[index]:
            first = index
            while first > 0 and not _ends_choice(tokens[first - 1], token.depth):
                first -= 1
            if first < index:
                yield Span(first, index - 1)


def operands(tokens: list[Token], operator: int) -> tuple[Span, Span]:
    """What a ``&&`` or ``||`` joins: the tokens before it and those behind it."""
    ends = {"&&", "||"} if tokens[operator].text == "&&" else {"||"}
    depth = tokens[operator].depth
    first, last = operator, operator
    while first > 0 and not _ends_operand(tokens[first - 1], depth, ends):
        first -= 1
    while last + 1 < len(tokens) and not _ends_operand(tokens[last + 1], depth, ends):
        last += 1
    return Span(first, operator - 1), Span(operator + 1, last)


def _ends_operand(token: Token, depth: int, ends: set[str]) -> bool:
    if token.depth != depth:
        return token.depth < depth
    return token.text in ends or _ends_choice(token, depth)


def is_in_localparam(tokens: list[Token], index: int) -> bool:
    """Whether a token is part of the value of a localparam."""
    first = index
    while first > 0 and tokens[first].text not in (";", "localparam", "begin", "end", "module"):
        first -= 1
    return tokens[first].text == "localparam"


def connections(tokens: list[Token], keep: list[bool]) -> Iterator[tuple[str, Span]]:
    """Port name and expression of each ``.name(expression)`` of an instance."""
    for index in range(len(tokens) - 3):
        dot, name, opening = tokens[index : index + 3]
        if keep[index] and dot.text == "." and name.kind == "word" and opening.text == "(":
            last = closing(tokens, index + 2) - 1
            if last >= index + 3:
                yield name.text, Span(index + 3, last)


def _ends_choice(token: Token, depth: int) -> bool:
    if token.depth < depth or token.text in ("?", ":", ",", ";", "=", "begin", "else"):
        return True
    return token.text == "<=" and token.depth == depth == 0


def target_start(tokens: list[Token], operator: int) -> int:
    """Index of the first token of what an assignment's operator at `operator` is given."""
    first = operator
    while first > 0:
        before = tokens[first - 1]
        ends = (";", ":", ")", ",", "assign", *_STATEMENT_ENDS)
        is_over = before.depth == 0 and before.text in ends
        if is_over:
            break
        first -= 1
    return first


def _headers(tokens: list[Token]) -> Iterator[Span]:
    """``module ... ;``, so that neither parameters nor ports change; imports within end in one too."""
    for index, token in enumerate(tokens):
        if token.text in ("module", "package", "interface"):
            last = statement_end(tokens, index)
            while last + 1 < len(tokens) and tokens[last + 1].text in ("import", "#", "("):
                last = statement_end(tokens, last + 1)
            yield Span(index, last)


def _packages(tokens: list[Token]) -> Iterator[Span]:
    """Packages, without what stands between the header of a function and its end."""
    first, is_inside = 0, False
    for index, token in enumerate(tokens):
        if token.text == "package":
            first, is_inside = index, True
        elif is_inside and token.text in ("function", "endpackage"):
            yield Span(first, statement_end(tokens, index) if token.text == "function" else index)
            is_inside = token.text == "function"
        elif is_inside and token.text == "endfunction":
            first = index


def _declarations(tokens: list[Token]) -> Iterator[Span]:
    previous = ";"
    for index, token in enumerate(tokens):
        begins = previous in (";", *_STATEMENT_ENDS) or _is_label(tokens, index)
        if begins and token.depth == 0 and token.text in DECLARATIONS:
            last = statement_end(tokens, index)
            if token.text in _WITH_VALUES:
                last = _value_start(tokens, index, last) - 1
            yield Span(index, last)
        previous = token.text


def _is_label(tokens: list[Token], index: int) -> bool:
    """Whether the token before is the name of a block: ``begin : name``."""
    return index > 2 and [token.text for token in tokens[index - 3 : index - 1]] == ["begin", ":"]


def _value_start(tokens: list[Token], first: int, last: int) -> int:
    """Index after the ``=`` of a declaration."""
    for index in range(first, last):
        if tokens[index].text == "=" and tokens[index].depth == tokens[first].depth:
            return index + 1
    return last + 1


def _loop_headers(tokens: list[Token]) -> Iterator[Span]:
    for index, token in enumerate(tokens[:-1]):
        if token.text == "for" and tokens[index + 1].text == "(":
            yield Span(index, closing(tokens, index + 1))


def _no_behavior(tokens: list[Token]) -> Iterator[Span]:
    """Tables and checks to their end, assertions with what they do, and what is printed."""
    for index, token in enumerate(tokens):
        if token.text in _UNITS and not (index and tokens[index - 1].text in _CHECKS):
            ends = (at for at in range(index, len(tokens)) if tokens[at].text == _UNITS[token.text])
            yield Span(index, next(ends, index))
        elif token.text in _CHECKS or _PRINTS.fullmatch(token.text):
            yield Span(_condition_start(tokens, index), statement_end(tokens, index))


def _condition_start(tokens: list[Token], index: int) -> int:
    """The ``if`` on which the statement at `index` hangs, and nothing else does; or `index` itself."""
    if not index or tokens[index - 1].text != ")":
        return index
    opening = index - 1
    while opening and not (
        tokens[opening].text == "(" and tokens[opening].depth == tokens[index - 1].depth
    ):
        opening -= 1
    return opening - 1 if opening and tokens[opening - 1].text == "if" else index
