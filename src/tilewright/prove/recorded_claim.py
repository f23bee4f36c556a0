"""What anybody's array must compute, under the control of one recorded run of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from tilewright.errors import ConfigError
from tilewright.formal.recorded import PortRoles
from tilewright.prove.cut_points import CutPoints
from tilewright.prove.expected import accumulated, rectified, saturated
from tilewright.prove.machine import Machine
from tilewright.prove.netlist import Port
from tilewright.prove.polynomials import Poly
from tilewright.prove.proof import Check, ControlError, known
from tilewright.prove.streams import Described, Placed, Stream
from tilewright.prove.words import Unknown, Value, Word, Words
from tilewright.waves import Recording


class RecordedClaim:
    """The claim that an array computes what is described, whatever its words are, with this control.

    is_idle_free: bits of data inputs at which no word is, and that are no control, may be anything; else
    they are as recorded. cuts: of the sums on the way, each before another product is added. Raises
    `ConfigError` if two words, or a word and control, stand in the same bits.
    """

    def __init__(
        self,
        described: Described,
        recording: Recording,
        placed: list[Placed],
        words: Words,
        *,
        roles: PortRoles,
        is_idle_free: bool = True,
        cuts: CutPoints | None = None,
    ) -> None:
        self.cuts = cuts
        self.described, self.recording, self.words = described, recording, words
        self.roles, self.is_idle_free = roles, is_idle_free
        self._values = {
            (word, place): self._variable(described.of(word), place)
            for word in ("a", "w")
            for place in described.places(word)
        }
        self._inputs: dict[tuple[str, int], list[Placed]] = defaultdict(list)
        self._outputs: dict[int, list[Placed]] = defaultdict(list)
        for one in dict.fromkeys(placed):
            if one.word == "y":
                self._outputs[one.cycle].append(one)
            else:
                self._inputs[one.port, one.cycle].append(one)
        self._first = min(cycle for _, cycle in self._inputs)
        self._control = self._control_bits()
        self._expect_apart()
        self.not_compared: set[str] = set()
        """Outputs that depend on data, of which nothing is described."""
        self._word_ports = {one.port for one in placed if one.word == "y"}
        self._conditions = {one.name for one in described.conditions()}
        self._expected: dict[tuple[int, ...], Poly] = {}
        if cuts is not None:
            self._expected = {place: self._defined(place) for place in described.places("y")}

    @property
    def text(self) -> str:
        """The claim, with what it assumes."""
        sizes = ", ".join(f"{name} = {size}" for name, size in self.described.sizes.items())
        others = ", ".join(sorted(self.not_compared))
        not_compared = f"; {others} not compared" if others else ""
        idle = "anything" if self.is_idle_free else "as recorded"
        wrapped = ""
        if self.described.wraps():
            (least, greatest), bits = self.described.sums(), self.described.of("y").bits
            wrapped = f", y modulo 2^{bits} alone, as sums of {least:,} to {greatest:,} do not fit"
        return (
            f"{self.described.top} ({self.described.computes}, {sizes}{wrapped}), control as in the "
            f"{self.recording.cycles} recorded cycles, data {idle} where no word is{not_compared}"
        )

    def _control_bits(self) -> dict[str, set[int]]:
        """Of each port, the bits that conditions are about."""
        held = {**self.recording.inputs, **self.recording.outputs}
        found: dict[str, set[int]] = defaultdict(set)
        for one in self.described.conditions():
            if one.name not in held:
                raise ConfigError(f"control must be a port or bits of one, but {one.name} is none")
            found[one.name].update(one.bits_of(len(held[one.name][0])))
        return found

    def _expect_apart(self) -> None:
        for (port, cycle), words in self._inputs.items():
            words.sort(key=lambda one: one.low)
            for one, two in pairwise(words):
                if two.low < one.low + one.width:
                    raise ConfigError(
                        f"words must stand apart, but {_named(one)} and {_named(two)} both have "
                        f"{port}[{two.low}] in cycle {cycle}: look at beat and lane"
                    )
            for one in words:
                if both := self._control[port] & set(range(one.low, one.low + one.width)):
                    raise ConfigError(
                        f"bits of a word are no control, but {_named(one)} has {port}[{min(both)}], which a "
                        "condition is about, too: look at lane, or name the bits of control"
                    )

    def _variable(self, stream: Stream, place: tuple[int, ...]) -> Poly:
        name = stream.word + "".join(f"[{index}]" for index in place)
        return self.words.algebra.word(name, stream.bits, is_signed=stream.signed)

    # -- inputs ---------------------------------------------------------------------------------------

    @property
    def constants(self) -> Mapping[str, int]:
        """Control that the recording never changes."""
        return {
            port: int(values[0], 2)
            for port, values in self.recording.inputs.items()
            if port not in self.roles.data
            and len(set(values)) == 1
            and not set(values[0]) - {*"01"}
        }

    def inputs(self) -> Iterator[Mapping[str, Value]]:
        """Control as recorded, words in their places."""
        for cycle in range(self.recording.cycles):
            yield {
                port: self._data(port, cycle, values[cycle])
                if port in self.roles.data
                else self._as_recorded(port, values[cycle])
                for port, values in self.recording.inputs.items()
            }

    def _as_recorded(self, port: str, bits: str) -> Value:
        if not set(bits) - {"0", "1"}:
            return int(bits, 2)
        why = Unknown(f"input {port}, which is {bits} in the recording", is_x=True)
        return self.words.join([(int(b) if b in "01" else why, 0, 1) for b in reversed(bits)])

    def _data(self, port: str, cycle: int, bits: str) -> Value:
        parts: list[tuple[Value, int]] = []
        at = 0
        for one in self._inputs.get((port, cycle), ()):
            parts += self._idle(port, cycle, bits, at, one.low)
            stream = self.described.of(one.word)
            word = self.words.of(self._values[one.word, one.place], stream.bits)
            parts.append((self.words.slice(word, one.first, one.width), one.width))
            at = one.low + one.width
        parts += self._idle(port, cycle, bits, at, len(bits))
        return self.words.concatenate(parts)

    def _idle(
        self, port: str, cycle: int, bits: str, low: int, high: int
    ) -> Iterable[tuple[Value, int]]:
        """Bits at which no word is; those of control are as recorded."""
        if high <= low:
            return
        control = next((bit for bit in range(low, high) if bit in self._control[port]), None)
        if control is not None:
            yield from self._idle(port, cycle, bits, low, control)
            yield self._as_recorded(port, bits[-1 - control]), 1
            yield from self._idle(port, cycle, bits, control + 1, high)
        elif self.is_idle_free:
            width = high - low
            name = f"{port}[{low}+:{width}] idle in cycle {cycle}"
            yield (
                self.words.of(self.words.algebra.word(name, width, is_signed=False), width),
                width,
            )
        else:
            yield self._as_recorded(port, bits[len(bits) - high : len(bits) - low]), high - low

    # -- outputs --------------------------------------------------------------------------------------

    def checks(self, cycle: int, machine: Machine) -> Iterable[Check]:
        """Ports of control as recorded wherever that is known; words where they are described."""
        for port in self.roles.outputs:
            recorded = self.recording.outputs[port][cycle]
            if port in self._word_ports:
                for bit in sorted(self._control[port]):
                    self._expect_bit(machine, port, bit, recorded[-1 - bit])
                continue
            if set(recorded) - {"0", "1"}:
                continue
            value = machine.read(port)
            if cycle < self._first and _is_x(value):
                continue  # nothing has begun; simulators of two states show a number there
            if port not in self._conditions and isinstance(value, Word) and not value.unknown:
                self.not_compared.add(port)
                continue
            found = known(machine, port)
            if found != int(recorded, 2):
                raise ControlError(
                    f"output {port} is {found:#x} in cycle {cycle}, but {int(recorded, 2):#x} was recorded",
                    is_wrong=True,
                    port=port,
                    expected=int(recorded, 2),
                )
        for one in self._outputs.get(cycle, ()):
            what = f"y{''.join(f'[{index}]' for index in one.place)}"
            shifted = self.words.algebra.floor(self._sum(one.place), one.first)
            yield Check(what, one.port, one.low, one.width, shifted)

    def _expect_bit(self, machine: Machine, port: str, bit: int, recorded: str) -> None:
        """Control beside words in one port."""
        found = self.words.slice(machine.read(port), bit, 1)
        if isinstance(found, Word) and recorded in "01":
            why = found.unknown.reason if found.unknown else "it depends on data"
            raise ControlError(
                f"output {port}[{bit}] must be known control in cycle {machine.cycle}, but is not: {why}",
                is_wrong=False,
            )
        if recorded in "01" and found != int(recorded):
            raise ControlError(
                f"output {port}[{bit}] is {found} in cycle {machine.cycle}, but {recorded} was recorded",
                is_wrong=True,
            )

    def _sum(self, place: tuple[int, ...]) -> Poly:
        if place not in self._expected:
            self._expected[place] = self._defined(place)
        return self._expected[place]

    def _defined(self, place: tuple[int, ...]) -> Poly:
        """The word y as it is defined."""
        p, t, c = place
        algebra, bits = self.words.algebra, self.described.of("y").bits
        products = [
            algebra.multiply(self._values["a", (p, t, k)], self._values["w", (p, k, c)])
            for k in range(self.described.sizes["K"])
        ]
        if self.described.computes == "saturate each":
            before = {} if self.cuts is None else {"before": self.cuts.cut}
            return accumulated(algebra, products, bits, is_saturating=True, **before)[0]
        total = algebra.zero
        for one in products:
            total = algebra.add(total, one)
        if self.described.computes == "relu":
            return rectified(algebra, total)
        return saturated(algebra, total, bits) if self.described.computes == "saturate" else total

    def end(self) -> None:
        """All words are where they are described: `place_words` found each."""


def _is_x(value: Value) -> bool:
    return isinstance(value, Word) and value.unknown is not None and value.unknown.is_x


def _named(one: Placed) -> str:
    return one.word + "".join(f"[{index}]" for index in one.place)


def part_of(ports: Mapping[str, Port], *, is_input: bool, clock: str) -> dict[str, int]:
    """Inputs or outputs, names to widths, without the clock."""
    return {n: p.width for n, p in ports.items() if p.is_input == is_input and n != clock}
