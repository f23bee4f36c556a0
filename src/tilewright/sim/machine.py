"""The array of docs/dataflows.md, register by register, one call of `cycle` per clock cycle.

A cycle visits the stages from the last to the first, so that each one reads what the stage before it held
when the cycle began.
"""

from __future__ import annotations

import numpy as np

from tilewright.sim.control import READY, advance, next_random
from tilewright.sim.job import Job
from tilewright.sim.psum_width import fit, put_out
from tilewright.sim.registers import Bits, Ints, Machine, Queue, Vector
from tilewright.sim.result import Overflow


def run(machine: Machine, job: Job, limit: int) -> None:
    """Run `limit` cycles, or until the machine is idle."""
    for _ in range(limit):
        if not machine.is_busy:
            return
        cycle(machine, job)


def cycle(machine: Machine, job: Job) -> None:
    """One busy cycle."""
    ready: tuple[bool, ...] = (True,) * len(READY)
    if job.stalls is not None:
        machine.random = next_random(machine.random)
        ready = tuple(byte >= job.stalls.level for byte in machine.random.to_bytes(4, "little"))
    machine.counts.fold_cycles[_folds_written(machine, job)] += 1
    is_fold_done = _accumulate(machine, job, ready[READY.index("host")])
    _pop_ofifo(machine, job, ready[READY.index("pmem")])
    flush = _flush(machine, job)
    _push_ofifo(machine, job, flush)
    _work(machine, job, flush)
    advance(machine, job, ready, is_flushing=bool(flush[0]), is_fold_done=is_fold_done)


