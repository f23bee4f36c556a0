"""`$fscanf`, `$sscanf` and `$fgets`: each read leaves a record on its stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.cut_decimals import note_cut_decimals
from tilewright.verilog.events import (
    AT_END,
    BROKEN_DIGITS,
    DIGITS,
    MATCHED,
    NO_MATCH,
    NO_TARGET,
    ReadEvent,
    Stream,
)
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import FindKey, compile_place
from tilewright.verilog.reals import is_whole, rounded
from tilewright.verilog.refused_places import refused_place
from tilewright.verilog.scan import (
    Conversion,
    Item,
    bad_code,
    digits_value,
    parse_format,
    scan,
)
from tilewright.verilog.signals import (
    FinishSimulationSignal,
    StopProcessSignal,
)
from tilewright.verilog.simulators import Simulator
from tilewright.verilog.stored import Key
from tilewright.verilog.values import UNKNOWN, Value, text_value

_ZEROS = (
    "finds no value in a register that is wider than the text in it, as after $fgets or an assignment: let "
    "$sscanf read a variable of type string"
)
MOST_FAILURES = 5_000
"""Reads of one file that fail one after the other: the loop around them does not end."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an output argument of a read writes to."""

    assign: Assign
    key: FindKey
    width: int
    is_signed: bool
    is_integral: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """One call of a read: its line, its targets, and whether its result is looked at."""

    line: int
    targets: tuple[Target, ...]
    is_checked: bool


def fscanf(call: Any, compiler: Compiler) -> Evaluate:
    """`$fscanf`: one record for each conversion, until one fails."""
    source = compiler.expression(call.arguments[0])
    template = compiler.expression(call.arguments[1])
    holder = holder_name(call.arguments[0])
    reading = _reading(call, call.arguments[2:], compiler)
    bad_place = bad_place_of(call.arguments[2:], "$fscanf")

    def evaluate(machine: Machine) -> Value:
        machine.step()
        text, handle = template(machine).text, source(machine)
        if machine.reads_nothing(handle, reading.line, "$fscanf"):
            return Value(-1, 32, is_signed=True)
        stream = machine.stream(handle)
        items = None if text is None else parse_format(text, machine.simulator)
        refused = bad_code(text, machine.simulator) if text is not None else ""
        if not reading.targets and machine.simulator.needs_target:
            refused = NO_TARGET
        if stream is not None and (refused or (place := bad_place(machine))):
            stream.bad_code, stream.bad_place = refused, "" if refused else place
            raise FinishSimulationSignal
        if stream is None or items is None:
            what = "format" if stream is not None else "file"
            machine.undecided(reading.line, f"the {what} of this $fscanf cannot be computed")
            machine.lose_streams([holder])
            _forget(machine, reading)
            return UNKNOWN
        return _read(machine, stream, items, reading)

    return evaluate


def _read(machine: Machine, stream: Stream, items: tuple[Item, ...], reading: Reading) -> Value:
    if stream.is_opaque:
        _forget(machine, reading)
        return UNKNOWN
    result, done = scan(stream, items, machine.simulator)
    if machine.simulator.breaks_at_underscores and any(map(_is_broken, done)):
        stream.position, stream.bad_code = done[-1].start, BROKEN_DIGITS
        raise FinishSimulationSignal
    events = _record(done, reading, machine)
    stream.is_assumed = stream.is_assumed or machine.assumptions > 0
    leader = stream.led_by(machine.last_read)
    for event in events:
        event.owner, event.leader = stream, leader
    if not stream.is_lost:
        stream.events += events
    _assign(machine, done, events, reading)
    machine.last_read = events[-1] if events else None
    is_stuck = bool(events) and events[-1].status != MATCHED and not events[-1].matched
    stream.failures = stream.failures + 1 if is_stuck else 0
    if stream.failures > MOST_FAILURES:
        raise StopProcessSignal
    return Value(result, 32, is_signed=True)


def _is_broken(one: Conversion) -> bool:
    return one.item.code == "b" and not one.item.is_dropped and one.digits[1:2] == b"_"


