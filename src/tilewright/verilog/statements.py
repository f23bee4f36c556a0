"""Statements of a testbench, compiled once from pyslang's tree to functions of the machine.

Time is left out: delays and events are passed at once, initial blocks run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.cases import compile_case
from tilewright.verilog.compiler import Compiler, Evaluate, Run
from tilewright.verilog.expressions import compile_expression
from tilewright.verilog.facts import facts_of
from tilewright.verilog.file_reads import holder_name
from tilewright.verilog.loops import LOOPS
from tilewright.verilog.machine import (
    Machine,
    Memory,
)
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import fitter
from tilewright.verilog.read_order import in_open_order
from tilewright.verilog.signals import (
    BreakLoopSignal,
    ContinueLoopSignal,
    DisableBlockSignal,
    ReturnCallSignal,
)
from tilewright.verilog.subroutines import compile_subroutine
from tilewright.verilog.system_calls import compile_system_call
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.values import UNKNOWN


@dataclass(slots=True)
class StatementCompiler:
    """Compiles one testbench. unchecked: offsets of the file reads whose result nothing looks at.
    assigned: paths of the variables that the testbench sets. left_out: offsets of the reads that some
    simulators leave out. tied: constants at inputs of modules."""

    testbench: Testbench
    unchecked: frozenset[int] = frozenset()
    assigned: frozenset[str] = frozenset()
    left_out: frozenset[int] = frozenset()
    tied: Mapping[str, Any] = field(default_factory=dict)
    old_values: list[Evaluate] = field(default_factory=list)
    bodies: dict[str, Run] = field(default_factory=dict)

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
            machine.use_all(facts.read)
            for name in facts.assigned:
                machine.set(name, UNKNOWN)

        return run

    def initialize(self, symbol: Any) -> Run | None:
        """The initial value of a variable; None if it has none."""
        if symbol.initializer is not None and symbol.type.isUnpackedArray:
            return self._initialize_memory(symbol)
        is_kept = symbol.type.isIntegral or symbol.type.isString
        if symbol.initializer is None or not is_kept:
            return None
        path, value = path_of(symbol), self.expression(symbol.initializer)
        fit = fitter(symbol.type)
        return lambda m: m.set(path, fit(value(m)))

    def _initialize_memory(self, symbol: Any) -> Run | None:
        """The elements of ``'{...}``; one that is built otherwise is not known."""
        path, pattern = path_of(symbol), symbol.initializer
        is_plain = pattern.kind.name == "SimpleAssignmentPattern" and symbol.type.hasFixedRange
        if not is_plain:
            return lambda m: m.memories.setdefault(path, Memory()).elements.update({None: UNKNOWN})
        left, right = int(symbol.type.fixedRange.left), int(symbol.type.fixedRange.right)
        indices = range(left, right + 1) if left <= right else range(left, right - 1, -1)
        values = [self.expression(element) for element in pattern.elements]

        def run(machine: Machine) -> None:
            memory = machine.memories.setdefault(path, Memory())
            for index, value in zip(indices, values, strict=True):
                memory.elements[index] = value(machine)
                memory.loaded.add(index)

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
            machine.lose_streams([""])

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
        if _share_files(parts):
            return compiler.forget(statement)
    body = compiler.compile(statement.body)

    def run(machine: Machine) -> None:
        try:
            body(machine)
        except DisableBlockSignal as disabled:
            if disabled.args[0] != name:
                raise

    return run if name else body


def _share_files(parts: list[Any]) -> bool:
    """Whether several branches of a `fork` read the same file, in an order that time decides."""
    seen: set[str] = set()
    for part in parts:
        facts = facts_of(part)
        holders = {holder_name(handle) for handle in facts.handles if not _is_automatic(handle)}
        if holders & seen or ("" in holders and seen):
            return True
        seen |= holders
    return False


def _is_automatic(handle: Any) -> bool:
    """Whether each call has a handle of its own, which it opens itself."""
    while handle.kind.name == "Conversion":
        handle = handle.operand
    symbol = handle.getSymbolReference()
    is_variable = symbol is not None and symbol.kind.name == "Variable"
    return is_variable and symbol.lifetime.name == "Automatic"


def _expression(statement: Any, compiler: Compiler) -> Run:
    evaluate = compiler.expression(statement.expr)

    def run(machine: Machine) -> None:
        machine.step()
        evaluate(machine)

    return run


def _declaration(statement: Any, compiler: Compiler) -> Run:
    return compiler.initialize(statement.symbol) or _pass


def _conditional(statement: Any, compiler: Compiler) -> Run:
    condition = compiler.expression(statement.conditions[0].expr)
    if_true = compiler.compile(statement.ifTrue)
    if_false = compiler.compile(statement.ifFalse) if statement.ifFalse else _pass
    on_unknown = _unknown_branches(statement, compiler, if_true)

    def run(machine: Machine) -> None:
        machine.step()
        holds = condition(machine).truth
        if holds is None:
            on_unknown(machine)
        else:
            with machine.branch():
                (if_true if holds else if_false)(machine)

    return run


def _assertion(statement: Any, compiler: Compiler) -> Run:
    """`assert (condition) ... else ...`; without an `else` a failure is printed."""
    condition = compiler.expression(statement.cond)
    if_true = compiler.compile(statement.ifTrue) if statement.ifTrue else _pass
    if_false = compiler.compile(statement.ifFalse) if statement.ifFalse else _complain
    forget = compiler.forget(statement)

    def run(machine: Machine) -> None:
        machine.step()
        holds = condition(machine).truth
        if holds is None:
            forget(machine)
            return
        with machine.branch():
            (if_true if holds else if_false)(machine)

    return run


def _complain(machine: Machine) -> None:
    machine.blame(is_end=False)


def _unknown_branches(statement: Any, compiler: Compiler, if_true: Run) -> Run:
    """A condition that the design decides: where one branch reads files, the design is ready."""
    forget_true = compiler.forget(statement.ifTrue)
    forget_false = compiler.forget(statement.ifFalse) if statement.ifFalse else _pass
    reads = facts_of(statement.ifTrue).handles
    is_other = bool(statement.ifFalse and facts_of(statement.ifFalse).has_file_calls)

    def run(machine: Machine) -> None:
        if reads and not is_other:
            forget_false(machine)
            with machine.assumed(), machine.branch():
                if_true(machine)
        else:
            forget_true(machine)
            forget_false(machine)

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
    value = compiler.expression(statement.expr) if statement.expr else None

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
    "Case": compile_case,
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
    "ImmediateAssertion": _assertion,
}
