"""Who takes the findings about one stream: what its judges see of `StreamJudge`, which calls them."""

from __future__ import annotations

from typing import Protocol

from tilewright.lint.file_text import FileText
from tilewright.lint.findings import Finding
from tilewright.verilog.events import ReadEvent, Stream
from tilewright.verilog.simulators import Simulator


class Judge(Protocol):
    """The stream, the text of its file, and what was found so far.

    is_cut: the testbench ended because of some file. lengths: of the words, as far as they were counted;
    signs: of lines of the testbench, whether they read negative numbers. given: files whose words go to the
    design, and how many, where reads of this one hang on the design.
    """

    stream: Stream
    text: FileText
    is_cut: bool
    simulator: Simulator
    given: tuple[tuple[str, int], ...]
    found: dict[str, Finding]
    lengths: dict[tuple[int, int], tuple[int, int, set[int]]]
    signs: dict[int, bool]

    def matters(self, event: ReadEvent) -> bool:
        """Whether it does harm that a read found the end of the file."""

    def skips(self) -> list[ReadEvent]:
        """Reads that take no number, in calls that take none."""

    def report(self, severity: str, kind: str, message: str, at: int, line: int) -> None:
        """Add a finding."""
