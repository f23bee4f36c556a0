"""Mailboxes: what one process puts in, another one gets, in that order (IEEE 1800-2017, 15.4)."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.cuts import copied
from tilewright.verilog.facts import Facts
from tilewright.verilog.leaves import has_parts
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import object_of
from tilewright.verilog.places import compile_key, compile_place
from tilewright.verilog.signals import WaitForeverSignal
from tilewright.verilog.values import UNKNOWN, Value

_MAILBOX = "std::mailbox"
_PUTS, _GETS, _PEEKS = ("put", "try_put"), ("get", "try_get"), ("peek", "try_peek")


def mailbox_method(call: Any, compiler: Compiler) -> Evaluate | None:
    """A method of a mailbox that holds single values or handles; None for any other call."""
    name, receiver = call.subroutineName, call.thisClass
    is_mailbox = str(call.subroutine.hierarchicalPath).startswith(_MAILBOX)
    if not is_mailbox or receiver is None:
        return None
    box, line = compiler.expression(receiver), compiler.line(call)
    if name == "num":
        return lambda machine: Value(
            len(machine.heap.boxes.get(object_of(box(machine), machine, line), ()))
        )
    if not call.arguments:
        return None
    argument = call.arguments[0]
    place = argument.left if argument.kind.name == "Assignment" else argument
    if has_parts(place.type):
        return None
    if name in _PUTS:
        return _put(box, place, compiler, line=line)
    return _get(box, place, compiler, name=name, line=line) if name in (*_GETS, *_PEEKS) else None


def _put(box: Evaluate, given: Any, compiler: Compiler, *, line: int) -> Evaluate:
    value, source = compiler.expression(given), copied(given)
    find_key = compile_key(source, compiler) if source is not None else None

    def evaluate(machine: Machine) -> Value:
        machine.step()
        at = object_of(box(machine), machine, line)
        event = machine.event_of(find_key(machine)) if find_key is not None else None
        if event is None:
            held = value(machine)
        else:
            with machine.unused():
                held = value(machine)
        if machine.heap.waiting.get(at, machine.heap.process) != machine.heap.process:
            machine.lose_shared(line)  # what waits for it has been left already
        machine.heap.boxes.setdefault(at, []).append((held, event))
        return Value(1, 32, is_signed=True)

    return evaluate


def _get(box: Evaluate, place: Any, compiler: Compiler, *, name: str, line: int) -> Evaluate:
    assign, find_key = compile_place(place, compiler)
    is_waiting, is_taken = not name.startswith("try_"), name in _GETS

    def evaluate(machine: Machine) -> Value:
        machine.step()
        at = object_of(box(machine), machine, line)
        if at < 0:
            assign(machine, UNKNOWN)
            return UNKNOWN
        held = machine.heap.boxes.get(at, [])
        if not held:
            machine.heap.waiting[at] = machine.heap.process
            if is_waiting:
                raise WaitForeverSignal
            return Value(0, 32, is_signed=True)
        value, event = held.pop(0) if is_taken else held[0]
        assign(machine, value)
        if event is not None:
            machine.hand_over(event, find_key(machine))
        return Value(1, 32, is_signed=True)

    return evaluate


def giving_first(facts: Facts) -> int:
    """The place of a process among others: those that only put something into mailboxes come first, those
    that only get something last."""
    names = {name.rpartition("::")[2] for name in facts.calls if name.startswith(_MAILBOX)}
    gives, takes = bool(names & {*_PUTS}), bool(names & {*_GETS, *_PEEKS})
    return int(takes) - int(gives)
