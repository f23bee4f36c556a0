"""What comes with a testbench: whose reads are judged, and where its includes lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tilewright.errors import UnknownNameError
from tilewright.verilog.simulators import SIMULATORS, Simulator
from tilewright.verilog.testbench import Sources

READERS = (*SIMULATORS, "any")
"""Whose reads are judged; "any" is every one."""


def find_simulators(reader: str) -> tuple[Simulator, ...]:
    """The simulators of a reader; raises `UnknownNameError` for a name that is none."""
    if reader == "any":
        return tuple(SIMULATORS.values())
    if reader not in SIMULATORS:
        raise UnknownNameError.among("reader", reader, READERS)
    return (SIMULATORS[reader],)


def with_folder(given: Sources | None, folder: Path) -> Sources:
    """Names that a testbench includes may be relative to where the simulation runs, too."""
    sources = given or Sources()
    return replace(sources, include_folders=(*sources.include_folders, folder))
