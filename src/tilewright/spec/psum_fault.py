"""A fault of one bit of the psum register of one PE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilewright.errors import ConfigError

FaultKind = Literal["stuck0", "stuck1", "flip"]
FAULT_KINDS: tuple[FaultKind, ...] = ("stuck0", "stuck1", "flip")


@dataclass(frozen=True, slots=True)
class PsumFault:
    """Bit `bit` of the psum register of PE (row, col): always 0, always 1, or flipped in one cycle.

    Raises `ConfigError` for another kind or a negative place.
    """

    row: int
    col: int
    bit: int
    kind: FaultKind

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ConfigError(f"a fault is {', '.join(FAULT_KINDS)}, not {self.kind!r}")
        if min(self.row, self.col, self.bit) < 0:
            raise ConfigError(f"a fault is in row, col and bit 0 or more, not {self}")

    def __str__(self) -> str:
        return f"PE({self.row},{self.col}) bit {self.bit} {self.kind}"
