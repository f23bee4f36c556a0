"""Line ends that a reader takes for a part of its words: it is followed again over files with other ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.lint.check import judge_machine
from tilewright.lint.file_text import FileText
from tilewright.lint.findings import Finding
from tilewright.verilog.events import Stream
from tilewright.verilog.machine import Machine
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.values import Value

MOST_TURNS = 4
"""How often a bench may be followed within what is followed of one."""
Follow = Callable[[dict[Path, bytes]], Machine]


@dataclass(frozen=True, slots=True)
class LineEnds:
    """Files whose line ends are wrong. said: what is wrong; done: what mends it. streams: the files;
    contents: with other line ends."""

    said: str
    done: str
    streams: tuple[Stream, ...]
    contents: dict[Path, bytes]


def line_end_findings(bench: Testbench, machine: Machine, follow: Follow) -> Iterator[Finding]:
    """The findings about files that are read otherwise for their line ends."""
    for wrong in wrong_line_ends(bench, machine, follow):
        for stream in wrong.streams:
            line = stream.events[-1].line
            yield Finding("error", "line-ends", wrong.said, stream.file, 1, bench.path.name, line)


def wrong_line_ends(bench: Testbench, machine: Machine, follow: Follow) -> Iterator[LineEnds]:
    """Files that the bench reads by lines or characters, and whose words it takes otherwise where lines end
    as they should. follow: the bench over files of which some hold something else."""
    if machine.steps > machine.max_steps // MOST_TURNS:
        return
    for said, done, change in _CHANGES:
        streams = {s.file: s for s in machine.streams if _is_open_to_it(s, change)}
        contents = {machine.folder / s.file: change(s.content or b"") for s in streams.values()}
        if not contents:
            continue
        other = follow(contents)
        if any(one.severity != "warning" for one in judge_machine(other, bench)):
            continue  # the bench wants its lines to end as they do
        places = {at for one in (machine, other) for s in one.streams for at in s.tells}
        if _results(machine, places) != _results(other, places):
            yield LineEnds(said, done, tuple(streams.values()), contents)


def _without_returns(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _ended(content: bytes) -> bytes:
    return content if content.endswith(b"\n") else content + b"\n"


_CHANGES: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    (
        "the lines end with CR LF, and the reader takes the CR for a part of its words: write LF line ends",
        "line ends LF",
        _without_returns,
    ),
    (
        "the last line has no line end, and the reader loses a character or a word for it: end the line",
        "last line ended",
        _ended,
    ),
)


def _is_open_to_it(stream: Stream, change: Callable[[bytes], bytes]) -> bool:
    """Whether a text of several lines is read by lines or characters, and would be changed."""
    content = stream.content or b""
    if b"\n" not in content or FileText(content).binary_line:
        return False
    is_read = any(event.code == "line" or event.is_char for event in stream.events)
    return is_read and not (stream.is_own or stream.is_lost) and change(content) != content


def _results(machine: Machine, places: set[int]) -> tuple[object, ...]:
    """What became of the files: the words, the characters that go to the design, the numbers in arrays, but
    for places in files, and what is printed."""
    printed = [
        None if text is None else text.replace(b"\r", b"").rstrip() for text in machine.printed
    ]
    words = [(e.line, e.digits) for stream in machine.streams for e in stream.word_events()]
    parts = [e.parts for stream in machine.streams for e in stream.events if e.parts]
    return (
        printed,
        words,
        b"".join(one.given for one in parts).replace(b"\r", b""),
        {name: one for name in machine.memories if (one := _numbers(machine, name, places))},
    )


def _is_letter(value: Value) -> bool:
    """Whether a text is one character, and no line end."""
    return len(value.text or b"") == 1 and value.text not in (b"\r", b"\n")


def _numbers(machine: Machine, name: str, places: set[int]) -> dict[Any, int | None]:
    """The elements of an array that are no texts, no places in files, nor the characters of a file as they
    are."""
    found = machine.memories[name].elements
    numbers = {
        at: value.bits
        for at, value in found.items()
        if (value.origin is None or _is_letter(value)) and value.bits not in places
    }
    octets = [bits for bits in numbers.values() if bits is not None and 0 <= bits <= 0xFF]
    is_copy = bytes(octets) in b"".join(stream.content or b"" for stream in machine.streams)
    return {} if is_copy and len(octets) == len(numbers) else numbers
