"""Cycles of the textbook's WS, OS and IS arrays, in closed form: what SCALE-Sim 3.0.0 counts.

These arrays have no queues, no accumulator and no padded stream: operands enter skewed, results leave
skewed, and one fold begins when the one before has ended. docs/cycles.md says where our schedule differs
from them and why. Reference: Samajdar et al., *A Systematic Methodology for Characterizing Scalability of
DNN Accelerators using SCALE-Sim*, ISPASS 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tilewright.errors import UnknownNameError
from tilewright.spec import ConvShape

PlainDataflow = Literal["ws", "os", "is"]
PLAIN_DATAFLOWS: tuple[PlainDataflow, ...] = get_args(PlainDataflow)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A layer as a matrix product on an array.

    down: elements along the rows of the array; across: along its columns; steps: words that stream
    through each row in a fold. The product of the three is the number of multiply-accumulates.
    """

    down: int
    across: int
    steps: int
    dataflow: PlainDataflow

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
        return (0 if self.dataflow == "os" else rows) + self.steps + skew


def map_layer(shape: ConvShape, dataflow: PlainDataflow) -> Mapping:
    """The layer as SCALE-Sim maps it; raises `UnknownNameError` for another dataflow.

    >>> map_layer(ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1)), "ws")
    Mapping(down=72, across=8, steps=16, dataflow='ws')
    """
    window, pixels, filters = shape.taps * shape.ic, shape.onij, shape.oc
    if dataflow == "ws":
        return Mapping(window, filters, pixels, dataflow)
    if dataflow == "is":
        return Mapping(window, pixels, filters, dataflow)
    if dataflow == "os":
        return Mapping(pixels, filters, window, dataflow)
    raise UnknownNameError.among("dataflow", dataflow, PLAIN_DATAFLOWS)


def dataflow_cycles(shape: ConvShape, *, rows: int, cols: int, dataflow: PlainDataflow) -> int:
    """Cycles of a layer for one sample on a textbook array, all folds one after the other.

    SCALE-Sim's report states the number of its last cycle, counted from 0: one less.

    >>> choke = ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1))
    >>> [dataflow_cycles(choke, rows=8, cols=8, dataflow=name) for name in PLAIN_DATAFLOWS]
    [342, 172, 540]
    """
    mapping = map_layer(shape, dataflow)
    return mapping.folds(rows, cols) * mapping.fold_cycles(rows, cols)
