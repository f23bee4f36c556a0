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
    takes_no_digits: %0d reads nothing.
    breaks_at_underscores: %b of 1_0 ends the simulation. leaves_out_unread: a `$fgets` whose result nothing
    reads is not done. stops_at_zeros: `$sscanf` takes no value out of a register wider than its text.
    ends_outside: a `$readmem` with more words than the memory has ends the simulation. wraps: a word stored
    outside of a memory may land inside. wants_literals: a format must be a string literal.
    wants_whole_names: a file name in a constant must fill it. seeks_forward: a negative offset of `$fseek`
    counts forward. reads_0x: in front of hexadecimal digits, ``0x`` means nothing; else x is a digit.
    begins_with_x: digits of a variable that an object or a call has of its own are x at first; else 0 or any.
    makes_elements: an element of an associative array that is looked at and not there is made; its keys
    stand in the order of numbers without a sign, and none is next to one that is not there.
    has_signed_members: a member of a packed structure or union can have a sign. rounds_reals: %f puts the
    nearest integer into a variable that is none of real numbers; else something else. sorts_by_digits:
    `sort`, `min` and `max` take negative numbers for large ones. knows_returns: ``\\r`` in a text is a
    carriage return; else the letter r. clears_strings: at the end of a file, `$fgets` leaves a string empty.
    """

    name: str
    takes_upper_case: bool
    has_fields: bool
    ends_with_minus_one: bool
    counts_up: bool
    needs_target: bool
    reads_in_order: bool
    cuts_decimals: bool
    takes_no_digits: bool
    breaks_at_underscores: bool
    leaves_out_unread: bool
    stops_at_zeros: bool
    ends_outside: bool
    wraps: bool
    wants_literals: bool
    wants_whole_names: bool
    seeks_forward: bool
    reads_0x: bool
    begins_with_x: bool
    makes_elements: bool
    has_signed_members: bool
    rounds_reals: bool
    sorts_by_digits: bool
    knows_returns: bool
    clears_strings: bool

    @property
    def title(self) -> str:
        """The name with a capital."""
        return self.name.capitalize()


ICARUS = Simulator(
    "icarus",
    takes_upper_case=False, has_fields=True, ends_with_minus_one=False, counts_up=False,
    needs_target=True, reads_in_order=True, cuts_decimals=False, takes_no_digits=True,
    breaks_at_underscores=True, leaves_out_unread=False, stops_at_zeros=False, ends_outside=False,
    wraps=False, wants_literals=False, wants_whole_names=True, seeks_forward=False, reads_0x=False,
    begins_with_x=True, makes_elements=False, has_signed_members=False,
    rounds_reals=True, sorts_by_digits=False, knows_returns=False, clears_strings=False,
)  # fmt: skip
VERILATOR = Simulator(
    "verilator",
    takes_upper_case=True, has_fields=False, ends_with_minus_one=True, counts_up=True,
    needs_target=False, reads_in_order=False, cuts_decimals=True, takes_no_digits=False,
    breaks_at_underscores=False, leaves_out_unread=True, stops_at_zeros=True, ends_outside=True,
    wraps=True, wants_literals=True, wants_whole_names=False, seeks_forward=True, reads_0x=True,
    begins_with_x=False, makes_elements=True, has_signed_members=True,
    rounds_reals=False, sorts_by_digits=True, knows_returns=True, clears_strings=True,
)  # fmt: skip
SIMULATORS = {simulator.name: simulator for simulator in (ICARUS, VERILATOR)}
