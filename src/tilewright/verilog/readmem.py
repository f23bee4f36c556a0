"""`$readmemb` and `$readmemh` on bytes, as a simulator was seen to do them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tilewright.verilog.events import MATCHED, MemoryLoad, ReadEvent
from tilewright.verilog.scan import digits_value
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.stored import Memory
from tilewright.verilog.values import from_pattern

_TOKEN = re.compile(rb"//[^\n]*|/\*.*?\*/|@[0-9a-fA-F]+|[^\s/@]+|\S", re.DOTALL)
_WORD = {"b": re.compile(rb"[01xXzZ_]+"), "h": re.compile(rb"[0-9a-fA-FxXzZ_]+")}


@dataclass(frozen=True, slots=True)
class LoadedWord:
    """One word of a memory file: its digits, offset in the file, and address."""

    digits: bytes
    start: int
    address: int


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The words in order up to what stops the load, each offset -1 if there is none.

    bad: a character that is not allowed. outside: an @ that leads away from the addresses to fill.
    """

    words: tuple[LoadedWord, ...]
    bad: int = -1
    outside: int = -1


def parse_memory_file(load: MemoryLoad, simulator: Simulator = ICARUS) -> LoadedFile:
    """The words that the file of a load holds, with their addresses."""
    words: list[LoadedWord] = []
    address = load.first
    step = 1 if load.first <= load.last else -1
    for found in _TOKEN.finditer(load.content or b""):
        token = found.group()
        if token.startswith((b"//", b"/*")) and token != b"/":
            continue
        if token.startswith(b"@") and words and not load.fills(words[-1].address):
            continue  # too many words: the load is over, whatever address follows
        if token.startswith(b"@") and len(token) > 1:
            address = int(token[1:], 16)
            step = 1 if simulator.counts_up else step
            if not load.fills(address):
                return LoadedFile(tuple(words), outside=found.start())
        elif _WORD[load.base].fullmatch(token):
            words.append(LoadedWord(token, found.start(), address))
            address += step
        else:
            good = _WORD[load.base].match(token)
            if good:  # the digits before the bad character still count
                words.append(LoadedWord(good.group(), found.start(), address))
            return LoadedFile(tuple(words), found.start() + (good.end() if good else 0))
    return LoadedFile(tuple(words))


def load_memory(
    memory: Memory,
    load: MemoryLoad,
    simulator: Simulator = ICARUS,
    *,
    indices: Mapping[int, object] | None = None,
    is_four_state: bool = True,
) -> None:
    """Fill the elements that the file gives; `indices` by address are those of a memory with several
    dimensions.

    is_four_state: its words can hold x and z.
    """
    load.indices = {index: address for address, index in (indices or {}).items()}
    before = memory.loads[-1] if memory.loads else None
    memory.loads.append(load)
    if load.is_outside:
        return
    for word in parse_memory_file(load, simulator).words:
        if load.fills(word.address):
            value = digits_value(word.digits.decode(), load.base, load.width, is_repeated=False)
            pattern = value.pattern or (0, 0)
            index = indices[word.address] if indices else word.address
            value = from_pattern(*pattern, load.width, is_signed=load.is_signed)
            if value.masked is not None and is_four_state:
                load.open_words[word.address] = _open_word(load, word)
            load.given[index] = memory.elements[index] = (
                value if is_four_state else value.two_state()
            )
            memory.loaded.add(index)
    if b"@" in (load.content or b""):
        return
    if before is not None:
        _keep(memory, load, before)
    if load.has_range:
        _keep_old(memory, load)


def _open_word(load: MemoryLoad, word: LoadedWord) -> ReadEvent:
    """What stands for a word with digits x or z, as long as the memory holds it."""
    start, end, digits = word.start, word.start + len(word.digits), word.digits
    event = ReadEvent(load.base, load.line, 0, load.width, MATCHED, start, end, digits)
    event.has_x = True
    return event


def _keep_old(memory: Memory, load: MemoryLoad) -> None:
    """What the testbench itself stored at addresses that the call names, and that the file does not reach."""
    for index, value in memory.elements.items():
        address = load.address_of(index)
        is_to_fill = address is not None and load.fills(address)
        if is_to_fill and index not in load.given and index not in load.kept:
            load.kept[index] = memory.elements[index] = replace(value)  # told from all other ones


def _keep(memory: Memory, load: MemoryLoad, before: MemoryLoad) -> None:
    """The words of the load before that this one should have replaced, and did not."""
    load.is_again = before.line == load.line
    for index, value in (*before.kept.items(), *before.given.items()):
        address = load.indices.get(index) if load.indices else index
        is_to_fill = isinstance(address, int) and load.fills(address)
        if is_to_fill and index not in load.given and memory.elements.get(index) is value:
            load.kept[index] = value
