"""A wave file of any format: the variables that it has, and when they change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ConfigError

NEAR = 4
"""Names that are shown where the one asked for is not there."""

LEVELS = str.maketrans("uwlh-", "xx01x")
"""The values of VHDL's std_logic that Verilog lacks."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the file: its name with the scopes before it, its width in bits, and its code.

    Of a bus whose bits the file has one by one, the codes of all, the highest first, parted by blanks.
    """

    name: str
    width: int
    code: str

    @property
    def parts(self) -> tuple[Variable, ...]:
        """The variables that the file has for it: itself, or one of one bit for each of its bits."""
        codes = self.code.split(" ")
        return (self,) if len(codes) == 1 else tuple(Variable(self.name, 1, code) for code in codes)


@dataclass(frozen=True, slots=True)
class WaveFile(ABC):
    """The file at `path`, and its variables of bits, without those of real numbers and texts."""

    path: Path
    variables: tuple[Variable, ...]

    @abstractmethod
    def steps(self, watched: Iterable[Variable]) -> Iterator[tuple[int, dict[str, str]]]:
        """Each time, in steps of the file, and the last value by code of each that changes then.

        Bits are ``0 1 x z``, the highest first. The first time is 0, whether or not the file says so.
        Raises `FormatError` where a time or a value cannot be read.
        """

    def find(self, name: str) -> Variable:
        """The variable of this name, which may leave out scopes from the left; aliases are one.

        Raises `ConfigError` if there is none, or more than one.
        """
        return find_variable(self.variables, name, self.path)


def begins_with(path: Path, starts: tuple[bytes, ...]) -> bool:
    """Whether the file begins with one of these; one that cannot be opened does not."""
    try:
        with path.open("rb") as file:
            return file.read(max(map(len, starts))).startswith(starts)
    except OSError:
        return False


def with_buses(variables: Iterable[Variable]) -> tuple[Variable, ...]:
    """And each bus of which every bit from 0 on is one: ``psum`` beside ``psum[0]``, ``psum[1]``, .."""
    found, bits = tuple(variables), dict[str, dict[int, str]]()
    for one in found:
        name, _, bit = one.name.rpartition("[")
        if name and one.width == 1 and bit.rstrip("]").isdecimal():
            bits.setdefault(name, {})[int(bit.rstrip("]"))] = one.code
    names = {one.name for one in found}
    buses = [
        Variable(name, len(codes), " ".join(codes[bit] for bit in sorted(codes, reverse=True)))
        for name, codes in bits.items()
        if sorted(codes) == list(range(len(codes))) and name not in names
    ]
    return (*found, *buses)


def find_variable(variables: Sequence[Variable], name: str, path: Path) -> Variable:
    """See `WaveFile.find`."""
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
