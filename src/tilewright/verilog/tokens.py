"""The tokens of a SystemVerilog file: comments, strings and conditional text are left out."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
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
_TRANSLATE = re.compile(r"/[/*]\s*\w+\s+translate_(?P<to>on|off)\b")
"""How simulation alone is marked: ``// synthesis translate_off``."""
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text at ``start:end`` of the file; `depth` counts the brackets around it."""

    kind: Kind
    text: str
    start: int
    end: int
    depth: int


def tokenize(text: str, *, file: str, compiled: Container[int] = ()) -> list[Token]:
    """Tokens that every build compiles; raises `FormatError` naming the line of what is none.

    What stands between ``ifdef``, ``ifndef`` or ``else`` and ``endif`` is left out, since whether it is
    compiled depends on the tool, but for the branches in `compiled`, each known by its first character
    (`branches`).
    What a guard against being read twice holds is there, and what ``translate_off`` begins is not. A macro
    that is used is a word.
    """
    found, depth = list[Token](), 0
    for match, opened in _matches(text, file):
        if all(branch in compiled for branch in opened):
            depth -= match[0] in _CLOSE
            found.append(Token(_kind(match), match[0], match.start(), match.end(), depth))
            depth += match[0] in _OPEN
    return found


def branches(text: str, *, file: str) -> list[tuple[int, ...]]:
    """Every branch of conditional text with a token in it: its first character, behind those around it."""
    found = (opened for _, opened in _matches(text, file))
    return sorted({opened[: end + 1] for opened in found for end in range(len(opened))})


def line_of(text: str, place: int) -> int:
    """The line, counted from 1, that holds the character at `place`."""
    return text.count("\n", 0, place) + 1


def _matches(text: str, file: str) -> Iterator[tuple[re.Match[str], tuple[int, ...]]]:
    """Every token, with where the branches that hold it begin, the outermost first."""
    place, is_off = 0, False
    opened: list[int] = []
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormatError(
                f"{file}:{line_of(text, place)}: {text[place]!r} begins no token of SystemVerilog: "
                "only plain source files can be read here"
            )
        place = found.end()
        if found["condition"]:
            _step(opened, found, is_guard=_GUARD.match(text, found.start()) is not None)
        elif found["skip"]:
            switched = _TRANSLATE.match(found[0])
            is_off = switched["to"] == "off" if switched else is_off
        elif not (found["directive"] or is_off):
            yield found, tuple(filter(None, opened))


def _kind(found: re.Match[str]) -> Kind:
    return "number" if found["number"] else "word" if found["word"] else "operator"


def _step(opened: list[int], condition: re.Match[str], *, is_guard: bool) -> None:
    """Keep, for each condition that is open, where its branch begins; 0 for that of a guard."""
    if condition[0].startswith("`if"):
        opened.append(0 if is_guard else condition.end())
    elif opened and condition[0] == "`endif":
        opened.pop()
    elif opened:
        opened[-1] = condition.end()
