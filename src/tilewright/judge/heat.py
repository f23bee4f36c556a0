"""Where numbers differ, as maps over channels, pixels, taps and the array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tilewright.judge.compare import Comparison
from tilewright.judge.dump import Known
from tilewright.spec import Ints
from tilewright.vectors import Bundle

SHADES = ".123456789#"
"""None, up to one tenth, .. up to nine tenths, more; a blank where nothing is known."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """How many known numbers there are, and how many differ, along two axes: both ``down across``."""

    title: str
    down: str
    across: str
    known: Ints
    differ: Ints

    def lines(self) -> list[str]:
        """The map in characters, one line for each place along `down`."""
        return [
            "".join(self._shade(k, d) for k, d in zip(*row, strict=True))
            for row in zip(self.known.tolist(), self.differ.tolist(), strict=True)
        ]

    @staticmethod
    def _shade(known: int, differ: int) -> str:
        if not known:
            return " "
        return SHADES[0] if not differ else SHADES[min(10, 1 + 10 * differ // known)]


def heat_maps(bundle: Bundle, found: Comparison) -> tuple[HeatMap, ...]:
    """Maps over pixels, channels and columns, and taps where the dump has them."""
    known, differ = found.dump.known, found.differs
    shape = bundle.shape
    groups = (-1, shape.oc, shape.oh, shape.ow)
    known, differ = known.reshape(groups), differ.reshape(groups)
    maps = [
        _map("pixels", "oh", "ow", known, differ, (0, 1)),
        _map("channels", "", "oc", known, differ, (0, 2, 3), is_line=True),
        *_columns(bundle, known, differ),
    ]
    if len(known) > 1:
        taps = (-1, shape.taps, shape.oc, shape.onij)
        known, differ = known.reshape(taps), differ.reshape(taps)
        maps.append(_map("taps", "itile", "kij", known, differ, (2, 3)))
    return tuple(maps)


def _map(
    title: str,
    down: str,
    across: str,
    known: Known,
    differ: Known,
    axes: tuple[int, ...],
    *,
    is_line: bool = False,
) -> HeatMap:
    counts = [array.sum(axis=axes) for array in (known, differ)]
    if is_line:
        counts = [count[None] for count in counts]
    return HeatMap(title, down, across, counts[0], counts[1])


def _columns(bundle: Bundle, known: Known, differ: Known) -> Iterator[HeatMap]:
    """Lanes of the array: output tile down, column across."""
    cols = bundle.array.cols
    if bundle.plan.otiles < 2:
        return
    edges = ((0, 0), (0, bundle.plan.otiles * cols - bundle.shape.oc), (0, 0), (0, 0))
    tiled = [
        np.pad(array, edges).reshape(len(array), -1, cols, *array.shape[2:])
        for array in (known, differ)
    ]
    yield _map("array", "otile", "col", tiled[0], tiled[1], (0, 3, 4))
