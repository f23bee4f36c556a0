"""System tasks and functions: the files that a testbench opens, reads and loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import MemoryLoad
from tilewright.verilog.expressions import compile_expression, compile_target
from tilewright.verilog.facts import facts_of
from tilewright.verilog.file_reads import (
    fgetc,
    fgets,
    fscanf,
    output_targets,
    sscanf,
    written,
)
from tilewright.verilog.formats import format_text
from tilewright.verilog.machine import FinishSimulationSignal, Machine, Memory
from tilewright.verilog.readmem import load_memory
from tilewright.verilog.values import UNKNOWN, Value, text_value


def compile_system_call(call: Any, compiler: Compiler) -> Evaluate:
    """A call; what has nothing to do with files or names gives UNKNOWN."""
    function = _COMPILERS.get(call.subroutineName)
    return function(call, compiler) if function else _forgetoutput_targets(call, compiler)


def _forgetoutput_targets(call: Any, compiler: Compiler) -> Evaluate:
    """An unfollowed call; whatever it may have written is unknown."""
    outputs = [a for a in call.arguments if a.kind.name == "Assignment"]
    targets = [compile_target(a.left, compiler) for a in outputs]
    inputs = [compile_expression(a, compiler) for a in call.arguments if a not in outputs]

    def evaluate(machine: Machine) -> Value:
        for operand in inputs:
            operand(machine)  # it may read a memory
        for target in targets:
            target(machine, UNKNOWN)
        return UNKNOWN

    return evaluate


def _fopen(call: Any, compiler: Compiler) -> Evaluate:
    name = compile_expression(call.arguments[0], compiler)
    mode = compile_expression(call.arguments[1], compiler) if len(call.arguments) > 1 else None
    line = compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        how = mode(machine).text if mode else b"w"
        if how is None or not how.startswith(b"r"):
            return UNKNOWN  # written, not read
        value = name(machine)
        if value.text is None:
            machine.undecided(line, "the name of the file opened here cannot be computed")
            return UNKNOWN
        return machine.open(value.text, line, value.lost)

    return evaluate


def _feof(call: Any, compiler: Compiler) -> Evaluate:
    source = compile_expression(call.arguments[0], compiler)

    def evaluate(machine: Machine) -> Value:
        handle = source(machine)
        stream = machine.stream(handle)
        if handle.bits == 0:
            return Value(1)
        return UNKNOWN if stream is None or stream.is_lost else Value(int(stream.at_end))

    return evaluate


def _fclose(call: Any, compiler: Compiler) -> Evaluate:
    source = compile_expression(call.arguments[0], compiler)

    def evaluate(machine: Machine) -> Value:
        bits = source(machine).bits
        if bits is not None:
            machine.handles.pop(bits & 0xFFFF_FFFF, None)
        return UNKNOWN

    return evaluate


def _rewind(call: Any, compiler: Compiler) -> Evaluate:
    """`$rewind`, `$fseek`, `$ungetc`, `$fread`: not followed."""
    line, name = compiler.line(call), call.subroutineName
    forget = _forgetoutput_targets(call, compiler)
    handles = [compile_expression(h, compiler) for h in facts_of(call).handles]

    def evaluate(machine: Machine) -> Value:
        machine.undecided(line, f"{name} cannot be followed")
        machine.lose_streams([handle(machine) for handle in handles])
        return forget(machine)

    return evaluate


def _readmem(call: Any, compiler: Compiler) -> Evaluate:
    name, line = compile_expression(call.arguments[0], compiler), compiler.line(call)
    memory = call.arguments[1]
    target = written(memory)
    symbol, base = target.getSymbolReference(), call.subroutineName[-1]
    bounds = [compile_expression(a, compiler) for a in call.arguments[2:]]
    words = target.type
    if symbol is None or not words.isUnpackedArray or not words.elementType.isIntegral:
        return lambda m: _undecided(m, line, "the memory loaded here cannot be followed")
    path, width = symbol.hierarchicalPath, int(words.elementType.bitWidth)
    ends = (int(words.fixedRange.left), int(words.fixedRange.right))

    def evaluate(machine: Machine) -> Value:
        value, limits = name(machine), [bound(machine).bits for bound in bounds]
        if value.text is None:
            return _undecided(machine, line, "the name of the file loaded here cannot be computed")
        if None in limits:
            return _undecided(machine, line, "the addresses loaded here cannot be computed")
        addresses = [bits for bits in limits if bits is not None]
        first = addresses[0] if addresses else min(ends)
        last = addresses[1] if len(addresses) > 1 else max(ends)
        load = MemoryLoad(
            value.text.decode("latin-1"),
            line,
            base,
            None,
            width,
            first,
            last,
            has_range=len(addresses) > 1,
            is_outside=any(not min(ends) <= address <= max(ends) for address in addresses),
            lost_name=value.lost.decode("latin-1"),
        )
        load.file, load.content = machine.read_file(load.name)
        machine.loads.append(load)
        load_memory(machine.memories.setdefault(path, Memory()), load)
        return UNKNOWN

    return evaluate


def _undecided(machine: Machine, line: int, message: str) -> Value:
    machine.undecided(line, message)
    return UNKNOWN


def _sformat(call: Any, compiler: Compiler) -> Evaluate:
    ((assign, _),) = output_targets(call.arguments[:1], compiler)
    text = _text(call.arguments[1:], compiler)

    def evaluate(machine: Machine) -> Value:
        assign(machine, text(machine))
        return UNKNOWN

    return evaluate


def _sformatf(call: Any, compiler: Compiler) -> Evaluate:
    return _text(call.arguments, compiler)


def _text(arguments: Any, compiler: Compiler) -> Evaluate:
    template = compile_expression(arguments[0], compiler)
    values = [compile_expression(a, compiler) for a in arguments[1:]]
    integral = [(a.type.isIntegral, int(a.type.bitWidth), a.type.isSigned) for a in arguments[1:]]

    def evaluate(machine: Machine) -> Value:
        text = template(machine).text
        found = [
            value(machine).resize(width, is_signed=bool(is_signed))
            if is_integral
            else value(machine)
            for value, (is_integral, width, is_signed) in zip(values, integral, strict=True)
        ]
        result = None if text is None else format_text(text, found)
        return UNKNOWN if result is None else text_value(result)

    return evaluate


def _finish(_: Any, __: Compiler) -> Evaluate:
    def evaluate(_machine: Machine) -> Value:
        raise FinishSimulationSignal

    return evaluate


def _passed_through(call: Any, compiler: Compiler) -> Evaluate:
    """`$signed` and `$unsigned`."""
    operand, type_ = compile_expression(call.arguments[0], compiler), call.type
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    return lambda m: operand(m).resize(width, is_signed=is_signed)


def _clog2(call: Any, compiler: Compiler) -> Evaluate:
    operand = compile_expression(call.arguments[0], compiler)

    def evaluate(machine: Machine) -> Value:
        bits = operand(machine).bits
        return UNKNOWN if bits is None or bits < 0 else Value(max(bits - 1, 0).bit_length())

    return evaluate


def _bits(call: Any, _: Compiler) -> Evaluate:
    width = int(call.arguments[0].type.bitWidth)
    return lambda _: Value(width)


_COMPILERS: dict[str, Callable[[Any, Any], Evaluate]] = {
    "$fopen": _fopen,
    "$fclose": _fclose,
    "$fscanf": fscanf,
    "$sscanf": sscanf,
    "$fgets": fgets,
    "$fgetc": fgetc,
    "$feof": _feof,
    "$rewind": _rewind,
    "$fseek": _rewind,
    "$ungetc": _rewind,
    "$fread": _rewind,
    "$readmemb": _readmem,
    "$readmemh": _readmem,
    "$sformat": _sformat,
    "$swrite": _sformat,
    "$sformatf": _sformatf,
    "$psprintf": _sformatf,
    "$finish": _finish,
    "$stop": _finish,
    "$fatal": _finish,
    "$signed": _passed_through,
    "$unsigned": _passed_through,
    "$clog2": _clog2,
    "$bits": _bits,
}
