"""Exact comparison of integers, with the place of every difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilewright.errors import ShapeError
from tilewright.spec import IntArray, Trace

LOCATED = 20
"""How many mismatches of one comparison are kept with their place; all are counted."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One number that differs, with its place in the ofmap (or in the next layer's ifmap)."""

    sample: int
    oc: int
    oh: int
    ow: int
    expected: int
    actual: int

    def __str__(self) -> str:
        return (
            f"sample={self.sample} oc={self.oc} oh={self.oh} ow={self.ow}: "
            f"expected {self.expected}, found {self.actual}"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many numbers of `layer` were compared and how many differed.

    unresolved: how many more there are of which the other side does not say enough to compare them.
    """

    what: str
    layer: str
    compared: int
    mismatches: int
    first: tuple[Mismatch, ...] = ()
    unresolved: int = 0

    @property
    def passed(self) -> bool:
        """Whether numbers were compared and none differed: False where nothing was compared."""
        return self.compared > 0 and self.mismatches == 0

    @property
    def is_open(self) -> bool:
        """Whether nothing could be compared: this has not passed, and has not failed."""
        return self.compared == 0 and self.unresolved > 0

    def __str__(self) -> str:
        if self.is_open:
            return (
                f"{self.layer}: {self.what}: none of {self.unresolved:,} could be compared, because "
                "rounding of the source's floats decides each of them"
            )
        text = f"{self.layer}: {self.what}: {self.compared:,} compared, {self.mismatches:,} differ"
        return f"{text}; first at {self.first[0]}" if self.first else text


def compare(expected: IntArray, actual: IntArray, *, what: str, layer: str) -> Comparison:
    """Compare two integer tensors ``n oc oh ow`` element by element with ``==``."""
    if expected.shape != actual.shape:
        raise ShapeError(
            f"{layer}: {what}: expected and actual must have one shape, "
            f"not {expected.shape} and {actual.shape}"
        )
    places = np.argwhere(expected != actual)
    first = tuple(
        _mismatch(place, int(expected[tuple(place)]), int(actual[tuple(place)]))
        for place in places[:LOCATED].tolist()
    )
    return Comparison(what, layer, expected.size, len(places), first)


def compare_traces(expected: Trace, actual: Trace, *, what: str) -> tuple[Comparison, ...]:
    """Compare everything that two traces hold, in the order of `expected`: codes, then sums of each node.

    Raises `ShapeError` if they are not of the same network and samples.
    """
    if (expected.codes.keys(), expected.sums.keys()) != (actual.codes.keys(), actual.sums.keys()):
        raise ShapeError(f"{what}: expected and actual must be traces of the same network")
    codes = [
        compare(values, actual.codes[port], what=f"codes of {what}", layer=port)
        for port, values in expected.codes.items()
    ]
    sums = [
        compare(values, actual.sums[node], what=f"sums of {what}", layer=node)
        for node, values in expected.sums.items()
    ]
    return (*codes, *sums)


def _mismatch(place: list[int], expected: int, actual: int) -> Mismatch:
    sample, oc, oh, ow = place
    return Mismatch(sample, oc, oh, ow, expected, actual)
