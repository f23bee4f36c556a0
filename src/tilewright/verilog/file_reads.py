"""`$fscanf`, `$sscanf`, `$fgets` and `$fgetc`: each read leaves a record on its stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.events import AT_END, DIGITS, MATCHED, ReadEvent, Stream
from tilewright.verilog.expressions import compile_expression, compile_target
from tilewright.verilog.machine import Machine
from tilewright.verilog.scan import Conversion, get_line, number, parse_format, scan
from tilewright.verilog.values import UNKNOWN, Value, text_value

Target = tuple[Assign, int]


def fscanf(call: Any, compiler: Compiler) -> Evaluate:
    """`$fscanf`: one record for each conversion, until one fails."""
    source = compile_expression(call.arguments[0], compiler)
    template = compile_expression(call.arguments[1], compiler)
    targets, line = output_targets(call.arguments[2:], compiler), compiler.line(call)
    is_checked = call.sourceRange.start.offset not in compiler.unchecked

    def evaluate(machine: Machine) -> Value:
        machine.step()
        text, handle = template(machine).text, source(machine)
        stream, items = machine.stream(handle), parse_format(text) if text is not None else None
        if handle.bits == 0:  # the file is missing
            return Value(-1, 32, is_signed=True)
        if stream is None or items is None:
            what = "format" if stream is not None else "file"
            machine.undecided(line, f"the {what} of this $fscanf cannot be computed")
            machine.lose_streams([handle])
            _forget(machine, targets)
            return UNKNOWN
        result, done = scan(stream, items)
        events = _record(done, targets, line)
        for event in events:
            event.in_loop = machine.loops[-1] if machine.loops else ""
            event.is_checked = is_checked
        if not stream.is_lost:
            stream.events += events
        _assign(machine, done, targets)
        return Value(result, 32, is_signed=True)

    return evaluate


def sscanf(call: Any, compiler: Compiler) -> Evaluate:
    """`$sscanf`: words out of a line that `$fgets` read are recorded with the line."""
    source = compile_expression(call.arguments[0], compiler)
    template = compile_expression(call.arguments[1], compiler)
    targets, line = output_targets(call.arguments[2:], compiler), compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        value, text = source(machine), template(machine).text
        items = parse_format(text) if text is not None else None
        if value.text is None or items is None:
            machine.undecided(line, "the text or format of this $sscanf cannot be computed")
            _forget(machine, targets)
            return UNKNOWN
        result, done = scan(Stream("", line, value.text), items)
        if value.origin is not None:
            for event in _record(done, targets, line):
                _place_in_file(event, value.origin)
                value.origin.words.append(event)
        _assign(machine, done, targets)
        return Value(result, 32, is_signed=True)

    return evaluate


def _place_in_file(event: ReadEvent, line: ReadEvent) -> None:
    """A word out of a line stands where the line does; there is none if the line is an old one."""
    event.in_loop, event.is_checked = line.in_loop, line.is_checked
    event.start, event.end = event.start + line.start, event.end + line.start
    event.run = (event.run[0] + line.start, event.run[1] + line.start)
    if line.status == AT_END:
        event.status, event.start, event.end = AT_END, line.start, line.start


def output_targets(arguments: Any, compiler: Compiler) -> list[Target]:
    """How each output argument is written, and its width in bits."""
    sources = map(written, arguments)
    return [(compile_target(s, compiler), int(s.type.bitWidth)) for s in sources]


def written(argument: Any) -> Any:
    """What an output argument writes to; pyslang gives such an argument as an assignment."""
    return argument.left if argument.kind.name == "Assignment" else argument


def _forget(machine: Machine, targets: list[Target]) -> None:
    for assign, _ in targets:
        assign(machine, UNKNOWN)


def _record(done: list[Conversion], targets: list[Target], line: int) -> list[ReadEvent]:
    events: list[ReadEvent] = []
    widths, runs = iter([width for _, width in targets]), _runs(done)
    for one, run in zip(done, runs, strict=True):
        target = 0 if one.item.is_dropped else next(widths, 0)
        code = "s" if one.item.is_dropped else one.item.code
        events.append(
            ReadEvent(
                code, line, one.item.field, target, one.status, one.start, one.end, one.digits, run
            )
        )
    return events


def _runs(done: list[Conversion]) -> list[tuple[int, int]]:
    """For each conversion the piece of the file that it and its neighbors take in one go."""
    starts, ends = [one.start for one in done], [one.end for one in done]
    for i in range(1, len(done)):
        if starts[i] == ends[i - 1]:
            starts[i] = starts[i - 1]
    for i in range(len(done) - 1, 0, -1):
        if starts[i] == starts[i - 1]:
            ends[i - 1] = ends[i]
    return list(zip(starts, ends, strict=True))


def _assign(machine: Machine, done: list[Conversion], targets: list[Target]) -> None:
    """A conversion that did not match leaves its variable as it is: the trap of `$fscanf`."""
    left = iter(targets)
    for one in done:
        if one.item.is_dropped or one.status != MATCHED:
            continue
        assign, _ = next(left, (None, 0))
        if assign is None:
            return
        if one.item.code in DIGITS:
            bits = number(one.digits, one.item.code)
            assign(machine, Value(bits, max(len(one.digits) * 4, 1), is_signed=True))
        else:
            assign(machine, text_value(one.digits))


def fgets(call: Any, compiler: Compiler) -> Evaluate:
    """`$fgets`: a line, or as much of it as the register holds."""
    ((assign, width),) = output_targets(call.arguments[:1], compiler)
    source, line = compile_expression(call.arguments[1], compiler), compiler.line(call)
    old = compile_expression(written(call.arguments[0]), compiler)
    is_checked = call.sourceRange.start.offset not in compiler.unchecked

    def evaluate(machine: Machine) -> Value:
        machine.step()
        handle = source(machine)
        if handle.bits == 0:
            return Value(0)
        stream = machine.stream(handle)
        if stream is None:
            machine.undecided(line, "the file of this $fgets cannot be computed")
            machine.lose_streams([handle])
            assign(machine, UNKNOWN)
            return UNKNOWN
        start, buffer = stream.position, width // 8 or 1 << 20
        text = get_line(stream, buffer)
        status = MATCHED if text else AT_END
        event = ReadEvent("line", line, buffer, width, status, start, stream.position, text)
        event.in_loop = machine.loops[-1] if machine.loops else ""
        event.is_checked = is_checked
        if not stream.is_lost:
            stream.events.append(event)
        value = text_value(text) if text else old(machine)  # at the end it keeps the old line
        assign(machine, replace(value, origin=event))
        return Value(len(text))

    return evaluate


def fgetc(call: Any, compiler: Compiler) -> Evaluate:
    """`$fgetc`: one character."""
    source, line = compile_expression(call.arguments[0], compiler), compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        stream = machine.stream(source(machine))
        if stream is None:
            machine.undecided(line, "the file of this $fgetc cannot be computed")
            return UNKNOWN
        char, at = stream.peek(), stream.position
        if char >= 0:
            stream.position += 1
        status = MATCHED if char >= 0 else AT_END
        if not stream.is_lost:
            digits = bytes([char]) if char >= 0 else b""
            stream.events.append(
                ReadEvent("c", line, 1, 8, status, at, stream.position, digits, is_checked=True)
            )
        return Value(char, 32, is_signed=True)

    return evaluate
