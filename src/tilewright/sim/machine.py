"""The array of docs/dataflows.md, register by register.

Wires (``_i``) are what a PE sees during a cycle, registers (``_q``) what it holds after its end. A cycle
visits the stages from the last to the first, so that each one reads what the stage before it held when
the cycle began; every register is then written in place, once.

Everything that numba compiles is in this one module, because its cache follows the age of the file that
holds a function, not of the functions that it calls. The stages take plain arrays: reaching into a tuple
in the loop would count references in every cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
Lane = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]

IDLE, LOAD, STREAM, DRAIN = range(4)  # the states of the controller
WEIGHT, ACTIVATION = 0, -1  # the kind bit of an L0 entry, held as a mask
IN_PE, IN_PMEM = 1, 2  # where a sum was formed

# Scalar registers: places in `Machine.scalar_q`.
STATE = 0
COUNT = 1  # words read in this state
ITILE = 2
KIJ = 3
DONE = 4
READ_VALID = 5  # a memory's output register holds a word ...
READ_KIND = 6  # ... of this kind
L0_PUSHED = 7  # words pushed into every row FIFO
OFIFO_POPPED = 8  # vectors popped from OFIFO
NIJ = 9  # place in its fold of the vector that OFIFO delivers next
ONIJ = 10  # ofmap pixel of the next hit
SFU_VALID = 11  # the SFU holds a vector ...
SFU_HIT = 12  # ... that belongs to an ofmap pixel ...
SFU_ONIJ = 13  # ... namely this one ...
SFU_LAST = 14  # ... and is the last of its fold
SCALARS = 15

# Counts: places in `Machine.tally`; places IDLE ... DRAIN hold the cycles spent in that state.
PE_BUSY = 4
MISFITS = 5
TALLIES = 6
FIRST_MISFIT = ("where", "itile", "kij", "onij", "row", "col", "value")


class Job(NamedTuple):
    """What does not change during a job.

    wmem: int8 ``word row``. xmem: uint8 ``word row``. hits: uint8 ``kij nij``, 1 where the vector belongs
    to an ofmap pixel. A sum fits the psum width if ``(sum + half) & misfit`` is 0; a register then holds
    ``((sum + half) & keep) - half``.
    """

    wmem: npt.NDArray[np.int8]
    xmem: npt.NDArray[np.uint8]
    hits: npt.NDArray[np.uint8]
    itiles: int
    half: int
    misfit: int
    keep: int


class Machine(NamedTuple):
    """All registers and memories behind WMEM and XMEM, and what is counted; planes are flattened."""

    scalar_q: Wide
    read_q: Lane  # row: a memory's output register
    l0: Lane  # entry row
    l0_kind: Lane  # entry row
    l0_popped: Wide  # row: words popped from each row FIFO
    popped_q: Lane  # row: 1 if the row popped in the cycle before
    weight_i: Lane  # row: 1 if the row pops a weight in this cycle
    w_q: Lane  # row col
    a_i: Lane  # row col
    a_q: Lane  # row col
    valid_i: Lane  # row col, a mask
    valid_q: Lane  # row col, a mask
    psum_i: Lane  # row col
    psum_q: Lane  # row col
    ofifo: Lane  # entry col
    ofifo_pushed: Wide  # col: psums pushed into each column FIFO
    sfu_q: Lane  # col
    pmem_q: Wide  # col: PMEM's output register
    pmem: Wide  # onij col
    out: Wide  # onij col: the psums that the last fold puts out
    fold_cycles: Wide  # itile kij, flattened
    tally: Wide
    first_misfit: Wide


def power_on(rows: int, cols: int, *, onij: int, folds: int) -> Machine:
    """A machine with all registers 0, for `onij` ofmap pixels and `folds` folds in a job."""
    depth = 1 << max(rows, cols).bit_length()  # entries: a power of 2 above the longest wait
    lane, plane = np.int32, rows * cols
    return Machine(
        scalar_q=np.zeros(SCALARS, np.int64),
        read_q=np.zeros(rows, lane),
        l0=np.zeros((depth, rows), lane),
        l0_kind=np.zeros((depth, rows), lane),
        l0_popped=np.zeros(rows, np.int64),
        popped_q=np.zeros(rows, lane),
        weight_i=np.zeros(rows, lane),
        w_q=np.zeros(plane, lane),
        a_i=np.zeros(plane+1, lane),
        a_q=np.zeros(plane, lane),
        valid_i=np.zeros(plane+1, lane),
        valid_q=np.zeros(plane, lane),
        psum_i=np.zeros(plane+cols, lane),
        psum_q=np.zeros(plane, lane),
        ofifo=np.zeros((depth, cols), lane),
        ofifo_pushed=np.zeros(cols, np.int64),
        sfu_q=np.zeros(cols, lane),
        pmem_q=np.zeros(cols, np.int64),
        pmem=np.zeros((onij, cols), np.int64),
        out=np.zeros((onij, cols), np.int64),
        fold_cycles=np.zeros(folds, np.int64),
        tally=np.zeros(TALLIES, np.int64),
        first_misfit=np.zeros(len(FIRST_MISFIT), np.int64),
    )


def _compiled(function: Function) -> Function:
    return cast("Function", njit(nogil=True, cache=False)(function))


def _stage(function: Function) -> Function:
    return cast("Function", njit(nogil=True, forceinline=True)(function))


@_stage
def _write_pmem(scalar_q, sfu_q, pmem_q, pmem, out, is_first, is_last, half, misfit, keep):
    misfits = 0
    onij = scalar_q[SFU_ONIJ]
    for col in range(sfu_q.size):
        total = sfu_q[col] + (0 if is_first else pmem_q[col]) + half
        misfits |= total & misfit
        pmem[onij, col] = (total & keep) - half
    if is_last:
        for col in range(sfu_q.size):
            out[onij, col] = pmem[onij, col]
    return misfits


@_stage
def _pop_ofifo(scalar_q, ofifo, ofifo_pushed, sfu_q, pmem_q, pmem, hits):
    popped = scalar_q[OFIFO_POPPED]
    waiting = 0
    for col in range(ofifo_pushed.size):
        waiting += ofifo_pushed[col] > popped
    is_full = waiting == ofifo_pushed.size
    scalar_q[SFU_VALID] = is_full
    if is_full:
        entry = popped & (ofifo.shape[0] - 1)
        nij = scalar_q[NIJ]
        onij = scalar_q[ONIJ]
        hit = hits[scalar_q[KIJ], nij]
        for col in range(sfu_q.size):
            sfu_q[col] = ofifo[entry, col]
        if hit:
            for col in range(sfu_q.size):
                pmem_q[col] = pmem[onij, col]
        scalar_q[OFIFO_POPPED] = popped + 1
        scalar_q[SFU_HIT] = hit
        scalar_q[SFU_ONIJ] = onij
        scalar_q[SFU_LAST] = nij == hits.shape[1] - 1
        scalar_q[NIJ] = nij + 1
        scalar_q[ONIJ] = onij + hit


@_stage
def _push_ofifo(ofifo, ofifo_pushed, psum_q, valid_q):
    bottom = psum_q.size - ofifo_pushed.size
    mask = ofifo.shape[0] - 1
    for col in range(ofifo_pushed.size):
        if valid_q[bottom + col]:
            ofifo[ofifo_pushed[col] & mask, col] = psum_q[bottom + col]
            ofifo_pushed[col] += 1


@_stage
def _drive_wires(east_i, a_q, east_valid_i, valid_q, south_i, psum_q):
    for i in range(a_q.size):
        east_i[i] = a_q[i]
    for i in range(valid_q.size):
        east_valid_i[i] = valid_q[i]
    for i in range(psum_q.size):
        south_i[i] = psum_q[i]


@_stage
def _pop_l0(scalar_q, l0, l0_popped, popped_q, weight_i, a_i, valid_i, cols):
    rows = np.uint64(popped_q.size)
    cols = np.uint64(cols)
    mask = np.uint64(l0.shape[0] - 1)
    pops = np.int32(-(l0_popped[0] < scalar_q[L0_PUSHED]))
    weights = np.int32(0)
    west = np.uint64(0)
    for row in range(rows):
        entry = np.uint64(l0_popped[row]) & mask
        word = l0[entry, row]
        kind = -(word & 1)
        a_i[west] = word >> 1
        valid_i[west] = kind & pops
        weight_i[row] = ~kind & pops
        weights |= ~kind & pops
        l0_popped[row] -= pops
        west += cols
        above = pops
        pops = popped_q[row]
        popped_q[row] = above
    return weights


@_stage
def _multiply(psum_q, psum_i, a_i, w_q, valid_i, half, misfit, keep):
    misfits = np.int32(0)
    for i in range(psum_q.size):
        valid = valid_i[i]
        total = np.int32(psum_i[i] + a_i[i] * w_q[i] + half)
        misfits = np.int32(misfits | (total & misfit & valid))
        psum_q[i] = (((total & keep) - half) & valid) | (psum_q[i] & ~valid)
    return misfits


@_stage
def _move_east(a_q, a_i, valid_q, valid_i):
    for i in range(a_q.size):
        a_q[i] = (a_i[i] & valid_i[i]) | (a_q[i] & ~valid_i[i])
    for i in range(valid_q.size):
        valid_q[i] = valid_i[i]


@_stage
def _shift_weights(w_q, weight_i, a_i, cols):
    for row in range(weight_i.size):
        if weight_i[row]:
            west = row * cols
            for i in range(west + cols - 1, west, -1):
                w_q[i] = w_q[i - 1]
            w_q[west] = a_i[west]


@_stage
def _push_l0(scalar_q, read_q, l0):
    entry = scalar_q[L0_PUSHED] & (l0.shape[0] - 1)
    kind = scalar_q[READ_KIND]
    for row in range(read_q.size):
        l0[entry, row] = (read_q[row] << 1) | (kind&1)
    scalar_q[L0_PUSHED] += 1


@_stage
def _control(scalar_q, read_q, wmem, xmem, hits, itiles, cols, is_fold_written):
    state = scalar_q[STATE]
    count = scalar_q[COUNT]
    taps, nij = hits.shape
    scalar_q[READ_VALID] = state == LOAD or state == STREAM
    scalar_q[DONE] = 0
    scalar_q[COUNT] = count + 1
    if state == LOAD:
        word = (scalar_q[ITILE] * taps + scalar_q[KIJ]) * cols + cols - 1 - count
        for row in range(read_q.size):
            read_q[row] = wmem[word, row]
        scalar_q[READ_KIND] = WEIGHT
        if count == cols - 1:
            scalar_q[STATE] = STREAM
            scalar_q[COUNT] = 0
    elif state == STREAM:
        word = scalar_q[ITILE] * nij + count
        for row in range(read_q.size):
            read_q[row] = xmem[word, row]
        scalar_q[READ_KIND] = ACTIVATION
        if count == nij - 1:
            scalar_q[STATE] = DRAIN
    elif is_fold_written:
        scalar_q[COUNT] = 0
        scalar_q[NIJ] = 0
        scalar_q[ONIJ] = 0
        scalar_q[STATE] = LOAD
        scalar_q[KIJ] += 1
        if scalar_q[KIJ] == taps:
            scalar_q[KIJ] = 0
            scalar_q[ITILE] += 1
        if scalar_q[ITILE] == itiles:
            scalar_q[ITILE] = 0
            scalar_q[STATE] = IDLE
            scalar_q[DONE] = 1


@_compiled
def run(m: Machine, job: Job, limit: int) -> None:
    """Run `limit` cycles, or until the controller is Idle."""
    (scalar_q, read_q, l0, l0_kind, l0_popped, popped_q, weight_i, w_q, a_i, a_q, valid_i, valid_q,
      psum_i, psum_q, ofifo, ofifo_pushed, sfu_q, pmem_q, pmem, out, fold_cycles, tally, first_misfit) = m
    wmem, xmem, hits, itiles, half, misfit, keep = job
    half32, misfit32, keep32 = np.int32(half), np.int32(misfit), np.int32(keep)
    cols = sfu_q.size
    taps = hits.shape[0]
    east_i, east_valid_i, south_i = a_i[1:], valid_i[1:], psum_i[cols:]
    for _ in range(limit):
        state = scalar_q[STATE]
        if state == IDLE:
            break
        tally[state] += 1
        fold = scalar_q[ITILE] * taps + scalar_q[KIJ]
        fold_cycles[fold] += 1
        is_fold_written = scalar_q[SFU_VALID] * scalar_q[SFU_LAST]
        if scalar_q[SFU_VALID] * scalar_q[SFU_HIT]:
            mis = _write_pmem(scalar_q, sfu_q, pmem_q, pmem, out, fold == 0, fold == itiles*taps-1, half, misfit, keep)
        _pop_ofifo(scalar_q, ofifo, ofifo_pushed, sfu_q, pmem_q, pmem, hits)
        _push_ofifo(ofifo, ofifo_pushed, psum_q, valid_q)
        _drive_wires(east_i, a_q, east_valid_i, valid_q, south_i, psum_q)
        weights = _pop_l0(scalar_q, l0, l0_popped, popped_q, weight_i, a_i, valid_i, cols)
        m2 = _multiply(psum_q, psum_i, a_i, w_q, valid_i, half32, misfit32, keep32)
        _move_east(a_q, a_i, valid_q, valid_i)
        if weights:
            _shift_weights(w_q, weight_i, a_i, cols)
        if scalar_q[READ_VALID]:
            _push_l0(scalar_q, read_q, l0)
        _control(scalar_q, read_q, wmem, xmem, hits, itiles, cols, is_fold_written)
