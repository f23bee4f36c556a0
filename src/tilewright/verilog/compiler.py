"""What the pieces of the interpreter need of the compiler that brings them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tilewright.verilog.machine import Machine
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.values import Value

Evaluate = Callable[[Machine], Value]
Assign = Callable[[Machine, Value], None]
Run = Callable[[Machine], None]


class Compiler(Protocol):
    """Turns nodes of pyslang's tree into functions of the machine.

    unchecked: offsets of the file reads whose result nothing looks at. old_values: left sides of the
    assignments under way. bodies: compiled tasks and functions by path; results: of those that are being
    compiled, the variable that is returned. assigned: paths of the variables
    that the testbench sets somewhere; what no one sets comes from the design. left_out: offsets of the reads
    whose result nothing looks at, and that some simulators leave out. tied: constants at inputs of modules.
    signed_by_hand: variables whose sign the testbench sees to itself; beside_signed: offsets of the
    conversions beside something with a sign.
    """

    testbench: Testbench
    unchecked: frozenset[int]
    old_values: list[Evaluate]
    bodies: dict[str, Run]
    results: list[Any]
    assigned: frozenset[str]
    left_out: frozenset[int]
    tied: Mapping[str, Any]
    signed_by_hand: frozenset[str]
    beside_signed: frozenset[int]

    def line(self, node: Any) -> int:
        """Line of a node in its file."""

    def expression(self, node: Any) -> Evaluate:
        """An expression as a function of the machine."""

    def compile(self, statement: Any) -> Run:
        """One statement as a function of the machine."""

    def compile_call(self, call: Any) -> Evaluate:
        """A call of a system task or function, or of one of the testbench's own."""

    def forget(self, node: Any) -> Run:
        """What is left after a piece that was not followed: its variables are unknown."""

    def prepare_call(
        self, subroutine: Any, arguments: list[Any]
    ) -> Callable[[Machine], Callable[[int], Value]]:
        """A call of a method in two steps: the arguments now, the rest later, on an object."""

    def target(self, node: Any) -> Assign:
        """How a value is stored in a place."""

    def initialize(self, symbol: Any, find: Callable[[Machine], str] | None = None) -> Run | None:
        """The initial value of a variable, stored under its path or the name found; None if it has none."""
