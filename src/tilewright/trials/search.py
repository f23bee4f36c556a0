"""The search for the smallest layer: delta debugging of numbers and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from tilewright.trials.candidate import CHANNELS, SPATIAL, Candidate
from tilewright.trials.oracle import OutOfTime


@dataclass(slots=True)
class Search:
    """best: the smallest layer so far, on which `fails` holds.

    keeps_sizes: numbers become 0, sizes stay. progress: told of each smaller one. is_late: whether the time
    was over before the search was.
    """

    best: Candidate
    fails: Callable[[Candidate], bool]
    keeps_sizes: bool = False
    progress: Callable[[Candidate], None] = lambda _best: None
    is_late: bool = False

    def smallest(self) -> Candidate:
        """Make the layer smaller until nothing more can be left out, or the time is over."""
        try:
            self._blank_channels()
            cost = None
            while cost != self.best.cost:
                cost = self.best.cost
                if not self.keeps_sizes:
                    self._cut_sizes()
                self._blank_values()
            self._make_small()
        except OutOfTime:
            self.is_late = True
        return self.best

    def _blank_channels(self) -> None:
        for axis in (*CHANNELS, *SPATIAL):

            def take(kept: Sequence[int], axis: str = axis) -> bool:
                return self._take(self.best.blank(axis, kept))

            _minimize(self.best.support(axis), take)

    def _cut_sizes(self) -> None:
        for candidate in _jumps(self.best):
            if self._take(candidate):
                break
        for axis in (*CHANNELS, *SPATIAL):
            if not any(self._keep(axis, places) for places in _cuts(self.best, axis)):
                self._bisect(axis, is_first=True)
                self._bisect(axis, is_first=False)
        for side in (0, 1):
            stride = list(self.best.stride)
            stride[side] = 1
            self._take(self.best.having("stride", tuple(stride)))
            for before, after in ((False, False), (False, True), (True, False)):
                is_padded = any(self.best.shape.edges[side])
                if is_padded and self._take(self.best.unpadded(side, before=before, after=after)):
                    break

    def _keep(self, axis: str, places: Sequence[int]) -> bool:
        is_smaller = len(places) < self.best.size(axis)
        return is_smaller and self._take(self.best.keep(axis, places))

    def _bisect(self, axis: str, *, is_first: bool) -> None:
        """Find how many of the first (or last) places of an axis are enough, as if more were, too."""
        least, size = 0, self.best.size(axis)
        while size - least > 1:
            count = (least + size) // 2
            kept = range(count) if is_first else range(size - count, size)
            if self._keep(axis, list(kept)):
                size = count
            else:
                least = count

    def _blank_values(self) -> None:
        for name in ("codes", "weight"):
            array = getattr(self.best, name).reshape(-1)
            places = np.flatnonzero(array).tolist()

            def take(kept: Sequence[int], name: str = name, array: Any = array) -> bool:
                return self._take(self.best.with_values(name, kept, array[list(kept)]))

            _minimize(places, take)

    def _make_small(self) -> None:
        """Values of 1 and -1 in place of larger ones, all at once or one at a time."""
        for name in ("codes", "weight"):
            array = getattr(self.best, name)
            if self._take(self.best.having(name, np.sign(array).astype(array.dtype))):
                continue
            for place in np.flatnonzero(np.abs(array.astype(int)) > 1).tolist()[:32]:
                changed = getattr(self.best, name).copy()
                changed.flat[place] = np.sign(changed.flat[place])
                self._take(self.best.having(name, changed))

    def _take(self, candidate: Candidate) -> bool:
        """Whether the command still fails on a candidate, which is then the best."""
        if candidate.key != self.best.key:
            if not self.fails(candidate):
                return False
            self.best = candidate
            self.progress(self.best)
        return True


def _jumps(best: Candidate) -> Iterator[Candidate]:
    """Candidates that cut everything at once: what is 0 is left out."""
    exact = best
    for axis in (*CHANNELS, *SPATIAL):
        places = best.support(axis) or [0]
        if axis in SPATIAL:
            places = list(range(places[0], places[-1] + 1))
        exact = exact.keep(axis, places)
    yield replace(exact, padding=(0, 0), padding_after=None, stride=(1, 1))
    yield exact


def _cuts(best: Candidate, axis: str) -> Iterator[list[int]]:
    """Places of an axis to keep, the fewest first: what is not 0, where it stands, or a part of all."""
    size, places = best.size(axis), best.support(axis) or [0]
    tried = [places, list(range(places[-1] + 1)), list(range(places[0], places[-1] + 1))]
    if axis in SPATIAL:
        tried[0] = tried[2]
    count = 1
    while count < size:
        tried += [list(range(count)), list(range(size - count, size))]
        count *= 2
    yield from sorted(tried, key=len)


def _minimize(items: Sequence[int], fails: Callable[[Sequence[int]], bool]) -> None:
    """Delta debugging: `fails` on fewer and fewer of `items`, until none can be left out alone."""
    kept, parts = list(items), 2
    if not kept or fails([]):
        return
    while len(kept) > 1:
        bounds = [len(kept) * i // parts for i in range(parts + 1)]
        chunks = [kept[a:b] for a, b in pairwise(bounds)]
        rests = [[i for i in kept if i not in set(chunk)] for chunk in chunks]
        smaller = next((c for c in (*chunks, *rests) if len(c) < len(kept) and fails(c)), None)
        if smaller is not None:
            parts = 2 if smaller in chunks else max(parts - 1, 2)
            kept = smaller
        elif parts < len(kept):
            parts = min(len(kept), 2 * parts)
        else:
            return
