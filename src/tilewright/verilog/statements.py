"""Statements of a testbench, compiled once from pyslang's tree to functions of the machine.

Time is left out: delays and events are passed at once, initial blocks run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate, Run
from tilewright.verilog.expressions import compile_expression
from tilewright.verilog.facts import facts_of
from tilewright.verilog.machine import (
    BreakLoopSignal,
    ContinueLoopSignal,
    DisableBlockSignal,
    Machine,
    ReturnCallSignal,
    StopProcessSignal,
)
from tilewright.verilog.subroutines import compile_subroutine
from tilewright.verilog.system_calls import compile_system_call
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.values import UNKNOWN

MAX_IDLE_TURNS = 5_000


@dataclass(slots=True)
class StatementCompiler:
    """Compiles one testbench. unchecked: offsets of the
    file reads whose result nothing looks at."""

    testbench: Testbench
    unchecked: frozenset[int] = frozenset()
    old_values: list[Evaluate] = field(default_factory=list)
    bodies: dict[str, Run] = field(default_factory=dict)

    def line(self, node: Any) -> int:
        """Line of a node in the testbench."""
        return self.testbench.line(node)

    def compile(self, statement: Any) -> Run:
        """One statement as a function of the machine."""
        function = _COMPILERS.get(statement.kind.name)
        return function(statement, self) if function else self._compile_other(statement)

    def compile_call(self, call: Any) -> Evaluate:
        """A call of a system task or function, or of one of the testbench's own."""
        if call.isSystemCall:
            return compile_system_call(call, self)
        return compile_subroutine(call, self)

    def forget(self, node: Any) -> Run:
        """What is left after a piece that was not followed: its variables are unknown."""
        facts = facts_of(node)
        handles = [compile_expression(handle, self) for handle in facts.handles]
        line = self.line(node)

        def run(machine: Machine) -> None:
            if facts.has_file_calls:
                machine.undecided(
                    line,
                    "the files read here were not followed: whether this runs, and how often, "
                    "depends on something that lint cannot compute",
                )
                machine.lose_streams([handle(machine) for handle in handles])
            for name in facts.assigned:
                machine.set(name, UNKNOWN)

        return run

    def _compile_other(self, statement: Any) -> Run:
        if statement.kind.name == "Empty":
            return _pass
        line = self.line(statement)
        reasons = [note for note in self.testbench.notes if note[0] >= line]
        fallback = (line, f"a statement of kind {statement.kind.name}")
        line, reason = reasons[0] if reasons else fallback

        def run(machine: Machine) -> None:
            machine.undecided(line, f"what follows here cannot be followed: {reason}")
            machine.lose_streams([])

        return run


def _pass(_: Machine) -> None:
    return


def _nothing(_: Any, __: Compiler) -> Run:
    """A statement that touches neither variables nor files."""
    return _pass


def _list(statement: Any, compiler: Compiler) -> Run:
    parts = [compiler.compile(part) for part in statement.list]

    def run(machine: Machine) -> None:
        for part in parts:
            part(machine)

    return run


def _block(statement: Any, compiler: Compiler) -> Run:
    symbol = statement.blockSymbol
    name = symbol.name if symbol is not None else ""
    if statement.blockKind.name != "Sequential":
        parts = statement.body.list if statement.body.kind.name == "List" else [statement.body]
        if sum(facts_of(part).has_file_calls for part in parts) > 1:
            return compiler.forget(statement)
    body = compiler.compile(statement.body)

    def run(machine: Machine) -> None:
        try:
            body(machine)
        except DisableBlockSignal as disabled:
            if disabled.args[0] != name:
                raise

    return run if name else body


def _expression(statement: Any, compiler: Compiler) -> Run:
    evaluate = compile_expression(statement.expr, compiler)

    def run(machine: Machine) -> None:
        machine.step()
        evaluate(machine)

    return run


def _declaration(statement: Any, compiler: Compiler) -> Run:
    symbol = statement.symbol
    return _initialize(symbol, compiler) or _pass


def _initialize(symbol: Any, compiler: Compiler) -> Run | None:
    """The initial value of a variable; None if it has none."""
    if symbol.initializer is None or not symbol.type.isIntegral:
        return None
    path, value = symbol.hierarchicalPath, compile_expression(symbol.initializer, compiler)
    width, is_signed = int(symbol.type.bitWidth), bool(symbol.type.isSigned)
    return lambda m: m.set(path, value(m).resize(width, is_signed=is_signed))


def _conditional(statement: Any, compiler: Compiler) -> Run:
    condition = compile_expression(statement.conditions[0].expr, compiler)
    if_true = compiler.compile(statement.ifTrue)
    if_false = compiler.compile(statement.ifFalse) if statement.ifFalse else _pass
    forget_true = compiler.forget(statement.ifTrue)
    forget_false = compiler.forget(statement.ifFalse) if statement.ifFalse else _pass

    def run(machine: Machine) -> None:
        machine.step()
        bits = condition(machine).bits
        if bits is None:
            forget_true(machine)
            forget_false(machine)
        else:
            with machine.branch():
                (if_true if bits else if_false)(machine)

    return run


