"""One run of a module: what all of its ports held before each edge of its clock that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ConfigError, FormatError
from tilewright.waves.samples import open_waves
from tilewright.waves.vcd import VcdFile
from tilewright.waves.wave_file import NEAR, Variable, WaveFile

_PAUSED = "$dumpoff"


@dataclass(frozen=True, slots=True)
class Recording:
    """Ports of one module before each rising (or falling) edge of its clock, in order.

    times: of the edges, in steps of the file. inputs, outputs: for each port its bits at each edge as
    ``0 1 x z``, the highest first; the clock is none of them. restless: each input that changed more than
    once from one edge to the next, and the time of the second change: such changes are not recorded.
    """

    clock: str
    times: tuple[int, ...]
    inputs: Mapping[str, tuple[str, ...]]
    outputs: Mapping[str, tuple[str, ...]]
    restless: Mapping[str, int]

    def __post_init__(self) -> None:
        for port, values in (*self.inputs.items(), *self.outputs.items()):
            widths = {len(value) for value in values}
            if len(values) != self.cycles or len(widths) > 1:
                raise ConfigError(
                    f"a recording of {self.cycles} edges must have as many values of {port}, all as wide, "
                    f"but has {len(values)}, with {sorted(widths)} bits"
                )

    @property
    def cycles(self) -> int:
        """How many edges there are."""
        return len(self.times)


def read_recording(
    path: Path,
    *,
    clock: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    scope: str = "",
    is_rising: bool = True,
) -> Recording:
    """What the ports of one module held before each edge of `clock`, from the start of a run.

    inputs, outputs: names of ports, without a scope. scope: the module's instance, from the top or its last
    names; "" for the one that has all of these ports. is_rising: else falling edges count. A clock's first
    value, at time 0, is no edge. Raises `ConfigError` if a port or the instance is not there or there are
    several, `FormatError` if the file is no VCD file, begins late, pauses, or has no edge.
    """
    file = open_waves(path)
    names = [clock, *(name for name in (*inputs, *outputs) if name != clock)]
    ports = _ports(file, names, scope)
    if ports[clock].width != 1:
        raise ConfigError(f"{path}: {clock} must be one bit wide, but has {ports[clock].width}")
    _expect_whole(file)
    inner = [name for name in inputs if name != clock]
    times, rows, restless = _sampled(file, ports, clock, inner, to="01"[is_rising])
    if not times:
        edge = "rise" if is_rising else "fall"
        raise FormatError(
            f"{path}: {clock} must {edge} after time 0, but never does: another clock?"
        )
    values = {name: tuple(row[ports[name].code] for row in rows) for name in names}
    return Recording(
        clock,
        tuple(times),
        {name: values[name] for name in inner},
        {name: values[name] for name in outputs},
        restless,
    )


def _ports(file: WaveFile, names: Sequence[str], scope: str) -> dict[str, Variable]:
    """The variable of each port, all in one scope."""
    scopes: dict[str, dict[str, Variable]] = {}
    for one in file.variables:
        plain = one.name.replace(".[", "[").replace(
            "\\", ""
        )  # elements, of Verilator and of Icarus
        place, _, name = plain.rpartition(".")
        if f".{place}".endswith(f".{scope}" if scope else ""):
            scopes.setdefault(place, {})[name] = one
    if not scopes:
        there = sorted({one.name.rpartition(".")[0] for one in file.variables})
        raise ConfigError(
            f"{file.path}: there is no instance '{scope}'; there is {', '.join(there[:NEAR]) or 'none'}"
        )
    whole = {place: held for place, held in scopes.items() if held.keys() >= set(names)}
    if not whole:
        place, held = max(scopes.items(), key=lambda item: len(item[1].keys() & set(names)))
        lacks = [name for name in names if name not in held]
        if array := _array_among(file, place, lacks):
            raise ConfigError(
                f"{file.path}: a recorded port must be one vector, but {array} is an array: record a module "
                "around it that has vectors for ports, and prove that one"
            )
        missing = ", ".join(lacks)
        if lacks[0].endswith("]"):
            missing += " (elements of arrays: Verilator dumps them, Icarus Verilog does not)"
        raise ConfigError(
            f"{file.path}: an instance must have all ports, but {place or 'the top'}, which has most, lacks "
            f"{missing}: dump the module's own ports ($dumpvars(1, INSTANCE)), or name others"
        )
    found = {place: {name: held[name] for name in names} for place, held in whole.items()}
    if len({tuple(one.code for one in ports.values()) for ports in found.values()}) > 1:
        raise ConfigError(
            f"{file.path}: one instance must have these ports, but {', '.join(sorted(found)[:NEAR])} do: "
            "name the scope"
        )
    return next(iter(found.values()))


def _array_among(file: WaveFile, place: str, names: Sequence[str]) -> str:
    """The first of these of which the file has elements, as ``a[0]`` or, as Verilator does, ``a.[0]``."""
    for name in names:
        starts = (f"{place}.{name}[", f"{place}.{name}.[")
        if any(one.name.startswith(starts) for one in file.variables):
            return name
    return ""


def _expect_whole(file: WaveFile) -> None:
    """Raise `FormatError` if the dump does not begin at time 0, or pauses, or does not say so."""
    if not isinstance(file, VcdFile):
        raise FormatError(
            f"{file.path}: a recording must be a VCD file, which says where it pauses: dump VCD, or "
            "convert it (fst2vcd)"
        )
    first = next((word for word in file.body if word[0] == "#"), "#0")
    if first.lstrip("#0"):
        raise FormatError(
            f"{file.path}: a recording must begin at time 0, but this one begins at {first[1:40]}: what the "
            "registers saw before is unknown; call $dumpvars before the clock runs"
        )
    if _PAUSED in file.body:
        raise FormatError(f"{file.path}: a recording must not pause, but this one has {_PAUSED}")


def _sampled(
    file: WaveFile, ports: Mapping[str, Variable], clock: str, inputs: Sequence[str], to: str
) -> tuple[list[int], list[dict[str, str]], dict[str, int]]:
    """Times of the edges, what was held before each (by code), and inputs that changed twice between two."""
    code = ports[clock].code
    held = {one.code: "x" * one.width for one in ports.values()}
    times: list[int] = []
    rows: list[dict[str, str]] = []
    changed: set[str] = set()
    restless: dict[str, int] = {}
    for time, changes in file.steps(ports.values()):
        _expect_level(file, clock, time, held[code], changes.get(code, held[code]))
        if time > 0 and held[code] != to and changes.get(code) == to:
            times.append(time)
            rows.append(dict(held))
            changed.clear()
        for name in _changing(inputs, ports, held, changes):
            if name in changed and time > 0:
                restless.setdefault(name, time)
            changed |= {name} if time > 0 else set()
        held |= changes
    return times, rows, restless


def _changing(
    inputs: Sequence[str],
    ports: Mapping[str, Variable],
    held: Mapping[str, str],
    changes: Mapping[str, str],
) -> Iterator[str]:
    for name in inputs:
        code = ports[name].code
        if code in changes and changes[code] != held[code]:
            yield name


def _expect_level(file: WaveFile, clock: str, time: int, before: str, after: str) -> None:
    """Raise `FormatError` if the clock leaves 0 and 1: simulators take 0 to x for an edge, hardware not."""
    if before in "01" and after not in "01":
        raise FormatError(f"{file.path}: {clock} must stay 0 or 1, but is {after} at time {time}")
