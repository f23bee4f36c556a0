"""What buses of a wave file hold before the edges of a clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ConfigError
from tilewright.waves.binary import BinaryFile, is_binary
from tilewright.waves.capture import Capture, is_capture, plain_name
from tilewright.waves.condition import Condition
from tilewright.waves.vcd import VcdFile
from tilewright.waves.wave_file import Variable, WaveFile


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which samples are numbers: buses, joined with the first one highest, before rising edges of `clock`;
    in a capture (`Capture`), in which each row is an edge, `clock` is empty.

    when: signals of one bit, or conditions of others (`Condition`); only samples in which all are 1, or
    hold, count. A name may leave out scopes from the left, as long as it is one variable. address: a bus that
    is kept beside each sample, for people.
    """

    buses: tuple[str, ...]
    clock: str
    when: tuple[str, ...] = ()
    address: str = ""

    def __post_init__(self) -> None:
        if not self.buses:
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


def open_waves(path: Path) -> WaveFile:
    """The wave file at `path`: FST and GHW are told by how they begin, anything else must be VCD.

    Raises `FormatError` if it is none, and `ToolError` if what reads FST and GHW is not installed.
    """
    return BinaryFile.read(path) if is_binary(path) else VcdFile.read(path)


def read_samples(path: Path, sampling: Sampling) -> list[Sample]:
    """The samples of a wave file or a capture, in order.

    Raises what `open_waves` and `Capture` do, and `ConfigError` if a name is not there, or is there twice.
    """
    is_clockless = is_capture(path)
    if is_clockless == bool(sampling.clock):
        raise ConfigError(
            f"{path} is a capture of which each row is an edge of the clock: leave --clock out"
            if is_clockless
            else f"{path}: a wave file is read at --clock NAME, from --bus NAME: give both"
        )
    file = Capture.read(path) if is_clockless else open_waves(path)
    buses = [file.find(name) for name in sampling.buses]
    clock = [file.find(sampling.clock)] if sampling.clock else []
    when = [_condition(file, text) for text in sampling.when]
    address = [file.find(sampling.address)] if sampling.address else []
    for one in clock:
        if one.width != 1:
            raise ConfigError(f"{path}: {one.name} must be one bit wide, but has {one.width}")
    watched = [*buses, *clock, *(one for one, _ in when), *address]
    rows = file.rows_of(watched) if isinstance(file, Capture) else _edges(file, clock[0], watched)
    return [
        Sample(time, _joined(held, buses), cycle, _joined(held, address))
        for cycle, (time, held) in enumerate(rows)
        if all(condition.holds(held[one.code]) for one, condition in when)
    ]


def _condition(file: WaveFile | Capture, text: str) -> tuple[Variable, Condition]:
    """A condition and its variable: one whose name is all of the text, or the one that it names."""
    text = plain_name(text) if isinstance(file, Capture) else text
    if any(f".{one.name}".endswith(f".{text}") for one in file.variables):
        condition = Condition(text)
    else:
        condition = Condition.read(text)
    one = file.find(condition.name)
    if condition.high is None and condition == Condition(condition.name) and one.width != 1:
        raise ConfigError(
            f"{file.path}: {one.name} must be one bit wide, but has {one.width}: name a bit of it, or say "
            f"what it must be ({text}[0], {text}=1)"
        )
    condition.bits_of(one.width)
    return one, condition


def _edges(
    file: WaveFile, clock: Variable, watched: Sequence[Variable]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The time of each rising edge of `clock`, and by code what was held before it, until the next one."""
    held = {one.code: "x" * one.width for one in watched}
    for time, changes in file.steps(watched):
        if held[clock.code] != "1" and changes.get(clock.code) == "1" and time > 0:
            yield time, held
        held |= changes


def _joined(held: Mapping[str, str], buses: Sequence[Variable]) -> str:
    return "".join(held[bus.code] for bus in buses)
