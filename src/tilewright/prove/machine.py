"""A netlist, run cycle by cycle on words that are known, polynomials, or unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from tilewright.prove import cells
from tilewright.prove.choices import choose
from tilewright.prove.logic import invert
from tilewright.prove.netlist import (
    Gate,
    Memory,
    Netlist,
    ReadPort,
    Register,
    Source,
    signals_of,
)
from tilewright.prove.words import Unknown, Value, Word, Words

_MOST_ROUNDS = 8
"""How often clears may follow from clears within one cycle."""


class Machine:
    """The state of a netlist. Registers and memories begin unknown, or as their declaration says.

    cycle: the number of clock edges so far.
    """

    def __init__(self, netlist: Netlist, words: Words) -> None:
        self.netlist, self.words = netlist, words
        self.cycle = 0
        self.values: list[Value] = [0] * len(netlist.widths)
        self._followers: dict[int, list[int]] = defaultdict(list)
        self._is_due = bytearray(b"\1") * len(netlist.steps)
        self._reads: dict[int, list[int]] = defaultdict(list)
        self._steps = [self._compiled(at, step) for at, step in enumerate(netlist.steps)]
        self._registers = [(r, self._getter(r.data)) for r in netlist.registers]
        self._clears = [r for r in netlist.registers if r.is_clear_now]
        self._begin()

    def _begin(self) -> None:
        for signal, net in self.netlist.undriven.items():
            self.values[signal] = self.words.unknown(Unknown(net, is_x=True), 1)
        for port in self.netlist.ports.values():
            if port.is_input:
                why = Unknown(f"input {port.name}, which is not set", is_x=True)
                self._set(port.source, self.words.unknown(why, port.width))
        for register in self.netlist.registers:
            why = Unknown(f"register {register.name}, which nothing has written", is_x=True)
            self.values[register.output] = self._initial(register.initial, register.width, why)
        self.contents: list[dict[int, Value]] = [{} for _ in self.netlist.memories]
        self._spoilt: list[Unknown | None] = [None for _ in self.netlist.memories]
        for number, memory in enumerate(self.netlist.memories):
            self._fill(number, memory)

    def _fill(self, number: int, memory: Memory) -> None:
        if not set(memory.initial) & {"0", "1"}:
            return
        for at in range(memory.size):
            bits = memory.initial[::-1][at * memory.width : (at + 1) * memory.width]
            self.contents[number][at + memory.offset] = self._initial(
                bits, memory.width, self._unwritten(number, at + memory.offset)
            )

    def _unwritten(self, number: int, address: int) -> Unknown:
        name = self.netlist.memories[number].name.removeprefix("\\")
        return Unknown(f"word {address} of {name}, which nothing has written", is_x=True)

    def _initial(self, bits: str, width: int, why: Unknown) -> Value:
        """Known bits, the lowest first, and unknown ones where they say x."""
        if not set(bits) & {"0", "1"}:
            return self.words.unknown(why, width)
        return self.words.join([(int(b) if b in "01" else why, 0, 1) for b in bits[:width]])

    def _set(self, source: Source, value: Value) -> None:
        if not isinstance(source, int):
            raise AssertionError("an input is one signal")
        self._write(source, value)

    def _write(self, signal: int, value: Value) -> None:
        if self.values[signal] != value:
            self.values[signal] = value
            for at in self._followers[signal]:
                self._is_due[at] = 1

    # -- compiling ----------------------------------------------------------------------------------

    def _getter(self, source: Source) -> Callable[[], Value]:
        values = self.values
        if isinstance(source, int):
            return lambda: values[source]
        if all(signal < 0 for signal, _, _ in source):
            known = sum(
                bits << sum(width for _, _, width in source[:at])
                for at, (_, bits, _) in enumerate(source)
            )
            return lambda: known
        words = self.words
        if len(source) == 1:
            ((signal, first, width),) = source
            return lambda: words.slice(values[signal], first, width)
        found: dict[tuple[Value, ...], Value] = {}

        def gather() -> Value:
            pieces = tuple(
                words.slice(values[signal], first, width) if signal >= 0 else first
                for signal, first, width in source
            )
            value = found.get(pieces)
            if value is None:
                widths = (width for _, _, width in source)
                value = found[pieces] = words.concatenate(list(zip(pieces, widths, strict=True)))
            return value

        return gather

    def _compiled(self, at: int, step: Gate | ReadPort) -> Callable[[], Value]:
        if isinstance(step, ReadPort):
            for source in (step.address, step.enable):
                self._follow(source, at)
            self._reads[step.memory].append(at)
            address, enable = self._getter(step.address), self._getter(step.enable)
            return lambda: self._read(step, address(), enable())
        for source in step.inputs:
            self._follow(source, at)
        getters = [self._getter(source) for source in step.inputs]
        words, operation = self.words, step.operation
        if operation.kind == "$mux":
            a, b, select = getters

            def mux() -> Value:
                choice = select()
                if isinstance(choice, int):
                    return b() if choice else a()
                return cells.apply(words, operation, (a(), b(), choice))

            return mux
        found: dict[tuple[Value, ...], Value] = {}

        def compute() -> Value:
            inputs = tuple(get() for get in getters)
            value = found.get(inputs)
            if value is None:
                value = found[inputs] = cells.apply(words, operation, inputs)
            return value

        return compute

    def _follow(self, source: Source, at: int) -> None:
        for signal in signals_of(source):
            self._followers[signal].append(at)

    # -- a cycle --------------------------------------------------------------------------------------

    def settle(self, inputs: Mapping[str, Value]) -> None:
        """Set these inputs (others stay) and let everything between the registers follow."""
        for name, value in inputs.items():
            self._set(self.netlist.ports[name].source, value)
        for _ in range(_MOST_ROUNDS):
            self._follow_up()
            if not self._clear():
                return
        raise AssertionError("clears do not come to rest")

    def _follow_up(self) -> None:
        due, steps, outputs = self._is_due, self._steps, self.netlist.steps
        at = due.find(1)
        while at >= 0:
            due[at] = 0
            self._write(outputs[at].output, steps[at]())
            at = due.find(1, at + 1)

    def _clear(self) -> bool:
        """Let clears act that do not wait for the clock; whether any changed a register."""
        has_changed = False
        cached: dict[tuple[Source, int], Value] = {}
        for register in self._clears:
            if register.clear is None:
                continue
            if register.clear not in cached:
                cached[register.clear] = self._is_active(register.clear)
            active = cached[register.clear]
            if active == 0:
                continue
            to = self.get(register.clear_to)
            value = self._chosen(active, to, self.values[register.output], register.width)
            if self.values[register.output] != value:
                self._write(register.output, value)
                has_changed = True
        return has_changed

    def _is_active(self, control: tuple[Source, int]) -> Value:
        value = self.get(control[0])
        return value if control[1] else invert(self.words, value, 1)

    def _chosen(self, select: Value, yes: Value, no: Value, width: int) -> Value:
        return choose(self.words, select, yes, no, width)

    def tick(self) -> None:
        """The clock's edge: registers and memories take what they see."""
        following = [(r.output, self._next(r, get)) for r, get in self._registers]
        writes = [
            (number, write)
            for number, memory in enumerate(self.netlist.memories)
            for write in memory.writes
        ]
        taken = [
            (number, self.get(w.address), self.get(w.enable), self.get(w.data))
            for number, w in writes
        ]
        for output, value in following:
            self._write(output, value)
        for number, address, enable, data in taken:
            self._store(number, address, enable, data)
        self.cycle += 1

    def _next(self, register: Register, data: Callable[[], Value]) -> Value:
        value, width = data(), register.width
        before = self.values[register.output]
        enable = None if register.enable is None else self._is_active(register.enable)
        if register.clear is None:
            return value if enable is None else self._chosen(enable, value, before, width)
        clear, to = self._is_active(register.clear), self.get(register.clear_to)
        if register.is_clear_first:
            if enable is not None:
                value = self._chosen(enable, value, before, width)
            return self._chosen(clear, to, value, width)
        value = self._chosen(clear, to, value, width)
        return value if enable is None else self._chosen(enable, value, before, width)

    # -- memories -------------------------------------------------------------------------------------

    def _read(self, port: ReadPort, address: Value, enable: Value) -> Value:
        memory = self.netlist.memories[port.memory]
        spoilt = self._spoilt[port.memory]
        if spoilt is not None:
            return self.words.unknown(spoilt, memory.width)
        if isinstance(address, Word):
            why = address.unknown or Unknown(
                f"the address at which {memory.name} is read depends on data", is_x=False
            )
            return self.words.unknown(why, memory.width)
        if enable != 1:
            why = Unknown(f"memory {memory.name} is read while its enable is low", is_x=False)
            return self.words.unknown(why, memory.width)
        found = self.contents[port.memory].get(address)
        if found is None:
            found = self.words.unknown(self._unwritten(port.memory, address), memory.width)
            self.contents[port.memory][address] = found
        return found

    def _store(self, number: int, address: Value, enable: Value, data: Value) -> None:
        if enable == 0:
            return
        memory = self.netlist.memories[number]
        if not isinstance(enable, int) or not isinstance(address, int):
            control = enable if isinstance(enable, Word) else address
            unknown = control.unknown if isinstance(control, Word) else None
            why = f"where or whether memory {memory.name} is written depends on data"
            self._spoilt[number] = unknown or Unknown(f"{why} in cycle {self.cycle}", is_x=False)
        elif memory.offset <= address < memory.offset + memory.size:
            self.contents[number][address] = self._merged(number, address, enable, data)
        for at in self._reads[number]:
            self._is_due[at] = 1

    def _merged(self, number: int, address: int, enable: int, data: Value) -> Value:
        width = self.netlist.memories[number].width
        if enable == (1 << width) - 1:
            return data
        before = self.contents[number].get(address)
        if before is None:
            before = self.words.unknown(self._unwritten(number, address), width)
        bits = [
            (self.words.slice(data if enable >> at & 1 else before, at, 1), 1)
            for at in range(width)
        ]
        return self.words.concatenate(bits)

    # -- looking --------------------------------------------------------------------------------------

    def get(self, source: Source) -> Value:
        """What a source carries."""
        if isinstance(source, int):
            return self.values[source]
        return self.words.concatenate(
            [
                (self.words.slice(self.values[s], first, width) if s >= 0 else first, width)
                for s, first, width in source
            ]
        )

    def read(self, port: str) -> Value:
        """What a port carries."""
        return self.get(self.netlist.ports[port].source)

    def look(self, nets: Iterable[str]) -> dict[str, Value]:
        """What nets of the flat module carry, by name."""
        return {name: self.get(self.netlist.nets[name]) for name in nets}
