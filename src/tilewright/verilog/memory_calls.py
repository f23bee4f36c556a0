"""`$readmemb` and `$readmemh`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from posixpath import normpath
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.constant_names import is_constant, is_no_name, refuses_name
from tilewright.verilog.events import MemoryLoad
from tilewright.verilog.file_reads import written
from tilewright.verilog.formats import format_text
from tilewright.verilog.heap import static_name
from tilewright.verilog.leaves import root_of
from tilewright.verilog.looks import look_at_all
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName, find_memory, find_name
from tilewright.verilog.places import compile_index
from tilewright.verilog.readmem import load_memory
from tilewright.verilog.stored import Outside, WrittenFile
from tilewright.verilog.testbench import UNKNOWN_MEMORY
from tilewright.verilog.values import UNKNOWN, Value, all_x

TWO = 2
MOST_ELEMENTS = 1 << 20
"""Of a memory with several dimensions."""


@dataclass(frozen=True, slots=True)
class LoadCall:
    """One call. find, width, ends: of the memory; a width of 0 where it lies in the design.

    indices: of its elements, by the address, where it has several dimensions. is_four_state: they can hold x
    and z. row: finds which row of an array the memory is, if it is one. has_lanes: its
    words are packed arrays.
    """

    line: int
    base: str
    find: FindName
    width: int
    is_signed: bool
    ends: tuple[int, int]
    indices: Mapping[int, object] = field(default_factory=dict)
    is_four_state: bool = True
    row: Callable[[Machine], object | None] | None = None
    has_lanes: bool = False

    def indices_now(self, machine: Machine) -> Mapping[int, object] | None:
        """The indices, those of the row in front; None if it is not known which row that is."""
        if self.row is None:
            return self.indices
        row = self.row(machine)
        if row is None or isinstance(row, Outside):
            return None
        front = row if isinstance(row, tuple) else (row,)
        rest = self.indices or {at: at for at in range(min(self.ends), max(self.ends) + 1)}
        return {at: front + (one if isinstance(one, tuple) else (one,)) for at, one in rest.items()}


def readmem(call: Any, compiler: Compiler) -> Evaluate:
    """A call; each memory remembers the loads that filled it."""
    name, line = compiler.expression(call.arguments[0]), compiler.line(call)
    bounds = [compiler.expression(a) for a in call.arguments[2:]]
    facts, is_fixed = _facts(call, line, compiler), is_constant(call.arguments[0])
    if facts is None:
        return lambda m: _undecided(m, line, "the memory loaded here cannot be followed")

    def evaluate(machine: Machine) -> Value:
        machine.step()
        value, limits = name(machine), [bound(machine).bits for bound in bounds]
        if (is_fixed and refuses_name(machine, value, line)) or is_no_name(machine, value, line):
            return UNKNOWN
        if value.text is None:
            what = "the name of the file loaded here cannot be computed"
            return _undecided(machine, line, what + machine.plusargs.advice(machine.values))
        indices = facts.indices_now(machine)
        if None in limits or indices is None:
            return _undecided(machine, line, "the addresses loaded here cannot be computed")
        load = _load(facts, value, [bits for bits in limits if bits is not None])
        own = machine.written.get(normpath(load.name))
        load.file, load.content = machine.read_file(load.name)
        if own is not None:
            load.content, load.is_own, load.is_opaque = own.text or b"", True, own.text is None
        machine.loads.append(load)
        path = static_name(facts.find(machine))
        load.is_blurred = path in machine.exposed or path in machine.monitored
        if load.is_opaque:
            machine.memory(facts.find(machine)).elements[None] = UNKNOWN
        elif load.width:
            name_of_memory = facts.find(machine)
            load_memory(
                machine.memory(name_of_memory),
                load,
                machine.simulator,
                indices=indices,
                is_four_state=facts.is_four_state,
            )
            _mark(machine, name_of_memory, load, indices)
        return UNKNOWN

    return evaluate


def _mark(machine: Machine, path: str, load: MemoryLoad, indices: Mapping[int, object]) -> None:
    """What a read left in an element is gone; words with digits x or z are followed like those of a read."""
    if machine.marks:
        for index in load.given:
            machine.marks.pop((path, index), None)
    for address, event in load.open_words.items():
        machine.mark((path, indices.get(address, address)), event)


def _facts(call: Any, line: int, compiler: Compiler) -> LoadCall | None:
    target = written(call.arguments[1])
    root = root_of(target)
    finder = find_name if root is None else find_memory
    find, base = finder(target, compiler, is_written=True), call.subroutineName[-1]
    words, row = target.type, None if root is None else compile_index(target, compiler)
    if find is None or not words.isUnpackedArray or not words.hasFixedRange:
        return None
    if target.getSymbolReference().name == UNKNOWN_MEMORY:
        return LoadCall(line, base, find, 0, False, (0, 0))
    dimensions, element = _dimensions(words)
    if not element.isIntegral or (len(dimensions) > 1 and len(call.arguments) > TWO):
        return None
    ends = dimensions[0]
    if len(dimensions) > 1:
        ends = (0, prod(abs(left - right) + 1 for left, right in dimensions) - 1)
    width, is_signed = int(element.bitWidth), bool(element.isSigned)
    indices, is_four_state = _indices(dimensions), bool(element.isFourState)
    return LoadCall(
        line, base, find, width, is_signed, ends, indices, is_four_state, row, _has_lanes(element)
    )


def _has_lanes(word: Any) -> bool:
    """Whether a word is a packed array of several bits each, as ``reg [3:0][7:0]`` is."""
    type_ = word.canonicalType
    return bool(type_.isPackedArray and type_.elementType.bitWidth > 1)


def _dimensions(type_: Any) -> tuple[list[tuple[int, int]], Any]:
    """The bounds of each dimension of a memory, and what an element is."""
    dimensions = []
    while type_.isUnpackedArray and type_.hasFixedRange:
        dimensions.append((int(type_.fixedRange.left), int(type_.fixedRange.right)))
        type_ = type_.canonicalType.elementType
    return dimensions, type_


def _indices(dimensions: list[tuple[int, int]]) -> Mapping[int, object]:
    """The elements as a file fills them; none for one dimension, where each is at its address."""
    if len(dimensions) < TWO:
        return {}
    spans = [range(min(bounds), max(bounds) + 1) for bounds in dimensions]
    is_known = prod(map(len, spans)) <= MOST_ELEMENTS
    return dict(enumerate(product(*spans))) if is_known else {}


def writemem(call: Any, compiler: Compiler) -> Evaluate:
    """`$writememh` and `$writememb`: the file is the testbench's own."""
    name = compiler.expression(call.arguments[0])
    bounds = [compiler.expression(a) for a in call.arguments[2:]]
    facts = _facts(call, compiler.line(call), compiler)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        limits = [bound(machine).bits for bound in bounds]
        text = name(machine).text
        if facts is not None:
            look_at_all(machine, {static_name(facts.find(machine))})
        if text is not None:
            content = None if facts is None else _memory_text(machine, facts, limits)
            machine.written[normpath(text.decode("latin-1"))] = WrittenFile(content)
        return UNKNOWN

    return evaluate


