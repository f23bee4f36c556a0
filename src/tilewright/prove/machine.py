"""A netlist, run cycle by cycle on words that are known, polynomials, or unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from tilewright.errors import ToolError
from tilewright.prove import cells
from tilewright.prove.choices import choose
from tilewright.prove.compiling import Seeing, remembering
from tilewright.prove.cones import Formulas, cone_of
from tilewright.prove.folding import folded
from tilewright.prove.logic import invert
from tilewright.prove.memories import StoredWords, initial
from tilewright.prove.netlist import (
    X_OF_SOURCE,
    Gate,
    Netlist,
    Port,
    ReadPort,
    Register,
    Source,
    signals_of,
    waiting,
)
from tilewright.prove.words import Unknown, Value, Words

_MOST_ROUNDS = 8
"""How often clears may follow from clears within one cycle."""


class Machine:
    """The state of a netlist. Registers and memories begin unknown, or as their declaration says.

    constants: inputs that are set to this in the first cycle, and never to anything else. cycle: the number
    of clock edges so far.
    """

    def __init__(
        self, netlist: Netlist, words: Words, *, constants: Mapping[str, int] | None = None
    ) -> None:
        self._constants = dict(constants or {})
        netlist = folded(netlist, words, self._constants)
        self.netlist, self.words = netlist, words
        self.cycle = 0
        self.values: list[Value] = [0] * len(netlist.widths)
        self._followers: dict[int, list[int]] = defaultdict(list)
        self._is_due = bytearray(b"\1") * (len(netlist.steps) + len(netlist.registers))
        self._is_stale = dict.fromkeys(waiting(netlist), True)
        for at in self._is_stale:
            self._is_due[at] = 0
        self._maker = {netlist.steps[at].output: at for at in self._is_stale}
        self._stale: dict[int, list[int]] = defaultdict(list)
        self._reads: dict[int, list[int]] = defaultdict(list)
        self._seeing = Seeing(self.values, words)
        self._outputs = [step.output for step in netlist.steps]
        self._steps: list[Callable[[], Value]] = []
        self._cones: dict[int, Callable[[], Value]] = {}
        self._formulas: Formulas = {}
        for at, step in enumerate(netlist.steps):
            self._steps.append(self._compiled(at, step))
        for at, register in enumerate(netlist.registers, len(netlist.steps)):
            for source in register.sources:
                self._follow(source, at)
        self._wake_through()
        self._registers = [(r, self._seeing.of(r.data)) for r in netlist.registers]
        self._clears = [r for r in netlist.registers if r.is_clear_now]
        inputs = {port.source for port in netlist.ports.values() if port.is_input}
        cleared_by = (r.clear[0] for r in self._clears if r.clear is not None)
        self._clears_follow = not inputs.issuperset(cleared_by)
        self._begin()

    def _begin(self) -> None:
        for signal, net in self.netlist.undriven.items():
            why = Unknown(net, is_x=True, is_free=net == X_OF_SOURCE)
            self.values[signal] = self.words.unknown(why, 1)
        for port in self.netlist.ports.values():
            if port.is_input:
                why = Unknown(f"input {port.name}, which is not set", is_x=True)
                self._set(port.source, self.words.unknown(why, port.width))
        for register in self.netlist.registers:
            why = Unknown(f"register {register.name}, which nothing has written", is_x=True)
            self.values[register.output] = initial(
                self.words, register.initial, register.width, why
            )
        self._memories = [StoredWords(memory, self.words) for memory in self.netlist.memories]

    def _set(self, source: Source, value: Value) -> None:
        if not isinstance(source, int):
            raise AssertionError("an input is one signal")
        self._write(source, value)

    def put(self, signal: int, value: Value) -> None:
        """Let a register hold the same in other words."""
        self._write(signal, value)

    def _write(self, signal: int, value: Value) -> None:
        if self.values[signal] != value:
            self.values[signal] = value
            due = self._is_due
            for at in self._followers[signal]:
                due[at] = 1
            for at in self._stale[signal]:
                self._is_stale[at] = True

    # -- compiling ----------------------------------------------------------------------------------

    def _compiled(self, at: int, step: Gate | ReadPort) -> Callable[[], Value]:
        if isinstance(step, ReadPort):
            for source in (step.address, step.enable):
                self._follow(source, at)
            self._reads[step.memory].append(at)
            address, enable = self._seeing.of(step.address), self._seeing.of(step.enable)
            memory = step.memory
            return lambda: self._memories[memory].read(address(), enable())
        for source in step.inputs:
            self._follow(source, at)
        doing = self._steps.__getitem__ if at in self._is_stale else self._doing
        getters = [self._asked(source, self._seeing.of(source), doing) for source in step.inputs]
        words, operation = self.words, step.operation
        if operation.kind == "$mux":
            a, b, select = getters

            def mux() -> Value:
                choice = select()
                if isinstance(choice, int):
                    return b() if choice else a()
                return cells.apply(words, operation, (a(), b(), choice))

            return mux
        return remembering(words, operation, getters)

    def _follow(self, source: Source, at: int) -> None:
        for signal in signals_of(source):
            self._followers[signal].append(at)

    def _wake_through(self) -> None:
        """A step that waits does not say whether its output changes: what follows from it is due with it."""
        last_first = sorted(self._is_stale, reverse=True)
        waiting_outputs = [self.netlist.steps[at].output for at in last_first]
        for signal in dict.fromkeys([*waiting_outputs, *self._followers]):
            due, stale = [], []
            for at in self._followers[signal]:
                if at not in self._is_stale:
                    due.append(at)
                    continue
                beyond = self.netlist.steps[at].output
                due += self._followers[beyond]
                stale += [at, *self._stale[beyond]]
            self._followers[signal] = list(dict.fromkeys(due))
            self._stale[signal] = list(dict.fromkeys(stale))

    def _asked(
        self,
        source: Source,
        get: Callable[[], Value],
        doing: Callable[[int], Callable[[], Value]],
    ) -> Callable[[], Value]:
        """The same; steps that wait are done first. doing: what does a step."""
        makers = [self._maker[signal] for signal in signals_of(source) if signal in self._maker]
        if not makers:
            return get
        is_stale, values = self._is_stale, self.values
        todo = [(at, self._outputs[at], doing(at)) for at in makers]
        if len(todo) == 1:
            ((only, signal, do),) = todo

            def ask_one() -> Value:
                if is_stale[only]:
                    is_stale[only] = False
                    values[signal] = do()
                return get()

            return ask_one

        def ask() -> Value:
            for at, output, compute in todo:
                if is_stale[at]:
                    is_stale[at] = False
                    values[output] = compute()
            return get()

        return ask

    def _doing(self, at: int) -> Callable[[], Value]:
        """What does a step that waits, and those that it waits for: by a formula, where there is one."""
        if at not in self._cones:
            step = self._steps[at]
            cone = cone_of(self.netlist, at, self._maker, self.values, self.words, self._formulas)

            def do() -> Value:
                value = cone.value()
                return step() if value is None else value

            self._cones[at] = do if len(cone.steps) > 1 else step
        return self._cones[at]

    # -- a cycle --------------------------------------------------------------------------------------

    def settle(self, inputs: Mapping[str, Value]) -> None:
        """Set these inputs (others stay) and let everything between the registers follow."""
        for name, value in inputs.items():
            if self._constants.get(name, value) != value:
                raise AssertionError(f"input {name} is a constant, but changes")
            self._set(self._port(name).source, value)
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        """Let all follow from what has changed, with clears that do not wait for the clock."""
        applied: dict[int, tuple[Value, Value, Value]] = {}
        for left in reversed(range(_MOST_ROUNDS)):
            self._follow_up()
            if not self._clear(applied, is_last=not left):
                return
        self._follow_up()

    def _follow_up(self) -> None:
        due, steps, outputs, values = self._is_due, self._steps, self._outputs, self.values
        end = len(steps)
        at = due.find(1, 0, end)
        while at >= 0:
            due[at] = 0
            value, signal = steps[at](), outputs[at]
            if values[signal] is not value:
                self._write(signal, value)
            at = due.find(1, at + 1, end)

    def _clear(self, applied: dict[int, tuple[Value, Value, Value]], *, is_last: bool) -> bool:
        """Let clears act that do not wait for the clock; whether any changed a register.

        applied: by register: which clear acted, with what, and what came of it: twice is once. A register
        that `is_last` still changes is unknown.
        """
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
            to, before = self.get(register.clear_to), self.values[register.output]
            if applied.get(register.output) == (active, to, before):
                continue
            value = self._chosen(active, to, before, register.width)
            if value != before and is_last:
                why = Unknown(f"clears of {register.name}, which do not come to rest", is_x=False)
                value = self.words.unknown(why, register.width)
            applied[register.output] = (active, to, value)
            if value != before:
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
        following = [(r.output, self._next(r, get)) for r, get in self._due_registers()]
        taken = [
            [(self.get(w.address), self.get(w.enable), self.get(w.data)) for w in memory.writes]
            for memory in self.netlist.memories
        ]
        if self.words.algebra.names_sums:
            following = [(output, self.words.named(value)) for output, value in following]
        for output, value in following:
            self._write(output, value)
        for number, writes in enumerate(taken):
            if self._memories[number].take(writes, cycle=self.cycle):
                for at in self._reads[number]:
                    self._is_due[at] = 1
        if self._clears_follow:  # what an edge sets off acts before the inputs change
            self._come_to_rest()
        self.cycle += 1

    def _due_registers(self) -> Iterator[tuple[Register, Callable[[], Value]]]:
        """Those that see anything else than before the last edge: the others stay what they are."""
        first = len(self._steps)
        at = self._is_due.find(1, first)
        while at >= 0:
            self._is_due[at] = 0
            yield self._registers[at - first]
            at = self._is_due.find(1, at + 1)

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
        return self.get(self._port(port).source)

    def _port(self, name: str) -> Port:
        port = self.netlist.ports.get(name)
        if port is None:
            found = ", ".join(self.netlist.ports)
            raise ToolError(f"{self.netlist.name} must have a port {name}, but has {found}")
        return port
