"""What a testbench reads in a folder, so that other files need not be understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tilewright.adopt.families import Family
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import Sources, read_testbench


@dataclass(frozen=True, slots=True)
class BenchFiles:
    """Names that a testbench opens, below the folder; none: there is no testbench."""

    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def choose(self, families: Sequence[Family]) -> tuple[list[Family], list[Family]]:
        """The families of which a file is opened, and the others; all of them without a testbench."""
        if not self.names:
            return list(families), []
        read = [f for f in families if any(file.name in self.names for file in f.files)]
        return read, [family for family in families if family not in read]


def read_bench(folder: Path, testbench: Path) -> BenchFiles:
    """The files that `testbench` opens when it runs in `folder`.

    Raises `ToolError` without pyslang, `FormatError` for a testbench that does not parse.
    """
    bench = read_testbench(testbench, given=Sources((folder,), (), ()))
    machine = follow(bench, folder)
    names: list[str] = []
    missing: list[str] = []
    for opened in machine.opened:
        name = str(PurePosixPath(opened.name.strip()))
        (names if opened.content is not None else missing).append(name)
    notes = [f"{testbench.name} opens {name}, which is not there" for name in missing[:3]]
    if not names:
        notes.append(
            f"{testbench.name}: no file that it reads could be followed; all files are looked at"
        )
    return BenchFiles(tuple(dict.fromkeys(names)), tuple(notes))