def _memory_text(machine: Machine, call: LoadCall, limits: list[int | None]) -> bytes | None:
    """The words of a memory as Icarus writes them, from the lowest address on; None if one is not known."""
    memory = machine.memories.get(call.find(machine))
    known = [bits for bits in limits if bits is not None]
    is_whole = (
        memory is not None
        and call.width > 0
        and not (call.indices or call.row)
        and None not in memory.elements
    )
    if memory is None or not is_whole or len(known) < len(limits):
        return None
    first, last = (*known, *(min(call.ends), max(call.ends))[len(known) :])[:2]
    if last < first or last - first > MOST_ELEMENTS:
        return None
    values = [memory.elements.get(at) or all_x(call.width) for at in range(first, last + 1)]
    words = [format_text(b"%" + call.base.encode(), [value]) for value in values]
    return b"".join([b"// 0x%08x\n" % first, *(word + b"\n" for word in words if word is not None)])


def _load(call: LoadCall, name: Value, addresses: list[int]) -> MemoryLoad:
    ends = call.ends
    first = addresses[0] if addresses else min(ends)
    last = addresses[1] if len(addresses) > 1 else max(ends)
    is_outside = any(not min(ends) <= address <= max(ends) for address in addresses)
    return MemoryLoad(
        (name.text or b"").decode("latin-1"),
        call.line,
        call.base,
        None,
        call.width,
        first,
        last,
        has_range=len(addresses) > 1,
        is_outside=is_outside and call.width > 0,
        is_signed=call.is_signed,
        has_lanes=call.has_lanes,
        lost_name=name.lost.decode("latin-1"),
    )


def _undecided(machine: Machine, line: int, message: str) -> Value:
    machine.undecided(line, message)
    return UNKNOWN
