"""Arguments of tasks, functions and methods: single values and whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.arrays import compile_array, put_array, take_array
from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.cuts import copied, find_cut, is_cut_to
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.facts import facts_of
from tilewright.verilog.heap import LEAF
from tilewright.verilog.leaves import holds_structures, is_deep
from tilewright.verilog.machine import Machine
from tilewright.verilog.news import NOTHING
from tilewright.verilog.objects import FindName, find_name
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import FindKey, compile_key, compile_place, default_value, fitter
from tilewright.verilog.slots import Array, Slot, compile_parts, compile_slot, slot_of
from tilewright.verilog.stored import Memory, Parts
from tilewright.verilog.tellers import compile_teller
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import replace_all


@dataclass(frozen=True, slots=True)
class Input:
    """What an argument is given; where that loses first bits, the read that it came from. parts: of a
    structure, and where they go. whole: the name of an array whose elements have parts."""

    value: Value
    cut: ReadEvent | None = None
    array: Array | None = None
    parts: tuple[Slot, Parts] | None = None
    whole: str | None = None
    char: ReadEvent | None = None

    def enter(self, machine: Machine, name: str) -> None:
        """Store it in the argument `name`."""
        if self.whole is not None:
            replace_all(machine, self.whole, name)
            return
        if self.array is not None:
            put_array(machine, name, self.array)
            return
        if self.parts is not None:
            slot, parts = self.parts
            slot.put(machine, parts)
            return
        machine.set(name, self.value)
        if self.char is not None:
            machine.mark(name, self.char)
        if self.cut is not None:
            self.cut.cut(name, width=self.value.width)
            machine.mark(name, self.cut)


@dataclass(frozen=True, slots=True)
class Output:
    """Where the argument at a position goes when the call ends. names: the variables that it goes to. slots:
    of a structure or a row, both ends. width: of a place for a number, in bits; else 0."""

    position: int
    names: frozenset[str]
    default: Value
    assign: Assign
    find_key: FindKey
    find_array: FindName | None = None
    slots: tuple[Slot, Slot] | None = None
    find_whole: FindName | None = None
    width: int = 0

    def take(self, machine: Machine, name: str) -> Callable[[Machine], None]:
        """What the argument `name` holds now, to be stored once the call is over."""
        told = machine.news.told.get(name, NOTHING)
        if told:
            machine.news.tell(self.names, told)
        if self.find_whole is not None:
            return self._whole(machine, name, self.find_whole)
        if self.slots is not None:
            inner, outer = self.slots
            parts = inner.take(machine)
            return lambda machine: outer.put(machine, parts)
        if self.find_array is not None:
            return self._array(take_array(machine, name), self.find_array)
        event = machine.marks.get(name)
        with machine.unused():
            value = machine.get(name) or machine.first(self.default)

        def store(machine: Machine) -> None:
            with machine.unused():
                self.assign(machine, value)
            if event is None:
                return
            key = self.find_key(machine)
            if key is not None and self.width and is_cut_to(value, self.width):
                event.cut(key, width=self.width)
            machine.hand_over(event, key)

        return store

    def _whole(self, machine: Machine, name: str, find: FindName) -> Callable[[Machine], None]:
        held = f"{LEAF}{self.position}"
        replace_all(machine, name, held)
        return lambda machine: replace_all(machine, held, find(machine))

    @staticmethod
    def _array(array: Array, find: FindName) -> Callable[[Machine], None]:
        return lambda machine: put_array(machine, find(machine), array)


Give = Callable[[Machine], Input]


def compile_arguments(
    formals: Any, actuals: list[Any], compiler: Compiler
) -> tuple[list[Give], list[Output]]:
    """What each argument is given, and where those go that come out."""
    outputs = []
    for position, (formal, actual) in enumerate(zip(formals, actuals, strict=True)):
        if formal.direction.name == "In":
            continue
        place = actual.left if actual.kind.name == "Assignment" else actual
        is_array = formal.type.isUnpackedArray and not holds_structures(formal.type)
        find = find_name(place, compiler, is_written=True) if is_array else None
        whole = find_name(place, compiler, is_written=True) if is_deep(formal.type) else None
        outputs.append(
            Output(
                position,
                frozenset(facts_of(place).read),
                default_value(formal.type),
                *compile_place(place, compiler),
                find,
                _slots(formal, place, compiler) if find is None else None,
                whole,
                int(place.type.bitWidth) if place.type.isIntegral else 0,
            )
        )
    return compile_inputs(formals, actuals, compiler), outputs


def _slots(formal: Any, place: Any, compiler: Compiler) -> tuple[Slot, Slot] | None:
    """Where a structure or row comes from, and where it goes; None for anything else."""
    slot = compile_slot(place, compiler, is_written=True)
    return None if slot is None else (slot_of(formal), slot)


def compile_inputs(formals: Any, actuals: list[Any], compiler: Compiler) -> list[Give]:
    """What each argument is given; nothing where it only comes out."""
    return [
        _nothing if formal.direction.name == "Out" else _input(formal, actual, compiler)
        for formal, actual in zip(formals, actuals, strict=True)
    ]


def _nothing(_: Machine) -> Input:
    return Input(Value(0))


def _told(source: Any, formal: Any, compiler: Compiler) -> Evaluate:
    """The value of an argument, which the formal one tells of."""
    value, tell, names = compiler.expression(source), compile_teller(source), (path_of(formal),)

    def evaluate(machine: Machine) -> Value:
        given = value(machine)
        if not machine.news.is_none:
            machine.news.tell(names, tell(machine))
        return given

    return evaluate


def _whole(source: Any, compiler: Compiler) -> Give:
    """An array whose elements have parts; one that no variable holds is not known."""
    find, look = find_name(source, compiler), compiler.expression(source)

    def give(machine: Machine) -> Input:
        if find is not None:
            return Input(UNKNOWN, whole=find(machine))
        look(machine)
        machine.memories[LEAF] = Memory({None: UNKNOWN})
        return Input(UNKNOWN, whole=LEAF)

    return give


def _input(formal: Any, actual: Any, compiler: Compiler) -> Give:
    source = actual.left if actual.kind.name == "Assignment" else actual
    if is_deep(formal.type):
        return _whole(source, compiler)
    if holds_structures(formal.type):
        slot, parts = slot_of(formal), compile_parts(source, compiler)
        return lambda m: Input(Value(0), parts=(slot, parts(m)))
    if formal.type.isUnpackedArray:
        take = compile_array(source, formal.type, compiler)
        return lambda m: Input(Value(0), array=take(m))
    value, fit, copy = _told(source, formal, compiler), fitter(formal.type), copied(source)
    if copy is None:
        return lambda m: Input(fit(value(m)))
    is_cut, find_key = find_cut(copy, formal, compiler), compile_key(copy, compiler)

    def give(machine: Machine) -> Input:
        event = machine.event_of(find_key(machine))
        if event is not None and event.is_char:
            event.is_copied = True
            with machine.unused():
                return Input(fit(value(machine)), char=event)
        event = event if is_cut(machine) else None
        if event is None:
            return Input(fit(value(machine)))
        with machine.unused():
            return Input(fit(value(machine)), event)

    return give
