"""`$fopen`, `$fclose`, `$feof`, `$rewind` and what writes: the files themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.constant_names import is_constant, is_no_name, refuses_name
from tilewright.verilog.events import MATCHED, ReadEvent, Stream
from tilewright.verilog.file_reads import holder_name
from tilewright.verilog.machine import WORD, Machine
from tilewright.verilog.simulators import ICARUS
from tilewright.verilog.tellers import saying_of
from tilewright.verilog.texts import compile_printed
from tilewright.verilog.values import UNKNOWN, Value

SEEK_SET, SEEK_CURRENT, SEEK_END = 0, 1, 2


_MODES = frozenset(
    first + rest for first in (b"r", b"w", b"a") for rest in (b"", b"b", b"+", b"+b", b"b+")
)


def fopen(call: Any, compiler: Compiler) -> Evaluate:
    """`$fopen`; without a mode, and with "w" and "a", for writing."""
    name = compiler.expression(call.arguments[0])
    mode = compiler.expression(call.arguments[1]) if len(call.arguments) > 1 else None
    line, is_fixed = compiler.line(call), is_constant(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        how = mode(machine).text if mode else b"w"
        value = name(machine)
        if (how is not None and how[:1] not in (b"r", b"w", b"a")) or (
            machine.simulator is ICARUS and how is not None and how not in _MODES
        ):
            shown = how.decode("latin-1")
            message = (
                f"{machine.simulator.title} does not know the mode '{shown}': nothing is opened"
            )
            file = (value.text or b"").decode("latin-1")
            machine.faults.setdefault((line, message, file, "bad-mode"))
            return Value(0)
        if how is None or not how.startswith(b"r"):
            return machine.open_for_writing(
                value.text, is_appended=how is not None and how.startswith(b"a")
            )
        if (is_fixed and refuses_name(machine, value, line)) or is_no_name(machine, value, line):
            return Value(0)
        if value.text is None:
            advice = machine.plusargs.advice(machine.values)
            machine.undecided(line, f"the name of the file opened here cannot be computed{advice}")
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
        if stream.at_end and stream.events:
            stream.ended_by = stream.events[-1].call
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
    """`$rewind`, and `$fseek` from the start, the present place or the end of the file."""
    arguments = [compiler.expression(a) for a in call.arguments]
    lose, line = unfollowed(call, compiler), compiler.line(call)
    is_seek = len(arguments) > 1

    def evaluate(machine: Machine) -> Value:
        handle = arguments[0](machine)
        stream = machine.stream(handle)
        offset = arguments[1](machine).bits if is_seek else 0
        origin = arguments[2](machine).bits if is_seek else SEEK_SET
        if stream is None or stream.is_opaque or offset is None or origin not in _ORIGINS:
            return lose(machine)
        if offset < 0 and machine.simulator.seeks_forward:
            machine.refuse(line, "backward-seek", handle, _FORWARD)
            offset += 1 << 32
        place = offset + _ORIGINS[origin](stream)
        if place < 0:
            return Value(-1, 32, is_signed=True)
        stream.position, stream.at_end = place, False
        stream.seeks.add(place)
        return Value(0)

    return evaluate


_FORWARD = (
    "goes 4 GiB forward where $fseek has a negative offset: every read finds the end; give the place from "
    "the start of the file"
)
_ORIGINS: dict[int | None, Callable[[Stream], int]] = {
    SEEK_SET: lambda _: 0,
    SEEK_CURRENT: lambda stream: stream.position,
    SEEK_END: lambda stream: len(stream.content or b""),
}


def ftell(call: Any, compiler: Compiler) -> Evaluate:
    """`$ftell`: where the next read begins, which may be the size of the file."""
    source, line = compiler.expression(call.arguments[0]), compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        stream = machine.stream(source(machine))
        if stream is None or stream.is_opaque:
            return UNKNOWN
        stream.tells.add(stream.position)
        size = ReadEvent("", line, 0, 0, MATCHED, stream.position, stream.position, owner=stream)
        machine.last_read = size
        return Value(stream.position, 32, is_signed=True)

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
    name = call.subroutineName
    source, arguments = compiler.expression(call.arguments[0]), list(call.arguments)[1:]
    code = name[-1] if name[-1] in "bho" and name != "$fstrobe" else "d"
    text = compile_printed(arguments, compiler, code=code)
    end = b"\n" if name.startswith(("$fdisplay", "$fstrobe")) else b""
    said = saying_of(call, compiler.line(call))

    def evaluate(machine: Machine) -> Value:
        machine.step()
        handle = source(machine).bits
        with machine.printing():
            value = text(machine)
        written = value.text if arguments else b""
        file = machine.outputs.get(handle & WORD) if handle is not None else None
        if file is not None:
            is_known = written is not None and file.text is not None
            file.text = (file.text or b"") + (written or b"") + end if is_known else None
        elif handle is not None and handle & WORD in (1, 2, 0x8000_0001, 0x8000_0002):
            machine.blame(said, is_end=False)
        return UNKNOWN

    return evaluate
