"""What a memory holds once nobody knows where, or whether, a word was written."""

from __future__ import annotations

import pytest

from tilewright.prove.algebra import Algebra
from tilewright.prove.memories import StoredWords
from tilewright.prove.netlist import Memory, WritePort
from tilewright.prove.words import Unknown, Words

ALL = 0b1111


@pytest.fixture
def words():
    return Words(Algebra())


def _memory(words, *goes_before, initial="x"):
    writes = tuple(WritePort(0, 0, 0, mask) for mask in goes_before)
    return StoredWords(Memory("\\m", 4, 4, 0, writes, initial), words)


def _is_known(memory, address):
    return isinstance(memory.read(address, 1), int)


def _x(words, width=2):
    return words.unknown(Unknown("an x", is_x=True), width)


@pytest.mark.parametrize("what", ["address", "enable"])
def test_all_words_are_unknown_until_they_are_written_again(words, what):
    memory = _memory(words, 0, initial="0001" * 4)
    assert _is_known(memory, 1)
    address, enable = (_x(words), ALL) if what == "address" else (1, _x(words, 4))
    memory.take([(address, enable, 9)], cycle=3)
    assert not any(_is_known(memory, at) for at in range(4))
    assert memory.read(2, 1).unknown.reason == "an x"
    memory.take([(2, ALL, 7)], cycle=4)
    assert memory.read(2, 1) == 7
    assert not _is_known(memory, 1)
    memory.take([(1, 0b0011, 3)], cycle=5)
    assert not _is_known(memory, 1)  # two bits are as unknown as before


@pytest.mark.parametrize(
    ("masks", "order", "is_known"),
    [
        ((0, 0b01), "unknown first", True),  # of one process: the last write is the last
        ((0, 0b00), "unknown first", False),  # of two: who knows
        ((0, 0b01), "unknown last", False),
        ((0, 0b00), "unknown last", False),
    ],
)
def test_a_write_beside_one_of_an_unknown_address(words, masks, order, is_known):
    memory = _memory(words, *masks)
    ports = [(_x(words), ALL, 9), (2, ALL, 7)]
    memory.take(ports if order == "unknown first" else ports[::-1], cycle=3)
    assert _is_known(memory, 2) == is_known
    assert not _is_known(memory, 0)
