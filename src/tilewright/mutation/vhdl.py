"""Mutants of a VHDL file: a small set of operators on the statements of its architectures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.mutation.mutant import Mutant, make_mutant

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/|[xXbBoO]?"[^"\n]*")
      | (?P<bit>'[01]')
      | (?P<number>\d[\d_]*(?:\.\d+)?)
      | (?P<word>[A-Za-z]\w*|\\[^\\\n]*\\)
      | (?P<operator><=|>=|/=|=>|:=|\*\*|.)""",
    re.VERBOSE | re.DOTALL,
)
SWAPS = {
    "+": (("-", "operator"),),
    "-": (("+", "operator"),),
    "*": (("+", "operator"),),
    "and": (("or", "operator"),),
    "or": (("and", "operator"),),
    "xor": (("or", "operator"),),
    "=": (("/=", "operator"),),
    "/=": (("=", "operator"),),
    "<": (("<=", "off-by-one"), (">=", "operator")),
    ">": ((">=", "off-by-one"), ("<=", "operator")),
    ">=": ((">", "off-by-one"), ("<", "operator")),
    "not": (("", "operator"),),
    "'0'": (("'1'", "constant"),),
    "'1'": (("'0'", "constant"),),
    "signed": (("unsigned", "signedness"),),
    "unsigned": (("signed", "signedness"),),
    "rising_edge": (("falling_edge", "enable"),),
    "shift_left": (("shift_right", "operator"),),
    "shift_right": (("shift_left", "operator"),),
}
_RESET = re.compile(r"\b(?:n_?)?(?:rst|reset)\w*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    start: int
    end: int


def vhdl_mutants(text: str, *, file: str) -> list[Mutant]:
    """Every mutant of one file, in the order of their places; none of them twice.

    Operators, constants, conditions and clocked assignments of architectures change; declarations, generics,
    ports and ranges do not.
    """
    found: dict[str, Mutant] = {}
    for body in _bodies(_tokens(text)):
        for where, new, category, what in (
            *_swaps(body),
            *_conditions(body, text),
            *_deletions(body),
        ):
            mutant = make_mutant(file, text, where, new, category=category, what=what)
            if mutant.apply(text) != text:
                found.setdefault(mutant.apply(text), mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.replacement))


Change = tuple[tuple[int, int], str, str, str]


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        if match["skip"] is None:
            kind = next(name for name in ("bit", "number", "word", "operator") if match[name])
            is_name = kind in ("bit", "word")
            shown = match[0].lower() if is_name else match[0]
            found.append(_Token(shown, kind, match.start(), match.end()))
    return found


def _bodies(tokens: list[_Token]) -> Iterator[list[_Token]]:
    """The statements of each architecture: from its ``begin`` to the next design unit."""
    body: list[_Token] = []
    is_architecture = is_body = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        if before != "end" and token.text in ("architecture", "entity", "package", "configuration"):
            is_instance = token.text == "entity" and before in (":", "label")
            if not is_instance:
                yield body
                body, is_architecture, is_body = [], token.text == "architecture", False
        elif is_architecture and token.text == "begin":
            is_body = True
        if is_body:
            body.append(token)
    yield body


def _is_range(body: list[_Token], index: int) -> bool:
    """Whether a token stands in brackets with ``to`` or ``downto``, or in the header of a loop."""
    depth, first = 0, index - 1
    while first >= 0 and not (depth == 0 and body[first].text in _STARTS):
        depth += {")": 1, "(": -1}.get(body[first].text, 0)
        if depth < 0:
            return _has_direction(body, first) or _is_range(body, first)
        first -= 1
    return any(token.text == "for" for token in body[first + 1 : index])


_STARTS = {";", "begin", "loop", "generate", "then", "else", "is"}


def _has_direction(body: list[_Token], opening: int) -> bool:
    """Whether ``to`` or ``downto`` stands in the brackets that open there, not in others within them."""
    depth = 0
    for token in body[opening:]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            break
        if depth == 1 and token.text in ("to", "downto"):
            return True
    return False


def _swaps(body: list[_Token]) -> Iterator[Change]:
    for index, token in enumerate(body):
        where = token.start, token.end
        if token.text not in SWAPS and token.kind != "number":
            continue
        if _is_range(body, index) or _is_declared(body, index):
            continue
        for new, category in SWAPS.get(token.text, ()):
            yield where, new, category, f"{token.text} becomes {new}" if new else "not left out"
        if token.kind == "number" and token.text.isdigit():
            yield where, str(int(token.text) + 1), "constant", f"{token.text} plus 1"


def _is_declared(body: list[_Token], index: int) -> bool:
    """Whether a token stands in a declaration of a process or block."""
    while index > 0 and body[index].text not in (";", "begin", "is", "then", "else"):
        if body[index].text in ("variable", "constant", "signal", "type", "subtype", "map"):
            return True
        index -= 1
    return False


def _conditions(body: list[_Token], text: str) -> Iterator[Change]:
    """``if`` and ``elsif`` conditions: negated, and those of a reset never true."""
    for index, token in enumerate(body):
        if token.text not in ("if", "elsif") or body[index - 1].text == "end":
            continue
        last = next((i for i in range(index, len(body)) if body[i].text == "then"), None)
        if last is None or last <= index + 1:
            continue
        span, words = body[index + 1 : last], " ".join(t.text for t in body[index + 1 : last])
        if "rising_edge" in words or "'event" in words.replace("' ", "'"):
            continue
        category = "reset" if _RESET.search(words) else "enable"
        where = span[0].start, span[-1].end
        yield where, f"not ({text[slice(*where)]})", category, "condition negated"
        yield where, "false", category, "condition never holds"


def _deletions(body: list[_Token]) -> Iterator[Change]:
    """Assignments in processes that are not made."""
    is_process = False
    for index, token in enumerate(body):
        before = body[index - 1].text if index else ""
        if token.text == "process":
            is_process = before != "end"
        starts = before in (";", "begin", "then", "else", "loop", "=>")
        if not (is_process and starts and token.kind == "word"):
            continue
        stop = next((i for i in range(index, len(body)) if body[i].text == ";"), index)
        operator = next((i for i in range(index, stop) if body[i].text in ("<=", ":=")), None)
        words = {t.text for t in body[index:stop]}
        if operator is None or words & {"if", "case", "for", "variable", "constant", "when"}:
            continue
        yield (token.start, body[stop - 1].end), "null", "deletion", f"{token.text} is not written"
