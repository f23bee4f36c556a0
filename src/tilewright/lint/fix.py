"""Files as a reader needs them, written to another folder; what cannot be known is refused.

The new files are read by the same reader before anybody sees them: it must get every word that it was
meant to get, or nothing is written.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tilewright.errors import ArtifactError, DataError, FormatError
from tilewright.lint.bounded import apart, read_apart
from tilewright.lint.check import judge_machine, judge_opened
from tilewright.lint.file_text import FileText
from tilewright.lint.findings import Finding
from tilewright.lint.given import find_simulators, with_folder
from tilewright.lint.line_ends import wrong_line_ends
from tilewright.lint.need import Need, RefusedError, memory_need, stream_need
from tilewright.lint.rewrite import Rewritten, rewrite
from tilewright.verilog.events import MATCHED, MemoryLoad, Stream
from tilewright.verilog.machine import Machine
from tilewright.verilog.reader import follow
from tilewright.verilog.readmem import parse_memory_file
from tilewright.verilog.scan import number
from tilewright.verilog.simulators import Simulator
from tilewright.verilog.testbench import Sources, Testbench

MAX_ROUNDS = 64
HARMLESS = frozenset(
    ("over-read", "memory-not-full", "no-line-end", "headers-differ", "never-read")
)
"""Findings for which a file stays as it is."""
ASIDE = HARMLESS | {
    "complaint",
    "last-unused",
    "line-length",
    "line-passed",
    "rows-eaten",
    "too-few-words",
    "trailer",
}
"""Warnings for which it does."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one file; `refusal` says why nothing was."""

    file: str
    done: tuple[str, ...] = ()
    refusal: str = ""

    def __str__(self) -> str:
        if self.refusal:
            return f"{self.file}: refused: {self.refusal}"
        return f"{self.file}: {', '.join(self.done) or 'unchanged'}"


@dataclass(frozen=True, slots=True)
class FixReport:
    """Every file that the reader reads, and the folder written; '' if a file was refused."""

    folder: str
    changes: tuple[Change, ...]

    @property
    def refusals(self) -> tuple[Change, ...]:
        """The files that could not be made as the reader needs them."""
        return tuple(change for change in self.changes if change.refusal)


@dataclass(slots=True)
class _Progress:
    """The files so far: what was done, their new content, and the words that must be read from them."""

    changes: dict[str, Change] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    words: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    stand_ins: dict[Path, bytes] = field(default_factory=dict)


def fix(
    folder: Path,
    out: Path,
    *,
    testbench: Path,
    reader: str = "icarus",
    given: Sources | None = None,
) -> FixReport:
    """Write the files that the testbench reads to `out`, in the form that it needs.

    A file that is read as it is meant stays as it is. Changed are the header, the border of zeros of a
    square plane, spaces within words, leading zeros that mean nothing, line ends and letter case. Nothing
    is written if one file is refused, or if the reader would not get every word of the new files. Raises
    `ArtifactError` if `out` is not a new or empty folder, and the errors of `lint`.
    """
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise DataError(f"{folder} must be a folder with vector files")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArtifactError(f"{out} must be a new or empty folder: fixed files overwrite nothing")
    path, simulators = Path(testbench), find_simulators(reader)
    return apart(lambda: _fix_files(path, folder, out, given, simulators), path)


def _fix_files(
    testbench: Path,
    folder: Path,
    out: Path,
    given: Sources | None,
    simulators: tuple[Simulator, ...],
) -> FixReport:
    """See `fix`, which has looked at the arguments."""
    bench = read_apart(testbench, with_folder(given, folder))
    progress = _Progress()
    for _ in range(MAX_ROUNDS):  # a reader that stops at a fault opens more once that is mended
        machine = follow(
            bench, folder, contents=progress.stand_ins, ignores_case=True, simulator=simulators[0]
        )
        known = len(progress.changes)
        _fix_opened(machine, bench, progress)
        if len(progress.changes) == known:
            break
    _mend_line_ends(machine, bench, progress)
    if not progress.changes:
        raise FormatError(f"{testbench} opens no file that lint can follow: nothing can be fixed")
    notes = [
        Change(name, refusal=f"line {line}: {text}")
        for (name, line), text in ((bench.place_of(at), text) for at, text in machine.notes)
    ]
    report = FixReport("", (*progress.changes.values(), *notes))
    return report if report.refusals else _write_checked(bench, out, progress, simulators)


def _fix_opened(machine: Machine, bench: Testbench, progress: _Progress) -> None:
    """Fix every file that was opened and not yet fixed."""
    for opened in machine.opened:
        name = opened.name.strip(" ")
        if name in progress.changes or opened.is_own:
            continue
        try:
            done = _fix_one(opened, machine, bench, progress, name)
        except RefusedError as refused:
            progress.changes[name] = Change(name, refusal=str(refused))
        else:
            progress.changes[name] = Change(name, done)


