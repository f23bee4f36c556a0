"""The array of docs/dataflows.md, register by register, one turn of the loop in `run` per clock cycle.

Registers (``_q``) change at the end of a cycle; wires (``_i``) are what the PEs see during it. A cycle
visits the stages from the last to the first, so that each one reads what the stage before it held when
the cycle began; every register is then written in place, once.

Everything that numba compiles is in this one module, because its cache follows the age of the file that
holds a function, not of the functions that it calls. The stages take plain arrays: reaching into a tuple
would count references in every cycle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.sim.compiled import compiled, stage
from tilewright.sim.registers import (
    ACTIVATION,
    COUNT,
    DONE,
    DRAIN,
    FIRST_MISFIT,
    IDLE,
    IN_PE,
    IN_PMEM,
    ITILE,
    KIJ,
    L0_PUSHED,
    LOAD,
    MISFITS,
    NIJ,
    OFIFO_POPPED,
    ONIJ,
    PE_BUSY,
    READ_KIND,
    READ_VALID,
    SFU_HIT,
    SFU_LAST,
    SFU_ONIJ,
    SFU_VALID,
    STATE,
    STREAM,
    WEIGHT,
    Codes,
    Job,
    Lane,
    Machine,
    Rule,
    Weights,
    Wide,
)


@compiled
def run(machine: Machine, job: Job, limit: int) -> None:
    """Run `limit` cycles, or until the controller is Idle."""
    (scalar_q, read_q, l0, l0_popped, popped_q, weight_i, w_q, a_i, a_q, valid_i) = machine[:10]
    (valid_q, psum_i, psum_q, ofifo, ofifo_pushed, sfu_q, pmem_q, pmem, outputs) = machine[10:19]
    fold_cycles, tally = machine[19:]
    wmem, xmem, hits, itiles, rule = job
    cols, taps = sfu_q.size, hits.shape[0]
    a_east, valid_east, psum_south = a_i[1:], valid_i[1:], psum_i[cols:]
    for _ in range(limit):
        if scalar_q[STATE] == IDLE:
            break
        fold = scalar_q[ITILE] * taps + scalar_q[KIJ]
        tally[scalar_q[STATE]] += 1
        fold_cycles[fold] += 1
        is_fold_done = scalar_q[SFU_VALID] & scalar_q[SFU_LAST]
        if scalar_q[SFU_VALID] & scalar_q[SFU_HIT]:
            adds = -(fold > 0)
            if _write_pmem(scalar_q, sfu_q, pmem_q, pmem, adds, rule):
                _log_pmem(tally, scalar_q, sfu_q, pmem_q, adds, rule)
            if fold == itiles * taps - 1:
                _put_out(scalar_q, pmem, outputs)
        _pop_ofifo(scalar_q, ofifo, ofifo_pushed, sfu_q, pmem_q, pmem, hits)
        _push_ofifo(ofifo, ofifo_pushed, psum_q, valid_q)
        _drive_wires(a_east, a_q, valid_east, valid_q, psum_south, psum_q)
        activations, weights = _pop_l0(
            scalar_q, l0, l0_popped, popped_q, weight_i, a_i, valid_i, cols
        )
        tally[PE_BUSY] += activations * cols
        if _multiply(psum_q, psum_i, a_i, w_q, valid_i, rule):
            at = fold_cycles[fold] - 1
            _log_pe(tally, scalar_q, psum_i, a_i, w_q, valid_i, hits, cols, at, rule)
        _move_east(a_q, a_i, valid_q, valid_i)
        if weights:
            _shift_weights(w_q, weight_i, a_i, cols)
        if scalar_q[READ_VALID]:
            _push_l0(scalar_q, read_q, l0)
        _control(scalar_q, read_q, wmem, xmem, hits, itiles, cols, is_fold_done)


@stage
def _write_pmem(
    scalar_q: Wide, sfu_q: Lane, pmem_q: Wide, pmem: Wide, adds: int, rule: Rule
) -> int:
    """Write the vector as it is, or accumulate; not 0 if a sum does not fit."""
    half, misfit, keep = rule
    misfits = 0
    onij = scalar_q[SFU_ONIJ]
    for col in range(sfu_q.size):
        total = sfu_q[col] + (pmem_q[col] & adds) + half
        misfits |= total & misfit
        pmem[onij, col] = (total & keep) - half
    return misfits


@stage
def _put_out(scalar_q: Wide, pmem: Wide, outputs: Wide) -> None:
    onij = scalar_q[SFU_ONIJ]
    for col in range(outputs.shape[1]):
        outputs[onij, col] = max(0, pmem[onij, col])


@stage
def _pop_ofifo(
    scalar_q: Wide,
    ofifo: Lane,
    ofifo_pushed: Wide,
    sfu_q: Lane,
    pmem_q: Wide,
    pmem: Wide,
    hits: Codes,
) -> None:
    """Pop a vector once all columns hold it, and read PMEM where it belongs."""
    popped = scalar_q[OFIFO_POPPED]
    filled = 0
    for col in range(ofifo_pushed.size):
        filled += ofifo_pushed[col] > popped
    scalar_q[SFU_VALID] = filled == ofifo_pushed.size
    if filled < ofifo_pushed.size:
        return
    entry = popped & (ofifo.shape[0] - 1)
    nij, onij = scalar_q[NIJ], scalar_q[ONIJ]
    hit = hits[scalar_q[KIJ], nij]
    for col in range(sfu_q.size):
        sfu_q[col] = ofifo[entry, col]
    if hit:
        for col in range(pmem_q.size):
            pmem_q[col] = pmem[onij, col]
    scalar_q[OFIFO_POPPED] = popped + 1
    scalar_q[SFU_HIT] = hit
    scalar_q[SFU_ONIJ] = onij
    scalar_q[SFU_LAST] = nij == hits.shape[1] - 1
    scalar_q[NIJ] = nij + 1
    scalar_q[ONIJ] = onij + hit


@stage
def _push_ofifo(ofifo: Lane, ofifo_pushed: Wide, psum_q: Lane, valid_q: Lane) -> None:
    bottom = psum_q.size - ofifo_pushed.size
    mask = ofifo.shape[0] - 1
    for col in range(ofifo_pushed.size):
        if valid_q[bottom + col]:
            ofifo[ofifo_pushed[col] & mask, col] = psum_q[bottom + col]
            ofifo_pushed[col] += 1


@stage
def _drive_wires(
    a_east: Lane, a_q: Lane, valid_east: Lane, valid_q: Lane, psum_south: Lane, psum_q: Lane
) -> None:
    """Each PE to its neighbors; L0 drives column 0 afterwards, and north of row 0 nothing does."""
    for i in range(a_q.size):
        a_east[i] = a_q[i]
    for i in range(valid_q.size):
        valid_east[i] = valid_q[i]
    for i in range(psum_q.size):
        psum_south[i] = psum_q[i]


@stage
def _pop_l0(
    scalar_q: Wide,
    l0: Lane,
    l0_popped: Wide,
    popped_q: Lane,
    weight_i: Lane,
    a_i: Lane,
    valid_i: Lane,
    cols: int,
) -> tuple[int, int]:
    """Row 0 pops if it holds a word, each other row one cycle after the row above.

    Returns the number of activations popped, and not 0 if weights were. Unsigned places spare the loop
    the care for negative ones.
    """
    mask, step = np.uint64(l0.shape[0] - 1), np.uint64(cols)
    west = np.uint64(0)
    activations, weights = 0, 0
    pops = -np.int32(l0_popped[0] < scalar_q[L0_PUSHED])
    for row in range(np.uint64(popped_q.size)):
        head = l0[np.uint64(l0_popped[row]) & mask, row]
        kind = -(head & 1)
        a_i[west] = head >> 1
        valid_i[west] = kind & pops
        weight_i[row] = ~kind & pops
        activations -= kind & pops
        weights |= ~kind & pops
        l0_popped[row] -= pops
        popped_q[row], pops = pops, popped_q[row]
        west += step
    return activations, weights


@stage
def _multiply(psum_q: Lane, psum_i: Lane, a_i: Lane, w_q: Lane, valid_i: Lane, rule: Rule) -> int:
    """Multiply and accumulate in each PE that sees an activation; not 0 if a sum does not fit.

    32 bits hold every sum of a column, wrapped or not: at most 64 products of 17 bits, plus `half`.
    """
    half, misfit, keep = np.int32(rule[0]), np.int32(rule[1]), np.int32(rule[2])
    misfits = np.int32(0)
    for i in range(psum_q.size):
        valid = valid_i[i]
        total = np.int32(psum_i[i] + a_i[i] * w_q[i] + half)
        misfits = np.int32(misfits | (total & misfit & valid))
        psum_q[i] = (((total & keep) - half) & valid) | (psum_q[i] & ~valid)
    return int(misfits)


@stage
def _move_east(a_q: Lane, a_i: Lane, valid_q: Lane, valid_i: Lane) -> None:
    for i in range(a_q.size):
        a_q[i] = (a_i[i] & valid_i[i]) | (a_q[i] & ~valid_i[i])
    for i in range(valid_q.size):
        valid_q[i] = valid_i[i]


@stage
def _shift_weights(w_q: Lane, weight_i: Lane, a_i: Lane, cols: int) -> None:
    for row in range(weight_i.size):
        if weight_i[row]:
            west = row * cols
            for i in range(west + cols - 1, west, -1):
                w_q[i] = w_q[i - 1]
            w_q[west] = a_i[west]


@stage
def _push_l0(scalar_q: Wide, read_q: Lane, l0: Lane) -> None:
    entry = scalar_q[L0_PUSHED] & (l0.shape[0] - 1)
    for row in range(read_q.size):
        l0[entry, row] = (read_q[row] << 1) | scalar_q[READ_KIND]
    scalar_q[L0_PUSHED] += 1


@stage
def _control(
    scalar_q: Wide,
    read_q: Lane,
    wmem: Weights,
    xmem: Codes,
    hits: Codes,
    itiles: int,
    cols: int,
    is_fold_done: int,
) -> None:
    """Read a word of WMEM or XMEM, and step the state."""
    state, count = scalar_q[STATE], scalar_q[COUNT]
    taps, nij = hits.shape
    scalar_q[READ_VALID] = state != DRAIN
    scalar_q[COUNT] = count + 1
    if state == LOAD:
        word = (scalar_q[ITILE] * taps + scalar_q[KIJ] + 1) * cols - 1 - count
        for row in range(read_q.size):
            read_q[row] = wmem[word, row]
        scalar_q[READ_KIND] = WEIGHT
        if count == cols - 1:
            _enter(scalar_q, STREAM)
    elif state == STREAM:
        word = scalar_q[ITILE] * nij + count
        for row in range(read_q.size):
            read_q[row] = xmem[word, row]
        scalar_q[READ_KIND] = ACTIVATION
        if count == nij - 1:
            _enter(scalar_q, DRAIN)
    elif is_fold_done:
        _end_fold(scalar_q, taps, itiles)


@stage
def _enter(scalar_q: Wide, state: int) -> None:
    scalar_q[STATE], scalar_q[COUNT] = state, 0


@stage
def _end_fold(scalar_q: Wide, taps: int, itiles: int) -> None:
    """The next fold's Load, or Idle after the last: taps inner, input tiles outer."""
    _enter(scalar_q, LOAD)
    scalar_q[NIJ], scalar_q[ONIJ] = 0, 0
    scalar_q[KIJ] += 1
    if scalar_q[KIJ] == taps:
        scalar_q[KIJ] = 0
        scalar_q[ITILE] += 1
    if scalar_q[ITILE] == itiles:
        scalar_q[ITILE] = 0
        scalar_q[DONE] = 1
        _enter(scalar_q, IDLE)


