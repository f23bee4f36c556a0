"""All findings of a testbench over a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tilewright.lint.file_text import FileText, file_base
from tilewright.lint.findings import Finding
from tilewright.lint.judge_memory import judge_memory, line_end_fault
from tilewright.lint.judge_stream import StreamJudge
from tilewright.verilog.events import AT_END, MATCHED, MemoryLoad, ReadEvent, Stream
from tilewright.verilog.file_names import letter_case_twin
from tilewright.verilog.machine import MAX_FILE_BYTES, Machine
from tilewright.verilog.refused_calls import refused_calls
from tilewright.verilog.refused_classes import has_classes, refused_classes
from tilewright.verilog.refused_syntax import refused_syntax
from tilewright.verilog.refused_values import refused_values
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.testbench import Testbench
from tilewright.verilog.unchecked import unchecked_lines


def judge_machine(machine: Machine, testbench: Testbench) -> tuple[Finding, ...]:
    """The findings about what a testbench did, from the record of it."""
    name = testbench.path.name
    findings: list[Finding] = []
    for opened in sorted(machine.opened, key=lambda one: one.line):
        findings += judge_opened(opened, machine, name)
    findings += _headers_differ(machine.streams, name)
    findings += _ends_first(machine.streams, name)
    findings += _uncompared(machine.streams, name)
    findings += [
        Finding("error", kind, message, file, 0, name, line)
        for line, message, file, kind in machine.faults
    ]
    findings += _refused_calls(testbench, machine.simulator, findings)
    for line, message in machine.notes:
        findings.append(
            Finding("undecided", "undecided", message, testbench=name, testbench_line=line)
        )
    is_wrong = any(finding.severity != "warning" for finding in findings)
    if not is_wrong and not _has_read(machine):
        what = f"lint sees no file that is read{machine.plusargs.advice(machine.values)}"
        findings.append(Finding("undecided", "undecided", what, testbench=name))
    for include in testbench.missing:
        message = f"the file {include!r} that it includes is not found; nothing here needs it"
        findings.append(Finding("warning", "include", message, testbench=name))
    if machine.simulator is ICARUS:
        findings += _not_compiled(testbench)
    findings += _unchecked(testbench)
    return tuple(dict.fromkeys(_placed(finding, testbench) for finding in findings))


def _placed(finding: Finding, testbench: Testbench) -> Finding:
    """A finding about a line of another file names that file."""
    name, line = testbench.place_of(finding.testbench_line)
    return replace(finding, testbench=name, testbench_line=line) if finding.testbench else finding


def _has_read(machine: Machine) -> bool:
    """Whether anything is read: comparing nothing is no pass."""
    streams = any(s.events or s.is_opaque for s in machine.streams)
    return bool(machine.loads) or streams


def judge_opened(
    opened: Stream | MemoryLoad, machine: Machine, testbench: str
) -> Iterator[Finding]:
    """The findings about one file that was opened or loaded."""
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
    if opened.is_opaque:
        return  # the testbench wrote it itself, and what it wrote is not known
    text = FileText(opened.content[: MAX_FILE_BYTES + 1])
    if len(opened.content) > MAX_FILE_BYTES:
        message = f"the file must have at most {MAX_FILE_BYTES} bytes to be checked"
        yield Finding("undecided", "undecided", message, opened.file, 0, *where)
    elif not (isinstance(opened, Stream) and opened.is_octets) and (odd := text.odd_line(opened)):
        message = "the file must be ASCII text, but holds other bytes; export it again"
        yield Finding("error", "binary", message, opened.file, odd, *where)
    elif isinstance(opened, MemoryLoad):
        yield from judge_memory(opened, testbench, simulator=machine.simulator)
        if machine.simulator is not ICARUS:
            yield from line_end_fault(opened, testbench)
    elif not opened.is_lost:
        text = FileText(opened.content, file_base(opened))
        yield from StreamJudge(
            opened,
            testbench,
            text,
            _is_cut(machine),
            _is_last(opened, machine),
            machine.simulator,
            _given_to_design(opened, machine) if opened.is_gated else (),
        ).judge()


def _is_cut(machine: Machine) -> bool:
    """Whether the simulation ended because a read failed."""
    last = machine.last_read
    return last is not None and last.is_fatal


def _is_last(stream: Stream, machine: Machine) -> bool:
    """Whether a stream is read beyond its end only behind all that the testbench does with other files, and
    with the design."""
    beyond = [event.call for event in _reads(stream) if event.status == AT_END]
    others = [
        event.call
        for other in machine.streams
        for event in _reads(other)
        if other is not stream and event.status == MATCHED
    ]
    return bool(beyond) and machine.acts.are_over(min(beyond), others)


def _given_to_design(stream: Stream, machine: Machine) -> tuple[tuple[str, int], ...]:
    """The other files whose words go to the design, and how many reads or elements each has of them."""
    streams = [
        (other.file, len({e.call for e in _reads(other) if e.status == MATCHED}))
        for other in machine.streams
        if other is not stream and not other.is_assumed and any(e.is_exposed for e in _reads(other))
    ]
    return (*streams, *((load.file, len(load.given)) for load in machine.loads if load.is_seen))


def _reads(stream: Stream) -> list[ReadEvent]:
    return [*stream.events, *(word for event in stream.events for word in event.words)]


def _missing(opened: Stream | MemoryLoad, machine: Machine, where: tuple[str, int]) -> Finding:
    name = opened.name.strip(" ")
    twin = letter_case_twin(machine.folder, name)
    what = "nothing is loaded" if isinstance(opened, MemoryLoad) else "every read fails"
    if twin and twin != name:
        message = f"the reader opens '{opened.name}', but the file is called '{twin}'"
        tail = "on a system that knows letter case; rename it"
        return Finding("error", "letter-case", f"{message}: {what} {tail}", twin, 0, *where)
    if name != opened.name and (machine.folder / name).is_file():
        message = f"the reader opens '{opened.name}', spaces included: {what}; leave them out, as %0s does"
        return Finding("error", "missing", message, name, 0, *where)
    if isinstance(opened, Stream) and opened.is_optional:
        message = "the file is missing; the testbench goes on without it"
        return Finding("warning", "missing", message, opened.name, 0, *where)
    message = f"the file is missing: {what}, and the simulation goes on with old data; write it"
    if not name:
        message += machine.plusargs.advice(machine.values)
    last = name.rpartition("/")[2]
    if last != name and (machine.folder / last).is_file():
        message += (
            f". A file '{last}' lies in {machine.folder}, but names are looked up from there, where the "
            f"simulation runs: give the folder from which '{name}' is reached"
        )
    return Finding("error", "missing", message, opened.name, 0, *where)


def _headers_differ(streams: list[Stream], testbench: str) -> Iterator[Finding]:
    """Files opened by the same line of the testbench must have headers of the same shape."""
    groups: dict[int, dict[str, Stream]] = {}
    for stream in streams:
        if stream.content and not stream.is_own and any(not e.is_word for e in stream.events):
            groups.setdefault(stream.line, {})[stream.file] = stream
    for group in groups.values():
        shapes = {name: _header_shape(stream) for name, stream in group.items()}
        (usual, _), *others = Counter(shapes.values()).most_common()
        for name, shape in shapes.items() if others else ():
            if shape != usual:
                message = (
                    f"the header has {shape[0]} {shape[1]}, but files of its kind have {usual[0]}; write "
                    f"one header for all"
                )
                line = group[name].line
                yield Finding("warning", "headers-differ", message, name, 1, testbench, line)


def _ends_first(streams: list[Stream], testbench: str) -> Iterator[Finding]:
    """Files that end while the one that is read in turn with them goes on: words of that have no partner.

    It is a fault if the words of such a file are compared with others: then comparisons are left out.
    """
    for stream in streams:
        for event in stream.events:
            leader = event.leader if event.status == AT_END and event.is_checked else None
            is_harmless = not (
                event.is_used or event.is_fatal or event.is_reported or event.matched
            )
            if leader is None or not is_harmless:
                continue
            last, is_golden = leader.events[-1], any(one.is_compared for one in _reads(stream))
            if last.call > event.call or (is_golden and last.status == MATCHED):
                message = (
                    f"the file ends while '{leader.file}' goes on: what hangs on its words is left out from "
                    f"there on; write as many as that one has"
                )
                kind = ("error", "too-few-words") if is_golden else ("warning", "over-read")
                yield Finding(*kind, message, stream.file, 0, testbench, event.line)
                break


def _uncompared(streams: list[Stream], testbench: str) -> Iterator[Finding]:
    """Files of which the first words are compared with others, and the last ones are kept and never used.

    It is a fault if another file has as many words as are compared: then that one is cut short.
    """
    taken = [[e for e in stream.word_events() if e.status == MATCHED] for stream in streams]
    for stream, words in zip(streams, taken, strict=True):
        count = sum(e.is_compared for e in words)
        rest = words[count:]
        is_cut = not rest or stream.is_lost or rest[0].in_loop != "open"
        if is_cut or not count or any(e.is_used or e.is_exposed for e in rest):
            continue
        others = [
            (other.file, given)
            for other, given in zip(streams, taken, strict=True)
            if given and other is not stream
        ]
        first, last = words[0].call, words[-1].call
        if any(given[0].call < last and first < given[-1].call for _, given in others):
            continue  # they are read in turn
        partners = [
            file for file, given in others if len(given) == count and all(e.is_used for e in given)
        ]
        what = f"of the {len(words)} words that the reader takes it compares the first {count}"
        if partners:
            what += f", as many as '{partners[0]}' has: the others have no partner"
        line = FileText(stream.content or b"").line(rest[0].start)
        severity = "error" if partners else "warning"
        yield Finding(
            severity, "too-few-words", f"{what}; write as many", stream.file, line,
            testbench, rest[0].line,
        )  # fmt: skip


def _header_shape(stream: Stream) -> tuple[int, str]:
    """What stands before the words, as the reader counts it: lines or tokens."""
    text = FileText(stream.content or b"", file_base(stream))
    if any(event.code == "line" for event in stream.events):
        return text.lines_before_words, "lines"
    return len(text.header), "tokens"


def _refused_calls(
    testbench: Testbench, simulator: Simulator, known: list[Finding]
) -> Iterator[Finding]:
    """Calls that stop the simulation before it starts, unless one was met on the way."""
    if any(finding.kind in ("bad-place", "bad-format") for finding in known):
        return
    name = testbench.path.name
    for line, kind, what in refused_calls(testbench, simulator):
        verb = "to write to " if kind == "bad-place" else ""
        message = (
            f"{simulator.title} refuses {verb}{what} before the simulation starts: nothing is read; "
            f"use a variable of its own"
        )
        yield Finding("error", kind, message, testbench=name, testbench_line=line)


def _not_compiled(testbench: Testbench) -> Iterator[Finding]:
    refused: dict[str, Any] = {}
    for find in (refused_syntax, refused_classes, refused_values):
        for what, node in find(testbench):
            refused.setdefault(what, node)
    if not refused and has_classes(testbench):
        message = (
            "Icarus 11 compiles these classes, but parts of them come out otherwise than they should: "
            "lint does not follow that; simulate by another program, and give its name as --reader"
        )
        yield Finding("undecided", "undecided", message, testbench=testbench.path.name)
    for what, node in refused.items():
        message = (
            f"Icarus 11 does not compile {what}: what is said here holds for a simulator that does"
        )
        name = testbench.path.name
        line = testbench.line(node)
        yield Finding("warning", "not-compiled", message, testbench=name, testbench_line=line)


def _unchecked(testbench: Testbench) -> Iterator[Finding]:
    lines = unchecked_lines(testbench)
    if lines:
        said = f"{len(lines)} lines read files and never look"
        if len(lines) == 1:
            said = "1 line reads a file and never looks"
        message = (
            f"{said} at the result of $fscanf or $fgets: a "
            f"wrong file goes unnoticed; compare each result with the number of values"
        )
        name = testbench.path.name
        yield Finding("warning", "unchecked", message, testbench=name, testbench_line=lines[0])
