"""An energy estimate, from counts and a table that the user states and can replace."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tilewright.cost.traffic import Traffic
from tilewright.errors import ConfigError
from tilewright.sim import Activity
from tilewright.store.toml import read_toml

MEMORIES = ("xmem", "wmem", "pmem")


@dataclass(frozen=True, slots=True)
class Picojoules:
    """Energy of each event, in pJ.

    mac, mac_zero: a multiply-accumulate without and with an operand that is 0. register_toggle: a bit of
    a PE's register that changes. xmem_bit, wmem_bit, pmem_bit: a bit that the core reads or writes.
    host_bit: a bit that the host does. pe_cycle: one PE in one cycle, whatever it does.
    """

    mac: float
    mac_zero: float
    register_toggle: float
    xmem_bit: float
    wmem_bit: float
    pmem_bit: float
    host_bit: float
    pe_cycle: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or value < 0:
                raise ConfigError(f"pj.{field.name} must be a number of at least 0, not {value!r}")


@dataclass(frozen=True, slots=True)
class EnergyTable:
    """The energy of each event, the technology it is valid for, and its source."""

    name: str
    source: str
    pj: Picojoules

    @classmethod
    def load(cls, path: Path) -> EnergyTable:
        """Read ``name``, ``source`` and ``[pj]``; every key is needed. Raises `ConfigError`."""
        values = read_toml(path)
        pj = values.get("pj")
        _expect_keys(path, "", values, {"name", "source", "pj"})
        if not isinstance(pj, dict):
            raise ConfigError(f"{path}: pj must be a table of energies, not {pj!r}")
        _expect_keys(path, "pj.", pj, {field.name for field in fields(Picojoules)})
        for key in ("name", "source"):
            if not isinstance(values[key], str) or not values[key].strip():
                raise ConfigError(f"{path}: {key} must be text that is not empty: state it")
        return cls(values["name"], values["source"], Picojoules(**pj))

    def estimate(self, activity: Activity, traffic: Traffic, pe_cycles: int) -> dict[str, float]:
        """Energy of a layer and one sample in pJ: by part, and in ``total``.

        pe_cycles: PEs times cycles.
        """
        zeros = activity.zero_operands
        parts = {
            "pe": self.pj.mac * (activity.operations - zeros) + self.pj.mac_zero * zeros,
            "registers": self.pj.register_toggle * activity.toggles,
            "clock": self.pj.pe_cycle * pe_cycles,
            "host": 0.0,
        }
        for name in MEMORIES:
            memory = getattr(traffic, name)
            parts[name] = getattr(self.pj, f"{name}_bit") * memory.bits
            parts["host"] += self.pj.host_bit * memory.host_words * memory.word_bits
        return parts | {"total": sum(parts.values())}


def _expect_keys(path: Path, prefix: str, found: dict[str, Any], wanted: set[str]) -> None:
    for key in sorted(wanted.symmetric_difference(found)):
        problem = "is missing" if key in wanted else "is no key"
        raise ConfigError(f"{path}: {prefix}{key} {problem}; needed: {', '.join(sorted(wanted))}")
