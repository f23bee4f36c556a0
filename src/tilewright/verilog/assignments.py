"""Assignments, and the copies among them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.arrays import assign_array
from tilewright.verilog.characters import is_fgetc, weighed
from tilewright.verilog.compiler import Assign, Compiler, Evaluate, Run
from tilewright.verilog.cuts import bare, copied, find_cut, is_cut_to, is_narrow, result_of
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.heap import static_name
from tilewright.verilog.holdings import WEIGHED
from tilewright.verilog.leaves import holds_structures
from tilewright.verilog.line_parts import taken_for_digit
from tilewright.verilog.machine import Machine
from tilewright.verilog.nonblocking import catch_up, postponed
from tilewright.verilog.objects import find_name
from tilewright.verilog.places import FindKey, compile_key, compile_target, does_something, parts_of
from tilewright.verilog.queues import TAKING, new_array
from tilewright.verilog.slots import assign_parts
from tilewright.verilog.stored import Key
from tilewright.verilog.strings import NUMBER_METHODS
from tilewright.verilog.tellers import telling
from tilewright.verilog.values import BYTE, UNKNOWN, Value


def compile_assignment(expression: Any, compiler: Compiler) -> Evaluate:
    """An assignment; what it copies as it is keeps the mark of the read that it came from."""
    return telling(_compile(expression, compiler), expression)


def _compile(expression: Any, compiler: Compiler) -> Evaluate:
    array = new_array(expression, compiler) or _assign_parts(expression, compiler)
    if array is not None:
        return array
    is_doing = does_something(expression.left)
    if is_doing and _is_compound(expression):
        return _undecided(expression, compiler)
    place = _Place.of(expression, compiler)
    compiler.old_values.append(compiler.expression(expression.left))
    right = compiler.expression(expression.right)
    compiler.old_values.pop()
    is_part = _is_part(expression.left)
    if is_part and is_fgetc(expression.right):
        right = weighed(right)
    source = copied(expression.right)
    if source is not None and not is_doing and not _is_outside(expression.left):
        return _copy(source, expression.left, place, right, compiler)
    if (take := taken_for_digit(expression.right, compiler)) is not None:
        right = _noting(right, take)
    if _is_call(expression):
        if is_narrow(expression):
            right = compiler.expression(bare(expression.right))
        return _keep_result(place, right, expression)
    return _plain(place, right)


def _noting(right: Evaluate, take: Run) -> Evaluate:
    def evaluate(machine: Machine) -> Value:
        take(machine)
        return right(machine)

    return evaluate


def _assign_parts(assignment: Any, compiler: Compiler) -> Evaluate | None:
    """An assignment to a structure or array; None for any other."""
    left = assignment.left
    is_whole = left.type.isUnpackedArray and find_name(left, compiler) is not None
    if is_whole and not holds_structures(left.type):
        return assign_array(assignment, compiler)
    return assign_parts(assignment, compiler) or assign_array(assignment, compiler)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an assignment stores a value. keys: of its parts. is_later: not before time goes on;
    is_delayed: time goes on between the right side and that. is_plain: to find it changes nothing."""

    target: Assign
    keys: tuple[FindKey, ...]
    is_later: bool
    is_delayed: bool
    is_plain: bool

    @classmethod
    def of(cls, assignment: Any, compiler: Compiler) -> _Place:
        """That of the left side."""
        left = assignment.left
        keys = tuple(compile_key(part, compiler) for part in parts_of(left))
        is_plain = not does_something(left)
        is_later = bool(assignment.isNonBlocking) and is_plain
        is_delayed = assignment.timingControl is not None and not is_later
        return cls(compile_target(left, compiler), keys, is_later, is_delayed, is_plain)

    def store(
        self,
        machine: Machine,
        value: Value,
        event: ReadEvent | None = None,
        *,
        is_cut: bool = False,
    ) -> None:
        """Store it, with the mark of the read that left it; is_cut: it is less than was read."""
        if self.is_delayed:
            catch_up(machine)
        if value.origin is not None and self.is_plain:
            _note_given(machine, [find(machine) for find in self.keys], value)
        keys = [find(machine) for find in self.keys] if self.is_later or event else []
        with postponed(machine, keys) if self.is_later else nullcontext():
            self.target(machine, value)
            if event is None:
                return
            for key in keys:
                if is_cut and key is not None:
                    event.cut(key, width=value.width)
                machine.hand_over(event, key)


