"""How a machine computes one step, and what it sees of a source at a glance."""

from __future__ import annotations

from collections.abc import Callable

from tilewright.prove import cells
from tilewright.prove.netlist import Segment
from tilewright.prove.operation import Operation
from tilewright.prove.words import Value, Words


def remembering(
    words: Words, operation: Operation, getters: list[Callable[[], Value]]
) -> Callable[[], Value]:
    """Computes a step; the same inputs give the same output."""
    found: dict[tuple[Value, ...], Value] = {}
    if len(getters) == 2:
        one, two = getters

        def compute_two() -> Value:
            inputs = (one(), two())
            value = found.get(inputs)
            if value is None:
                value = found[inputs] = cells.apply(words, operation, inputs)
            return value

        return compute_two

    def compute() -> Value:
        inputs = tuple(get() for get in getters)
        value = found.get(inputs)
        if value is None:
            value = found[inputs] = cells.apply(words, operation, inputs)
        return value

    return compute


def extended(source: tuple[Segment, ...]) -> tuple[Segment, int] | None:
    """Of a word whose highest bit is repeated above it: the word, and how wide it becomes."""
    (signal, first, width), *above = source
    if signal < 0 or any(one != (signal, first + width - 1, 1) for one in above):
        return None
    return source[0], width + len(above)
