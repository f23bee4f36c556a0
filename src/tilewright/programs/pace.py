"""How fast work goes on, and how long the rest of it takes at that pace."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Work of `total` things, begun when this is made.

    has_slow_start: the first thing takes more than the others do, as where something is built for all of
    them; it tells nothing about the rest. clock: seconds, of any origin.
    """

    def __init__(
        self,
        total: int,
        things: str,
        *,
        has_slow_start: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._things, self._clock = total, things, clock
        self._since = clock()
        self._slow = int(has_slow_start)

    def line(self, done: int) -> str:
        """``12 of 400 mutants, 1.8 a second, 3 min 36 s left``; of nothing done, and of all, no time."""
        counts = f"{done:,} of {self._total:,} {self._things}"
        if done and done == self._slow:
            self._since = self._clock()
        timed, seconds = done - self._slow, self._clock() - self._since
        if not 0 < timed < self._total - self._slow or seconds <= 0:
            return counts
        left = seconds / timed * (self._total - done)
        return f"{counts}, {_rate(timed / seconds)}, {_duration(left)} left"


def _rate(things: float) -> str:
    if things < 1:
        return f"{1 / things:.1f} s each"
    return f"{things:,.0f} a second" if things >= 10 else f"{things:.1f} a second"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
