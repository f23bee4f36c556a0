"""A netlist of word-level cells, as yosys elaborates RTL, in the order in which values follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tilewright.errors import FormatError
from tilewright.prove.operation import Operation

Segment = tuple[int, int, int]
"""A signal (or -1 for known bits), the first bit of it (or the known bits), and how many bits."""
X_OF_SOURCE = "an x of the source"
"""Why bits are not driven that the source gives no value."""
Source = int | tuple[Segment, ...]
"""A whole signal by number, or segments, the lowest first."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the top module. signals: of an input, one; source: of an output."""

    name: str
    width: int
    is_input: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Gate:
    """A cell between registers: its operation, where its inputs come from, and the signal it drives."""

    operation: Operation
    inputs: tuple[Source, ...]
    output: int


@dataclass(frozen=True, slots=True)
class Register:
    """A register of `width` bits.

    enable, clear, load: (source, value that it acts at) or None. clear_to: the value after a clear.
    is_clear_now: a clear does not wait for the clock. is_clear_first: a synchronous clear does not need the
    enable.
    """

    name: str
    width: int
    output: int
    data: Source
    enable: tuple[Source, int] | None = None
    clear: tuple[Source, int] | None = None
    clear_to: Source = ((-1, 0, 1),)
    is_clear_now: bool = False
    is_clear_first: bool = True
    initial: str = ""

    @property
    def sources(self) -> list[Source]:
        """All that its next value depends on, its own output too."""
        controls = [one[0] for one in (self.enable, self.clear) if one is not None]
        return [self.data, self.clear_to, self.output, *controls]


@dataclass(frozen=True, slots=True)
class ReadPort:
    """A read port of a memory, without a clock."""

    memory: int
    address: Source
    enable: Source
    output: int
    name: str


@dataclass(frozen=True, slots=True)
class WritePort:
    """A write port of a memory; enable has a bit for each bit of data.

    goes_before: a bit for each port before this one whose data give way to this one's.
    """

    address: Source
    enable: Source
    data: Source
    goes_before: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory of `size` words of `width` bits, from address `offset` on."""

    name: str
    width: int
    size: int
    offset: int
    writes: tuple[WritePort, ...]
    initial: str


@dataclass(slots=True)
class Netlist:
    """A flat module with one clock.

    steps: gates and read ports in the order in which their values follow from one another. widths: of each
    signal. names: of each signal.
    """

    name: str
    ports: dict[str, Port]
    steps: list[Gate | ReadPort]
    registers: list[Register]
    memories: list[Memory]
    widths: list[int]
    names: list[str]
    clock: str
    is_rising: bool
    undriven: dict[int, str] = field(default_factory=dict)


def signals_of(source: Source) -> Iterable[int]:
    """The signals that a source has bits of."""
    if isinstance(source, int):
        return (source,)
    return [signal for signal, _, _ in source if signal >= 0]


def _needs(step: Gate | ReadPort) -> Iterable[int]:
    sources = step.inputs if isinstance(step, Gate) else (step.address, step.enable)
    return {signal for source in sources for signal in signals_of(source)}


_MOST_IN_A_ROW = 20
"""Steps that wait for one another."""


def waiting(netlist: Netlist) -> list[int]:
    """Steps that need not be done before a choice asks for them: all else that sees them waits, too."""
    asked = set(_seen_outside(netlist))
    height: dict[int, int] = defaultdict(int)
    found = []
    for at in range(len(netlist.steps) - 1, -1, -1):
        step = netlist.steps[at]
        rank = height[step.output] + 1
        if isinstance(step, Gate) and step.operation.kind == "$mux":
            asked.update(signals_of(step.inputs[2]))
        elif isinstance(step, Gate) and step.output not in asked and rank <= _MOST_IN_A_ROW:
            found.append(at)
            for signal in _needs(step):
                height[signal] = max(height[signal], rank)
        else:
            asked.update(_needs(step))
    return found


def _seen_outside(netlist: Netlist) -> Iterator[int]:
    """Signals that registers, memories and outputs take."""
    sources = [port.source for port in netlist.ports.values()]
    for register in netlist.registers:
        sources += register.sources
    for memory in netlist.memories:
        for write in memory.writes:
            sources += [write.address, write.enable, write.data]
    for source in sources:
        yield from signals_of(source)


def in_order(steps: list[Gate | ReadPort], names: Sequence[str]) -> list[Gate | ReadPort]:
    """The steps, each after those that it needs; raises `FormatError` if that goes round in a loop."""
    maker = {step.output: at for at, step in enumerate(steps)}
    waits = [0] * len(steps)
    followers: dict[int, list[int]] = defaultdict(list)
    for at, step in enumerate(steps):
        for signal in _needs(step):
            if signal in maker:
                waits[at] += 1
                followers[maker[signal]].append(at)
    ready = [at for at, count in enumerate(waits) if not count]
    ordered = []
    for at in ready:  # grows while it is walked
        ordered.append(steps[at])
        for follower in followers[at]:
            waits[follower] -= 1
            if not waits[follower]:
                ready.append(follower)
    if len(ordered) < len(steps):
        left = {at for at, count in enumerate(waits) if count}
        raise FormatError(
            f"logic must not depend on itself, but there is a combinational loop: "
            f"{_loop(steps, left, maker, names)} (or it is a latch: assign it in every case)"
        )
    return ordered


def _loop(
    steps: Sequence[Gate | ReadPort], left: set[int], maker: Mapping[int, int], names: Sequence[str]
) -> str:
    at, seen = min(left), []
    while at not in seen:
        seen.append(at)
        at = next(m for m in (maker.get(s, -1) for s in _needs(steps[at])) if m in left)
    loop = [names[steps[one].output] for one in reversed(seen[seen.index(at) :])]
    shown = list(dict.fromkeys(loop))[:6]
    return " -> ".join([*shown, shown[0]])
