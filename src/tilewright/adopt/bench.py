"""What a testbench reads: which files, after how many lines, in which digits, into how many bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from tilewright.adopt.families import Family, family_of
from tilewright.verilog.events import MemoryLoad, ReadEvent, Stream
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import Sources, read_testbench

RADICES = {"b": "binary", "h": "hex", "d": "decimal"}


@dataclass(frozen=True, slots=True)
class Read:
    """How a file is read: lines before its first word, the radix of all words, bits of their variable.

    radix, bits: empty and 0 where words differ in it, or no word is read.
    """

    header: int = 0
    radix: str = ""
    bits: int = 0


@dataclass(frozen=True, slots=True)
class BenchFiles:
    """Files that a testbench opens, by their names below the folder; none: there is no testbench."""

    reads: dict[str, Read] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def choose(self, families: Sequence[Family]) -> tuple[list[Family], list[Family]]:
        """The families of which a file is opened, as it is read, and the others; all without a testbench."""
        if not self.reads:
            return list(families), []
        chosen = [f for f in families if any(file.name in self.reads for file in f.files)]
        return list(map(self._as_read, chosen)), [f for f in families if f not in chosen]

    def _as_read(self, family: Family) -> Family:
        reads = {self.reads[file.name] for file in family.files if file.name in self.reads}
        if len(reads) > 1:
            return family
        (read,) = reads
        files = tuple(file.with_header(read.header) for file in family.files)
        if files != family.files and len({file.shape for file in files}) == 1:
            family = family_of(family.texts, family.places, files, is_decimal=family.is_decimal)
        return family.as_read(read.radix, read.bits) if read.radix else family


def read_bench(folder: Path, testbench: Path) -> BenchFiles:
    """The files that `testbench` opens when it runs in `folder`, and how.

    Raises `ToolError` without pyslang, `FormatError` for a testbench that does not parse.
    """
    bench = read_testbench(testbench, given=Sources((folder,), (), ()))
    machine = follow(bench, folder)
    reads: dict[str, Read] = {}
    missing: list[str] = []
    for opened in machine.opened:
        name = str(PurePosixPath(opened.name.strip()))
        if opened.content is None:
            missing.append(name)
        else:
            reads.setdefault(name, _read(opened))
    notes = [f"{testbench.name} opens {name}, which is not there" for name in missing[:3]]
    if not reads:
        notes.append(
            f"{testbench.name}: no file that it reads could be followed; all files are looked at"
        )
    return BenchFiles(reads, tuple(notes))


def _read(opened: Stream | MemoryLoad) -> Read:
    if isinstance(opened, MemoryLoad):
        return Read(0, RADICES.get(opened.base, ""), opened.width)
    words = opened.word_events()
    if not words or opened.is_lost:
        return Read()
    first = next((event for event in opened.events if _is_or_has_word(event)), words[0])
    header = (opened.content or b"")[: first.start].count(b"\n")
    codes, bits = {word.code for word in words}, {word.target for word in words}
    radix = RADICES.get(codes.pop(), "") if len(codes) == 1 else ""
    return replace(Read(header, radix), bits=bits.pop() if len(bits) == 1 else 0)


def _is_or_has_word(event: ReadEvent) -> bool:
    return event.is_word or any(word.is_word for word in event.words)
