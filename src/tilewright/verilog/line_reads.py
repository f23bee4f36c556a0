"""`$fgets`: one line, recorded with its file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import AT_END, MATCHED, ReadEvent, Stream
from tilewright.verilog.file_reads import bad_place_of, holder_name, output_targets, written
from tilewright.verilog.machine import Machine
from tilewright.verilog.refused_places import STRING
from tilewright.verilog.scan import get_line
from tilewright.verilog.signals import FinishSimulationSignal
from tilewright.verilog.values import UNKNOWN, Value, text_value

_LEFT_OUT = (
    "leaves this $fgets out, as nothing reads the variable that holds its result: look at the result, or "
    "call $fgets as a task"
)


def fgets(call: Any, compiler: Compiler) -> Evaluate:
    """`$fgets`: a line, or as much of it as the register holds."""
    (target,) = output_targets(call.arguments[:1], compiler)
    source, line = compiler.expression(call.arguments[1]), compiler.line(call)
    old = compiler.expression(written(call.arguments[0]))
    holder = holder_name(call.arguments[1])
    is_checked = call.sourceRange.start.offset not in compiler.unchecked
    bad_place = bad_place_of(call.arguments[:1], "$fgets")
    is_left_out = call.sourceRange.start.offset in compiler.left_out

    def evaluate(machine: Machine) -> Value:
        machine.step()
        handle = source(machine)
        if is_left_out and machine.simulator.leaves_out_unread:
            machine.refuse(line, "unread-result", handle, _LEFT_OUT)
            return Value(0)
        if machine.reads_nothing(handle, line, "$fgets"):
            return Value(0)
        stream = machine.stream(handle)
        if stream is None or stream.is_opaque:
            target.assign(machine, UNKNOWN)
            if stream is None:
                machine.undecided(line, "the file of this $fgets cannot be computed")
                machine.lose_streams([holder])
            return UNKNOWN
        stream.bad_place = bad_place(machine)
        if stream.bad_place not in ("", STRING):
            raise FinishSimulationSignal
        start, buffer = stream.position, target.width // 8 or 1 << 20
        text = get_line(stream, buffer)
        status = MATCHED if text else AT_END
        event = ReadEvent("line", line, buffer, target.width, status, start, stream.position, text)
        event.in_loop = machine.loops[-1] if machine.loops else ""
        event.is_checked = is_checked
        keep(machine, stream, event)
        machine.last_read = event
        is_kept = not text and (target.is_integral or not machine.simulator.clears_strings)
        value = old(machine) if is_kept else text_value(text)
        target.assign(machine, replace(value, origin=event))
        return Value(len(text))

    return evaluate


def keep(machine: Machine, stream: Stream, event: ReadEvent) -> None:
    """Record a read with its stream."""
    event.call = machine.next_call()
    stream.is_assumed = stream.is_assumed or machine.assumptions > 0
    event.owner = stream
    if not stream.is_lost:
        stream.events.append(event)
