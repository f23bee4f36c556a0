"""Methods of the language's own classes and of every class: mailboxes, semaphores, `randomize`."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.classes import own_properties, with_bases
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.heap import copy_name
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import forget_property


def compile_built_in(call: Any, compiler: Compiler) -> Evaluate:
    """A call that is not followed: it looks at its arguments, and what it may have written is unknown."""
    arguments = list(call.arguments)
    inputs = [compiler.expression(one) for one in arguments if one.kind.name != "Assignment"]
    written = [one.left if one.kind.name == "Assignment" else one for one in arguments]
    formals = call.subroutine.arguments
    targets = [
        compiler.target(place)
        for place, formal in zip(written, formals, strict=False)
        if formal.direction.name != "In"
    ]
    receiver = None if call.thisClass is None else compiler.expression(call.thisClass)
    is_random = call.subroutineName == "randomize"

    def evaluate(machine: Machine) -> Value:
        machine.step()
        for one in inputs:
            one(machine)
        for target in targets:
            target(machine, UNKNOWN)
        if is_random:
            at = machine.heap.this if receiver is None else receiver(machine).bits
            _randomize(machine, at)
        return UNKNOWN

    return evaluate


def _randomize(machine: Machine, at: int | None) -> None:
    """The random properties of an object are unknown, and whatever `post_randomize` made of them."""
    for class_ in with_bases(machine.heap.classes.get(at or 0)):
        for symbol in own_properties(class_):
            name = copy_name(path_of(symbol), at or 0)
            forget_property(machine, name, is_array=bool(symbol.type.isUnpackedArray))