def _folds_written(machine: Machine, job: Job) -> int:
    waiting = 1 if machine.sfu_q is not None else 0
    return min((machine.popped - waiting) // job.vectors, job.folds - 1)


# -- behind the array ---------------------------------------------------------------------------------


def _accumulate(machine: Machine, job: Job, is_taken: bool) -> bool:
    """The SFU's second stage: add, write, put out. Returns whether a fold ended.

    A word that is not taken is held in a register, and while it is, nothing else happens here.
    """
    if machine.is_held:
        machine.is_held = not is_taken
        return False
    vector = machine.sfu_q
    if vector is None:
        return False
    fold, n = divmod(vector.number, job.vectors)
    otile, inner = divmod(fold, job.folds_per_otile)
    onij = int(job.hits[inner, n])
    if onij >= 0:
        is_final = job.psums_stay or inner == job.folds_per_otile - 1
        machine.is_held = is_final and not is_taken
        _write(machine, job, vector, (otile, inner, onij), is_final=is_final)
    machine.sfu_q = None
    return n == job.vectors - 1


def _write(
    machine: Machine, job: Job, vector: Vector, place: tuple[int, int, int], *, is_final: bool
) -> None:
    otile, inner, onij = place
    address = otile * job.plan.shape.onij + onij
    is_first = job.psums_stay or inner == 0
    sums = vector.psums + (0 if is_first else vector.stored)
    kept, misfits = fit(sums, job.plan.array.psum_bits, job.execution.rule.overflow)
    machine.pmem[address] = kept
    machine.counts.overflow_vectors += bool(misfits.any() or vector.misfits.any())
    for col in np.flatnonzero(misfits):
        _log(machine, job, place, (None, int(col)), int(sums[col]))
    if is_final:
        machine.outputs[address] = put_out(kept, job.execution.output)
        machine.written[address] += 1


def _pop_ofifo(machine: Machine, job: Job, is_ready: bool) -> None:
    """Pop a vector once all columns hold it and the SFU is free, and read PMEM."""
    if not is_ready or machine.sfu_q is not None or not all(machine.ofifo):
        return
    heads = [column.popleft() for column in machine.ofifo]
    fold, n = divmod(machine.popped, job.vectors)
    otile, inner = divmod(fold, job.folds_per_otile)
    onij = int(job.hits[inner, n])
    machine.sfu_q = Vector(
        number=machine.popped,
        psums=np.array([psum for psum, _ in heads], np.int64),
        misfits=np.array([misfit for _, misfit in heads], bool),
        stored=machine.pmem[otile * job.plan.shape.onij + max(onij, 0)].copy(),
    )
    machine.popped += 1


def _flush(machine: Machine, job: Job) -> Bits:
    """Rows that flush in this cycle: all in the first, then each one cycle less than the row below."""
    is_last = machine.number_q[-1, -1] % job.streamed == job.streamed - 1
    if job.psums_stay and machine.valid_q[-1, -1] and is_last:
        machine.flush_q = np.ones_like(machine.flush_q)
    flush = machine.flush_q
    machine.flush_q = np.concatenate(([False], flush[:-1]))
    return flush


def _push_ofifo(machine: Machine, job: Job, flush: Bits) -> None:
    valid = machine.valid_q[-1]
    for col, column in enumerate(machine.ofifo):
        if flush[-1] if job.psums_stay else valid[col]:
            column.append((int(machine.psum_q[-1, col]), bool(machine.misfit_q[-1, col])))


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


def _work(machine: Machine, job: Job, flush: Bits) -> None:
    """Let every PE see its neighbors' registers and the edge, and write its own."""
    m = machine
    a_i, valid_i, number_i = _from_west(machine)
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
        _log_column(machine, job, misfits & valid_i, number_i, sums)
    m.psum_q = np.where(valid_i, kept, m.psum_q)
    m.misfit_q = np.where(valid_i, was_misfit | misfits, m.misfit_q)
    if flush.any():
        m.psum_q[flush], m.misfit_q[flush] = north_psum[flush], north_misfit[flush]
    m.w_q = np.where(valid_i & is_first, m.shadow_q, m.w_q)
    m.b_q = np.where(valid_i, b_i, m.b_q)
    m.a_q, m.number_q = np.where(valid_i, a_i, m.a_q), np.where(valid_i, number_i, m.number_q)
    m.valid_q = valid_i
    m.counts.pe_busy += int(valid_i.sum())
    _shift_weights(machine)


def _from_west(machine: Machine) -> tuple[Ints, Bits, Ints]:
    """Activation (``half row col``), valid bit and number that each PE sees."""
    pops, heads = _pop(machine.l0)
    west = np.zeros((machine.a_q.shape[0], len(pops), 1), np.int64)
    number = np.zeros((len(pops), 1), np.int64)
    for row, head in enumerate(heads):
        if head is not None:
            west[:, row, 0], number[row] = head[0][:, row], head[1]
    a_i = np.concatenate((west, machine.a_q[:, :, :-1]), axis=2)
    valid_i = np.concatenate((pops[:, None], machine.valid_q[:, :-1]), axis=1)
    return a_i, valid_i, np.concatenate((number, machine.number_q[:, :-1]), axis=1)


def _edge(queue: Queue) -> Ints:
    """What each lane pops, 0 where it pops nothing."""
    _, heads = _pop(queue)
    return np.array([0 if head is None else head[0][i] for i, head in enumerate(heads)], np.int64)


def _shift_weights(machine: Machine) -> None:
    """In rows that pop a weight, the chain of shadow registers moves by one: half inner, col outer."""
    _, heads = _pop(machine.west)
    halves, _, cols = machine.shadow_q.shape
    for row, head in enumerate(heads):
        if head is not None:
            chain = machine.shadow_q[:, row].T.reshape(-1)  # col half
            moved = np.concatenate(([head[0][row]], chain[:-1]))
            machine.shadow_q[:, row] = moved.reshape(cols, halves).T


def _log_column(machine: Machine, job: Job, misfits: Bits, number: Ints, sums: Ints) -> None:
    """Count sums in PEs that do not fit, where the SFU will keep what becomes of them."""
    for row, col in np.argwhere(misfits):
        fold, n = divmod(int(number[row, col]), job.streamed)
        otile, inner = divmod(fold, job.folds_per_otile)
        at = job.plan.array.rows - 1 - row if job.psums_stay else n
        onij = int(job.hits[inner, at])
        if onij >= 0:
            _log(machine, job, (otile, inner, onij), (int(row), int(col)), int(sums[row, col]))


def _log(
    machine: Machine,
    job: Job,
    place: tuple[int, int, int],
    unit: tuple[int | None, int],
    value: int,
) -> None:
    machine.counts.overflows += 1
    if machine.counts.first_overflow is None:
        otile, inner, onij = place
        itile, kij = divmod(inner, job.plan.fold_grid[2])
        machine.counts.first_overflow = Overflow(
            where="pmem" if unit[0] is None else "pe",
            otile=job.first_otile + otile,
            itile=itile,
            kij=kij,
            onij=onij,
            row=unit[0],
            col=unit[1],
            value=value,
        )
