"""The tokens of a SystemVerilog file: comments, strings and conditional text are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tilewright.errors import FormatError

Kind = Literal["word", "number", "operator"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+ | //[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\])*" | \(\*(?!\s*\)).*?\*\))
      | (?P<directive>`\w+[^\n]*)
      | (?P<number>\d[\d_]*\s*'[sS]?[bBoOdDhH]\s*[\w?]+ | '[sS]?[bBoOdDhH]\s*[\w?]+
                 | '[01xXzZ](?!\w) | \d[\d_]*(?:\.\d+)?)
      | (?P<word>[$A-Za-z_][\w$]*)
      | (?P<operator><<<|>>>|===|!==|==\?|!=\?|\*\*|==|!=|<=|>=|&&|\|\||<<|>>|\+:|-:|\+\+|--|::|->
                   |\+=|-=|~&|~\||~\^|[-+*/%&|^~!<>=?:;,.()\[\]{}\#@'])""",
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text at ``start:end`` of the file; `depth` counts the brackets around it."""

    kind: Kind
    text: str
    start: int
    end: int
    depth: int


def tokenize(text: str, *, file: str) -> list[Token]:
    """Tokens that every build compiles; raises `FormatError` naming the line of what is none.

    What stands between ``ifdef``, ``ifndef`` or ``else`` and ``endif`` is left out: whether it is compiled
    depends on the tool.
    """
    return list(_tokens(text, file))


def line_of(text: str, place: int) -> int:
    """The line, counted from 1, that holds the character at `place`."""
    return text.count("\n", 0, place) + 1


def _tokens(text: str, file: str) -> Iterator[Token]:
    place, depth, conditions = 0, 0, 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormatError(
                f"{file}:{line_of(text, place)}: {text[place]!r} begins no token of SystemVerilog: "
                "only plain source files can be read here"
            )
        place = found.end()
        if found["directive"]:
            conditions += _condition_step(found["directive"])
        elif found["skip"] is None and conditions == 0:
            depth -= found[0] in _CLOSE
            yield Token(_kind(found), found[0], found.start(), found.end(), depth)
            depth += found[0] in _OPEN


def _kind(found: re.Match[str]) -> Kind:
    return "number" if found["number"] else "word" if found["word"] else "operator"


def _condition_step(directive: str) -> int:
    name = directive.split()[0]
    return {"`ifdef": 1, "`ifndef": 1, "`endif": -1}.get(name, 0)
