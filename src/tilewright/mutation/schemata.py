"""Many mutants of a core in one text of it, one of which is chosen when it runs.

Whatever holds a change, a statement or an expression, stands there once for each of its mutants, beside the
original. A change of what is settled before a simulation begins (a localparam, a width, the condition of a
generate block) cannot be written so, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tilewright.mutation import statements as place
from tilewright.mutation.mutant import Mutant
from tilewright.verilog.tokens import Token, tokenize

PLUSARG = "tw_mutant"
"""The plusarg that names the mutant by its number; 0, or none: the core as it is."""
_TOP = re.compile(r"^\s*module\s+tw_core\b", re.MULTILINE)
"""The module that reads the plusarg."""
CHOICE = {"tw_mutants.sv": "package tw_mutants; int chosen; endpackage\n"}
"""The file that must be compiled before all others."""

_CHOSEN = "tw_mutants::chosen"
_READ = f'initial if ($value$plusargs("{PLUSARG}=%d", {_CHOSEN}) == 0) {_CHOSEN} = 0;\n'
_NETS = re.compile(
    r"\b(?:wire|tri)\b([^;]*);|\b(?:input|output|inout)\s+(?!logic|reg|bit)([^;,)]*)"
)
_PROCESSES = {"always", "always_ff", "always_comb", "always_latch", "initial", "final"}
_ROUTINES = {"function": "endfunction", "task": "endtask"}

Kind = Literal["statement", "assign", "value", "condition", "port"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters ``start:end`` of a file that can be chosen as a whole.

    kind: a "statement" of a process, the "assign" of a variable; or an expression:
    the "value" that a net is assigned, the "condition" of an ``if``, what an input "port" is connected to.
    """

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a text, from 1, both inclusive, and the numbers of the mutants that stand there."""

    file: str
    first: int
    last: int
    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Schemata:
    """A core with mutants in it: file names to texts, and where which of them stands, single ones first."""

    sources: Mapping[str, str]
    places: Sequence[Place]

    @property
    def numbers(self) -> frozenset[int]:
        """The mutants that are in it."""
        return frozenset[int]().union(*(one.numbers for one in self.places))

    def blamed(self, file: str, line: int) -> frozenset[int]:
        """The mutants of which an error in a line can be; none if it is none of theirs."""
        found = (one for one in self.places if one.file == file and one.first <= line <= one.last)
        return min((one.numbers for one in found), key=len, default=frozenset())


def embed(sources: Mapping[str, str], mutants: Mapping[int, Mutant]) -> Schemata:
    """The sources with all of the mutants, by their numbers, that can be written into them."""
    texts: dict[str, str] = {}
    places: list[Place] = []
    for file, text in sources.items():
        own = {number: one for number, one in mutants.items() if one.file == file}
        texts[file], found = _embed_file(text, file, own)
        places += found
    for file, text in texts.items():
        if head := _TOP.search(text):
            end = text.index("endmodule", head.end())
            texts[file] = text[:end] + _READ + text[end:]
    return Schemata(texts, places)


def _embed_file(
    text: str, file: str, mutants: Mapping[int, Mutant]
) -> tuple[str, Iterator[Place] | list[Place]]:
    if not mutants:
        return text, []
    written, places, end = "", list[Place](), 0
    for unit, inside in _by_unit(text, file, mutants):
        written += text[end : unit.start]
        line = written.count("\n") + 1
        pieces = _alternatives(text, unit, inside)
        for number, piece in zip((*inside, None), pieces, strict=True):
            written += piece
            last = written.count("\n") + 1
            if number is not None:
                places.append(Place(file, line, last - 1, frozenset({number})))
            line = last
        first = min(one.first for one in places[-len(inside) :])
        places.append(Place(file, first, line, frozenset(inside)))
        end = unit.end
    return written + text[end:], places


def _by_unit(
    text: str, file: str, mutants: Mapping[int, Mutant]
) -> Iterator[tuple[Unit, dict[int, Mutant]]]:
    """Units in the order of their places, each with the mutants that change something in it."""
    end = 0
    for unit in sorted(units_of(text, file=file), key=lambda one: (one.start, one.end)):
        inside = {
            number: one
            for number, one in mutants.items()
            if unit.start <= one.start and one.end <= unit.end
        }
        if inside and unit.start >= end:
            yield unit, inside
            end = unit.end


def _alternatives(text: str, unit: Unit, inside: Mapping[int, Mutant]) -> Iterator[str]:
    """Pieces of text, one for each mutant, which ends with its line, and one for the original."""
    original = text[unit.start : unit.end]
    begin = {"assign": f"always_comb case ({_CHOSEN})\n", "statement": f"case ({_CHOSEN})\n"}
    head, skipped = begin.get(unit.kind, "\n"), len("assign" if unit.kind == "assign" else "")
    for number, mutant in inside.items():
        start, end = mutant.start - unit.start, mutant.end - unit.start
        changed = (original[:start] + mutant.replacement + original[end:])[skipped:]
        if unit.kind in begin:
            yield f"{head}{number}: {changed}\n"
        else:
            yield f"{head}{_CHOSEN} == {number} ? {_whole(unit, changed)} :\n"
        head = ""
    if unit.kind in begin:
        yield f"default: {original[skipped:]}\nendcase\n"
    else:
        yield f"{_whole(unit, original)}\n"


def _whole(unit: Unit, words: str) -> str:
    """An expression that other alternatives do not make wider, where it is a truth."""
    return f"(!!({words}\n))" if unit.kind == "condition" else f"({words}\n)"


# -- which units there are -------------------------------------------------------------------------------


def units_of(text: str, *, file: str) -> list[Unit]:
    """Everything in a file that can be chosen as a whole; raises `FormatError` as `tokenize` does."""
    tokens = tokenize(text, file=file)
    keep = place.changeable(tokens)
    return [
        *_assignments(text, tokens, keep),
        *_conditions(tokens, keep),
        *_ports(tokens, keep),
    ]


def _assignments(text: str, tokens: list[Token], keep: list[bool]) -> Iterator[Unit]:
    nets = {
        name
        for found in _NETS.findall(text)
        for name in re.findall(r"[A-Za-z_]\w*", "".join(found))
    }
    end = -1
    for index, token in enumerate(tokens):
        if index <= end or not keep[index] or token.depth or token.text not in ("<=", "="):
            continue
        first, end = place.target_start(tokens, index), place.statement_end(tokens, index)
        is_assign = first > 0 and tokens[first - 1].text == "assign"
        if not is_assign:
            yield Unit(tokens[first].start, tokens[end].end, "statement")
        elif nets.isdisjoint(one.text for one in tokens[first:index]):
            yield Unit(tokens[first - 1].start, tokens[end].end, "assign")
        else:
            yield Unit(tokens[index + 1].start, tokens[end - 1].end, "value")


def _conditions(tokens: list[Token], keep: list[bool]) -> Iterator[Unit]:
    is_run = _is_in_process(tokens)
    for span in place.conditions(tokens, keep):
        if is_run[span.first]:
            yield Unit(tokens[span.first].start, tokens[span.last].end, "condition")


def _ports(tokens: list[Token], keep: list[bool]) -> Iterator[Unit]:
    """By the convention that inputs end in _i; what is connected to an output is no expression."""
    for port, span in place.connections(tokens, keep):
        if port.endswith("_i"):
            yield Unit(tokens[span.first].start, tokens[span.last].end, "port")


def _is_in_process(tokens: list[Token]) -> list[bool]:
    """Of each token, whether it stands in a process, a function or a task."""
    inside = [False] * len(tokens)
    for index, token in enumerate(tokens):
        if inside[index] or token.text not in {*_PROCESSES, *_ROUTINES}:
            continue
        if token.text in _ROUTINES:
            last = _next(tokens, index, _ROUTINES[token.text])
        else:
            last = _end_of(tokens, _after_event(tokens, index + 1))
        inside[index : last + 1] = [True] * (last + 1 - index)
    return inside


def _after_event(tokens: list[Token], index: int) -> int:
    """The first token behind ``@(...)`` or ``@*``."""
    if tokens[index].text != "@":
        return index
    return place.closing(tokens, index + 1) + 1 if tokens[index + 1].text == "(" else index + 2


def _next(tokens: list[Token], index: int, word: str) -> int:
    return next((i for i in range(index, len(tokens)) if tokens[i].text == word), len(tokens) - 1)


_BLOCKS = {"begin": "end", "case": "endcase"}


def _end_of(tokens: list[Token], index: int) -> int:
    """The last token of the statement that begins with one."""
    while index < len(tokens) and tokens[index].text in ("unique", "priority"):
        index += 1
    if index >= len(tokens):
        return len(tokens) - 1
    word = tokens[index].text
    if word in _BLOCKS:
        return _block_end(tokens, index, word, _BLOCKS[word])
    if word in ("if", "for", "while", "repeat"):
        last = _end_of(tokens, place.closing(tokens, index + 1) + 1)
        has_else = word == "if" and last + 1 < len(tokens) and tokens[last + 1].text == "else"
        return _end_of(tokens, last + 2) if has_else else last
    return place.statement_end(tokens, index)


def _block_end(tokens: list[Token], index: int, opening: str, closing: str) -> int:
    level = 0
    for last in range(index, len(tokens)):
        level += (tokens[last].text == opening) - (tokens[last].text == closing)
        if level == 0:
            return last
    return len(tokens) - 1
