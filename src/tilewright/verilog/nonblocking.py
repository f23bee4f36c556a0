"""Non-blocking assignments: what they store is there once time goes on (IEEE 1800-2017, 10.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tilewright.verilog.machine import Machine
from tilewright.verilog.stored import Held, Key, Memory, Outside
from tilewright.verilog.values import Value


@contextmanager
def postponed(machine: Machine, keys: Sequence[Key | None]) -> Iterator[None]:
    """Within, places are written to; they hold their old values again until `catch_up`.

    Where a place is not known, it is written to at once.
    """
    known = [key for key in keys if key is not None]
    if len(known) < len(keys):
        yield
        return
    before = [_held(machine, key) for key in known]
    for key in known:
        if key in machine.later:  # another part of it has been assigned
            _put(machine, key, machine.later[key])
    yield
    for key, old in zip(known, before, strict=True):
        machine.later[key] = _held(machine, key)
        _put(machine, key, old)


def catch_up(machine: Machine) -> None:
    """Time goes on: the values assigned are there."""
    for key, held in machine.later.items():
        _put(machine, key, held)
    machine.later.clear()


def _held(machine: Machine, key: Key) -> Held:
    """What a variable or element holds, whether a statement gave it, and the read that left it."""
    event = machine.marks.get(key)
    if isinstance(key, str):
        return machine.values.get(key), key in machine.values, event
    memory = machine.memories.get(key[0])
    if memory is None or isinstance(key[1], Outside):
        return None, False, event
    return memory.elements.get(key[1]), key[1] in memory.loaded, event


def _put(machine: Machine, key: Key, held: Held) -> None:
    value, is_set, event = held
    if event is None:
        machine.marks.pop(key, None)
    else:
        machine.marks[key] = event
    if isinstance(key, str):
        _put_in(machine.values, key, value)
    elif not isinstance(key[1], Outside):
        memory = machine.memories.setdefault(key[0], Memory())
        _put_in(memory.elements, key[1], value)
        (memory.loaded.add if is_set else memory.loaded.discard)(key[1])


def _put_in(values: dict[Any, Value], name: object, value: Value | None) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value
