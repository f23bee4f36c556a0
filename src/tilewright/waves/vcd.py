"""Read buses out of a VCD file (IEEE 1364-2005, section 18): what they hold before the edges of a clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ConfigError, FormatError
from tilewright.store.artifact import read_bytes

_RANGE = re.compile(r"\[-?\d+(:-?\d+)?\]$")
_LEVELS = str.maketrans("uwlh-", "xx01x")
"""The values of VHDL's std_logic that the standard for VCD lacks, and simulators of VHDL write."""
NEAR = 4
"""Names that are shown where the one asked for is not there."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the file: its name with the scopes before it, its width in bits, and its code."""

    name: str
    width: int
    code: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which samples are numbers: buses, joined with the first one highest, before rising edges of `clock`.

    when: signals of one bit; only samples in which all are 1 count. A name may leave out scopes
    from the left, as long as it is one variable. address: a bus that is kept beside each sample, for people.
    """

    buses: tuple[str, ...]
    clock: str
    when: tuple[str, ...] = ()
    address: str = ""

    def __post_init__(self) -> None:
        if not self.buses or not self.clock:
            raise ConfigError("a wave file is read at --clock NAME, from --bus NAME: give both")


@dataclass(frozen=True, slots=True)
class Sample:
    """Bits of all buses, the highest first, as ``0 1 x z``; time: in steps of the file, of the edge.

    cycle: rising edges of the clock before this one. address: bits of the bus of that name, or "".
    """

    time: int
    bits: str
    cycle: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class WaveFile:
    """A VCD file: the variables that its header declares, and the words behind the header."""

    path: Path
    variables: tuple[Variable, ...]
    body: Sequence[str]

    @classmethod
    def read(cls, path: Path) -> WaveFile:
        """Raises `FormatError` if it is no VCD file."""
        tokens = iter(read_bytes(path).decode("utf-8", "replace").split())
        variables = tuple(_declared(tokens, path))
        return cls(path, variables, list(tokens))

    def steps(self, watched: Iterable[Variable]) -> Iterator[tuple[int, dict[str, str]]]:
        """Each time, in steps of the file, and the last value by code of each that changes then.

        Bits are ``0 1 x z``, the highest first. The first time is 0, whether or not the file says so.
        Raises `FormatError` where a time or a value cannot be read.
        """
        return _steps(iter(self.body), {one.code: one.width for one in watched}, self.path)

    def find(self, name: str) -> Variable:
        """The variable of this name, which may leave out scopes from the left; aliases are one.

        Raises `ConfigError` if there is none, or more than one.
        """
        return _find(self.variables, name, self.path)


def read_samples(path: Path, sampling: Sampling) -> list[Sample]:
    """The samples of a VCD file, in order.

    Raises `FormatError` if it is no VCD file, `ConfigError` if a name is not there, or is there twice.
    """
    file = WaveFile.read(path)
    buses = [file.find(name) for name in sampling.buses]
    clock = file.find(sampling.clock)
    when = [file.find(name) for name in sampling.when]
    address = [file.find(sampling.address)] if sampling.address else []
    for one in (clock, *when):
        if one.width != 1:
            raise ConfigError(f"{path}: {one.name} must be one bit wide, but has {one.width}")
    watched = (*buses, clock, *when, *address)
    cycle = 0
    held = {one.code: "x" * one.width for one in watched}
    samples: list[Sample] = []
    for time, changes in file.steps(watched):
        is_edge = held[clock.code] != "1" and changes.get(clock.code) == "1" and time > 0
        if is_edge and all(held[one.code] == "1" for one in when):
            bits, there = ("".join(held[bus.code] for bus in some) for some in (buses, address))
            samples.append(Sample(time, bits, cycle, there))
        cycle += is_edge
        held |= changes
    return samples


def _declared(tokens: Iterator[str], path: Path) -> Iterator[Variable]:
    """The variables that the header declares; `tokens` stands behind it then."""
    scopes: list[str] = []
    for keyword in tokens:
        body = list(iter(lambda: next(tokens, "$end"), "$end"))
        if keyword == "$scope" and len(body) == 2:
            scopes.append(body[1])
        elif keyword == "$upscope" and scopes:
            scopes.pop()
        elif keyword == "$var" and len(body) >= 4 and body[1].isdecimal():
            name = _RANGE.sub("", body[3]) if ":" in body[3] else body[3]
            yield Variable(".".join((*scopes, name)), int(body[1]), body[2])
        elif keyword == "$enddefinitions":
            return
        elif not keyword.startswith("$"):
            break
    raise FormatError(f"{path} must be a VCD file, with $enddefinitions at the end of its header")


def _find(variables: Sequence[Variable], name: str, path: Path) -> Variable:
    """The variable of this name; aliases of one variable are one."""
    found = [one for one in variables if f".{one.name}".endswith(f".{name}")]
    exact = [one for one in found if one.name == name]
    found = exact or found
    if len({one.code for one in found}) == 1:
        return found[0]
    if found:
        names = ", ".join(one.name for one in found[:NEAR])
        raise ConfigError(f"{path}: '{name}' must be one variable, but is {names}: give more of it")
    last = name.rpartition(".")[2]
    near = [one.name for one in variables if last in one.name] or [one.name for one in variables]
    raise ConfigError(
        f"{path}: there is no variable '{name}'; there is {', '.join(near[:NEAR]) or 'none at all'}"
        f"{f' and {len(near) - NEAR} more' * (len(near) > NEAR)}"
    )


def _steps(
    tokens: Iterator[str], watched: dict[str, int], path: Path
) -> Iterator[tuple[int, dict[str, str]]]:
    """Time, and the last value of each watched variable that changes then."""
    time, changes = 0, dict[str, str]()
    for token in tokens:
        lead = token[0]
        if lead == "#":
            if not token[1:].isdecimal():
                raise FormatError(f"{path}: a time must be '#' and a number, not {token[:40]!r}")
            yield time, changes
            time, changes = int(token[1:]), {}
        elif lead in "bB":
            code = next(tokens, "")
            if code in watched:
                changes[code] = _filled(token[1:], watched[code], path)
        elif lead in "01xXzZuUwWlLhH-":
            if token[1:] in watched:
                changes[token[1:]] = _filled(lead, watched[token[1:]], path)
        elif lead in "rRsS":
            next(tokens, "")
    yield time, changes


def _filled(digits: str, width: int, path: Path) -> str:
    """All bits of a value: leading digits that the file leaves out are 0, or x or z if the first one is."""
    digits = digits.lower().translate(_LEVELS)
    if not digits or set(digits) - set("01xz") or len(digits) > width:
        raise FormatError(f"{path}: {digits[:40]!r} must be at most {width} digits 0, 1, x or z")
    return digits.rjust(width, "0" if digits[0] == "1" else digits[0])