def _case(statement: Any, compiler: Compiler) -> Run:
    subject = compile_expression(statement.expr, compiler)
    items = [
        ([compile_expression(e, compiler) for e in item.expressions], compiler.compile(item.stmt))
        for item in statement.items
    ]
    default = compiler.compile(statement.defaultCase) if statement.defaultCase else _pass
    forget = compiler.forget(statement)

    def run(machine: Machine) -> None:
        machine.step()
        wanted = subject(machine).bits
        for labels, body in items:
            for label in labels:
                bits = label(machine).bits
                if wanted is None or bits is None:
                    return forget(machine)
                if bits == wanted:
                    return body(machine)
        return default(machine)

    return run


def _for(statement: Any, compiler: Compiler) -> Run:
    starts: list[Callable[[Machine], object]] = []
    starts += [compile_expression(e, compiler) for e in statement.initializers]
    starts += [s for s in (_initialize(v, compiler) for v in statement.loopVars) if s]
    steps = [compile_expression(e, compiler) for e in statement.steps]
    condition = compile_expression(statement.stopExpr, compiler) if statement.stopExpr else None
    turn = _loop(statement, compiler, condition, kind="counted", steps=steps)

    def run(machine: Machine) -> None:
        for start in starts:
            start(machine)
        turn(machine)

    return run


def _while(statement: Any, compiler: Compiler) -> Run:
    condition = compile_expression(statement.cond, compiler)
    turn = _loop(statement, compiler, condition, kind="open")
    if statement.kind.name == "WhileLoop":
        return turn
    first = compiler.compile(statement.body)

    def run(machine: Machine) -> None:
        first(machine)
        turn(machine)

    return run


def _forever(statement: Any, compiler: Compiler) -> Run:
    return _loop(statement, compiler, None, kind="open")


def _repeat(statement: Any, compiler: Compiler) -> Run:
    count = compile_expression(statement.count, compiler)
    body, forget = compiler.compile(statement.body), compiler.forget(statement.body)
    is_idle = not facts_of(statement.body).has_file_calls

    def run(machine: Machine) -> None:
        times = count(machine).bits
        if times is None or (is_idle and times > MAX_IDLE_TURNS):
            return forget(machine)
        with machine.loop("counted"), suppress(BreakLoopSignal):
            for _ in range(times):
                machine.step()
                with suppress(ContinueLoopSignal):
                    body(machine)
        return None

    return run


def _loop(
    statement: Any,
    compiler: Compiler,
    condition: Evaluate | None,
    *,
    kind: str,
    steps: list[Evaluate] | None = None,
) -> Run:
    """A loop with a condition; one without files that turns too often is passed over."""
    body = compiler.compile(statement.body)
    forget, facts = compiler.forget(statement), facts_of(statement)
    limit = None if facts.has_file_calls else MAX_IDLE_TURNS
    line = compiler.line(statement)

    def run(machine: Machine) -> None:
        turns = 0
        with machine.loop(kind), suppress(BreakLoopSignal):
            while (bits := condition(machine).bits if condition else 1) != 0:
                turns += 1
                if bits is None or (limit is not None and turns > limit):
                    forget(machine)
                    if condition is None:
                        raise StopProcessSignal
                    return
                try:
                    machine.step()
                    with suppress(ContinueLoopSignal):
                        body(machine)
                except StopProcessSignal:
                    if facts.has_file_calls:
                        machine.undecided(line, "this loop over a file does not come to an end")
                    raise
                for step in steps or ():
                    step(machine)

    return run


def _timed(statement: Any, compiler: Compiler) -> Run:
    return compiler.compile(statement.stmt)


def _raiser(error: type[Exception]) -> Callable[[Any, Compiler], Run]:
    def compile_raise(_: Any, __: Compiler) -> Run:
        def run(_: Machine) -> None:
            raise error

        return run

    return compile_raise


def _return(statement: Any, compiler: Compiler) -> Run:
    value = compile_expression(statement.expr, compiler) if statement.expr else None

    def run(machine: Machine) -> None:
        raise ReturnCallSignal(value(machine) if value else UNKNOWN)

    return run


def _disable(statement: Any, _: Compiler) -> Run:
    symbol = statement.target.getSymbolReference()
    name = symbol.name if symbol is not None else ""

    def run(_machine: Machine) -> None:
        raise DisableBlockSignal(name)

    return run


_COMPILERS: dict[str, Callable[[Any, Compiler], Run]] = {
    "List": _list,
    "Block": _block,
    "ExpressionStatement": _expression,
    "VariableDeclaration": _declaration,
    "Conditional": _conditional,
    "Case": _case,
    "ForLoop": _for,
    "WhileLoop": _while,
    "DoWhileLoop": _while,
    "ForeverLoop": _forever,
    "RepeatLoop": _repeat,
    "Timed": _timed,
    "Wait": _timed,
    "Break": _raiser(BreakLoopSignal),
    "Continue": _raiser(ContinueLoopSignal),
    "Return": _return,
    "Disable": _disable,
    "EventTrigger": _nothing,
    "WaitFork": _nothing,
    "DisableFork": _nothing,
    "ProceduralAssign": _nothing,
    "ProceduralDeassign": _nothing,
    "ImmediateAssertion": _nothing,
}
