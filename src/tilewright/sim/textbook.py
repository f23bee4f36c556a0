"""Cycles of the textbook's WS, OS and IS arrays, in closed form: what SCALE-Sim 3.0.0 counts.

These arrays have no queues, no accumulator and no padded stream: operands enter skewed, results leave
skewed, and one fold begins when the one before has ended. docs/cycles.md says where our schedule differs
from them and why. Reference: Samajdar et al., *A Systematic Methodology for Characterizing Scalability of
DNN Accelerators using SCALE-Sim*, ISPASS 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tilewright.registry import Registry
from tilewright.spec import ConvShape


@dataclass(frozen=True, slots=True)
class Mapping:
    """A layer as a matrix product on an array.

    down: elements along the rows of the array; across: along its columns; steps: words that stream
    through each row in a fold. The product of the three is the number of multiply-accumulates.
    is_loaded: something stays in the PEs that a fold loads first, row by row.
    """

    down: int
    across: int
    steps: int
    is_loaded: bool = True

    def folds(self, rows: int, cols: int) -> int:
        """Passes through a ``rows x cols`` array; taps and channels are packed ("flattened")."""
        return -(-self.down // rows) * -(-self.across // cols)

    def fold_cycles(self, rows: int, cols: int) -> int:
        """Cycles of one fold.

        ``steps`` words and the skew of both sides, ``rows - 1`` and ``cols - 1``; in WS and IS, `rows`
        cycles before them to load what stays. In OS nothing is loaded, and SCALE-Sim does not count
        how the results leave.
        """
        skew = rows + cols - 2
        return (rows if self.is_loaded else 0) + self.steps + skew


def weight_stationary(shape: ConvShape) -> Mapping:
    """Weights of a window and of the filters stay; pixels stream.

    >>> weight_stationary(ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1)))
    Mapping(down=72, across=8, steps=16, is_loaded=True)
    """
    return Mapping(shape.taps * shape.ic, shape.oc, shape.onij)


def output_stationary(shape: ConvShape) -> Mapping:
    """Psums of pixels and filters stay; the window streams."""
    return Mapping(shape.onij, shape.oc, shape.taps * shape.ic, is_loaded=False)


def input_stationary(shape: ConvShape) -> Mapping:
    """The window of every pixel stays; filters stream."""
    return Mapping(shape.taps * shape.ic, shape.onij, shape.oc)


TEXTBOOK: Registry[Callable[[ConvShape], Mapping]] = Registry("textbook dataflow")
"""Mappings by name, as SCALE-Sim has them; what another package adds, `plan` lists too."""

TEXTBOOK.add("ws", weight_stationary)
TEXTBOOK.add("os", output_stationary)
TEXTBOOK.add("is", input_stationary)


def dataflow_cycles(shape: ConvShape, *, rows: int, cols: int, dataflow: str) -> int:
    """Cycles of a layer for one sample on a textbook array, all folds one after the other.

    Raises `UnknownNameError` for a dataflow that is not in `TEXTBOOK`.
    SCALE-Sim's report states the number of its last cycle, counted from 0: one less.

    >>> choke = ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1))
    >>> [dataflow_cycles(choke, rows=8, cols=8, dataflow=name) for name in TEXTBOOK.names()]
    [342, 172, 540]
    """
    mapping = TEXTBOOK.get(dataflow)(shape)
    return mapping.folds(rows, cols) * mapping.fold_cycles(rows, cols)
