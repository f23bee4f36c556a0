"""Which expressions tell of reads that failed, and which statements are complaints."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from tilewright.verilog.compiler import Evaluate, Run
from tilewright.verilog.facts import ARRAY_CHANGES, facts_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.news import NO_CAUSES, NOTHING, Causes, Items, Saying, failed
from tilewright.verilog.paths import path_of
from tilewright.verilog.result_flow import RESULT, sources_of, tells_of_file
from tilewright.verilog.values import Value

Tell = Callable[[Machine], Items]
_COMPLAINT = re.compile(
    r"[^A-Za-z]*(error|fatal|fail(ed|ure)?)\b(?! *(count|=))"
    r"|.*\bfail(ed|ure)?\b(?! *(count|=|:(?! *%\d*d (errors|mismatches)\b)))",
    re.IGNORECASE | re.DOTALL,
)
_DOUBT = re.compile(
    r"((?<!%d )(?<!%0d )\b(bad|wrong|missing|mismatch|unexpected)|\bexpect(s|ed):? *%\w+"
    r"|\b(invalid|illegal|unknown|unrecogni[sz]ed|unsupported|malformed|corrupt(ed)?|undefined"
    r"|uninitiali[sz]ed|unreadable|cannot|can't|could not|couldn't|not a"
    r"|not (valid|supported|found|recogni[sz]ed|match|equal|allowed|known|defined|initiali[sz]ed|loaded)"
    r"|does(n't| not)|wants|must|too (few|many|short|long|small|large|big)))\b(?! *[a-z]* *[=:] *%\d*d)",
    re.IGNORECASE,
)
_EXCUSE = re.compile(
    r"\b(skip(ped|ping|s)?|defaults?|optional|ignor(ed|ing)|instead|without|not (given|checked|compared))\b",
    re.IGNORECASE,
)
_COMPLAINING = ("$error", "$fatal")
_READS = ("$fscanf", "$fgets")


def compile_teller(expression: Any) -> Tell:
    """What the value of an expression tells that has just been computed."""
    sources = sources_of(expression)
    names, has_read, has_open = sources - {RESULT}, RESULT in sources, _opens(expression)

    def tell(machine: Machine) -> Items:
        news = machine.news
        if news.is_none and not (has_read or has_open):
            return NOTHING
        items = {key: one for name in names for key, one in news.told.get(name, NOTHING).items()}
        if has_read:
            items |= failed(machine.last_read)
        if has_open and machine.absent is not None:
            items[id(machine.absent)] = machine.absent
        return items

    return tell


def compile_causes(expression: Any) -> Callable[[Machine], Causes]:
    """The words at which a condition looked that has just been computed; else the reads that got something
    whose results it looked at, or that filled an array in which it looked for a key."""
    sources = sources_of(expression)

    def causes(machine: Machine) -> Causes:
        holes = tuple(machine.holes)
        if machine.looked or holes:
            return Causes(tuple(machine.looked), are_words=True, holes=holes)
        taken = machine.news.taken
        found = [*machine.searched, *(taken[name] for name in sources if name in taken)]
        is_count = any(one in names for names in machine.news.counted for one in sources)
        if (is_count or RESULT in sources) and machine.last_read is not None:
            found.append(machine.last_read)
        if found:
            return Causes(tuple(found))
        compared = machine.news.compared
        found = [compared[name] for name in sources if name in compared] if compared else []
        return Causes(tuple(found), are_words=True) if found else NO_CAUSES

    return causes


def _opens(expression: Any) -> bool:
    found: list[bool] = []
    expression.visit(lambda one: found.append(getattr(one, "subroutineName", "") == "$fopen"))
    return any(found)


def telling(evaluate: Evaluate, assignment: Any) -> Evaluate:
    """An assignment, which also passes on what its right side tells."""
    names, is_whole = facts_of(assignment).assigned, assignment.left.kind.name == "NamedValue"
    pass_on = passing_on(assignment.right, names, is_whole=is_whole)

    def evaluate_and_tell(machine: Machine) -> Value:
        value = evaluate(machine)
        pass_on(machine)
        return value

    return evaluate_and_tell


def passing_on(expression: Any, names: Collection[str], *, is_whole: bool = True) -> Run:
    """What these variables tell once they are given an expression that has just been computed."""
    tell, is_result = compile_teller(expression), RESULT in sources_of(expression)
    is_first = is_result or _opens(expression)
    sources = sources_of(expression) - {RESULT}

    def run(machine: Machine) -> None:
        if is_first or not machine.news.is_none:
            machine.news.tell(names, tell(machine), is_whole=is_whole)
        taken = machine.news.taken
        event = next((taken[one] for one in sources if one in taken), None) if taken else None
        machine.news.take(names, machine.last_read if is_result else event)

    return run


def holder_of(expression: Any) -> str:
    """The variable that gets the result of a read, and nobody else; "" for any other expression."""
    if expression.kind.name != "Assignment" or expression.left.kind.name != "NamedValue":
        return ""
    call = expression.right
    while call.kind.name == "Conversion":
        call = call.operand
    is_read = getattr(call, "subroutineName", "") in _READS
    return path_of(expression.left.symbol) if is_read else ""


def saying_of(call: Any, line: int) -> Saying:
    """What a call says: `$error` and `$fatal` complain, and so do texts that say so."""
    name = call.subroutineName
    texts = [one.value for one in call.arguments if one.kind.name == "StringLiteral"]
    text = texts[0] if texts else ""
    is_complaint = name in _COMPLAINING or bool(_COMPLAINT.match(text))
    is_doubt, is_excuse = bool(_DOUBT.search(text)), bool(_EXCUSE.search(text))
    return Saying(line, text or name, is_complaint, is_doubt, is_excuse)


def counted_by(loop: Any) -> frozenset[str]:
    """Variables that a loop over a file counts in each turn, or as its reads tell it: they tell how many
    there were. What it reads, and what it finds by comparing words, is no count."""
    body = loop.body
    outside: list[tuple[int, int]] = []
    found: list[tuple[int, str]] = []

    def visit(node: Any) -> None:
        kind, span = node.kind.name, (node.sourceRange.start.offset, node.sourceRange.end.offset)
        if kind == "Call" and node.isSystemCall and node.subroutineName not in ARRAY_CHANGES:
            outside.append(span)
        elif kind == "Conditional":
            if not any(tells_of_file(one.expr, body) for one in node.conditions):
                outside.append(span)
        elif kind == "Case":
            outside.append(span)
        elif kind in ("Assignment", "UnaryOp", "Call"):
            found.extend((span[0], name) for name in _changed(node))

    for part in (body, *getattr(loop, "steps", ())):
        part.visit(visit)
    other = {name for at, name in found if any(start < at < end for start, end in outside)}
    return frozenset({name for _, name in found} - other)


def leaves_early(body: Any) -> bool:
    """Whether the body of a loop ends it, by ``break``, ``return`` or ``disable``."""
    kinds: set[str] = set()
    body.visit(lambda node: kinds.add(node.kind.name))
    return bool(kinds & {"Break", "Return", "Disable"})


def _changed(node: Any) -> set[str]:
    """What one node itself changes, by counting or to a constant."""
    if node.kind.name == "Assignment":
        names = set(facts_of(node.left).read)
        return names if sources_of(node.right) <= names else set()
    return set(facts_of(node).assigned)
