"""Seconds of computing that a search may take, and what it has tried in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

LOOKED_UP = 0.01
"""Seconds after which the time of computing is asked for again: that takes long on some machines."""


@dataclass(slots=True)
class Tally:
    """What a search has tried: sizes, roles of families, and whether an attempt ran out of its time."""

    sizes: int = 0
    roles: set[tuple[str, ...]] = field(default_factory=set)
    is_cut: bool = False


@dataclass(slots=True)
class Clock:
    """Seconds of computing that a search may still take, and what was tried in them."""

    ends: float
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock that runs out after so many seconds of computing."""
        return cls(computed() + seconds)

    def part(self, share: float) -> Clock:
        """A clock that runs out after a share of the time that is left."""
        now = computed()
        return Clock(now + share * max(self.ends - now, 0), self.tally)

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return computed() > self.ends


@dataclass(slots=True)
class _LookedUp:
    at: float = float("-inf")
    seconds: float = 0.0


_LAST = _LookedUp()


def computed() -> float:
    """Seconds of computing that the process has taken, a moment ago at most."""
    now = time.monotonic()
    if now - _LAST.at > LOOKED_UP:
        _LAST.at, _LAST.seconds = now, time.process_time()
    return _LAST.seconds
