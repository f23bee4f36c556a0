"""The registers and memories of the array, and what its loop counts.

Planes are ``row col``, flattened. Masks are -1 for yes and 0 for no.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Lane = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.int8]
Rule = tuple[int, int, int]

IDLE, LOAD, STREAM, DRAIN = range(4)  # the states of the controller
WEIGHT, ACTIVATION = 0, 1  # the kind bit of an L0 entry
IN_PE, IN_PMEM = 1, 2  # where a sum was formed

# The scalar registers: places in `Machine.scalar_q`.
STATE = 0
COUNT = 1  # words read in this state
ITILE = 2
KIJ = 3
DONE = 4
READ_VALID = 5  # a memory's output register holds a word ...
READ_KIND = 6  # ... of this kind
L0_PUSHED = 7  # words pushed into every row FIFO
OFIFO_POPPED = 8  # vectors popped from OFIFO
NIJ = 9  # pixel of the padded plane that OFIFO delivers next
ONIJ = 10  # ofmap pixel of the next hit
SFU_VALID = 11  # the SFU holds a vector ...
SFU_HIT = 12  # ... that belongs to an ofmap pixel ...
SFU_ONIJ = 13  # ... namely this one ...
SFU_LAST = 14  # ... and is the last of its fold
SCALARS = 15

# The counts: places in `Machine.tally`; places LOAD, STREAM and DRAIN hold the cycles in it.
PE_BUSY = 4  # PE-cycles with a valid activation
MISFITS = 5  # sums that do not fit the psum width
FIRST_MISFIT = 6  # from here on: itile, kij, where, onij, row, col, value
TALLIES = 13


class Job(NamedTuple):
    """What does not change during a job.

    wmem: int8 ``word row``. xmem: uint8 ``word row``. hits: uint8 ``kij nij``, 1 where the vector belongs
    to an ofmap pixel. rule: (half, misfit, keep); a sum fits the psum width if ``(sum + half) & misfit``
    is 0, and a register that takes it then holds ``((sum + half) & keep) - half``.
    """

    wmem: Weights
    xmem: Codes
    hits: Codes
    itiles: int
    rule: Rule


class Machine(NamedTuple):
    """All registers, the memories behind WMEM and XMEM, and what is counted. Planes are flattened."""

    scalar_q: Wide
    read_q: Lane  # row: the memories' output register
    l0: Lane  # entry row: the word, then its kind bit in the lowest place
    l0_popped: Wide  # row: words popped from each row FIFO
    popped_q: Lane  # row: -1 if the row popped in the cycle before
    weight_i: Lane  # row: -1 if the row pops a weight in this cycle
    w_q: Lane  # row col
    a_i: Lane  # row col, then the wire east of the last PE
    a_q: Lane  # row col
    valid_i: Lane  # row col, -1 if valid, then the wire east of the last PE
    valid_q: Lane  # row col, -1 if valid
    psum_i: Lane  # row col, then the wires south of the last row
    psum_q: Lane  # row col
    ofifo: Lane  # entry col
    ofifo_pushed: Wide  # col: psums pushed into each column FIFO
    sfu_q: Lane  # col
    pmem_q: Wide  # col: PMEM's output register
    pmem: Wide  # onij col
    outputs: Wide  # onij col: what the SFU put out in the last fold
    fold_cycles: Wide  # itile kij, flattened
    tally: Wide


def power_on(rows: int, cols: int, *, onij: int, folds: int) -> Machine:
    """A machine with all registers 0, for `onij` ofmap pixels and `folds` folds in a job."""
    depth = 1 << max(rows, cols).bit_length()  # a power of 2 that holds the longest wait
    plane = rows * cols
    return Machine(
        scalar_q=np.zeros(SCALARS, np.int64),
        read_q=np.zeros(rows, np.int32),
        l0=np.zeros((depth, rows), np.int32),
        l0_popped=np.zeros(rows, np.int64),
        popped_q=np.zeros(rows, np.int32),
        weight_i=np.zeros(rows, np.int32),
        w_q=np.zeros(plane, np.int32),
        a_i=np.zeros(plane + 1, np.int32),
        a_q=np.zeros(plane, np.int32),
        valid_i=np.zeros(plane + 1, np.int32),
        valid_q=np.zeros(plane, np.int32),
        psum_i=np.zeros(plane + cols, np.int32),
        psum_q=np.zeros(plane, np.int32),
        ofifo=np.zeros((depth, cols), np.int32),
        ofifo_pushed=np.zeros(cols, np.int64),
        sfu_q=np.zeros(cols, np.int32),
        pmem_q=np.zeros(cols, np.int64),
        pmem=np.zeros((onij, cols), np.int64),
        outputs=np.zeros((onij, cols), np.int64),
        fold_cycles=np.zeros(folds, np.int64),
        tally=np.zeros(TALLIES, np.int64),
    )


def start(machine: Machine) -> None:
    """End an Idle cycle in which `start` is high: a job begins with the next cycle."""
    machine.scalar_q[STATE] = LOAD
    machine.scalar_q[DONE] = 0
