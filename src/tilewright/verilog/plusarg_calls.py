"""`$value$plusargs` and `$test$plusargs`."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.file_reads import Target, output_targets
from tilewright.verilog.machine import Machine
from tilewright.verilog.plusarg_values import icarus_value, split_format, verilator_value
from tilewright.verilog.signals import FinishSimulationSignal
from tilewright.verilog.simulators import ICARUS
from tilewright.verilog.values import UNKNOWN, Value, text_value

_REFUSED = "refuses the format {} of $value$plusargs before the simulation starts: nothing is read"
_BROKEN = "breaks off the simulation at $value$plusargs: it takes no {}"


def test_plusargs(call: Any, compiler: Compiler) -> Evaluate:
    """`$test$plusargs`: whether a plusarg begins with a text."""
    prefix = compiler.expression(call.arguments[0])

    def evaluate(machine: Machine) -> Value:
        text = prefix(machine).text
        return UNKNOWN if text is None else Value(int(machine.plusargs.find(text) is not None))

    return evaluate


def value_plusargs(call: Any, compiler: Compiler) -> Evaluate:
    """`$value$plusargs`: the rest of the first plusarg that begins with the text before the conversion.

    Where there is none the result is 0, and the variable stays as it is.
    """
    template, line = compiler.expression(call.arguments[0]), compiler.line(call)
    (target,) = output_targets(call.arguments[1:2], compiler)
    type_ = call.arguments[1].left.type if call.arguments[1].kind.name == "Assignment" else None
    is_text = bool(type_ is not None and type_.isString)
    is_number = bool(type_ is not None and type_.isIntegral)
    is_two_state = is_number and type_ is not None and not type_.isFourState

    def evaluate(machine: Machine) -> Value:
        machine.step()
        text = template(machine).text
        if text is None:
            target.assign(machine, UNKNOWN)
            return UNKNOWN
        prefix, code = split_format(text, machine.simulator)
        if not code and machine.simulator is ICARUS:
            _end(machine, line, _REFUSED.format(repr(text.decode("latin-1"))))
        rest = machine.plusargs.find(prefix)
        if rest is None:
            _miss(machine, target, prefix)
            return Value(0)
        value = _value(machine, rest, code, target.width, line) if is_number else UNKNOWN
        if is_text:
            value = _text(machine, rest, code, line)
        is_unsure = is_two_state and value.masked is not None
        target.assign(machine, UNKNOWN if is_unsure else value)
        return Value(int(bool(code) or is_text))

    return evaluate


def _miss(machine: Machine, target: Target, prefix: bytes) -> None:
    key = target.key(machine)
    if key is not None:
        machine.plusargs.missing[key] = prefix


def _value(machine: Machine, text: bytes, code: str, width: int, line: int) -> Value:
    if not code:
        return UNKNOWN
    if code == "s":
        return text_value(text)
    if machine.simulator is not ICARUS:
        return verilator_value(text, code, width)
    value = icarus_value(text, code, width)
    return _end(machine, line, _BROKEN.format("underscores by %b")) if value is None else value


def _text(machine: Machine, text: bytes, code: str, line: int) -> Value:
    """What a variable of type string gets: Verilator asks for no conversion."""
    if machine.simulator is ICARUS and code != "s":
        return _end(machine, line, _BROKEN.format("number into a string"))
    return text_value(text)


def _end(machine: Machine, line: int, what: str) -> Value:
    machine.refuse(line, "bad-format", "", what)
    raise FinishSimulationSignal
