"""Which bit of which operand every bit of a port is, in every cycle: found from many runs, undescribed.

All runs have the same control and operands of their own. A bit of a port in a cycle, seen over the runs, is a
row of zeros and ones; so is a bit of an operand. Where the two rows are equal, the port carries that bit
there, whatever the lanes, their order, the skew, or whether bits come one by one. Outputs are found in the
same way from the psums that are expected. The rows are long enough (`runs_needed`) that a chance match is out
of the question; and a false one could make a proof fail, but not succeed: what is proved is that these bits
in give those bits out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.errors import ConfigError, FormatError
from tilewright.formal.recorded import PortRoles, distinct_operands
from tilewright.waves import Recording

SAFETY_BITS = 30
"""A false match of random words has a chance below 2 to the power of minus this."""

Rows = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Words:
    """Operands, or expected psums, of all runs.

    values: integers, the first axis is the run, all others are the word's. bits: of one word, two's
    complement if any is negative. Raises `ConfigError` if a value does not fit.
    """

    values: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    bits: int

    def __post_init__(self) -> None:
        low, high = int(self.values.min(initial=0)), int(self.values.max(initial=0))
        if (
            low < -(1 << (self.bits - 1))
            or high >= 1 << self.bits
            or (low < 0 and high >> (self.bits - 1))
        ):
            raise ConfigError(f"words must fit {self.bits} bits, but go from {low} to {high}")

    def rows(self) -> Rows:
        """Axes: run, word (flat), bit (0 is the lowest)."""
        flat = self.values.reshape(len(self.values), -1, 1)
        return ((flat >> np.arange(self.bits)) & 1).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class WordBit:
    """Bit `bit` (0 is the lowest) of the word of `name` at `place`."""

    name: str
    place: tuple[int, ...]
    bit: int

    def __str__(self) -> str:
        return f"bit {self.bit} of {self.name}{list(self.place)}"


@dataclass(frozen=True, slots=True)
class Located:
    """Where operands enter and psums leave.

    bits: for each data input and each output, (cycle, bit of the port; 0 is the lowest) to what is there. A
    bit that is the same in all runs, or is no word's, is not in it.
    """

    roles: PortRoles
    bits: Mapping[str, Mapping[tuple[int, int], WordBit]]

    def places(self, name: str) -> dict[tuple[int, ...], set[tuple[str, int]]]:
        """For each word of `name` that is anywhere: the ports and cycles where a bit of it is."""
        found: dict[tuple[int, ...], set[tuple[str, int]]] = {}
        for port, bits in self.bits.items():
            for (cycle, _), one in bits.items():
                if one.name == name:
                    found.setdefault(one.place, set()).add((port, cycle))
        return found


def runs_needed(recording: Recording, words: int) -> int:
    """How many runs tell `words` bits of words apart, for all bits of all ports."""
    ports = (*recording.inputs.values(), *recording.outputs.values())
    slots = sum(len(values[0]) * recording.cycles for values in ports)
    return math.ceil(math.log2(max(slots * words, 2))) + SAFETY_BITS


def locate(
    runs: Sequence[Recording], operands: Mapping[str, Words], psums: Mapping[str, Words]
) -> Located:
    """Where `operands` are in the data inputs and `psums` in the outputs, from runs with these words.

    Raises `ConfigError` if there are too few runs or words are not of as many, `FormatError` if two operands'
    bits are equal in all runs, or one never differs or is at no port; of psums, whose high bits may be
    equal, the lowest bit that tells must be at one.
    """
    roles = distinct_operands(*runs)
    _expect_enough(runs, {**operands, **psums})
    in_words = _of_operands(operands)
    out_words, _ = _signatures(psums)
    found: dict[str, dict[tuple[int, int], WordBit]] = {}
    for known, ports in ((in_words, roles.data), (out_words, roles.outputs)):
        for port in ports:
            values = [run.inputs.get(port) or run.outputs[port] for run in runs]
            found[port] = _matched(values, known)
    _expect_all(found, list(in_words.values()), roles.data)
    _expect_all(found, list(_lowest(out_words.values(), psums)), roles.outputs)
    return Located(roles, found)


def _of_operands(operands: Mapping[str, Words]) -> dict[bytes, WordBit]:
    """The row of each bit; raises `FormatError` if one never differs, or differs as that of another word."""
    known, twins = _signatures(operands)
    for name, one in operands.items():
        rows = one.rows()
        never = np.argwhere(rows.min(axis=0) == rows.max(axis=0))
        if len(never):
            place = tuple(map(int, np.unravel_index(never[0, 0], one.values.shape[1:])))
            raise FormatError(
                f"operands must differ over the runs, but {WordBit(name, place, int(never[0, 1]))} never "
                "does: draw them at random"
            )
    if twins:
        one_bit, other = twins[0]
        raise FormatError(
            f"operands must differ over the runs, but {one_bit} is always {other}: draw them at random"
        )
    return known


def _lowest(known: Collection[WordBit], words: Mapping[str, Words]) -> Iterator[WordBit]:
    """The lowest known bit of each word; raises `FormatError` if one has none."""
    found: dict[tuple[str, tuple[int, ...]], WordBit] = {}
    for one in sorted(known, key=lambda one: one.bit):
        found.setdefault((one.name, one.place), one)
    for name, one_kind in words.items():
        for place in np.ndindex(one_kind.values.shape[1:]):
            if (name, place) not in found:
                raise FormatError(
                    f"a psum must differ over the runs, but {name}{list(place)} never does, or always as "
                    "another: record other operands"
                )
            yield found[name, place]


def _expect_all(
    found: Mapping[str, Mapping[tuple[int, int], WordBit]],
    wanted: Sequence[WordBit],
    ports: Sequence[str],
) -> None:
    seen = {one for port in ports for one in found[port].values()}
    missing = [one for one in wanted if one not in seen]
    if missing:
        raise FormatError(
            f"words must be at a port, but {len(missing)} of {len(wanted)} bits are nowhere in "
            f"{', '.join(ports)}; the first is {missing[0]}"
        )


def _expect_enough(runs: Sequence[Recording], words: Mapping[str, Words]) -> None:
    for name, one in words.items():
        if len(one.values) != len(runs):
            raise ConfigError(
                f"there must be words of every run, but {name} has {len(one.values)} of {len(runs)}"
            )
    bits = sum(one.values[0].size * one.bits for one in words.values())
    needed = runs_needed(runs[0], bits)
    if len(runs) < needed:
        raise ConfigError(
            f"{needed} runs tell {bits} bits of words apart, but there are {len(runs)}: record more"
        )


def _signatures(
    words: Mapping[str, Words],
) -> tuple[dict[bytes, WordBit], list[tuple[WordBit, WordBit]]]:
    """The row of each bit, and bits of two words that are always equal, which are in no row.

    Bits of one word that are always equal, as those of its sign are, count as the lowest of them.
    """
    known: dict[bytes, WordBit] = {}
    twins: dict[bytes, tuple[WordBit, WordBit]] = {}
    for name, one in words.items():
        rows = one.rows()
        for flat, place in enumerate(np.ndindex(one.values.shape[1:])):
            for bit in range(one.bits):
                row = rows[:, flat, bit]
                this = WordBit(name, place, bit)
                other = known.setdefault(row.tobytes(), this)
                if (other.name, other.place) != (name, place):
                    twins.setdefault(row.tobytes(), (this, other))
    same = {bytes([value]) * len(one.values) for one in words.values() for value in (0, 1)}
    unique = {row: one for row, one in known.items() if row not in twins.keys() | same}
    return unique, [pair for row, pair in twins.items() if row not in same]


def _matched(
    values: Sequence[Sequence[str]], known: Mapping[bytes, WordBit]
) -> dict[tuple[int, int], WordBit]:
    """Of one port, in all runs: what each bit is in each cycle."""
    found = {}
    for cycle in range(len(values[0])):
        digits = np.array([list(run[cycle].encode()) for run in values], np.uint8) - ord("0")
        for column, row in enumerate(digits.T):
            one = known.get(row.tobytes())
            if one is not None:
                found[cycle, digits.shape[1] - 1 - column] = one
    return found
