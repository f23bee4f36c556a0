"""What a core computed, read back from what it left: values, which are known, and where each stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Self

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.spec import Ints
from tilewright.vectors import Bundle

DUMP_AXES = {
    "tile_psum": ("itile", "kij", "oc", "oh", "ow"),
    "tap_psum": ("kij", "oc", "oh", "ow"),
    "psum": ("oc", "oh", "ow"),
    "output": ("oc", "oh", "ow"),
}
"""Axes of each kind of number, in the order in which a core comes by them: the earliest stage first."""

Known = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a number stood: file, line from 1, lane (or number on the line) from the left, from 0.

    counted: what the file is counted in, "line", or "time" for a wave file. moment: what else is known of
    that time, such as "cycle 17, address 4".
    """

    file: str
    line: int
    lane: int
    counted: str = "line"
    moment: str = ""

    def __str__(self) -> str:
        where = f"{self.file} {self.counted} {self.line} lane {self.lane}"
        return f"{where} ({self.moment})" if self.moment else where


@dataclass(frozen=True, slots=True, eq=False)
class Dump:
    """Numbers of one kind, with the axes `DUMP_AXES[kind]`.

    values: int64, 0 where nothing is known. known: False where the dump has no number, or bits that are x
    or z. is_rest_expected: numbers that the dump leaves out are as expected (a log of differences).
    notes: what a reader should know about how it was read. files, places: name of each file, and
    ``(file, line, lane)`` on a last axis of `places`, -1 where that is not known; counted: as `FilePlace`;
    moments: of a line or time, as `FilePlace`.
    Raises `ShapeError` if the arrays do not belong together.
    """

    kind: str
    values: Ints
    known: Known
    is_rest_expected: bool = False
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    places: Ints | None = None
    counted: str = "line"
    moments: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in DUMP_AXES:
            raise UnknownNameError.among("kind of number", self.kind, tuple(DUMP_AXES))
        axes = DUMP_AXES[self.kind]
        if self.values.ndim != len(axes) or self.known.shape != self.values.shape:
            raise ShapeError(
                f"a dump of kind {self.kind} must have values and known of the axes "
                f"({', '.join(axes)}), not {self.values.shape} and {self.known.shape}"
            )
        if self.places is not None and self.places.shape != (*self.values.shape, 3):
            raise ShapeError(f"places must be {(*self.values.shape, 3)}, not {self.places.shape}")

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of `values`."""
        return DUMP_AXES[self.kind]

    def where(self, index: tuple[int, ...]) -> FilePlace | None:
        """Where the number at `index` stood; None if that is not known."""
        if self.places is None:
            return None
        file, line, lane = (int(part) for part in self.places[index])
        if file < 0:
            return None
        return FilePlace(self.files[file], line, lane, self.counted, self.moments.get(line, ""))


def dump_shape(bundle: Bundle, kind: str) -> tuple[int, ...]:
    """Sizes of `DUMP_AXES[kind]` for the layer of a bundle; raises `UnknownNameError`."""
    if kind not in DUMP_AXES:
        raise UnknownNameError.among("kind of number", kind, tuple(DUMP_AXES))
    shape = bundle.shape
    sizes = {"itile": bundle.plan.itiles, "kij": shape.taps}
    sizes |= {"oc": shape.oc, "oh": shape.oh, "ow": shape.ow}
    return tuple(sizes[axis] for axis in DUMP_AXES[kind])


@dataclass(frozen=True, slots=True, eq=False)
class FoundNumbers:
    """Numbers in the order in which they were found, before it is known what they belong to.

    targets: flat index into the tensor, or -1 for a lane without a channel. where: ``number 3``, as
    `Dump.places`.
    """

    targets: Ints
    values: Ints
    known: Known
    where: Ints
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        targets: Ints,
        values: list[int | None],
        where: list[tuple[int, int, int]],
        files: tuple[str, ...],
    ) -> Self:
        """From Python numbers, None for one that is not known; raises `FormatError` for more than 64 bits."""
        large = next(
            (value for value in values if value is not None and value.bit_length() > 63), None
        )
        if large is not None:
            raise FormatError(f"{files[0]} must hold numbers of at most 64 bits, but has {large}")
        return cls(
            targets,
            np.array([value or 0 for value in values], np.int64),
            np.array([value is not None for value in values], bool),
            np.array(where, np.int64).reshape(-1, 3),
            files,
        )

    def to_dump(
        self,
        kind: str,
        shape: tuple[int, ...],
        *,
        notes: tuple[str, ...] = (),
        is_rest_expected: bool = False,
        counted: str = "line",
        moments: Mapping[int, str] | None = None,
    ) -> Dump:
        """The dump with every number at its place; of a place named twice, the last number counts."""
        size = prod(shape)
        values, known = np.zeros(size, np.int64), np.zeros(size, bool)
        places = np.full((size, 3), -1, np.int64)
        real = self.targets >= 0
        targets = self.targets[real]
        values[targets] = np.where(self.known, self.values, 0)[real]
        known[targets] = self.known[real]
        places[targets] = self.where[real]
        return Dump(
            kind,
            values.reshape(shape),
            known.reshape(shape),
            is_rest_expected=is_rest_expected,
            notes=notes,
            files=self.files,
            places=places.reshape(*shape, 3),
            counted=counted,
            moments=moments or {},
        )
