"""The array of docs/dataflows.md, register by register, one call of `cycle` per clock cycle.

A cycle visits the stages from the last to the first, so that each one reads what the stage before it held
when the cycle began.
"""

from __future__ import annotations

import numpy as np

from tilewright.sim.control import READY, advance, next_random
from tilewright.sim.job import Job
from tilewright.sim.psum_width import fit, put_out
from tilewright.sim.registers import ArrayState, Bits, Queue, Vector
from tilewright.sim.result import OverflowEvent
from tilewright.spec import Ints


def run(state: ArrayState, job: Job, limit: int) -> None:
    """Run `limit` cycles, or until the array is idle."""
    for _ in range(limit):
        if not state.is_busy:
            return
        cycle(state, job)


def cycle(state: ArrayState, job: Job) -> None:
    """One busy cycle."""
    ready: tuple[bool, ...] = (True,) * len(READY)
    if job.stalls is not None:
        state.random = next_random(state.random)
        ready = tuple(byte >= job.stalls.level for byte in state.random.to_bytes(4, "little"))
    state.counts.fold_cycles[_folds_written(state, job)] += 1
    is_fold_done = _accumulate(state, job, ready[READY.index("host")])
    _pop_ofifo(state, job, ready[READY.index("pmem")])
    flush = _flush(state, job)
    _push_ofifo(state, job, flush)
    _work(state, job, flush)
    advance(state, job, ready, is_flushing=bool(flush[0]), is_fold_done=is_fold_done)


