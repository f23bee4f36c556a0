"""What is asked of faults, and what was found: every fault, and those that the RTL ran too."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import ArrayShape, FaultKind, IntegerLayer, PsumFault, signed_bits_needed
from tilewright.store.artifact import write_bytes


@dataclass(frozen=True, slots=True)
class FaultOptions:
    """Which faults. rows, cols: of the array. psum_bits: of its registers; 0: what the layer's weights need.

    kinds: "stuck0", "stuck1", "flip" (once for each image, at a moment that `seed` chooses). images: test
    images, from the first on; None: 500, or all there are. confirm: faults that the RTL runs
    too, on one image each; workers: as `run_jobs` takes them.
    """

    rows: int = 8
    cols: int = 8
    psum_bits: int = 0
    kinds: tuple[FaultKind, ...] = ("stuck0", "stuck1")
    images: int | None = None
    confirm: int = 0
    is_saturating: bool = False
    threads: int = 1
    seed: int = 0
    simulator: str = "auto"
    workers: str = ""

    def array(self, layer: IntegerLayer) -> ArrayShape:
        """The array that runs `layer`."""
        needed = max(4, signed_bits_needed(*layer.psum_range()))
        return ArrayShape(self.rows, self.cols, self.psum_bits or needed)


@dataclass(frozen=True, slots=True)
class FaultPoint:
    """The images that the network recognizes with a fault, and whose class differs from that without."""

    row: int
    col: int
    bit: int
    kind: FaultKind
    correct: int
    differ: int

    @property
    def fault(self) -> PsumFault:
        """The fault."""
        return PsumFault(self.row, self.col, self.bit, self.kind)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A fault in the RTL, on one image: psums compared with the engine's, and how many differ."""

    fault: str
    image: int
    compared: int
    differ: int


@dataclass(frozen=True, slots=True)
class FaultFacts:
    """What every fault does, and what the RTL says of some of them. correct: without a fault."""

    layer: str
    rows: int
    cols: int
    psum_bits: int
    images: int
    correct: int
    points: tuple[FaultPoint, ...]
    confirmed: tuple[Confirmed, ...]

    @property
    def passed(self) -> bool:
        """Whether the RTL has the psums that the engine has."""
        return all(one.differ == 0 and one.compared > 0 for one in self.confirmed)

    def lost(self, kind: str) -> npt.NDArray[np.float64]:
        """``row col``: share of the images that are lost, on average over the bits."""
        grid = np.zeros((self.rows, self.cols))
        bits = self.psum_bits
        for point in self.points:
            if point.kind == kind:
                grid[point.row, point.col] += (self.correct - point.correct) / self.images / bits
        return grid

    def to_facts(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return asdict(self)


def write_points(facts: FaultFacts, path: Path) -> None:
    """A line of CSV for each fault."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("row", "col", "bit", "kind", "correct", "differ"))
    writer.writerows(tuple(asdict(point).values()) for point in facts.points)
    write_bytes(path, buffer.getvalue().encode())


def draw_map(facts: FaultFacts, path: Path) -> None:
    """Write the heat map as an SVG file."""
    from tilewright.report.plots import fault_map

    grids: dict[str, npt.NDArray[np.float64]] = {
        kind: facts.lost(kind) for kind in dict.fromkeys(one.kind for one in facts.points)
    }
    write_bytes(path, fault_map(f"{facts.layer}, {facts.images:,} images", grids).encode())
