"""How wide the codes of a trained network may be."""

from __future__ import annotations

from tilewright.errors import ConfigError

MIN_BITS, MAX_BITS = 2, 8


def check_bits(bits: int, name: str) -> int:
    """`bits`, if it is 2..8; raises `ConfigError` that calls it `name`."""
    if not MIN_BITS <= bits <= MAX_BITS:
        raise ConfigError(f"{name} must be {MIN_BITS}..{MAX_BITS}, not {bits}")
    return bits