def _note_given(machine: Machine, keys: list[Key | None], value: Value) -> None:
    """A character of a line goes to the design."""
    line, char = value.origin, value.text
    names = [key if isinstance(key, str) else key[0] for key in keys if key is not None]
    is_given = any(static_name(name) in machine.exposed for name in names)
    if is_given and line is not None and char is not None and len(char) <= 1:
        line.part().given += char


def _plain(place: _Place, right: Evaluate) -> Evaluate:
    def evaluate(machine: Machine) -> Value:
        value = right(machine)
        place.store(machine, value)
        return value

    return evaluate


def _copy(source: Any, left: Any, place: _Place, right: Evaluate, compiler: Compiler) -> Evaluate:
    find_source, is_cut = compile_key(source, compiler), find_cut(source, left, compiler)
    plain, is_part = _plain(place, right), _is_part(left)

    def copy(machine: Machine) -> Value:
        key = find_source(machine)
        event = machine.event_of(key)
        if event is not None and event.is_char and is_part:
            with machine.asking(WEIGHED):  # it becomes one of several characters
                return plain(machine)
        if event is None:
            value = right(machine)
            gap = machine.gaps.get(key) if isinstance(key, tuple) else None
            if gap is not None:
                gap.event.is_used = False
            place.store(machine, value, gap.event if gap is not None else None)
            return value
        was_used = event.is_used, event.is_whole_used, event.is_cut_used, event.is_x_used
        value = right(machine)
        event.is_used, event.is_whole_used, event.is_cut_used, event.is_x_used = was_used  # no use
        if event.has_x and value.bits is not None and machine.has_x(key):
            event.has_x = False  # a copy of two states
        place.store(machine, value, event, is_cut=is_cut(machine) or key in event.cuts)
        event.is_copied = True
        return value

    return copy


def _is_part(target: Any) -> bool:
    """Whether a target is a part of a vector."""
    is_select = target.kind.name in ("RangeSelect", "ElementSelect", "MemberAccess")
    return bool(is_select and target.value.type.isIntegral)


def _is_call(assignment: Any) -> bool:
    """Whether a whole variable gets all that a function of the testbench returns, a character or a number."""
    call = assignment.right
    while call.kind.name == "Conversion":
        call = call.operand
    is_char = is_fgetc(call)
    is_number = call.kind.name == "Call" and call.subroutineName in (*NUMBER_METHODS, *TAKING)
    is_own = call.kind.name == "Call" and not call.isSystemCall and call.type.isIntegral
    left = assignment.left
    is_whole = copied(left) is not None and not does_something(left) and left.type.isIntegral
    width = BYTE if is_char else call.type.bitWidth
    return is_whole and bool(is_number or is_own or (is_char and left.type.bitWidth >= width))


def _keep_result(place: _Place, right: Evaluate, assignment: Any) -> Evaluate:
    """A copy of a result is no use of it; a number out of a text has the width of its place."""
    width, is_signed = int(assignment.left.type.bitWidth), bool(assignment.left.type.isSigned)
    result = result_of(assignment.right)

    def keep(machine: Machine) -> Value:
        machine.heap.keep()
        value = right(machine)
        event = machine.heap.take()
        if event is not None and event.is_in_line and width < event.target:
            event.target, event.is_signed = width, is_signed
        is_cut = event is not None and (result in event.cuts or is_cut_to(value, width))
        place.store(machine, value, event, is_cut=is_cut)
        return value

    return keep


def _is_compound(assignment: Any) -> bool:
    """Whether a left side is computed to be read as well, as that of ``a += b``."""
    found: list[bool] = []
    assignment.right.visit(lambda node: found.append(node.kind.name == "LValueReference"))
    return any(found)


def _undecided(assignment: Any, compiler: Compiler) -> Evaluate:
    """Verilator computes the left side of ``f().x += 1`` twice."""
    forget, line = compiler.forget(assignment), compiler.line(assignment)

    def evaluate(machine: Machine) -> Value:
        forget(machine)
        machine.undecided(
            line, "this assignment computes its left side, and changes something by that"
        )
        return UNKNOWN

    return evaluate


def _is_outside(target: Any) -> bool:
    """Whether a target lies in an interface that a handle stands for: the design may see it."""
    while target.kind.name in ("MemberAccess", "ElementSelect", "RangeSelect"):
        target = target.value
        if target.type.isVirtualInterface:
            return True
    return False


def compile_old_value(_: Any, compiler: Compiler) -> Evaluate:
    """The left side within ``a += b``, which pyslang gives as ``a = LEFT + b``."""
    return compiler.old_values[-1]
