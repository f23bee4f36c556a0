"""Loops of a testbench: those that count, and those that go on as a file does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import product
from typing import Any

from tilewright.verilog.associative import is_associative, key_value, keys_of
from tilewright.verilog.compiler import Compiler, Evaluate, Run
from tilewright.verilog.facts import facts_of
from tilewright.verilog.machine import (
    Machine,
)
from tilewright.verilog.objects import find_name
from tilewright.verilog.paths import path_of
from tilewright.verilog.result_flow import tells_of_file
from tilewright.verilog.signals import (
    BreakLoopSignal,
    ContinueLoopSignal,
    StopProcessSignal,
)
from tilewright.verilog.stored import Memory, length
from tilewright.verilog.tellers import counted_by, leaves_early
from tilewright.verilog.values import Value

MAX_IDLE_TURNS = 5_000
MOST_WITHOUT_READ = 20_000
"""Turns of a loop without a condition over a file."""
MAX_ELEMENTS = 1 << 20
"""Of an array that `foreach` goes through."""


def _for(statement: Any, compiler: Compiler) -> Run:
    starts: list[Callable[[Machine], object]] = []
    starts += [compiler.expression(e) for e in statement.initializers]
    starts += [s for s in (compiler.initialize(v) for v in statement.loopVars) if s]
    steps = [compiler.expression(e) for e in statement.steps]
    condition = compiler.expression(statement.stopExpr) if statement.stopExpr else None
    kind = _kind(statement.stopExpr, statement.body)
    turn = _loop(statement, compiler, condition, kind=kind, steps=steps)

    def run(machine: Machine) -> None:
        for start in starts:
            start(machine)
        turn(machine)

    return run


def _kind(condition: Any, body: Any) -> str:
    """ "open" if it depends on the file, or on nothing, when the loop ends; else "counted"."""
    if condition is None:
        return "open"
    is_open = not facts_of(condition).read or tells_of_file(condition, body)
    return "open" if is_open else "counted"


def _while(statement: Any, compiler: Compiler) -> Run:
    condition = compiler.expression(statement.cond)
    kind = _kind(statement.cond, statement.body)
    is_first_free = statement.kind.name == "DoWhileLoop"
    return _loop(statement, compiler, condition, kind=kind, is_first_free=is_first_free)


def _forever(statement: Any, compiler: Compiler) -> Run:
    return _loop(statement, compiler, None, kind="open")


def _repeat(statement: Any, compiler: Compiler) -> Run:
    count = compiler.expression(statement.count)
    body, forget = compiler.compile(statement.body), compiler.forget(statement.body)
    is_idle = not facts_of(statement.body).has_file_calls

    def run(machine: Machine) -> None:
        times = count(machine).bits
        if times is None or (is_idle and times > MAX_IDLE_TURNS):
            forget(machine)
            return
        with machine.loop("counted"), suppress(BreakLoopSignal):
            for _ in range(times):
                machine.step()
                with suppress(ContinueLoopSignal):
                    body(machine)

    return run


def _foreach(statement: Any, compiler: Compiler) -> Run:
    body, forget = compiler.compile(statement.body), compiler.forget(statement.body)
    dims = list(statement.loopDims)
    if any(dim.range is None for dim in dims):
        return _foreach_queue(statement, body, compiler) if len(dims) == 1 else forget
    ranges = [_indices(dim.range) if dim.loopVar is not None else range(1) for dim in dims]
    names = [path_of(dim.loopVar) if dim.loopVar is not None else "" for dim in dims]

    def run(machine: Machine) -> None:
        with machine.loop("counted"), suppress(BreakLoopSignal):
            for indices in product(*ranges):
                machine.step()
                for name, index in zip(names, indices, strict=True):
                    machine.set(name, Value(index, 32, is_signed=True))
                with suppress(ContinueLoopSignal):
                    body(machine)

    return run


def _foreach_queue(statement: Any, body: Run, compiler: Compiler) -> Run:
    """Over a queue, a dynamic or associative array or a string, as large as it is when the loop starts."""
    forget, dim = compiler.forget(statement.body), statement.loopDims[0]
    is_text = bool(statement.arrayRef.type.isString)
    if dim.loopVar is None or (not is_text and find_name(statement.arrayRef, compiler) is None):
        return forget
    indices, name = _indices_now(statement.arrayRef, compiler), path_of(dim.loopVar)

    def run(machine: Machine) -> None:
        found = indices(machine)
        if found is None:
            forget(machine)
            return
        with machine.loop("counted"), suppress(BreakLoopSignal):
            for index in found:
                machine.step()
                machine.set(name, index)
                with suppress(ContinueLoopSignal):
                    body(machine)

    return run


def _indices_now(array: Any, compiler: Compiler) -> Callable[[Machine], Iterable[Value] | None]:
    """The indices of an array that can grow, or of a string, as it is; None where that is not known."""
    if array.type.isString:
        value = compiler.expression(array)
        return lambda machine: (
            None if (text := value(machine).text) is None else map(_index, range(len(text)))
        )
    if is_associative(array.type):
        keys, key = keys_of(array, compiler), key_value(array)
        return lambda machine: None if (now := keys(machine)) is None else map(key, now)
    find = find_name(array, compiler)

    def indices(machine: Machine) -> Iterable[Value] | None:
        memory = Memory() if find is None else machine.memory(find(machine))
        if None in memory.elements:
            return None
        return map(_index, range(length(memory)))

    return indices


def _index(number: int) -> Value:
    return Value(number, 32, is_signed=True)


def _indices(bounds: Any) -> range:
    left, right = int(bounds.left), int(bounds.right)
    step = 1 if left <= right else -1
    return range(left, right + step, step)


def _loop(
    statement: Any,
    compiler: Compiler,
    condition: Evaluate | None,
    *,
    kind: str,
    steps: list[Evaluate] | None = None,
    is_first_free: bool = False,
) -> Run:
    """A loop with a condition; one without files that turns too often is passed over."""
    body = compiler.compile(statement.body)
    forget, facts = compiler.forget(statement), facts_of(statement)
    limit = None if facts.has_file_calls else MAX_IDLE_TURNS
    line = compiler.line(statement)
    may_end = facts.has_file_calls and (kind == "open" or leaves_early(statement.body))
    changed = counted_by(statement)
    counted = changed if may_end else frozenset()

    def run(machine: Machine) -> None:
        calls, last = machine.calls, 0
        with machine.loop(kind), _counting(machine, counted), suppress(BreakLoopSignal):
            for turns in _turns(machine, condition, is_first_free=is_first_free):
                if machine.calls > calls:
                    calls, last = machine.calls, turns
                if condition is None and limit is None and turns > last + MOST_WITHOUT_READ:
                    _give_up(machine, line)
                    raise StopProcessSignal
                if turns < 0 or (limit is not None and turns > limit):
                    forget(machine)
                    if condition is None:
                        raise StopProcessSignal
                    return
                _turn(machine, body, steps or [], line if facts.has_file_calls else 0)
            for memory, _ in machine.holes:
                machine.news.count(changed, memory)

    return run


@contextmanager
def _counting(machine: Machine, names: Collection[str]) -> Iterator[None]:
    """Behind a loop over files, what it counted tells of those that have ended."""
    before = machine.calls
    machine.news.counted.append(names)
    try:
        yield
    finally:
        machine.news.counted.pop()
    if names:
        read = [one for one in machine.streams if one.events and one.events[-1].call > before]
        ended = {id(one): one for one in read if one.position >= len(one.content or b"")}
        machine.news.tell(names, dict(ended), is_whole=False)


def _turns(machine: Machine, condition: Evaluate | None, *, is_first_free: bool) -> Iterator[int]:
    """The number of each turn from 1; -1 where nobody knows whether there is one."""
    turns = 0
    while True:
        machine.holes.clear()
        holds = (
            True
            if condition is None or (is_first_free and not turns)
            else (condition(machine).truth)
        )
        if holds is False:
            machine.settle()
            return
        turns = turns + 1 if holds else -1
        yield turns


def _turn(machine: Machine, body: Run, steps: list[Evaluate], file_line: int) -> None:
    try:
        machine.step()
        with suppress(ContinueLoopSignal):
            body(machine)
    except StopProcessSignal:
        if file_line:
            _give_up(machine, file_line)
        raise
    machine.settle()
    for step in steps:
        step(machine)


def _give_up(machine: Machine, line: int) -> None:
    """A loop over a file that does not end by itself."""
    if not machine.ends_by_time:
        machine.undecided(line, "this loop over a file does not come to an end")
        return
    message = "this loop over a file goes on until another block ends the simulation, at a time"
    machine.undecided(line, f"{message} that lint does not know")
    for stream in machine.streams:
        stream.is_assumed = stream.is_assumed or stream.failures > 0


LOOPS: dict[str, Callable[[Any, Compiler], Run]] = {
    "ForLoop": _for,
    "WhileLoop": _while,
    "DoWhileLoop": _while,
    "ForeverLoop": _forever,
    "RepeatLoop": _repeat,
    "ForeachLoop": _foreach,
}
