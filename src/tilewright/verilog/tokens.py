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
      | (?P<condition>`(?:ifdef|ifndef|elsif)\s+\w+ | `(?:else|endif)\b)
      | (?P<directive>`(?:define|undef|undefineall|include|timescale|default_nettype|resetall|line|pragma
                 |celldefine|endcelldefine|begin_keywords|end_keywords|unconnected_drive
                 |nounconnected_drive)\b(?:\\\r?\n|[^\n])*)
      | (?P<number>\d[\d_]*\s*'[sS]?[bBoOdDhH]\s*[\w?]+ | '[sS]?[bBoOdDhH]\s*[\w?]+
                 | '[01xXzZ](?!\w) | \d[\d_]*(?:\.\d+)?)
      | (?P<word>`?[$A-Za-z_][\w$]* | \\\S+)
      | (?P<operator><<<|>>>|===|!==|==\?|!=\?|\*\*|==|!=|<=|>=|&&|\|\||<<|>>|\+:|-:|\+\+|--|::|->
                   |\+=|-=|~&|~\||~\^|[-+*/%&|^~!<>=?:;,.()\[\]{}\#@'])""",
    re.VERBOSE | re.DOTALL,
)
_GUARD = re.compile(r"`ifndef\s+(\w+)\s*(?://[^\n]*\n\s*|/\*.*?\*/\s*)*`define\s+\1\b", re.DOTALL)
"""How a file says that it is read once: what follows is compiled."""
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
    depends on the tool. What a guard against being read twice holds is not. A macro that is used is a word.
    """
    return list(_tokens(text, file))


def line_of(text: str, place: int) -> int:
    """The line, counted from 1, that holds the character at `place`."""
    return text.count("\n", 0, place) + 1


def _tokens(text: str, file: str) -> Iterator[Token]:
    place, depth = 0, 0
    left_out: list[bool] = []
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormatError(
                f"{file}:{line_of(text, place)}: {text[place]!r} begins no token of SystemVerilog: "
                "only plain source files can be read here"
            )
        place = found.end()
        if found["condition"]:
            _step(left_out, found[0], is_guard=_GUARD.match(text, found.start()) is not None)
        elif not (found["skip"] or found["directive"] or any(left_out)):
            depth -= found[0] in _CLOSE
            yield Token(_kind(found), found[0], found.start(), found.end(), depth)
            depth += found[0] in _OPEN


def _kind(found: re.Match[str]) -> Kind:
    return "number" if found["number"] else "word" if found["word"] else "operator"


def _step(left_out: list[bool], condition: str, *, is_guard: bool) -> None:
    """Keep, for each condition that is open, whether what stands there is left out."""
    if condition.startswith("`if"):
        left_out.append(not is_guard)
    elif left_out and condition == "`endif":
        left_out.pop()
    elif left_out:
        left_out[-1] = True
