"""Memories of a netlist, written at known addresses; what nothing has written is unknown."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.prove.netlist import Memory
from tilewright.prove.words import Unknown, Value, Word, Words

_MOST_WORDS = 1024
"""Of a memory that is read where data say."""


def initial(words: Words, bits: str, width: int, why: Unknown) -> Value:
    """Known bits, the lowest first, and unknown ones where they say x."""
    if not set(bits) & {"0", "1"}:
        return words.unknown(why, width)
    return words.join([(int(b) if b in "01" else why, 0, 1) for b in bits[:width]])


class StoredWords:
    """What one memory holds."""

    def __init__(self, memory: Memory, words: Words) -> None:
        self.memory, self.words = memory, words
        self._contents: dict[int, Value] = {}
        self._spoilt: Unknown | None = None
        if set(memory.initial) & {"0", "1"}:
            for at in range(memory.size):
                bits = memory.initial[::-1][at * memory.width : (at + 1) * memory.width]
                address = at + memory.offset
                why = self._unwritten(address)
                self._contents[address] = initial(words, bits, memory.width, why)

    def _unwritten(self, address: int) -> Unknown:
        if self._spoilt is not None:
            return self._spoilt
        name = self.memory.name.removeprefix("\\")
        return Unknown(f"word {address} of {name}, which nothing has written", is_x=True)

    def _word(self, address: int) -> Value:
        found = self._contents.get(address)
        if found is None:
            found = self.words.unknown(self._unwritten(address), self.memory.width)
            self._contents[address] = found
        return found

    def read(self, address: Value, enable: Value) -> Value:
        """The word at an address."""
        memory = self.memory
        if enable != 1:
            why = Unknown(f"memory {memory.name} is read while its enable is low", is_x=False)
            return self.words.unknown(why, memory.width)
        return self._looked_up(address) if isinstance(address, Word) else self._word(address)

    def _looked_up(self, address: Word) -> Value:
        """The word at an address that depends on data, as in a table: one or another, by cases."""
        words, memory = self.words, self.memory
        if address.unknown is not None:
            return words.unknown(address.unknown, memory.width)
        place = words.number(address, address.width, is_signed=False)
        if place.high - place.low >= _MOST_WORDS:
            why = f"the address at which {memory.name} is read depends on data"
            return words.unknown(Unknown(why, is_x=False), memory.width)
        found = [self._word(at) for at in range(place.low, place.high + 1)]
        for one in found:
            if isinstance(one, Word) and one.unknown is not None:
                return words.unknown(one.unknown, memory.width)
        pieces = [words.nearest(one, memory.width) for one in found]
        cuts = range(place.low + 1, place.high + 1)
        return words.of(words.algebra.cases(place, cuts, pieces), memory.width)

    def take(self, writes: Sequence[tuple[Value, Value, Value]], *, cycle: int) -> bool:
        """Take what each port writes at an edge: address, enable, data. Whether any port does.

        Bits that two ports write at once, of which neither goes before the other, are unknown.
        """
        done: list[tuple[int, Value, Value]] = []
        for port, (address, enable, data) in enumerate(writes):
            if enable == 0:
                continue
            self._write(address, enable, data, cycle=cycle)
            goes_before = self.memory.writes[port].goes_before
            for other, place, bits in done:
                may_meet = place == address or isinstance(place, Word)
                if may_meet and not goes_before >> other & 1:
                    self._quarrel(address, enable, bits, cycle=cycle)
            done.append((port, address, enable))
        return bool(done)

    def _quarrel(self, address: Value, enable: Value, other: Value, *, cycle: int) -> None:
        """Two ports have, or may have, written the same address: the bits of both hang on who came last."""
        both = (
            (enable & other if isinstance(other, int) else enable) if isinstance(enable, int) else 0
        )
        if not both:
            return
        why = f"two ports write {self.memory.name} at once in cycle {cycle}"
        unknown = self.words.unknown(Unknown(why, is_x=False), self.memory.width)
        self._write(address, both, unknown, cycle=cycle)

    def _write(self, address: Value, enable: Value, data: Value, *, cycle: int) -> None:
        """Take the bits of `data` whose bits in `enable` are 1.

        Where it is unknown where or whether a word is written, all are unknown until they are written again.
        """
        memory = self.memory
        if not isinstance(enable, int) or not isinstance(address, int):
            control = enable if isinstance(enable, Word) else address
            unknown = control.unknown if isinstance(control, Word) else None
            why = f"where or whether memory {memory.name} is written depends on data"
            self._spoilt = unknown or Unknown(f"{why} in cycle {cycle}", is_x=False)
            self._contents.clear()
        elif memory.offset <= address < memory.offset + memory.size:
            self._contents[address] = self._merged(address, enable, data)

    def _merged(self, address: int, enable: int, data: Value) -> Value:
        width = self.memory.width
        if enable == (1 << width) - 1:
            return data
        before = self._word(address)
        bits = [
            (self.words.slice(data if enable >> at & 1 else before, at, 1), 1)
            for at in range(width)
        ]
        return self.words.concatenate(bits)
