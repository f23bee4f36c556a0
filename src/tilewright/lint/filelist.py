"""The list of sources that a simulator compiles: names, letter case, and the last line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tilewright.lint.findings import Finding
from tilewright.verilog.file_names import is_exact_file, letter_case_twin

NAMES = ("filelist", "filelist.f", "filelist.txt")
MAX_BYTES = 1 << 20


def check_filelists(folders: tuple[Path, ...]) -> Iterator[Finding]:
    """The findings about every file list in the folders.

    Names in a list are relative to the first folder, where the simulation runs. A list that names a file
    which is not there may belong to another simulation: that is a warning.
    """
    lists = dict.fromkeys((f / name).resolve() for f in folders for name in NAMES)
    for path in lists:
        if path.is_file() and path.stat().st_size <= MAX_BYTES:
            yield from _check(path, folders[0])


def _check(path: Path, folder: Path) -> Iterator[Finding]:
    content = path.read_bytes()
    lines = content.decode("latin-1").split("\n")
    is_foreign = False
    for number, line in enumerate(lines, start=1):
        entry = line.strip()
        if not entry or entry.startswith(("//", "#", "+", "-")):
            continue
        target = folder / entry
        if not is_exact_file(target):
            is_foreign = is_foreign or number < len(lines)
            yield _unknown(path.name, number, target, entry)
    if lines[-1].strip():
        message = (
            f"the last line '{lines[-1].strip()[:80]}' has no line end: Icarus drops it, so that "
            f"source is not compiled; end the line"
        )
        severity = "warning" if is_foreign else "error"
        yield Finding(severity, "filelist-end", message, path.name, len(lines))


def _unknown(name: str, number: int, target: Path, entry: str) -> Finding:
    twin = letter_case_twin(target.parent, target.name) if target.parent.is_dir() else ""
    if twin:
        message = f"the list says '{entry[:80]}', but the file is called '{twin}': correct the name"
        return Finding("warning", "letter-case", message, name, number)
    message = f"the list says '{entry[:80]}', but there is no such file: correct the list"
    return Finding("warning", "missing", message, name, number)
