"""Which ports of anybody's array carry data, and one run of it: the control sequence of a proof.

Two runs with the same control and other data tell data from control: an input that differs is data, one
that is equal in every cycle is control. That needs no names and no widths, and holds for any style of ports.
It asks for one thing: the second run must differ in every operand, or one that is equal by chance is taken
for control; `distinct_operands` takes any number of runs, and words drawn at random differ soon. Control that
follows the data (a core that skips zeros) makes runs of other lengths or differs as data does: the first is
refused here, the second by a proof that finds an enable that depends on data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.errors import ConfigError, FormatError
from tilewright.store.toml import read_toml
from tilewright.waves import Recording, read_recording

_KEYS = ("clock", "control", "data", "outputs")


@dataclass(frozen=True, slots=True)
class PortRoles:
    """What each port of a top is: clock, control (concrete in a proof), data (symbols), outputs.

    Raises `ConfigError` if a name is empty or has two roles, or there is no data or no output.
    """

    clock: str
    control: tuple[str, ...]
    data: tuple[str, ...]
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        names = (self.clock, *self.control, *self.data, *self.outputs)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"a port must have one role, but {', '.join(twice)} has several")
        if not all(names):
            raise ConfigError("a port must have a name, but one is empty")
        for role in ("data", "outputs"):
            if not getattr(self, role):
                raise ConfigError(f"there must be a port in '{role}', but there is none")


def read_roles(path: Path) -> PortRoles:
    """Roles from a TOML file: `clock` is a name, `control`, `data` and `outputs` are lists of names.

    Raises `ConfigError` if it cannot be read, or a key is missing, unknown or of another type.
    """
    tables = read_toml(path, needs=f" with {', '.join(_KEYS)}")
    wrong = sorted(tables.keys() ^ set(_KEYS))
    if wrong:
        is_there = wrong[0] in tables
        raise ConfigError(
            f"{path} must have the keys {', '.join(_KEYS)}, but {'also' * is_there}{'not' * (not is_there)} "
            f"{wrong[0]}"
        )
    if not isinstance(tables["clock"], str):
        raise ConfigError(f"{path}: clock must be the name of a port, not {tables['clock']!r:.40}")
    lists = (_names(tables[key], key, path) for key in _KEYS[1:])
    return PortRoles(tables["clock"], *lists)


def _names(value: Any, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigError(f"{path}: {key} must be a list of ports' names, not {value!r:.40}")
    return tuple(value)


def record(path: Path, roles: PortRoles, *, scope: str = "", is_rising: bool = True) -> Recording:
    """The recording of a run: `read_recording` with these ports."""
    return read_recording(
        path,
        clock=roles.clock,
        inputs=(*roles.control, *roles.data),
        outputs=roles.outputs,
        scope=scope,
        is_rising=is_rising,
    )


def distinct_operands(*runs: Recording) -> PortRoles:
    """Roles of the ports, from two or more runs with the same control and other data.

    Raises `ConfigError` if there are fewer than two, of other ports; `FormatError` if they have other numbers
    of cycles or no input differs.
    """
    if len(runs) < 2:
        raise ConfigError(f"data is told from control by two runs or more, not {len(runs)}")
    first = runs[0]
    for other in runs[1:]:
        _expect_alike(first, other)
    data = tuple(
        name
        for name, values in first.inputs.items()
        if any(other.inputs[name] != values for other in runs[1:])
    )
    if not data:
        raise FormatError(
            f"runs must differ in their data, but {', '.join(first.inputs)} are equal in all "
            f"{first.cycles} cycles: record one with other operands"
        )
    control = tuple(name for name in first.inputs if name not in data)
    return PortRoles(first.clock, control, data, tuple(first.outputs))


def differing_bits(port: str, *runs: Recording) -> tuple[int, ...]:
    """Bits of an input, 0 is the lowest, that differ between runs in any cycle.

    If a data port has bits that never do, these may be control that travels in one bus with data, or high
    bits that no operand set.
    """
    width = len(runs[0].inputs[port][0])
    pairs = [
        pair
        for other in runs[1:]
        for pair in zip(runs[0].inputs[port], other.inputs[port], strict=True)
    ]
    return tuple(
        bit for bit in range(width) if any(one[-1 - bit] != two[-1 - bit] for one, two in pairs)
    )


def _expect_alike(first: Recording, other: Recording) -> None:
    for what in ("inputs", "outputs"):
        one, two = getattr(first, what), getattr(other, what)
        if (first.clock, *one) != (other.clock, *two):
            raise ConfigError(
                f"runs must be of the same ports, but their {what} are {', '.join(one)} and {', '.join(two)}"
            )
    if first.cycles != other.cycles:
        raise FormatError(
            f"runs must have the same control, but have {first.cycles} and {other.cycles} cycles: does the "
            "control follow the data?"
        )


def expect_known_control(recording: Recording, roles: PortRoles) -> None:
    """Raise `FormatError` that names the first control bit that is x or z at an edge."""
    for cycle, time in enumerate(recording.times):
        for port in roles.control:
            value = recording.inputs[port][cycle]
            if set(value) - {"0", "1"}:
                raise FormatError(
                    f"control must be 0 or 1 at every edge of {recording.clock}, but {port} is {value} in "
                    f"cycle {cycle} (time {time}): set it from time 0, or call it data"
                )
