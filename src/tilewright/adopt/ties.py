"""Other layouts that fit the same files: some mean the same, some the numbers just do not tell apart."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.adopt.probe import write_probe
from tilewright.bundles import Geometry, check_foreign
from tilewright.errors import TilewrightError
from tilewright.vectors import Layout

MOST = 12
Statement = tuple[Layout, str]


@dataclass(frozen=True, slots=True)
class Tie:
    """Another layout that fits the files.

    differences: what it says otherwise. is_harmless: whether it gives the same numbers for any layer.
    """

    layout: Layout
    geometry: str
    differences: tuple[str, ...]
    is_harmless: bool

    def to_json(self) -> dict[str, Any]:
        """The tie as JSON facts."""
        return {
            "layout": self.layout.to_facts(),
            "geometry": self.geometry,
            "differences": list(self.differences),
            "harmless": self.is_harmless,
        }


def ties_of(chosen: Statement, rivals: Sequence[Statement]) -> tuple[Tie, ...]:
    """The rivals that say something else, each tried on random numbers in the chosen layout."""
    seen = [chosen]
    ties: list[Tie] = []
    for rival in rivals:
        if rival in seen or len(ties) >= MOST:
            continue
        seen.append(rival)
        ties.append(Tie(*rival, _differences(chosen, rival), _agrees(chosen, rival)))
    return tuple(ties)


def _agrees(chosen: Statement, rival: Statement) -> bool:
    """Whether random numbers written in one layout are a convolution in the other one too."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "probe"
        try:
            write_probe(chosen[0], Geometry.parse(chosen[1]), folder)
            return check_foreign(folder, rival[0], Geometry.parse(rival[1])).passed
        except TilewrightError:
            return False


def _differences(chosen: Statement, rival: Statement) -> tuple[str, ...]:
    """What the rival says otherwise, key by key."""
    ours, theirs = chosen[0].to_facts(), rival[0].to_facts()
    found = []
    if chosen[1] != rival[1]:
        found.append(f"geometry {rival[1]}")
    for kind, table in theirs.items():
        mine = ours.get(kind)
        if isinstance(table, dict) and isinstance(mine, dict):
            found += [
                f"{kind}: {key} = {table.get(key, 'as without')!r}"
                for key in sorted(table.keys() | mine.keys())
                if table.get(key) != mine.get(key)
            ]
    return tuple(found)
