"""`$readmemb` and `$readmemh`."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import normpath
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import MemoryLoad
from tilewright.verilog.file_reads import written
from tilewright.verilog.machine import Machine, Memory
from tilewright.verilog.readmem import load_memory
from tilewright.verilog.testbench import UNKNOWN_MEMORY
from tilewright.verilog.values import UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class LoadCall:
    """One call. path, width, ends: of the memory; a width of 0 where it lies in the design."""

    line: int
    base: str
    path: str
    width: int
    is_signed: bool
    ends: tuple[int, int]


def readmem(call: Any, compiler: Compiler) -> Evaluate:
    """A call; each memory remembers the loads that filled it."""
    name, line = compiler.expression(call.arguments[0]), compiler.line(call)
    bounds = [compiler.expression(a) for a in call.arguments[2:]]
    facts = _facts(call, line)
    if facts is None:
        return lambda m: _undecided(m, line, "the memory loaded here cannot be followed")

    def evaluate(machine: Machine) -> Value:
        machine.step()
        value, limits = name(machine), [bound(machine).bits for bound in bounds]
        if value.text is None:
            return _undecided(machine, line, "the name of the file loaded here cannot be computed")
        if None in limits:
            return _undecided(machine, line, "the addresses loaded here cannot be computed")
        load = _load(facts, value, [bits for bits in limits if bits is not None])
        own = machine.written.get(normpath(load.name.strip(" ")))
        load.file, load.content = machine.read_file(load.name)
        if own is not None:
            load.content, load.is_own, load.is_opaque = own.text or b"", True, own.text is None
        machine.loads.append(load)
        if load.width:
            load_memory(machine.memories.setdefault(facts.path, Memory()), load, machine.simulator)
        return UNKNOWN

    return evaluate


def _facts(call: Any, line: int) -> LoadCall | None:
    target = written(call.arguments[1])
    symbol, base = target.getSymbolReference(), call.subroutineName[-1]
    words = target.type
    if symbol is None or not words.isUnpackedArray or not words.elementType.isIntegral:
        return None
    if symbol.name == UNKNOWN_MEMORY:
        return LoadCall(line, base, "", 0, False, (0, 0))
    element = words.elementType
    ends = (int(words.fixedRange.left), int(words.fixedRange.right))
    width, is_signed = int(element.bitWidth), bool(element.isSigned)
    return LoadCall(line, base, symbol.hierarchicalPath, width, is_signed, ends)


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
        lost_name=name.lost.decode("latin-1"),
    )


def _undecided(machine: Machine, line: int, message: str) -> Value:
    machine.undecided(line, message)
    return UNKNOWN
