"""A cell of a netlist without its connections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """A cell without its connections. width: bits of its output; widths: of its inputs A, B and S."""

    kind: str
    name: str
    width: int
    widths: tuple[int, ...]
    is_signed: bool
    is_a_signed: bool = False
    is_b_signed: bool = False
