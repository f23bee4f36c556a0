"""Decimal words with an underscore, of which some simulators take the part before it."""

from __future__ import annotations

from tilewright.verilog.machine import Machine
from tilewright.verilog.scan import Conversion


def note_cut_decimals(done: list[Conversion], machine: Machine, *, line: int) -> None:
    """Note each ``%d`` of a word such as ``1_000``, where the simulator would take its 1 for the number."""
    if not machine.simulator.cuts_decimals:
        return
    for conversion in done:
        if conversion.item.code == "d" and b"_" in conversion.digits:
            word = conversion.digits.decode("latin-1")
            machine.undecided(
                line,
                f"{machine.simulator.title} takes only {word.partition('_')[0]} of the number {word}: "
                "write it without underscores",
            )
