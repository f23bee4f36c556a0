"""Where no case decides: the netlist on a few inputs, corners first, as in any simulation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from tilewright.prove.algebra import Algebra
from tilewright.prove.machine import Machine
from tilewright.prove.netlist import Netlist
from tilewright.prove.search import Point
from tilewright.prove.words import Value, Words

_MOST_RUNS = 32
_MOST_WORK = 200_000
"""Steps of the netlist in all runs together."""


def points(algebra: Algebra, netlist: Netlist, cycles: int) -> Iterator[Point]:
    """Numbers of all inputs, as many as are soon run: words of a kind at one end, any ends, any numbers."""
    rng = random.Random(0)  # noqa: S311  # a search, not a secret
    inputs = {i: one for i, one in enumerate(algebra.variables) if one.meaning is None}
    kinds = {
        name: at for at, name in enumerate(sorted({_kind(one.name) for one in inputs.values()}))
    }
    work = (len(netlist.steps) + len(netlist.registers)) * cycles
    for run in range(min(_MOST_RUNS, max(1, _MOST_WORK // work))):
        if run < 4:
            at_top = {i: run >> (kinds[_kind(one.name)] % 2) & 1 for i, one in inputs.items()}
        else:
            at_top = {i: rng.randrange(2) for i in inputs}
        yield {
            i: rng.randint(one.low, one.high)
            if run >= 4 and run % 2
            else (one.high if at_top[i] else one.low)
            for i, one in inputs.items()
        }


def _kind(name: str) -> str:
    return name.partition("[")[0]


def shown(
    netlist: Netlist,
    constants: Mapping[str, int],
    stimulus: Sequence[Mapping[str, int]],
    *,
    port: str,
    low: int,
    width: int,
) -> Value:
    """What some bits of a port show when the last inputs have settled; others may have no value yet."""
    words = Words(Algebra())
    machine = Machine(netlist, words, constants=constants)
    for inputs in stimulus[:-1]:
        machine.settle(inputs)
        machine.tick()
    machine.settle(stimulus[-1])
    return words.slice(machine.read(port), low, width)
