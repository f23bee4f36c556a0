"""Hold a dump against the reference: which numbers differ, and where in layer, array and file they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tilewright.errors import ShapeError
from tilewright.judge.dump import DUMP_AXES, Dump, FilePlace, Known, dump_shape
from tilewright.judge.operands import Operands, expected_numbers, read_operands
from tilewright.spec import Ints
from tilewright.vectors import Bundle

LOCATED = 20
"""How many differences are kept with their place; all are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that differs: its index along `DUMP_AXES[kind]`, its lane in the array, its place in the dump.

    The lane is column `col` of output tile `otile`; `onij` counts the pixels of the ofmap.
    """

    kind: str
    index: tuple[int, ...]
    otile: int
    col: int
    onij: int
    expected: int
    actual: int
    place: FilePlace | None = None

    def __str__(self) -> str:
        axes = DUMP_AXES[self.kind]
        at = ", ".join(f"{axis}={i}" for axis, i in zip(axes, self.index, strict=True))
        stood = f", {self.place}" if self.place else ""
        return (
            f"{self.kind} at ({at}), that is otile={self.otile} onij={self.onij} col={self.col}{stood}: "
            f"expected {self.expected}, found {self.actual}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How a dump agrees with the reference.

    expected: what the reference computes, with the axes of the dump. dump: the dump, with what a log of
    differences leaves out filled in. differs: where a known number is another. first: the first few of them.
    """

    layer: str
    dump: Dump
    expected: Ints
    differs: Known
    first: tuple[Difference, ...]

    @property
    def kind(self) -> str:
        """The kind of number: a key of `DUMP_AXES`."""
        return self.dump.kind

    @property
    def compared(self) -> int:
        """Known numbers."""
        return int(self.dump.known.sum())

    @property
    def unknown(self) -> int:
        """Numbers that the dump does not have, or not all bits of."""
        return int(self.dump.known.size) - self.compared

    @property
    def differ(self) -> int:
        """Known numbers that are not the expected ones."""
        return int(self.differs.sum())

    @property
    def passed(self) -> bool:
        """Whether every number was there and none differs."""
        return self.compared > 0 and self.unknown == 0 and self.differ == 0

    def __str__(self) -> str:
        text = f"{self.layer}: {self.kind}: {self.compared:,} compared, {self.differ:,} differ"
        if self.unknown:
            text += f", {self.unknown:,} unknown"
        return f"{text}; first: {self.first[0]}" if self.first else text

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON facts."""
        return {
            "kind": self.kind,
            "compared": self.compared,
            "differ": self.differ,
            "unknown": self.unknown,
            "notes": list(self.dump.notes),
            "first": [
                dict(zip(DUMP_AXES[d.kind], d.index, strict=True))
                | {"otile": d.otile, "col": d.col, "onij": d.onij}
                | {"expected": d.expected, "found": d.actual}
                | ({"place": str(d.place)} if d.place else {})
                for d in self.first
            ],
        }


def compare(bundle: Bundle, dump: Dump, *, operands: Operands | None = None) -> Comparison:
    """Compare every known number of `dump` with the naive reference, by ``==``.

    What is expected is computed from the bundle's codes and weights alone (`operands`, where they were
    read already). Raises `ShapeError` if the dump is of another shape, and what `read_operands` raises.
    """
    wanted = dump_shape(bundle, dump.kind)
    if dump.values.shape != wanted:
        raise ShapeError(
            f"{bundle.layer_name}: a dump of kind {dump.kind} must be ({', '.join(dump.axes)}) = {wanted}, "
            f"not {dump.values.shape}: is it of another layer?"
        )
    expected = expected_numbers(bundle, dump.kind, operands or read_operands(bundle))
    if dump.is_rest_expected:
        rest = (dump.places[..., 0] < 0) if dump.places is not None else ~dump.known
        values = np.where(rest, expected, dump.values)
        dump = replace(dump, values=values, known=dump.known | rest, is_rest_expected=False)
    differs = dump.known & (dump.values != expected)
    places = np.argwhere(differs)[:LOCATED].tolist()
    first = tuple(_difference(bundle, dump, expected, tuple(place)) for place in places)
    return Comparison(bundle.layer_name, dump, expected, differs, first)


def _difference(bundle: Bundle, dump: Dump, expected: Ints, index: tuple[int, ...]) -> Difference:
    oc, oh, ow = index[-3:]
    otile, col = divmod(oc, bundle.array.cols)
    return Difference(
        dump.kind,
        index,
        otile=otile,
        col=col,
        onij=oh * bundle.shape.ow + ow,
        expected=int(expected[index]),
        actual=int(dump.values[index]),
        place=dump.where(index),
    )
