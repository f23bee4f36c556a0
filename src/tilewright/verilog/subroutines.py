"""Calls of the testbench's own tasks, functions and methods: arguments in, body, arguments out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.arguments import Input, Output, compile_arguments, compile_inputs
from tilewright.verilog.built_in import compile_built_in
from tilewright.verilog.classes import (
    find_method,
    has_object,
    is_automatic,
    is_built_in,
    is_super_call,
)
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.facts import facts_of
from tilewright.verilog.frames import restore, take_away
from tilewright.verilog.leaves import has_parts
from tilewright.verilog.machine import Machine
from tilewright.verilog.mailboxes import mailbox_method
from tilewright.verilog.objects import object_of
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import default_value
from tilewright.verilog.signals import DisableBlockSignal, ReturnCallSignal
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import drop


@dataclass(frozen=True, slots=True)
class Body:
    """A subroutine: its path and name, its arguments, and the variable that holds its result, or "".

    arguments: path of each, whether it is an array, and whether it goes in. is_automatic: each call has
    variables of its own. result: what those hold at first; has_parts: it is an array or a structure.
    """

    node: Any
    path: str
    arguments: tuple[tuple[str, bool, bool], ...]
    is_automatic: bool
    result_path: str
    result: Value
    has_parts: bool

    @classmethod
    def of(cls, subroutine: Any) -> Body:
        """The body of a subroutine of pyslang's tree."""
        formals = tuple(
            (path_of(one), has_parts(one.type), one.direction.name != "Out")
            for one in subroutine.arguments
        )
        result = subroutine.returnValVar
        return cls(
            subroutine,
            path_of(subroutine),
            formals,
            is_automatic(subroutine),
            "" if result is None else path_of(result),
            UNKNOWN if result is None else default_value(result.type),
            result is not None and has_parts(result.type),
        )

    def run(self, compiler: Compiler, machine: Machine) -> None:
        """Run the statements; they are compiled at the first call."""
        if self.path not in compiler.bodies:
            compiler.bodies[self.path] = lambda _: None
            compiler.results.append(self.node.returnValVar)
            compiler.bodies[self.path] = compiler.compile(self.node.body)
            compiler.results.pop()
        try:
            compiler.bodies[self.path](machine)
        except ReturnCallSignal as returned:
            value, event, items = returned.args
            if items:
                machine.news.leave(facts_of(self.node.body).assigned, items)
            if self.result_path:
                if not self.has_parts:
                    machine.set(self.result_path, value)
                machine.news.tell((self.result_path,), machine.news.returned)
                if event is not None:
                    machine.mark(self.result_path, event)
        except DisableBlockSignal as disabled:
            if disabled.args[0] != self.node.name:
                raise
            machine.news.leave(facts_of(self.node.body).assigned, disabled.args[1])


def compile_subroutine(call: Any, compiler: Compiler) -> Evaluate:
    """A call; a virtual method is that of the object's own class."""
    subroutine = call.subroutine
    if is_built_in(subroutine):
        return mailbox_method(call, compiler) or compile_built_in(call, compiler)
    inputs, outputs = compile_arguments(subroutine.arguments, list(call.arguments), compiler)
    body, find_object = Body.of(subroutine), _receiver(call, compiler)
    is_virtual = subroutine.isVirtual and find_object is not None and not is_super_call(call)
    bodies: dict[int, Body] = {}

    def evaluate(machine: Machine) -> Value:
        heap = machine.heap
        is_kept, heap.is_kept = heap.is_kept, False
        at = heap.this if find_object is None else find_object(machine)
        if at < 0:
            return UNKNOWN
        given = [one(machine) for one in inputs]
        chosen = body
        if is_virtual:
            class_ = heap.classes[at]
            if id(class_) not in bodies:
                bodies[id(class_)] = Body.of(find_method(class_, subroutine.name) or subroutine)
            chosen = bodies[id(class_)]
        value, event = _call(machine, compiler, chosen, at, given, outputs)
        if event is not None and is_kept:
            heap.returned = event
        elif event is not None:
            machine.use_event(event, chosen.result_path)
        return value

    return evaluate


def prepare_call(
    subroutine: Any, arguments: list[Any], compiler: Compiler
) -> Callable[[Machine], Callable[[int], Value]]:
    """A call in two steps: the arguments are taken now, and the method runs later, on an object."""
    inputs = compile_inputs(subroutine.arguments, arguments, compiler)
    body = Body.of(subroutine)

    def take(machine: Machine) -> Callable[[int], Value]:
        given = [one(machine) for one in inputs]
        return lambda at: _call(machine, compiler, body, at, given, [])[0]

    return take


def _receiver(call: Any, compiler: Compiler) -> Callable[[Machine], int] | None:
    """The object whose method is called; None where it is no method, or one of the class itself."""
    if not has_object(call.subroutine):
        return None
    if call.thisClass is None:
        return lambda machine: machine.heap.this
    handle, line = compiler.expression(call.thisClass), compiler.line(call)
    return lambda machine: object_of(handle(machine), machine, line)


def _call(
    machine: Machine,
    compiler: Compiler,
    body: Body,
    at: int,
    given: list[Input],
    outputs: list[Output],
) -> tuple[Value, ReadEvent | None]:
    """The result, and the read that left it there."""
    heap = machine.heap
    is_again = body.is_automatic and heap.active.get(body.path, 0) > 0
    frame = take_away(machine, body.path) if is_again else None
    caller, heap.this = heap.this, at
    heap.active[body.path] = heap.active.get(body.path, 0) + 1
    try:
        for (name, is_array, is_in), one in zip(body.arguments, given, strict=True):
            if is_in:
                one.enter(machine, name)
            elif body.is_automatic:
                drop(machine, name, is_array=is_array)
        if body.is_automatic and body.result_path:
            drop(machine, body.result_path, is_array=body.has_parts)
        machine.news.begin(body.result_path)
        body.run(compiler, machine)
        results = [one.take(machine, body.arguments[one.position][0]) for one in outputs]
        event = machine.marks.get(body.result_path)
        with machine.unused():
            value = UNKNOWN
            if body.result_path and not body.has_parts:
                value = machine.get(body.result_path) or machine.first(body.result)
    finally:
        heap.active[body.path] -= 1
        heap.this = caller
        if frame is not None:
            take_away(machine, body.path)
            restore(machine, frame)
    for result in results:
        result(machine)
    return value, event
