"""What buses of a wave file hold before the edges of a clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ConfigError
from tilewright.waves.binary import BinaryFile, is_binary
from tilewright.waves.vcd import VcdFile
from tilewright.waves.wave_file import WaveFile


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


def open_waves(path: Path) -> WaveFile:
    """The wave file at `path`: FST and GHW are told by how they begin, anything else must be VCD.

    Raises `FormatError` if it is none, and `ToolError` if what reads FST and GHW is not installed.
    """
    return BinaryFile.read(path) if is_binary(path) else VcdFile.read(path)


def read_samples(path: Path, sampling: Sampling) -> list[Sample]:
    """The samples of a wave file, in order.

    Raises what `open_waves` does, and `ConfigError` if a name is not there, or is there twice.
    """
    file = open_waves(path)
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