@compiled
def _log_pe(
    tally: Wide,
    scalar_q: Wide,
    psum_i: Lane,
    a_i: Lane,
    w_q: Lane,
    valid_i: Lane,
    hits: Codes,
    cols: int,
    cycle: int,
    rule: Rule,
) -> None:
    """Count the sums of this `cycle` of the fold that do not fit, in vectors that the SFU will keep."""
    tap = hits[scalar_q[KIJ]]
    for i in range(w_q.size):
        row, col = divmod(i, cols)
        value = psum_i[i] + a_i[i] * w_q[i]
        nij = cycle - (cols + 2 + row + col)
        if valid_i[i] and (value + rule[0]) & rule[1] and tap[nij]:
            _log(tally, scalar_q, (IN_PE, np.int64(tap[:nij].sum()), row, col, value))


@compiled
def _log_pmem(
    tally: Wide, scalar_q: Wide, sfu_q: Lane, pmem_q: Wide, adds: int, rule: Rule
) -> None:
    """Count the sums in the SFU that do not fit."""
    for col in range(sfu_q.size):
        value = sfu_q[col] + (pmem_q[col] & adds)
        if (value + rule[0]) & rule[1]:
            _log(tally, scalar_q, (IN_PMEM, scalar_q[SFU_ONIJ], -1, col, value))


@stage
def _log(tally: Wide, scalar_q: Wide, found: tuple[Any, ...]) -> None:
    """`found` is where, onij, row, col, value."""
    if tally[MISFITS] == 0:
        tally[FIRST_MISFIT] = scalar_q[ITILE]
        tally[FIRST_MISFIT + 1] = scalar_q[KIJ]
        for i in range(len(found)):
            tally[FIRST_MISFIT + 2 + i] = found[i]
    tally[MISFITS] += 1
