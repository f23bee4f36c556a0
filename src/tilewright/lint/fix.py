"""Files as a reader needs them, written to another folder; what cannot be known is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ArtifactError, DataError, FormatError
from tilewright.lint.check import check_reader
from tilewright.lint.findings import Finding
from tilewright.lint.need import RefusedError, memory_need, stream_need
from tilewright.lint.rewrite import rewrite
from tilewright.verilog.events import MemoryLoad, Stream
from tilewright.verilog.machine import Machine
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

MAX_ROUNDS = 64


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
    """Every file that the reader reads, and the folder written; '' if a file was refused.

    remaining: errors that lint still finds in the new files.
    """

    folder: str
    changes: tuple[Change, ...]
    remaining: tuple[Finding, ...] = ()

    @property
    def refusals(self) -> tuple[Change, ...]:
        """The files that could not be made as the reader needs them."""
        return tuple(change for change in self.changes if change.refusal)


def fix(folder: Path, out: Path, *, testbench: Path) -> FixReport:
    """Write the files that the testbench reads to `out`, in the form that it needs.

    Changed are the header, the border of zeros of a square plane, spaces within words, leading
    zeros that mean nothing, line ends and letter case. Nothing is written if one file is refused.
    Raises `ArtifactError` if `out` is not a new or empty folder, and the errors of `lint`.
    """
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise DataError(f"{folder} must be a folder with vector files")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArtifactError(f"{out} must be a new or empty folder: fixed files overwrite nothing")
    bench = read_testbench(Path(testbench))
    changes: dict[str, Change] = {}
    fixed: dict[str, bytes] = {}
    stand_ins: dict[Path, bytes] = {}
    for _ in range(MAX_ROUNDS):  # a reader that stops at a fault opens more once that is mended
        machine = follow(bench, folder, contents=stand_ins, ignores_case=True)
        known = len(changes)
        _fix_opened(machine, changes, fixed, stand_ins)
        if len(changes) == known:
            break
    if not changes:
        raise FormatError(f"{testbench} opens no file that lint can follow: nothing can be fixed")
    notes = [Change(bench.path.name, refusal=f"line {at}: {text}") for at, text in machine.notes]
    report = FixReport("", (*changes.values(), *notes))
    if report.refusals:
        return report
    _write(out, fixed)
    found, _ = check_reader(bench, out)
    remaining = tuple(finding for finding in found if finding.severity == "error")
    return FixReport(str(out), report.changes, remaining)


def _fix_opened(
    machine: Machine,
    changes: dict[str, Change],
    fixed: dict[str, bytes],
    stand_ins: dict[Path, bytes],
) -> None:
    """Fix every file that was opened and not yet fixed."""
    for opened in machine.opened:
        name = opened.name.strip(" ").rpartition("/")[2]
        if name in changes:
            continue
        try:
            content, done = _fix_one(opened, name)
        except RefusedError as refused:
            changes[name] = Change(name, refusal=str(refused))
            continue
        changes[name], fixed[name] = Change(name, tuple(done)), content
        stand_ins[machine.folder / opened.file] = content


def _fix_one(opened: Stream | MemoryLoad, name: str) -> tuple[bytes, list[str]]:
    """The new content, and what was done."""
    if opened.lost_name:
        raise RefusedError("the register for the file name is too short: widen it")
    if opened.content is None:
        raise RefusedError("the file is missing")
    found = opened.file.rpartition("/")[2]
    done = [] if found == name else [f"renamed from {found}"]
    is_memory = isinstance(opened, MemoryLoad)
    need = memory_need(opened) if isinstance(opened, MemoryLoad) else stream_need(opened)
    content, changes = rewrite(opened.content, need, is_memory=is_memory)
    return content, [*done, *changes]


def _write(out: Path, contents: dict[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise ArtifactError(f"cannot write {out}: {error.strerror or error}") from None
