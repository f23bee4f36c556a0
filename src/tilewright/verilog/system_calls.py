"""System tasks and functions, by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog import file_calls, plusarg_calls
from tilewright.verilog.array_methods import REDUCTIONS, reduction
from tilewright.verilog.associative import associative_method
from tilewright.verilog.binary_reads import fread
from tilewright.verilog.characters import fgetc, ungetc
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.file_reads import fscanf, output_targets, sscanf
from tilewright.verilog.line_reads import fgets
from tilewright.verilog.literals import whole
from tilewright.verilog.machine import (
    Machine,
)
from tilewright.verilog.memory_calls import readmem, writemem
from tilewright.verilog.objects import cast
from tilewright.verilog.places import compile_target
from tilewright.verilog.queues import QUEUE_METHODS, queue_method, size_of
from tilewright.verilog.signals import (
    FinishSimulationSignal,
)
from tilewright.verilog.strings import (
    STRING_MAKERS,
    STRING_METHODS,
    string_from_number,
    string_method,
)
from tilewright.verilog.structure_queues import structure_method
from tilewright.verilog.tellers import saying_of
from tilewright.verilog.texts import compile_printed, compile_text
from tilewright.verilog.values import UNKNOWN, Value, text_value


def compile_system_call(call: Any, compiler: Compiler) -> Evaluate:
    """A call; what has nothing to do with files or names gives UNKNOWN."""
    method = associative_method(call, compiler)
    if method is not None:
        return method
    function = _COMPILERS.get(call.subroutineName)
    return function(call, compiler) if function else _forget_targets(call, compiler)


def _forget_targets(call: Any, compiler: Compiler) -> Evaluate:
    """A call that is not followed; whatever it may have written is unknown."""
    outputs = [a for a in call.arguments if a.kind.name == "Assignment"]
    targets = [compile_target(a.left, compiler) for a in outputs]
    inputs = [compiler.expression(a) for a in call.arguments if a not in outputs]

    def evaluate(machine: Machine) -> Value:
        machine.step()
        for operand in inputs:
            operand(machine)  # it looks at the values
        for target in targets:
            target(machine, UNKNOWN)
        return UNKNOWN

    return evaluate


def _display(call: Any, compiler: Compiler) -> Evaluate:
    """`$display` and its kin: they look at values, and tell that a read failed."""
    text = compile_printed(call.arguments, compiler)
    end = b"" if call.subroutineName == "$write" else b"\n"
    said = saying_of(call, compiler.line(call))

    def evaluate(machine: Machine) -> Value:
        machine.step()
        machine.blame(said, is_end=False)
        with machine.printing():
            shown = text(machine).text
        machine.show(shown, end)
        return UNKNOWN

    return evaluate


def _enum_method(call: Any, compiler: Compiler) -> Evaluate:
    """`value.next()`, `value.name()` and their kin, as an enumeration lists its values."""
    name, subject = call.subroutineName, call.arguments[0]
    type_ = subject.type.canonicalType
    if not type_.isEnum:
        return _forget_targets(call, compiler)
    values = [one for one in type_ if one.kind.name == "EnumValue"]
    members, names = [whole(one.value) for one in values], [str(one.name) for one in values]
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    operand = compiler.expression(subject)
    steps = compiler.expression(call.arguments[1]) if len(call.arguments) > 1 else None

    def evaluate(machine: Machine) -> Value:
        if name == "num":
            return Value(len(members))
        if name in ("first", "last"):
            return Value(members[0 if name == "first" else -1], width, is_signed)
        bits, by = operand(machine).bits, steps(machine).bits if steps else 1
        if name == "name" and bits is not None:
            return text_value(names[members.index(bits)].encode() if bits in members else b"")
        if bits is None or bits not in members or by is None:
            return UNKNOWN
        at = members.index(bits) + (by if name == "next" else -by)
        return Value(members[at % len(members)], width, is_signed)

    return evaluate


def _sformat(call: Any, compiler: Compiler) -> Evaluate:
    (target,) = output_targets(call.arguments[:1], compiler)
    text = compile_text(call.arguments[1:], compiler)

    def evaluate(machine: Machine) -> Value:
        target.assign(machine, text(machine))
        return UNKNOWN

    return evaluate


def _cast(call: Any, compiler: Compiler) -> Evaluate:
    return cast(call, compiler) or _forget_targets(call, compiler)


def _sformatf(call: Any, compiler: Compiler) -> Evaluate:
    return compile_text(call.arguments, compiler)


def _finish(call: Any, compiler: Compiler) -> Evaluate:
    said = saying_of(call, compiler.line(call))

    def evaluate(machine: Machine) -> Value:
        machine.blame(said, is_end=True)
        raise FinishSimulationSignal

    return evaluate


def _passed_through(call: Any, compiler: Compiler) -> Evaluate:
    """`$signed` and `$unsigned`."""
    operand, type_ = compiler.expression(call.arguments[0]), call.type
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    return lambda m: operand(m).resize(width, is_signed=is_signed)


def _isunknown(call: Any, compiler: Compiler) -> Evaluate:
    """`$isunknown`: asks, and is no use."""
    operand = compiler.expression(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        with machine.unused():
            pattern = operand(machine).pattern
        return UNKNOWN if pattern is None else Value(int(pattern[1] != 0), 1)

    return evaluate


def _clog2(call: Any, compiler: Compiler) -> Evaluate:
    operand = compiler.expression(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        bits = operand(machine).bits
        return UNKNOWN if bits is None or bits < 0 else Value(max(bits - 1, 0).bit_length())

    return evaluate


def _ones(call: Any, compiler: Compiler) -> Evaluate:
    """`$countones`, `$onehot` and `$onehot0`."""
    operand, name = compiler.expression(call.arguments[0]), call.subroutineName

    def evaluate(machine: Machine) -> Value:
        pattern = operand(machine).pattern
        if pattern is None or pattern[1]:
            return UNKNOWN
        ones = pattern[0].bit_count()
        if name == "$countones":
            return Value(ones, 32, is_signed=True)
        return Value(int(ones == 1 or (name == "$onehot0" and not ones)), 1)

    return evaluate


def _queue_method(call: Any, compiler: Compiler) -> Evaluate:
    return structure_method(call, compiler) or queue_method(call, compiler)


def _bits(call: Any, _: Compiler) -> Evaluate:
    width = int(call.arguments[0].type.bitWidth)
    return lambda _: Value(width)


def _bounds(call: Any, compiler: Compiler) -> Evaluate:
    """`$size`, `$left` and their kin, of the first dimension."""
    type_, name = call.arguments[0].type, call.subroutineName
    if len(call.arguments) > 1 or not type_.hasFixedRange:
        return size_of(call, compiler) if name == "$size" else _forget_targets(call, compiler)
    left, right = int(type_.fixedRange.left), int(type_.fixedRange.right)
    found = {"$left": left, "$right": right, "$low": min(left, right), "$high": max(left, right)}
    value = Value(found.get(name, abs(left - right) + 1), 32, is_signed=True)
    return lambda _: value


_COMPILERS: dict[str, Callable[[Any, Any], Evaluate]] = {
    "$fopen": file_calls.fopen,
    "$fclose": file_calls.fclose,
    "$fscanf": fscanf,
    "$sscanf": sscanf,
    "$fgets": fgets,
    "$fgetc": fgetc,
    "$feof": file_calls.feof,
    "$rewind": file_calls.fseek,
    "$fseek": file_calls.fseek,
    "$ftell": file_calls.ftell,
    "$ungetc": ungetc,
    "$fread": fread,
    **dict.fromkeys(("$fwrite", "$fdisplay", "$fstrobe"), file_calls.fwrite),
    **dict.fromkeys(
        ("$fwriteh", "$fwriteb", "$fwriteo", "$fdisplayh", "$fdisplayb", "$fdisplayo"),
        file_calls.fwrite,
    ),
    **dict.fromkeys(("$display", "$write", "$error", "$warning", "$info"), _display),
    "$readmemb": readmem,
    "$readmemh": readmem,
    "$writememh": writemem,
    "$writememb": writemem,
    "$sformat": _sformat,
    "$swrite": _sformat,
    "$sformatf": _sformatf,
    "$psprintf": _sformatf,
    "$value$plusargs": plusarg_calls.value_plusargs,
    "$test$plusargs": plusarg_calls.test_plusargs,
    "$cast": _cast,
    "$finish": _finish,
    "$stop": _finish,
    "$fatal": _finish,
    "$signed": _passed_through,
    "$unsigned": _passed_through,
    "$clog2": _clog2,
    "$bits": _bits,
    "$isunknown": _isunknown,
    **dict.fromkeys(("$countones", "$onehot", "$onehot0"), _ones),
    **dict.fromkeys(QUEUE_METHODS, _queue_method),
    "size": size_of,
    **dict.fromkeys(REDUCTIONS, reduction),
    **dict.fromkeys(STRING_METHODS, string_method),
    **dict.fromkeys(STRING_MAKERS, string_from_number),
    **dict.fromkeys(("$size", "$left", "$right", "$low", "$high"), _bounds),
    **dict.fromkeys(("first", "last", "next", "prev", "num", "name"), _enum_method),
}
