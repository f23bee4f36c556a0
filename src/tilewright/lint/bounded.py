"""A testbench is read and followed in a process of its own: its parser is outside code, and its text too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tilewright.programs.confined import Bounds, confined, limit_processor_time
from tilewright.verilog.testbench import Sources, Testbench, import_pyslang, read_testbench

T = TypeVar("T")

BOUNDS = Bounds(seconds=45)
"""Of one call; a million statements, the most that are followed, take half of it."""

SECONDS_TO_PARSE = 8
"""Of these; a testbench of 4 MB takes half of it."""


def apart(work: Callable[[], T], testbench: Path) -> T:
    """`work` on `testbench` in a process of its own; raises `FormatError` if that takes too much.

    Also raises `ToolError` without pyslang, and what `work` does.
    """
    import_pyslang()  # once, here: each process then has it
    return confined(work, BOUNDS, what=f"the testbench {testbench}")


def read_apart(path: Path, given: Sources) -> Testbench:
    """The testbench in `path`, within `apart`: a tree of the parser never leaves its process."""
    limit_processor_time(SECONDS_TO_PARSE)
    bench = read_testbench(path, given=given)
    limit_processor_time(BOUNDS.seconds)
    return bench
