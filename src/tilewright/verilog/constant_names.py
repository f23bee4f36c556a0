"""File names that stand in a constant wider than their text, of which Icarus 11 takes none."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.machine import Machine
from tilewright.verilog.values import Value

_NO_NAME = "gets a file name that is x, and reads nothing: give it one, or correct the index"
_WHAT = (
    "takes no file name out of a constant that is wider than its text, such as a parameter with a range: "
    "leave the range out"
)


def is_constant(argument: Any) -> bool:
    """Whether a name is made of literals and parameters alone."""
    while argument.kind.name == "Conversion":
        argument = argument.operand
    if argument.kind.name == "Concatenation":
        return all(map(is_constant, argument.operands))
    if argument.kind.name == "StringLiteral":
        return True
    symbol = argument.getSymbolReference() if argument.kind.name == "NamedValue" else None
    return symbol is not None and symbol.kind.name == "Parameter"


def refuses_name(machine: Machine, name: Value, line: int) -> bool:
    """Whether the simulator of a machine takes no file name out of this constant; that is then noted."""
    text = name.text
    if not machine.simulator.wants_whole_names or not text or name.width <= 8 * len(text):
        return False
    machine.refuse(line, "padded-name", text.decode("latin-1"), _WHAT)
    return True


def is_no_name(machine: Machine, name: Value, line: int) -> bool:
    """Whether a file name is x, as in an element that nothing fills; that is then noted.

    Where a plusarg is missing that gives it, the finding is about that.
    """
    if name.masked is None or machine.plusargs.advice(machine.values):
        return False
    machine.refuse(line, "missing", "", _NO_NAME)
    return True
