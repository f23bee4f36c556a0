"""What anybody's array must compute, under the control of one recorded run of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tilewright.formal.recorded import PortRoles
from tilewright.prove.expected import accumulated, rectified, saturated
from tilewright.prove.machine import Machine
from tilewright.prove.netlist import Port
from tilewright.prove.polynomials import Poly
from tilewright.prove.proof import Check, ControlError, known
from tilewright.prove.streams import NAMES, Described, Placed, Stream
from tilewright.prove.words import Unknown, Value, Word, Words
from tilewright.waves import Recording


class RecordedClaim:
    """The claim that an array computes what is described, whatever its words are, with this control.

    is_idle_free: bits of data inputs at which no word is may be anything; else they are as recorded. Raises
    what `place_words` raises.
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
    ) -> None:
        self.described, self.recording, self.words = described, recording, words
        self.roles, self.is_idle_free = roles, is_idle_free
        self._values = {
            (word, place): self._variable(described.of(word), place)
            for word in ("a", "w")
            for place in described.places(word)
        }
        self._inputs: dict[tuple[str, int], list[Placed]] = defaultdict(list)
        self._outputs: dict[int, list[Placed]] = defaultdict(list)
        for one in placed:
            if one.word == "y":
                self._outputs[one.cycle].append(one)
            else:
                self._inputs[one.port, one.cycle].append(one)
        self._conditions = {
            name for one in described.streams for text in one.when for name in NAMES.findall(text)
        }
        self.not_compared: set[str] = set()
        """Outputs that depend on data, of which nothing is described."""
        self._word_ports = {one.port for one in placed if one.word == "y"}
        self._expected: dict[tuple[int, ...], Poly] = {}

    @property
    def text(self) -> str:
        """The claim, with what it assumes."""
        sizes = ", ".join(f"{name} = {size}" for name, size in self.described.sizes.items())
        others = ", ".join(sorted(self.not_compared))
        not_compared = f"; {others} not compared" if others else ""
        idle = "anything" if self.is_idle_free else "as recorded"
        return (
            f"{self.described.top} ({self.described.computes}, {sizes}), control as in the "
            f"{self.recording.cycles} recorded cycles, data {idle} where no word is{not_compared}"
        )

    def _variable(self, stream: Stream, place: tuple[int, ...]) -> Poly:
        name = stream.word + "".join(f"[{index}]" for index in place)
        return self.words.algebra.variable(name, *stream.ends)

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
        for one in sorted(self._inputs.get((port, cycle), ()), key=lambda one: one.low):
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
        """Bits at which no word is."""
        if high <= low:
            return
        if self.is_idle_free:
            width = high - low
            name = f"{port}[{low}+:{width}] idle in cycle {cycle}"
            yield (
                self.words.of(self.words.algebra.variable(name, 0, (1 << width) - 1), width),
                width,
            )
        else:
            yield self._as_recorded(port, bits[len(bits) - high : len(bits) - low]), high - low

    # -- outputs --------------------------------------------------------------------------------------

    def checks(self, cycle: int, machine: Machine) -> Iterable[Check]:
        """Ports of control as recorded wherever that is known; words where they are described."""
        for port in self.roles.outputs:
            recorded = self.recording.outputs[port][cycle]
            if port in self._word_ports or set(recorded) - {"0", "1"}:
                continue
            value = machine.read(port)
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
            return accumulated(algebra, products, bits, is_saturating=True)[0]
        total = algebra.zero
        for one in products:
            total = algebra.add(total, one)
        if self.described.computes == "relu":
            return rectified(algebra, total)
        return saturated(algebra, total, bits) if self.described.computes == "saturate" else total

    def end(self) -> None:
        """All words are where they are described: `place_words` found each."""


def part_of(ports: Mapping[str, Port], *, is_input: bool, clock: str) -> dict[str, int]:
    """Inputs or outputs, names to widths, without the clock."""
    return {n: p.width for n, p in ports.items() if p.is_input == is_input and n != clock}
