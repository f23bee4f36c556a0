"""Statements of a testbench, compiled once from pyslang's tree to functions of the machine.

Time is left out: delays and events are passed at once, initial blocks run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.cases import compile_case
from tilewright.verilog.characters import is_fgetc
from tilewright.verilog.compiler import Assign, Compiler, Evaluate, Run
from tilewright.verilog.expressions import compile_expression
from tilewright.verilog.facts import facts_of
from tilewright.verilog.file_reads import holder_name
from tilewright.verilog.forks import compile_fork
from tilewright.verilog.initial_values import compile_declaration, compile_initial_value
from tilewright.verilog.looks import look_at_all
from tilewright.verilog.loops import LOOPS
from tilewright.verilog.machine import Machine
from tilewright.verilog.nonblocking import catch_up
from tilewright.verilog.objects import FindName
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import compile_target
from tilewright.verilog.read_order import in_open_order
from tilewright.verilog.returns import compile_return
from tilewright.verilog.signals import (
    BreakLoopSignal,
    ContinueLoopSignal,
    DisableBlockSignal,
)
from tilewright.verilog.subroutines import compile_subroutine, prepare_call
from tilewright.verilog.system_calls import compile_system_call
from tilewright.verilog.tellers import compile_causes, compile_teller, holder_of, leaves_early
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.unknown_branches import compile_unknown
from tilewright.verilog.values import Value
from tilewright.verilog.variables import forget, forget_all


@dataclass(slots=True)
class StatementCompiler:
    """Compiles one testbench. unchecked: offsets of the file reads whose result nothing looks at.
    assigned: paths of the variables that the testbench sets. left_out: offsets of the reads that some
    simulators leave out. tied: constants at inputs of modules. signed_by_hand,
    beside_signed: what `signs_in` says."""

    testbench: Testbench
    unchecked: frozenset[int] = frozenset()
    assigned: frozenset[str] = frozenset()
    left_out: frozenset[int] = frozenset()
    tied: Mapping[str, Any] = field(default_factory=dict)
    signed_by_hand: frozenset[str] = frozenset()
    beside_signed: frozenset[int] = frozenset()
    old_values: list[Evaluate] = field(default_factory=list)
    bodies: dict[str, Run] = field(default_factory=dict)
    results: list[Any] = field(default_factory=list)

    def line(self, node: Any) -> int:
        """Line of a node in the testbench."""
        return self.testbench.line(node)

    def expression(self, node: Any) -> Evaluate:
        """An expression as a function of the machine."""
        return in_open_order(compile_expression(node, self), node, self)

    def compile(self, statement: Any) -> Run:
        """One statement as a function of the machine."""
        name = statement.kind.name
        function = _COMPILERS.get(name) or LOOPS.get(name)
        return function(statement, self) if function else self._compile_other(statement)

    def compile_call(self, call: Any) -> Evaluate:
        """A call of a system task or function, or of one of the testbench's own."""
        if call.isSystemCall:
            return compile_system_call(call, self)
        return compile_subroutine(call, self)

    def prepare_call(
        self, subroutine: Any, arguments: list[Any]
    ) -> Callable[[Machine], Callable[[int], Value]]:
        """A call of a method in two steps: the arguments now, the rest later, on an object."""
        return prepare_call(subroutine, arguments, self)

    def target(self, node: Any) -> Assign:
        """How a value is stored in a place."""
        return compile_target(node, self)

    def forget(self, node: Any) -> Run:
        """What is left after a piece that was not followed: its variables are unknown."""
        facts = facts_of(node)
        holders = [holder_name(handle) for handle in facts.handles]
        line = self.line(node)

        def run(machine: Machine) -> None:
            is_own = machine.are_opaque(holders) and not (facts.opens or facts.loads)
            if facts.has_file_calls and not is_own:
                machine.undecided(
                    line,
                    "the files read here were not followed: whether this runs, and how often, "
                    "depends on something that lint cannot compute",
                )
                machine.lose_streams(holders)
            look_at_all(machine, facts.read)
            for name in facts.assigned:
                forget_all(machine, name) if name in facts.own else forget(machine, name)

        return run

    def initialize(self, symbol: Any, find: FindName | None = None) -> Run | None:
        """The initial value of a variable, stored under its path or the name found; None if it has none."""
        return compile_initial_value(symbol, self, find)

    def _compile_other(self, statement: Any) -> Run:
        if statement.kind.name == "Empty":
            return _pass
        line = self.line(statement)
        reasons = [note for note in self.testbench.notes if note[0] >= line]
        fallback = (line, f"a statement of kind {statement.kind.name}")
        line, reason = reasons[0] if reasons else fallback

        def run(machine: Machine) -> None:
            machine.undecided(line, f"what follows here cannot be followed: {reason}")
            machine.lose_streams([""])

        return run


_TEXTS = ("line", "s")
"""Reads of texts: what is set where a part of one is compared hangs on it."""


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
        body = compile_fork(statement, compiler)
    else:
        body = compiler.compile(statement.body)

    assigned = facts_of(statement.body).assigned if name else set()

    def run(machine: Machine) -> None:
        try:
            body(machine)
        except DisableBlockSignal as disabled:
            if disabled.args[0] != name:
                raise
            machine.news.leave(assigned, disabled.args[1])

    return run if name else body


