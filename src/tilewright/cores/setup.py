"""How a bundle is run: schedule, rule for sums that do not fit, stalls and resets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tilewright.errors import ConfigError
from tilewright.spec import PsumRule, Schedule


@dataclass(frozen=True, slots=True)
class Setup:
    """Inputs of the testbench besides the bundle; docs/dataflows.md explains them.

    stall_level: 0 for none, else in each busy cycle each memory and the receiver of results is not
    ready with chance stall_level / 256; stall_seed chooses the sequence. reset_at: 0, or the core is
    reset after so many cycles of each layer's first job, which then starts again. waves: a VCD file
    to write.
    """

    schedule: Schedule = field(default_factory=Schedule)
    rule: PsumRule = field(default_factory=PsumRule)
    stall_level: int = 0
    stall_seed: int = 1
    reset_at: int = 0
    waves: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.stall_level <= 255:
            raise ConfigError(f"a stall level is 0..255 (of 256), not {self.stall_level}")
        if not 1 <= self.stall_seed < 1 << 31:
            raise ConfigError(f"a stall seed is 1..2^31 - 1, not {self.stall_seed}")
        if not 0 <= self.reset_at < 1 << 31:
            raise ConfigError(f"a reset comes after 1..2^31 - 1 cycles, not {self.reset_at}")

    def to_settings(self) -> dict[str, Any]:
        """All but the waves, as plain JSON: for a job that is done elsewhere."""
        return asdict(self) | {"waves": None}

    @classmethod
    def of_settings(cls, settings: dict[str, Any]) -> Setup:
        """The inverse of `to_settings`."""
        parts = {
            "schedule": Schedule(**settings["schedule"]),
            "rule": PsumRule(**settings["rule"]),
        }
        return cls(**(settings | parts))

    @property
    def plusargs(self) -> dict[str, str]:
        """Arguments of the simulation."""
        stalls = {"stall": str(self.stall_level), "seed": str(self.stall_seed)}
        waves = {} if self.waves is None else {"vcd": str(self.waves.absolute())}
        return stalls | {"reset_at": str(self.reset_at)} | waves
