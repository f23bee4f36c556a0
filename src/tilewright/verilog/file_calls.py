"""`$fopen`, `$fclose`, `$feof`, `$rewind` and what writes: the files themselves."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.file_reads import holder_name
from tilewright.verilog.machine import WORD, Machine
from tilewright.verilog.texts import compile_text
from tilewright.verilog.values import UNKNOWN, Value

SEEK_SET = 0


def fopen(call: Any, compiler: Compiler) -> Evaluate:
    """`$fopen`; without a mode, and with "w" and "a", for writing."""
    name = compiler.expression(call.arguments[0])
    mode = compiler.expression(call.arguments[1]) if len(call.arguments) > 1 else None
    line = compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        how = mode(machine).text if mode else b"w"
        value = name(machine)
        if how is None or not how.startswith(b"r"):
            return machine.open_for_writing(
                value.text, is_appended=how is not None and how.startswith(b"a")
            )
        if value.text is None:
            machine.undecided(line, "the name of the file opened here cannot be computed")
            return UNKNOWN
        return machine.open(value.text, line, value.lost)

    return evaluate


def feof(call: Any, compiler: Compiler) -> Evaluate:
    """`$feof`: whether a read has met the end."""
    source = compiler.expression(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        handle = source(machine)
        stream = machine.stream(handle)
        if handle.bits == 0:
            return Value(1)
        if stream is None or stream.is_lost or stream.is_opaque:
            return UNKNOWN
        return Value(int(stream.at_end))

    return evaluate


def fclose(call: Any, compiler: Compiler) -> Evaluate:
    """`$fclose`: the handle is no file any more."""
    source = compiler.expression(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        bits = source(machine).bits
        if bits is not None:
            machine.close(bits & WORD)
        return UNKNOWN

    return evaluate


def fseek(call: Any, compiler: Compiler) -> Evaluate:
    """`$rewind`, and `$fseek` from the start of the file."""
    arguments = [compiler.expression(a) for a in call.arguments]
    lose = unfollowed(call, compiler)
    is_seek = len(arguments) > 1

    def evaluate(machine: Machine) -> Value:
        stream = machine.stream(arguments[0](machine))
        place = arguments[1](machine).bits if is_seek else 0
        origin = arguments[2](machine).bits if is_seek else SEEK_SET
        if stream is None or stream.is_opaque or place is None or place < 0 or origin != SEEK_SET:
            return lose(machine)
        stream.position, stream.at_end = place, False
        return Value(0)

    return evaluate


def ftell(call: Any, compiler: Compiler) -> Evaluate:
    """`$ftell`: where the next read begins."""
    source = compiler.expression(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        stream = machine.stream(source(machine))
        return UNKNOWN if stream is None or stream.is_opaque else Value(stream.position)

    return evaluate


def unfollowed(call: Any, compiler: Compiler) -> Evaluate:
    """A call that cannot be followed here: the file that it reads is lost."""
    line, name = compiler.line(call), call.subroutineName
    holders = [holder_name(a) for a in call.arguments if a.kind.name != "Assignment"]

    def evaluate(machine: Machine) -> Value:
        machine.undecided(line, f"{name} cannot be followed")
        machine.lose_streams([holder for holder in holders if holder] or [""])
        return UNKNOWN

    return evaluate


def fwrite(call: Any, compiler: Compiler) -> Evaluate:
    """`$fwrite` and `$fdisplay`: the text becomes part of the file."""
    source, arguments = compiler.expression(call.arguments[0]), list(call.arguments)[1:]
    is_plain = bool(arguments) and arguments[0].kind.name in ("StringLiteral", "Conversion")
    text = compile_text(arguments, compiler) if is_plain else None
    values = [compiler.expression(a) for a in arguments]
    end = b"\n" if call.subroutineName.startswith("$fdisplay") else b""

    def evaluate(machine: Machine) -> Value:
        machine.step()
        handle = source(machine).bits
        written = text(machine).text if text else None
        if not is_plain:
            for value in values:
                value(machine)
        file = machine.outputs.get(handle & WORD) if handle is not None else None
        if file is not None:
            is_known = written is not None and file.text is not None
            file.text = (file.text or b"") + (written or b"") + end if is_known else None
        elif handle is not None and handle & WORD in (1, 2, 0x8000_0001, 0x8000_0002):
            machine.blame(is_end=False)
        return UNKNOWN

    return evaluate