def _expression(statement: Any, compiler: Compiler) -> Run:
    evaluate, is_char = compiler.expression(statement.expr), is_fgetc(statement.expr)
    holder = holder_of(statement.expr)

    def run(machine: Machine) -> None:
        machine.step()
        if is_char:
            machine.heap.keep()
        evaluate(machine)
        if holder:
            machine.hold_result(holder, machine.last_read)

    return run


def _declaration(statement: Any, compiler: Compiler) -> Run:
    return compile_declaration(statement.symbol, compiler) or _pass


def _conditional(statement: Any, compiler: Compiler) -> Run:
    condition = compiler.expression(statement.conditions[0].expr)
    if_true = compiler.compile(statement.ifTrue)
    if_false = compiler.compile(statement.ifFalse) if statement.ifFalse else _pass
    branches = [(statement.ifTrue, if_true), (statement.ifFalse, if_false)]
    on_unknown = compile_unknown([one for one in branches if one[0]], compiler)
    tell, passed = compile_teller(statement.conditions[0].expr), set(facts_of(statement).assigned)
    causes = compile_causes(statement.conditions[0].expr)
    hanging = passed | _returned(statement, compiler)

    def run(machine: Machine) -> None:
        machine.step()
        machine.begin_condition()
        machine.is_condition = True
        holds = condition(machine).truth
        machine.is_condition = False
        if holds is None:
            on_unknown(machine)
            return
        items = tell(machine)
        if items:
            machine.news.pass_by(passed, items)
        text = next((one for one in machine.searched if one.code in _TEXTS), None)
        hole = machine.holes[0] if machine.holes else None
        word = machine.looked[0] if machine.looked else None
        with machine.branch(items, causes(machine)):
            (if_true if holds else if_false)(machine)
        if hole is not None:
            machine.news.count(hanging, hole[0])
        elif text is not None:
            machine.news.take(hanging, text)
        elif word is not None:
            machine.news.compared.update(dict.fromkeys(hanging, word))

    return run


def _returned(statement: Any, compiler: Compiler) -> set[str]:
    """The result of the function that a branch of a statement may leave."""
    result = compiler.results[-1] if compiler.results else None
    return {path_of(result)} if result is not None and leaves_early(statement) else set()


def _assertion(statement: Any, compiler: Compiler) -> Run:
    """`assert (condition) ... else ...`; without an `else` a failure is printed."""
    condition = compiler.expression(statement.cond)
    if_true = compiler.compile(statement.ifTrue) if statement.ifTrue else _pass
    if_false = compiler.compile(statement.ifFalse) if statement.ifFalse else _complain
    forget, tell = compiler.forget(statement), compile_teller(statement.cond)
    causes = compile_causes(statement.cond)

    def run(machine: Machine) -> None:
        machine.step()
        machine.begin_condition()
        holds = condition(machine).truth
        if holds is None:
            forget(machine)
            return
        with machine.branch(tell(machine), causes(machine)):
            (if_true if holds else if_false)(machine)

    return run


def _complain(machine: Machine) -> None:
    machine.blame(is_end=False)


def _timed(statement: Any, compiler: Compiler) -> Run:
    """A delay or an event: it is passed at once, and looks at how long it is."""
    body, timing = compiler.compile(statement.stmt), statement.timing
    is_open = timing.kind.name == "Delay" and timing.expr.constant is None
    return _after(compiler.expression(timing.expr) if is_open else None, body)


def _wait(statement: Any, compiler: Compiler) -> Run:
    return _after(compiler.expression(statement.cond), compiler.compile(statement.stmt))


def _after(look: Evaluate | None, body: Run) -> Run:
    def run(machine: Machine) -> None:
        if look is not None:
            look(machine)
        catch_up(machine)
        body(machine)

    return run


def _procedural_assign(statement: Any, compiler: Compiler) -> Run:
    """`force`, and `assign` within a block: from here on, the variable follows others."""
    return compiler.forget(statement.assignment)


def _raiser(error: type[Exception]) -> Callable[[Any, Compiler], Run]:
    def compile_raise(_: Any, __: Compiler) -> Run:
        def run(_: Machine) -> None:
            raise error

        return run

    return compile_raise


def _disable(statement: Any, _: Compiler) -> Run:
    symbol = statement.target.getSymbolReference()
    name = symbol.name if symbol is not None else ""

    def run(machine: Machine) -> None:
        raise DisableBlockSignal(name, machine.news.here)

    return run


_COMPILERS: dict[str, Callable[[Any, Compiler], Run]] = {
    "List": _list,
    "Block": _block,
    "ExpressionStatement": _expression,
    "VariableDeclaration": _declaration,
    "Conditional": _conditional,
    "Case": compile_case,
    "Timed": _timed,
    "Wait": _wait,
    "Break": _raiser(BreakLoopSignal),
    "Continue": _raiser(ContinueLoopSignal),
    "Return": compile_return,
    "Disable": _disable,
    "EventTrigger": _nothing,
    "WaitFork": _nothing,
    "DisableFork": _nothing,
    "ProceduralAssign": _procedural_assign,
    "ProceduralDeassign": _nothing,
    "ImmediateAssertion": _assertion,
}
