"""`$fread`: bytes as they are, the first one on top (IEEE 1800-2017, 21.3.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate, Run
from tilewright.verilog.events import AT_END, BYTES, MATCHED, ReadEvent, Stream
from tilewright.verilog.file_calls import unfollowed
from tilewright.verilog.file_reads import Target, output_targets, written
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import find_name
from tilewright.verilog.places import compile_target, fitter
from tilewright.verilog.refused_places import refused_place
from tilewright.verilog.signals import (
    FinishSimulationSignal,
)
from tilewright.verilog.simulators import Simulator
from tilewright.verilog.stored import Memory
from tilewright.verilog.values import UNKNOWN, Value

BYTE = 8
_TEXT = frozenset(bytes([one]) for one in (*b"\t\n\v\f\r", *range(0x20, 0x7F)))
"""Characters, which a reader may take by `$fread` as it would by `$fgetc`."""
HANDLE, START, COUNT = 1, 2, 3
"""Which argument of `$fread` is what."""


@dataclass(frozen=True, slots=True)
class ByteReader:
    """One call of `$fread`: takes words of `size` bytes from a stream."""

    line: int
    width: int
    size: int
    is_checked: bool

    def take(self, machine: Machine, stream: Stream) -> tuple[ReadEvent, Value]:
        """The next word; its value is UNKNOWN if the file ends within it."""
        start, content = stream.position, stream.content or b""
        found = content[start : start + self.size]
        stream.position += len(found)
        is_whole = len(found) == self.size
        stream.at_end = stream.at_end or not is_whole
        status = MATCHED if is_whole else AT_END
        event = ReadEvent(
            BYTES, self.line, self.size, self.width, status, start, stream.position, found
        )
        event.in_loop = machine.loops[-1] if machine.loops else ""
        event.is_checked, event.call, event.matched = self.is_checked, machine.calls, len(found)
        event.owner = stream
        if not stream.is_lost:
            stream.events.append(event)
        value = Value(int.from_bytes(found, "big"), BYTE * self.size) if is_whole else UNKNOWN
        return event, value


def fread(call: Any, compiler: Compiler) -> Evaluate:
    """`$fread` into a variable, or into the words of a memory from its lowest address on."""
    place = written(call.arguments[0])
    source = compiler.expression(call.arguments[HANDLE])
    store = _memory_store(call, compiler) if place.type.isUnpackedArray else _store(call, compiler)
    lose, line = unfollowed(call, compiler), compiler.line(call)
    if store is None:
        return lose
    forget = (
        _forget_memory(place, compiler)
        if place.type.isUnpackedArray
        else _forget_variable(place, compiler)
    )

    @cache
    def refused(simulator: Simulator) -> str:
        return refused_place(place, "$fread", simulator)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        handle = source(machine)
        if machine.reads_nothing(handle, line, "$fread"):
            return Value(0)
        stream = machine.stream(handle)
        if stream is not None and stream.is_opaque:
            forget(machine)
            return UNKNOWN
        if stream is None:
            return lose(machine)
        stream.is_assumed = stream.is_assumed or machine.assumptions > 0
        stream.bad_place = refused(machine.simulator)
        if stream.bad_place:
            raise FinishSimulationSignal
        machine.next_call()
        start = stream.position
        store(machine, stream)
        machine.last_read = stream.events[-1] if stream.events else None
        return Value(stream.position - start)

    return evaluate


Store = Callable[[Machine, Stream], None]


def _forget_variable(place: Any, compiler: Compiler) -> Run:
    target = compile_target(place, compiler)
    return lambda machine: target(machine, UNKNOWN)


def _forget_memory(place: Any, compiler: Compiler) -> Run:
    find = find_name(place, compiler, is_written=True)

    def forget(machine: Machine) -> None:
        if find is not None:
            machine.memories[find(machine)] = Memory({None: UNKNOWN})

    return forget


def _reader(call: Any, compiler: Compiler, width: int) -> ByteReader:
    is_checked = call.sourceRange.start.offset not in compiler.unchecked
    return ByteReader(compiler.line(call), width, -(-width // BYTE), is_checked)


def _store(call: Any, compiler: Compiler) -> Store:
    target: Target
    (target,) = output_targets(call.arguments[:1], compiler)
    reader = _reader(call, compiler, target.width)

    def store(machine: Machine, stream: Stream) -> None:
        event, value = reader.take(machine, stream)
        event.is_char = target.width == BYTE and event.digits in _TEXT
        if event.matched:
            target.assign(machine, value)
        if (key := target.key(machine)) is not None:
            machine.mark(key, event)

    return store


def _memory_store(call: Any, compiler: Compiler) -> Store | None:
    """How the words of a memory of one dimension are filled; None for any other."""
    place = written(call.arguments[0])
    find, words = find_name(place, compiler, is_written=True), place.type.canonicalType
    if find is None or not words.hasFixedRange or not words.elementType.isIntegral:
        return None
    ends = sorted((int(words.fixedRange.left), int(words.fixedRange.right)))
    fit = fitter(words.elementType)
    reader = _reader(call, compiler, int(words.elementType.bitWidth))
    limits = [
        compiler.expression(call.arguments[at]) if len(call.arguments) > at else None
        for at in (START, COUNT)
    ]

    def store(machine: Machine, stream: Stream) -> None:
        first, count = (limit(machine).bits if limit else None for limit in limits)
        first = ends[0] if first is None else first
        last = ends[1] if count is None else min(ends[1], first + count - 1)
        path = find(machine)
        memory = machine.memories.setdefault(path, Memory())
        for address in range(max(first, ends[0]), last + 1):
            machine.step()
            event, value = reader.take(machine, stream)
            if event.matched:
                memory.elements[address] = fit(value)
                memory.loaded.add(address)
                memory.source = event
            if event.matched:
                machine.mark((path, address), event)
            if event.status == AT_END:
                unfilled = range(address, last + 1)
                for left in (at for at in unfilled if at not in memory.elements):
                    machine.mark((path, left), event)
                break

    return store
