"""In what simulators differ when they read files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Simulator:
    """How one simulator reads.

    takes_upper_case: conversions such as %H are those of %h; else the read fails. has_fields: %4b takes
    at most 4 digits. ends_with_minus_one: `$fscanf` is -1 whenever the file ends before the format does;
    else only where nothing is left when it begins. counts_up: after an ``@`` in a `$readmem` that goes
    down, addresses count up. needs_target: `$fscanf` must be given a variable. reads_in_order: of two reads
    in one expression the left one is the first; else either may be. cuts_decimals: %d of 1_000 is 1.
    trims_names: spaces at the end of a file name do not count. takes_no_digits: %0d reads nothing.
    breaks_at_underscores: %b of 1_0 ends the simulation.
    """

    name: str
    takes_upper_case: bool
    has_fields: bool
    ends_with_minus_one: bool
    counts_up: bool
    needs_target: bool
    reads_in_order: bool
    cuts_decimals: bool
    trims_names: bool
    takes_no_digits: bool
    breaks_at_underscores: bool

    @property
    def title(self) -> str:
        """The name with a capital."""
        return self.name.capitalize()


ICARUS = Simulator("icarus", False, True, False, False, True, True, False, False, True, True)
VERILATOR = Simulator("verilator", True, False, True, True, False, False, True, True, False, False)
SIMULATORS = {simulator.name: simulator for simulator in (ICARUS, VERILATOR)}
