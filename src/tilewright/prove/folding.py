"""A netlist without what no input and no register can change: computed once, and left out.

An x is no constant: what hangs on one stays, for the rules of the cells to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tilewright.prove import cells
from tilewright.prove.netlist import (
    Gate,
    Memory,
    Netlist,
    ReadPort,
    Register,
    Segment,
    Source,
)
from tilewright.prove.words import Words


def folded(netlist: Netlist, words: Words, constants: Mapping[str, int]) -> Netlist:
    """The same without constant gates, and without choices by a constant: who sees one sees what it is.

    constants: inputs that never change, by name.
    """
    places = _Places(netlist.widths)
    for name, value in constants.items():
        port = netlist.ports[name]
        if isinstance(port.source, int):
            places.known[port.source] = ((-1, value, port.width),)
    steps: list[Gate | ReadPort] = []
    for step in netlist.steps:
        if isinstance(step, ReadPort):
            address, enable = places.source(step.address), places.source(step.enable)
            steps.append(replace(step, address=address, enable=enable))
            continue
        inputs = tuple(map(places.source, step.inputs))
        found = _simpler(words, step, inputs)
        if found is None:
            steps.append(step if inputs == step.inputs else replace(step, inputs=inputs))
        else:
            places.known[step.output] = found
    return replace(
        netlist,
        steps=steps,
        registers=[places.register(one) for one in netlist.registers],
        memories=[places.memory(one) for one in netlist.memories],
        ports={
            name: one if one.is_input else replace(one, source=places.source(one.source))
            for name, one in netlist.ports.items()
        },
    )


def _simpler(words: Words, step: Gate, inputs: tuple[Source, ...]) -> Source | None:
    """What the output of a gate is, if it is a constant or always one of the inputs."""
    operation = step.operation
    values = [_constant(one) for one in inputs]
    if operation.kind == "$logic_and" and 0 in values:
        return ((-1, 0, operation.width),)
    if operation.kind == "$logic_or" and any(values):
        return ((-1, 1, operation.width),)
    if operation.kind == "$mux" and values[2] is not None:
        return inputs[1] if values[2] else inputs[0]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    value = cells.apply(words, operation, known)
    return ((-1, value, operation.width),) if isinstance(value, int) else None


def _constant(source: Source) -> int | None:
    """The number that known bits are."""
    if isinstance(source, int) or any(signal >= 0 for signal, _, _ in source):
        return None
    total = at = 0
    for _, bits, width in source:
        total |= bits << at
        at += width
    return total


class _Places:
    """Where signals are found that are driven no more."""

    def __init__(self, widths: list[int]) -> None:
        self.widths = widths
        self.known: dict[int, Source] = {}

    def source(self, one: Source) -> Source:
        """The same bits, of signals that are still there."""
        if isinstance(one, int):
            return self.known.get(one, one)
        if all(signal not in self.known for signal, _, _ in one):
            return one
        joined: list[Segment] = []
        for segment in one:
            for signal, first, width in self._parts(*segment):
                last = joined[-1] if joined else (-2, 0, 0)
                if signal == last[0] == -1:
                    joined[-1] = (-1, last[1] | first << last[2], last[2] + width)
                elif signal == last[0] and first == last[1] + last[2]:
                    joined[-1] = (signal, last[1], last[2] + width)
                else:
                    joined.append((signal, first, width))
        signal, first, width = joined[0]
        if len(joined) == 1 and signal >= 0 and first == 0 and width == self.widths[signal]:
            return signal
        return tuple(joined)

    def _parts(self, signal: int, first: int, width: int) -> Iterator[Segment]:
        found = self.known.get(signal)
        if found is None or isinstance(found, int):
            yield (signal if found is None else found, first, width)
            return
        at = 0
        for other, low, bits in found:
            start, end = max(first, at), min(first + width, at + bits)
            if start < end and other < 0:
                yield (-1, (low >> (start - at)) & ((1 << (end - start)) - 1), end - start)
            elif start < end:
                yield (other, low + start - at, end - start)
            at += bits

    def register(self, one: Register) -> Register:
        """A register whose inputs are still there."""
        return replace(
            one,
            data=self.source(one.data),
            enable=self._control(one.enable),
            clear=self._control(one.clear),
            clear_to=self.source(one.clear_to),
        )

    def _control(self, one: tuple[Source, int] | None) -> tuple[Source, int] | None:
        return None if one is None else (self.source(one[0]), one[1])

    def memory(self, one: Memory) -> Memory:
        """A memory whose inputs are still there."""
        writes = tuple(
            replace(
                write,
                address=self.source(write.address),
                enable=self.source(write.enable),
                data=self.source(write.data),
            )
            for write in one.writes
        )
        return replace(one, writes=writes)