def sscanf(call: Any, compiler: Compiler) -> Evaluate:
    """`$sscanf`: words out of a line that `$fgets` read are recorded with the line."""
    source = compiler.expression(call.arguments[0])
    template = compiler.expression(call.arguments[1])
    reading = replace(_reading(call, call.arguments[2:], compiler), is_checked=True)
    is_blind = call.sourceRange.start.offset in compiler.unchecked
    is_string, width = _width_of(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        machine.step()
        value, text = source(machine), template(machine).text
        items = None if text is None else parse_format(text, machine.simulator)
        file = machine.file_of(value.origin)
        if text is not None and (code := bad_code(text, machine.simulator)):
            what = f"refuses the conversion %{code}, and ends the simulation or does not build"
            machine.refuse(reading.line, "bad-format", file, what)
            raise FinishSimulationSignal
        if not is_string and machine.simulator.stops_at_zeros and _has_zeros(value, width):
            machine.refuse(reading.line, "zeros-read", file, _ZEROS)
            return Value(0)
        if value.text is None or items is None:
            machine.undecided(reading.line, "the text or format of this $sscanf cannot be computed")
            _forget(machine, reading)
            return UNKNOWN
        result, done = scan(Stream("", reading.line, value.text), items, machine.simulator)
        events = _record(done, reading, machine)
        at = place_of(value.text, value.origin)
        if value.origin is not None and at is not None:
            for event in events:
                _place_in_file(event, value.origin, at)
                event.is_blind, event.room = is_blind, len(value.text)
            value.origin.words += events
        _assign(machine, done, events, reading)
        machine.last_read = events[-1] if events and at is not None else None
        return Value(result, 32, is_signed=True)

    return evaluate


def _has_zeros(value: Value, width: int) -> bool:
    """Whether a register has characters of value 0 in front of its text."""
    return value.text is not None and 0 < len(value.text) < width // 8


def _width_of(argument: Any) -> tuple[bool, int]:
    """Whether the text of a `$sscanf` stands in a string; else the bits of its register."""
    while argument.kind.name == "Conversion":
        argument = argument.operand
    is_string = bool(argument.type.isString) or argument.kind.name in ("StringLiteral", "Call")
    return is_string, 0 if is_string else int(argument.type.bitWidth)


def place_of(text: bytes, origin: ReadEvent | None) -> int | None:
    """Where in what a read took a text stands that was made of it; None if it is not there as it was."""
    at = -1 if origin is None else origin.digits.lower().find(text.lower())
    is_old = origin is not None and origin.status == AT_END
    return at if at >= 0 else 0 if is_old else None


def _place_in_file(event: ReadEvent, line: ReadEvent, at: int) -> None:
    """A word out of a line stands where the line does; there is none if the line is an old one."""
    event.in_loop, event.is_checked = line.in_loop, line.is_checked or event.is_checked
    at += line.start
    event.start, event.end = event.start + at, event.end + at
    event.run = (event.run[0] + at, event.run[1] + at)
    event.is_in_line, event.owner = True, line.owner
    if event.status == AT_END and line.status != AT_END:
        event.status, event.is_short_line = NO_MATCH, True  # not the file
    if line.status == AT_END:
        event.status, event.start, event.end, event.matched = AT_END, line.start, line.start, 0


def _reading(call: Any, arguments: Any, compiler: Compiler) -> Reading:
    is_checked = call.sourceRange.start.offset not in compiler.unchecked
    return Reading(compiler.line(call), tuple(output_targets(arguments, compiler)), is_checked)


def output_targets(arguments: Any, compiler: Compiler) -> list[Target]:
    """How each output argument is written."""
    places = map(written, arguments)
    return [
        Target(
            *compile_place(place, compiler),
            int(place.type.bitWidth),
            bool(place.type.isIntegral and place.type.isSigned),
            bool(place.type.isIntegral),
        )
        for place in places
    ]


def bad_place_of(arguments: Any, call: str) -> Callable[[Machine], str]:
    """What the simulator of a machine refuses among the places of a call; "" if it takes them all."""
    places = [written(argument) for argument in arguments]

    @cache
    def find(simulator: Simulator) -> str:
        return next(filter(None, (refused_place(one, call, simulator) for one in places)), "")

    return lambda machine: find(machine.simulator)


def written(argument: Any) -> Any:
    """What an output argument writes to; pyslang gives such an argument as an assignment."""
    return argument.left if argument.kind.name == "Assignment" else argument


def holder_name(argument: Any) -> str:
    """The variable that holds the handle of a file; '' if that is not plain."""
    while argument.kind.name == "Conversion":
        argument = argument.operand
    symbol = argument.getSymbolReference()
    return "" if symbol is None else path_of(symbol)


def _forget(machine: Machine, reading: Reading) -> None:
    for target in reading.targets:
        target.assign(machine, UNKNOWN)


def _record(done: list[Conversion], reading: Reading, machine: Machine) -> list[ReadEvent]:
    events: list[ReadEvent] = []
    note_cut_decimals(done, machine, line=reading.line)
    targets, runs = iter(reading.targets), _runs(done)
    machine.next_call()
    matched = sum(one.status == MATCHED for one in done)
    texts = sum(one.status == MATCHED and one.item.code in ("s", "c") for one in done)
    for one, run in zip(done, runs, strict=True):
        target = None if one.item.is_dropped else next(targets, None)
        code = _code(one, reading)
        width = target.width if target else 0
        event = ReadEvent(
            code,
            reading.line,
            one.item.field,
            width,
            one.status,
            one.start,
            one.end,
            one.digits,
            run,
        )
        event.in_loop = machine.loops[-1] if machine.loops else ""
        event.is_checked, event.literal = reading.is_checked, one.literal
        event.is_apart = one.item.is_apart
        event.is_signed = bool(target and target.is_signed)
        event.call, event.matched, event.texts = machine.calls, matched, texts
        if one.item.code == "f" and target is not None and target.is_integral:
            event.is_rounded = not (machine.simulator.rounds_reals and is_whole(one.digits))
        events.append(event)
    return events


def _code(one: Conversion, reading: Reading) -> str:
    """What a conversion counts as; one that is dropped takes no word, unless it ends a read of some."""
    if not one.item.is_dropped:
        return one.item.code
    if one.status == MATCHED or not reading.targets:
        return "s"
    return one.item.code if one.item.code in DIGITS else "f"


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


def _assign(
    machine: Machine, done: list[Conversion], events: list[ReadEvent], reading: Reading
) -> None:
    """A conversion that did not match leaves its variable as it is: the trap of `$fscanf`."""
    left = list(reading.targets)
    for one, event in zip(done, events, strict=True):
        if one.item.is_dropped or not left:
            continue
        if one.status != MATCHED:
            break
        target = left.pop(0)
        is_rounding = machine.simulator.rounds_reals and target.is_integral
        value = _scanned(one, target, is_rounding=is_rounding)
        is_token = one.item.code == "s" and event.owner is not None and not event.is_in_line
        target.assign(machine, replace(value, origin=event) if is_token else value)
        key = target.key(machine)
        event.has_x = value.masked is not None and key is not None and machine.has_x(key)
        machine.hand_over(event, key)
        if event.status != MATCHED:  # out of an old line
            event.is_used = event.is_used or event.is_exposed
    keys = [key for target in left if events and (key := target.key(machine)) is not None]
    if keys:
        events[-1].has_default = all(_is_set_by_hand(machine, key) for key in keys)
    for key in keys:
        machine.mark(key, events[-1])


def _is_set_by_hand(machine: Machine, key: Key) -> bool:
    """Whether a variable holds what the testbench itself gave it, not what a read left there."""
    if isinstance(key, str):
        is_set = key in machine.values
    else:
        is_set = key[0] in machine.memories and key[1] in machine.memories[key[0]].loaded
    return is_set and key not in machine.marks


def _scanned(one: Conversion, target: Target, *, is_rounding: bool) -> Value:
    if one.item.code == "f":
        return rounded(one.digits) if is_rounding else UNKNOWN
    if one.item.code in DIGITS:
        text = one.digits.decode()
        return digits_value(text, one.item.code, target.width or 32, is_signed=target.is_signed)
    return text_value(one.digits)
