"""The registers and memories of the array, and what is counted beside them.

Names that end in `_q` are registers. Axes are given in the comments; `half` is 0 for the low, 1 for the high
multiplier of a PE.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tilewright.sim.result import OverflowEvent
from tilewright.spec import Ints

Bits = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Queue:
    """The FIFOs of one edge of the array, one per lane: each lane pops one cycle after the lane before.

    words: those that the last lane has not popped yet, oldest first. popped: words of them that each
    lane has popped. popped_q: which lanes popped in the cycle before.
    """

    popped: Ints  # lane
    popped_q: Bits  # lane
    words: deque[tuple[Ints, int]] = field(default_factory=deque)

    @classmethod
    def of(cls, lanes: int) -> Queue:
        """An empty queue."""
        return cls(np.zeros(lanes, np.int64), np.zeros(lanes, bool))


@dataclass(slots=True)
class Vector:
    """A vector in the SFU: its place in the job, its psums, and PMEM's word."""

    number: int  # of the vectors of the job
    psums: Ints  # col
    misfits: Bits  # col
    stored: Ints  # col


@dataclass(slots=True)
class Counts:
    """What is counted, and the first sum that did not fit."""

    fold_cycles: Ints  # fold of the job
    load: int = 0  # cycles with a read of WMEM alone
    stream: int = 0  # cycles with a read of XMEM
    pe_busy: int = 0  # PE-cycles with a valid activation
    overflows: int = 0
    overflow_vectors: int = 0
    first_overflow: OverflowEvent | None = None


@dataclass(slots=True)
class ArrayState:
    """All state of the array during a job."""

    # controller
    is_busy: bool
    fold: int  # of the activation read next
    n: int  # its number in the fold
    left: int  # weight words still to be read
    wait: int  # cycles until they may be
    is_loaded: bool  # the weights of fold `fold` are read
    waits_for_pass: bool  # output stationary: until the pass before has been flushed or written
    under_way: int  # vectors between XMEM and OFIFO's end
    random: int
    weight_words: int  # read so far
    # read registers: None, or a word
    weight_q: tuple[Ints, int] | None  # word
    act_q: tuple[Ints, int] | None  # half row, and the number in the job
    # edges
    l0: Queue
    west: Queue
    north: Queue
    # PEs: row col, or half row col
    shadow_q: Ints
    w_q: Ints
    b_q: Ints
    a_q: Ints
    number_q: Ints  # not hardware: which activation of the job it is
    valid_q: Bits
    psum_q: Ints
    misfit_q: Bits
    flush_q: Bits  # row
    # behind the array
    ofifo: list[deque[tuple[int, bool]]]  # col
    popped: int  # vectors popped
    sfu_q: Vector | None
    is_held: bool  # a word put out was not taken yet
    pmem: Ints  # otile * onij col
    outputs: Ints
    written: Ints  # times each PMEM word was put out
    counts: Counts


def power_on(rows: int, cols: int, *, words: int, folds: int, halves: int) -> ArrayState:
    """An array with all registers 0, `words` words of PMEM, for jobs of `folds` folds."""
    plane = (rows, cols)
    return ArrayState(
        is_busy=False,
        fold=0,
        n=0,
        left=0,
        wait=0,
        is_loaded=False,
        waits_for_pass=False,
        under_way=0,
        random=0,
        weight_words=0,
        weight_q=None,
        act_q=None,
        l0=Queue.of(rows),
        west=Queue.of(rows),
        north=Queue.of(cols),
        shadow_q=np.zeros((halves, *plane), np.int64),
        w_q=np.zeros((halves, *plane), np.int64),
        b_q=np.zeros(plane, np.int64),
        a_q=np.zeros((halves, *plane), np.int64),
        number_q=np.zeros(plane, np.int64),
        valid_q=np.zeros(plane, bool),
        psum_q=np.zeros(plane, np.int64),
        misfit_q=np.zeros(plane, bool),
        flush_q=np.zeros(rows, bool),
        ofifo=[deque() for _ in range(cols)],
        popped=0,
        sfu_q=None,
        is_held=False,
        pmem=np.zeros((words, cols), np.int64),
        outputs=np.zeros((words, cols), np.int64),
        written=np.zeros(words, np.int64),
        counts=Counts(np.zeros(folds, np.int64)),
    )