def _folds_written(state: ArrayState, job: Job) -> int:
    waiting = 1 if state.sfu_q is not None else 0
    return min((state.popped - waiting) // job.vectors, job.folds - 1)


# -- behind the array ---------------------------------------------------------------------------------


def _accumulate(state: ArrayState, job: Job, is_taken: bool) -> bool:
    """The SFU's second stage: add, write, put out. Returns whether a fold ended.

    A word that is not taken is held in a register, and while it is, nothing else happens here.
    """
    if state.is_held:
        state.is_held = not is_taken
        return False
    vector = state.sfu_q
    if vector is None:
        return False
    fold, n = divmod(vector.number, job.vectors)
    otile, inner = divmod(fold, job.folds_per_otile)
    onij = int(job.hits[inner, n])
    if onij >= 0:
        is_final = job.psums_stay or inner == job.folds_per_otile - 1
        state.is_held = is_final and not is_taken
        _write(state, job, vector, (otile, inner, onij), is_final=is_final)
    state.sfu_q = None
    return n == job.vectors - 1


def _write(
    state: ArrayState, job: Job, vector: Vector, place: tuple[int, int, int], *, is_final: bool
) -> None:
    otile, inner, onij = place
    address = otile * job.plan.shape.onij + onij
    is_first = job.psums_stay or inner == 0
    sums = vector.psums + (0 if is_first else vector.stored)
    kept, misfits = fit(sums, job.plan.array.psum_bits, job.execution.rule.overflow)
    state.pmem[address] = kept
    state.counts.overflow_vectors += bool(misfits.any() or vector.misfits.any())
    for col in np.flatnonzero(misfits):
        _log(state, job, place, (None, int(col)), int(sums[col]))
    if is_final:
        state.outputs[address] = put_out(kept, job.execution.output)
        state.written[address] += 1


def _pop_ofifo(state: ArrayState, job: Job, is_ready: bool) -> None:
    """Pop a vector once all columns hold it and the SFU is free, and read PMEM."""
    if not is_ready or state.sfu_q is not None or not all(state.ofifo):
        return
    heads = [column.popleft() for column in state.ofifo]
    fold, n = divmod(state.popped, job.vectors)
    otile, inner = divmod(fold, job.folds_per_otile)
    onij = int(job.hits[inner, n])
    state.sfu_q = Vector(
        number=state.popped,
        psums=np.array([psum for psum, _ in heads], np.int64),
        misfits=np.array([misfit for _, misfit in heads], bool),
        stored=state.pmem[otile * job.plan.shape.onij + max(onij, 0)].copy(),
    )
    state.popped += 1


def _flush(state: ArrayState, job: Job) -> Bits:
    """Rows that flush in this cycle: all in the first, then each one cycle less than the row below."""
    is_last = state.number_q[-1, -1] % job.streamed == job.streamed - 1
    if job.psums_stay and state.valid_q[-1, -1] and is_last:
        state.flush_q = np.ones_like(state.flush_q)
    flush = state.flush_q
    state.flush_q = np.concatenate(([False], flush[:-1]))
    return flush


def _push_ofifo(state: ArrayState, job: Job, flush: Bits) -> None:
    valid = state.valid_q[-1]
    for col, column in enumerate(state.ofifo):
        if flush[-1] if job.psums_stay else valid[col]:
            column.append((int(state.psum_q[-1, col]), bool(state.misfit_q[-1, col])))


# -- the array ----------------------------------------------------------------------------------------


def _pop(queue: Queue) -> tuple[Bits, list[tuple[Ints, int] | None]]:
    """Which lanes pop in this cycle, and the word that each one pops."""
    pops = np.concatenate(([queue.popped[0] < len(queue.words)], queue.popped_q[:-1]))
    heads = [queue.words[at] if pop else None for pop, at in zip(pops, queue.popped, strict=True)]
    queue.popped += pops
    queue.popped_q = pops
    if queue.popped[-1]:
        queue.words.popleft()
        queue.popped -= 1
    return pops, heads


def _work(state: ArrayState, job: Job, flush: Bits) -> None:
    """Let every PE see its neighbors' registers and the edge, and write its own."""
    m = state
    a_i, valid_i, number_i = _from_west(state)
    b_i = np.concatenate((_edge(m.north)[None], m.b_q[:-1]))
    is_first = number_i % job.streamed == 0
    w = np.where(is_first, m.shadow_q, m.w_q)
    product = (a_i * (b_i[None] if job.psums_stay else w)).sum(axis=0)
    north_psum = np.concatenate((np.zeros_like(m.psum_q[:1]), m.psum_q[:-1]))
    north_misfit = np.concatenate((np.zeros_like(m.misfit_q[:1]), m.misfit_q[:-1]))
    base, was_misfit = north_psum, north_misfit
    if job.psums_stay:
        base, was_misfit = np.where(is_first, 0, m.psum_q), m.misfit_q & ~is_first
    sums = base + product
    kept, misfits = fit(sums, job.execution.column_bits, job.execution.rule.overflow)
    if (misfits & valid_i).any():
        _log_column(state, job, misfits & valid_i, number_i, sums)
    m.psum_q = np.where(valid_i, kept, m.psum_q)
    m.misfit_q = np.where(valid_i, was_misfit | misfits, m.misfit_q)
    if flush.any():
        m.psum_q[flush], m.misfit_q[flush] = north_psum[flush], north_misfit[flush]
    m.w_q = np.where(valid_i & is_first, m.shadow_q, m.w_q)
    m.b_q = np.where(valid_i, b_i, m.b_q)
    m.a_q, m.number_q = np.where(valid_i, a_i, m.a_q), np.where(valid_i, number_i, m.number_q)
    m.valid_q = valid_i
    m.counts.pe_busy += int(valid_i.sum())
    _shift_weights(state)


def _from_west(state: ArrayState) -> tuple[Ints, Bits, Ints]:
    """Activation (``half row col``), valid bit and number that each PE sees."""
    pops, heads = _pop(state.l0)
    west = np.zeros((state.a_q.shape[0], len(pops), 1), np.int64)
    number = np.zeros((len(pops), 1), np.int64)
    for row, head in enumerate(heads):
        if head is not None:
            west[:, row, 0], number[row] = head[0][:, row], head[1]
    a_i = np.concatenate((west, state.a_q[:, :, :-1]), axis=2)
    valid_i = np.concatenate((pops[:, None], state.valid_q[:, :-1]), axis=1)
    return a_i, valid_i, np.concatenate((number, state.number_q[:, :-1]), axis=1)


def _edge(queue: Queue) -> Ints:
    """What each lane pops, 0 where it pops nothing."""
    _, heads = _pop(queue)
    return np.array([0 if head is None else head[0][i] for i, head in enumerate(heads)], np.int64)


def _shift_weights(state: ArrayState) -> None:
    """In rows that pop a weight, the chain of shadow registers moves by one: half inner, col outer."""
    _, heads = _pop(state.west)
    halves, _, cols = state.shadow_q.shape
    for row, head in enumerate(heads):
        if head is not None:
            chain = state.shadow_q[:, row].T.reshape(-1)  # col half
            moved = np.concatenate(([head[0][row]], chain[:-1]))
            state.shadow_q[:, row] = moved.reshape(cols, halves).T


def _log_column(state: ArrayState, job: Job, misfits: Bits, number: Ints, sums: Ints) -> None:
    """Count sums in PEs that do not fit, where the SFU will keep what becomes of them."""
    for row, col in np.argwhere(misfits):
        fold, n = divmod(int(number[row, col]), job.streamed)
        otile, inner = divmod(fold, job.folds_per_otile)
        at = job.plan.array.rows - 1 - row if job.psums_stay else n
        onij = int(job.hits[inner, at])
        if onij >= 0:
            _log(state, job, (otile, inner, onij), (int(row), int(col)), int(sums[row, col]))


def _log(
    state: ArrayState,
    job: Job,
    place: tuple[int, int, int],
    unit: tuple[int | None, int],
    value: int,
) -> None:
    state.counts.overflows += 1
    if state.counts.first_overflow is None:
        otile, inner, onij = place
        itile, kij = divmod(inner, job.plan.fold_grid[2])
        state.counts.first_overflow = OverflowEvent(
            where="pmem" if unit[0] is None else "pe",
            otile=job.first_otile + otile,
            itile=itile,
            kij=kij,
            onij=onij,
            row=unit[0],
            col=unit[1],
            value=value,
        )
