"""Two file reads among the operands of one operator: the standard leaves open which of them is the first."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.machine import Machine
from tilewright.verilog.values import Value

_IN_ORDER = frozenset(("LogicalAnd", "LogicalOr"))
_READS = frozenset(("$fscanf", "$fgetc", "$fgets", "$fread"))


def in_open_order(evaluate: Evaluate, expression: Any, compiler: Compiler) -> Evaluate:
    """`evaluate`, which also notes that the simulator may read in another order, where it may.

    That is where two operands of an operator within `expression` (of pyslang's tree) read a file; ``&&`` and
    ``||`` have an order. In any other case it is `evaluate` itself.
    """
    if not _is_open(expression):
        return evaluate
    line = compiler.line(expression)

    def noting(machine: Machine) -> Value:
        if not machine.simulator.reads_in_order:
            machine.undecided(
                line,
                f"two reads stand in one expression, and {machine.simulator.title} may take either first: "
                "give each read a statement of its own",
            )
        return evaluate(machine)

    return noting


def _is_open(expression: Any) -> bool:
    """Whether some operator within has two operands that read."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if sum(map(_has_read, _operands(node))) > 1:
            found.append(node)

    if len(_reads(expression)) > 1:
        expression.visit(visit)
    return bool(found)


def _operands(node: Any) -> list[Any]:
    if node.kind.name == "Concatenation":
        return list(node.operands)
    if node.kind.name == "BinaryOp" and node.op.name not in _IN_ORDER:
        return [node.left, node.right]
    return []


def _has_read(operand: Any) -> bool:
    return bool(_reads(operand))


def _reads(expression: Any) -> list[Any]:
    """The calls within that read a file."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if node.kind.name == "Call" and str(node.subroutineName) in _READS:
            found.append(node)

    expression.visit(visit)
    return found
