"""How a machine computes one step, and what it sees of a source at a glance."""

from __future__ import annotations

from collections.abc import Callable

from tilewright.prove import cells
from tilewright.prove.netlist import Segment, Source
from tilewright.prove.operation import Operation
from tilewright.prove.words import Value, Words


def remembering(
    words: Words, operation: Operation, getters: list[Callable[[], Value]]
) -> Callable[[], Value]:
    """Computes a step; the same inputs give the same output."""
    found: dict[tuple[Value, ...], Value] = {}

    def made(inputs: tuple[Value, ...]) -> Value:
        before = len(words.free)
        value = cells.apply(words, operation, inputs)
        if len(words.free) == before:  # an x of the source may be another one each time
            found[inputs] = value
        return value

    if len(getters) == 2:
        one, two = getters

        def compute_two() -> Value:
            inputs = (one(), two())
            value = found.get(inputs)
            return made(inputs) if value is None else value

        return compute_two

    def compute() -> Value:
        inputs = tuple(get() for get in getters)
        value = found.get(inputs)
        return made(inputs) if value is None else value

    return compute


class Seeing:
    """Sees sources of a machine; what was cut out or put together once is remembered."""

    def __init__(self, values: list[Value], words: Words) -> None:
        self.values, self.words = values, words
        self._cuts: dict[Segment, dict[Value, Value]] = {}
        self._gathered: dict[tuple[int, ...], dict[tuple[Value, ...], Value]] = {}

    def of(self, source: Source) -> Callable[[], Value]:
        """What gives the value of a source."""
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
        longer = extended(source)
        if longer is not None:
            return self._cutting(*longer)
        found = self._gathered.setdefault(tuple(width for _, _, width in source), {})

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

    def _cutting(self, segment: Segment, to: int) -> Callable[[], Value]:
        """Bits of a signal, the highest of them repeated until they are `to`."""
        values, words = self.values, self.words
        signal, first, width = segment
        found = self._cuts.setdefault((first, width, to), {})

        def cut() -> Value:
            whole = values[signal]
            value = found.get(whole)
            if value is None:
                value = words.extend(words.slice(whole, first, width), width, to, is_signed=True)
                found[whole] = value
            return value

        return cut


def extended(source: tuple[Segment, ...]) -> tuple[Segment, int] | None:
    """Of a word whose highest bit is repeated above it: the word, and how wide it becomes."""
    (signal, first, width), *above = source
    if signal < 0 or any(one != (signal, first + width - 1, 1) for one in above):
        return None
    return source[0], width + len(above)