def _mend_line_ends(machine: Machine, bench: Testbench, progress: _Progress) -> None:
    """Other line ends for files that are read otherwise for those that they have, once all else is well."""
    is_wrong = any(change.refusal for change in progress.changes.values())
    if is_wrong or any(f.severity != "warning" for f in judge_machine(machine, bench)):
        return

    def again(contents: dict[Path, bytes]) -> Machine:
        given = {**progress.stand_ins, **contents}
        return follow(
            bench, machine.folder, contents=given, ignores_case=True, simulator=machine.simulator
        )

    for wrong in wrong_line_ends(bench, machine, again):
        for stream in wrong.streams:
            name = stream.name.strip(" ")
            progress.contents[name] = wrong.contents[machine.folder / stream.file]
            progress.changes[name] = Change(name, (*progress.changes[name].done, wrong.done))


def _fix_one(
    opened: Stream | MemoryLoad, machine: Machine, bench: Testbench, progress: _Progress, name: str
) -> tuple[str, ...]:
    """What was done."""
    if opened.lost_name:
        raise RefusedError("the register for the file name is too short: widen it")
    if opened.content is None:
        raise RefusedError("the file is missing")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise RefusedError("its name leads out of the folder in which the simulation runs")
    found = opened.file.rpartition("/")[2]
    done = () if found == path.name else (f"renamed from {found}",)
    progress.contents[name] = opened.content
    need = _find_need(opened, tuple(judge_opened(opened, machine, bench.path.name)))
    if need is not None:
        new = _rewrite(opened, need)
        done = (*done, *new.done)
        progress.contents[name], progress.words[name] = new.content, new.words
        progress.stand_ins[machine.folder / opened.file] = new.content
    return done


def _find_need(opened: Stream | MemoryLoad, findings: tuple[Finding, ...]) -> Need | None:
    """What the reader needs of a file that it does not read as it is meant; None if it does."""
    is_wrong = any(finding.severity != "warning" for finding in findings)
    if all(f.kind in (ASIDE if f.severity == "warning" else HARMLESS) for f in findings):
        return None
    try:
        need = memory_need(opened) if isinstance(opened, MemoryLoad) else stream_need(opened)
    except RefusedError:
        if is_wrong:
            raise
        return None  # a warning about a file of another kind
    is_value = need.base != "b" and {finding.kind for finding in findings} <= HARMLESS | {
        "short-word"
    }
    return None if is_value and not is_wrong else need


def _rewrite(opened: Stream | MemoryLoad, need: Need) -> Rewritten:
    content = opened.content or b""
    if isinstance(opened, Stream):
        end = FileText(content, need.base).header_end
        if any(e.status == MATCHED and e.start < end for e in opened.word_events()):
            raise RefusedError("the reader takes numbers from what looks like its header")
    return rewrite(content, need, is_memory=isinstance(opened, MemoryLoad))


def _write_checked(
    bench: Testbench, out: Path, progress: _Progress, simulators: tuple[Simulator, ...]
) -> FixReport:
    """The files in a folder beside `out`, which takes its place once they are read as they should be."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            _write(place, progress.contents)
            wrong = dict(_wrong(bench, place, progress, simulators))
            changes = tuple(
                Change(name, refusal=wrong[name]) if name in wrong else change
                for name, change in progress.changes.items()
            )
            rest = tuple(
                Change(n, refusal=t) for n, t in wrong.items() if n not in progress.changes
            )
            if wrong:
                return FixReport("", (*changes, *rest))
            if out.exists():
                out.rmdir()
            place.chmod(0o755)
            place.rename(out)
            return FixReport(str(out), changes)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(f"cannot write {out}: {error.strerror or error}") from None


def _write(place: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)


def _wrong(
    bench: Testbench, place: Path, progress: _Progress, simulators: tuple[Simulator, ...]
) -> Iterator[tuple[str, str]]:
    """File and reason for each that the reader would still not read as it is meant."""
    for simulator in simulators:
        machine = follow(bench, place, simulator=simulator)
        for finding in judge_machine(machine, bench):
            if finding.severity != "warning":
                name = finding.file or bench.path.name
                yield name, f"the new file would still be wrong: {finding.message}"
        for opened in machine.opened:
            name = opened.name.strip(" ")
            words = progress.words.get(name)
            if words is not None and _words_read(opened, machine) != _values(words, opened):
                yield name, "the reader would not get every word of the new file"


def _words_read(opened: Stream | MemoryLoad, machine: Machine) -> list[int | None]:
    if isinstance(opened, MemoryLoad):
        found = parse_memory_file(opened, machine.simulator).words
        return [number(word.digits, opened.base) for word in found]
    pieces: dict[tuple[int, int], bytes] = {}
    for event in opened.word_events():
        if event.status == MATCHED:
            key = event.run if event.field else (event.start, event.end)
            pieces[key] = pieces.get(key, b"") + event.digits
    code = next((event.code for event in opened.word_events()), "b")
    return [number(digits, code) for digits in pieces.values()]


def _values(words: tuple[bytes, ...], opened: Stream | MemoryLoad) -> list[int | None]:
    code = (
        opened.base
        if isinstance(opened, MemoryLoad)
        else next((event.code for event in opened.word_events()), "b")
    )
    return [number(word, code) for word in words]
