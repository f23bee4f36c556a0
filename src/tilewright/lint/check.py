"""All findings of a testbench over a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tilewright.lint.file_text import FileText, file_base
from tilewright.lint.findings import Finding
from tilewright.lint.judge_memory import judge_memory
from tilewright.lint.judge_stream import StreamJudge
from tilewright.verilog.events import MemoryLoad, Stream
from tilewright.verilog.machine import MAX_FILE_BYTES, MAX_STEPS, Machine, letter_case_twin
from tilewright.verilog.reader import follow, unchecked_lines
from tilewright.verilog.testbench import Testbench


def check_reader(
    testbench: Testbench, folder: Path, *, max_steps: int = MAX_STEPS
) -> tuple[tuple[Finding, ...], Machine]:
    """The findings in the order in which the testbench opens the files, and the record of it."""
    machine, name = follow(testbench, folder, max_steps=max_steps), testbench.path.name
    findings: list[Finding] = []
    for opened in sorted(machine.opened, key=lambda one: one.line):
        findings += _judge(opened, machine, name)
    findings += _headers_differ(machine.streams, name)
    for line, message in machine.notes:
        findings.append(
            Finding("undecided", "undecided", message, testbench=name, testbench_line=line)
        )
    if not (machine.streams or machine.loads or machine.notes):
        findings.append(
            Finding("undecided", "undecided", "lint sees no file that is read", testbench=name)
        )
    findings += _unchecked(testbench)
    return tuple(dict.fromkeys(findings)), machine


def _judge(opened: Stream | MemoryLoad, machine: Machine, testbench: str) -> Iterator[Finding]:
    where = (testbench, opened.line)
    if opened.lost_name:
        yield Finding(
            "error",
            "name-cut",
            f"the register for the file name is too short for '{opened.lost_name}' "
            f"({len(opened.lost_name)} characters): '{opened.name}' is opened; widen the register",
            opened.lost_name.rpartition("/")[2], 0, *where,
        )  # fmt: skip
    if opened.content is None:
        if not opened.lost_name:
            yield _missing(opened, machine, where)
        return
    text = FileText(opened.content[: MAX_FILE_BYTES + 1])
    if len(opened.content) > MAX_FILE_BYTES:
        message = f"the file must have at most {MAX_FILE_BYTES} bytes to be checked"
        yield Finding("undecided", "undecided", message, opened.file, 0, *where)
    elif text.binary_line:
        message = "the file must be ASCII text, but holds other bytes; export it again"
        yield Finding("error", "binary", message, opened.file, text.binary_line, *where)
    elif isinstance(opened, MemoryLoad):
        yield from judge_memory(opened, testbench)
    elif not opened.is_lost:
        yield from _judge_stream(opened, machine, testbench)


def _judge_stream(stream: Stream, machine: Machine, testbench: str) -> Iterator[Finding]:
    events, words = stream.events, stream.word_events()
    text = FileText(stream.content or b"", file_base(stream))
    yield from StreamJudge(stream, testbench, machine.is_cut, text).judge()
    if events and not words and text.tokens:
        yield Finding(
            "undecided",
            "undecided",
            "the reader takes characters, tokens or lines from this file, but no number that lint "
            "can follow",
            stream.file,
            0,
            testbench,
            stream.line,
        )


def _missing(opened: Stream | MemoryLoad, machine: Machine, where: tuple[str, int]) -> Finding:
    twin = letter_case_twin(machine.folder, opened.name)
    what = "nothing is loaded" if isinstance(opened, MemoryLoad) else "every read fails"
    name = opened.name.rpartition("/")[2]
    if twin and twin != name:
        message = f"the reader opens '{opened.name}', but the file is called '{twin}'"
        tail = "on a system that knows letter case; rename it"
        return Finding("error", "letter-case", f"{message}: {what} {tail}", twin, 0, *where)
    message = f"the file is missing: {what}, and the simulation goes on with old data; write it"
    return Finding("error", "missing", message, opened.name, 0, *where)


def _headers_differ(streams: list[Stream], testbench: str) -> Iterator[Finding]:
    """Files opened by the same line of the testbench must have headers of the same shape."""
    groups: dict[int, dict[str, Stream]] = {}
    for stream in streams:
        if stream.content:
            groups.setdefault(stream.line, {})[stream.file] = stream
    for group in groups.values():
        shapes = {}
        for name, stream in group.items():
            text = FileText(stream.content or b"", file_base(stream))
            shapes[name] = (text.header_lines, len(text.header))
        (usual, _), *others = Counter(shapes.values()).most_common()
        for name, shape in shapes.items() if others else ():
            if shape != usual:
                message = (
                    f"the header has {shape[0]} lines and {shape[1]} tokens, but files of its kind "
                    f"have {usual[0]} and {usual[1]}; write one header for all"
                )
                line = group[name].line
                yield Finding("warning", "headers-differ", message, name, 1, testbench, line)


def _unchecked(testbench: Testbench) -> Iterator[Finding]:
    lines = unchecked_lines(testbench)
    if lines:
        message = (
            f"{len(lines)} lines read files and never look at the result of $fscanf or $fgets: a "
            f"wrong file goes unnoticed; compare each result with the number of values"
        )
        name = testbench.path.name
        yield Finding("warning", "unchecked", message, testbench=name, testbench_line=lines[0])
