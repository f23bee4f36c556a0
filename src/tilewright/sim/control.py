"""The controller: which words are read in a cycle, and when folds follow one another."""

from __future__ import annotations

from tilewright.sim.job import Job
from tilewright.sim.registers import Machine

READY = ("xmem", "wmem", "pmem", "host")
"""The partners that may stall, in the order of the bytes of the random word."""


def next_random(state: int) -> int:
    """The next 32-bit word of the stalls' sequence (xorshift).

    >>> next_random(1)
    270369
    """
    state ^= state << 13 & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ (state << 5 & 0xFFFFFFFF)


def depth(job: Job) -> int:
    """The largest number of vectors under way."""
    return 2 * job.plan.array.rows + job.plan.array.cols + 4


def start(machine: Machine, job: Job) -> None:
    """End an idle cycle in which `start` is high: the job's first cycle comes next."""
    machine.is_busy = True
    machine.fold = machine.n = machine.weight_words = machine.under_way = machine.popped = 0
    machine.left, machine.wait = (0 if job.psums_stay else job.fold_words), 0
    machine.is_loaded = machine.waits_for_pass = False
    machine.random = 0 if job.stalls is None else job.stalls.seed


def advance(
    machine: Machine, job: Job, ready: tuple[bool, ...], *, is_flushing: bool, is_fold_done: bool
) -> None:
    """Push what the read registers hold, read, and step the controller's state."""
    _push(machine, job)
    reads_act = _wants_activation(machine, job) and ready[0] and (ready[1] or not job.psums_stay)
    reads_weight = reads_act
    if not job.psums_stay:
        reads_weight = machine.left > 0 and machine.wait == 0 and ready[1]
    if is_fold_done if not job.execution.schedule.is_overlapped else is_flushing:
        machine.waits_for_pass = False
    machine.wait = max(0, machine.wait - 1)
    machine.counts.stream += reads_act
    machine.counts.load += reads_weight and not reads_act
    popped_before = machine.popped
    if reads_weight and not job.psums_stay:
        _read_weight(machine, job)
    if reads_act:
        _read_activation(machine, job)
    is_serial = not job.psums_stay and not job.execution.schedule.is_overlapped
    if is_serial and is_fold_done and machine.fold < job.folds:
        machine.left = job.fold_words
    machine.under_way = _issued(machine, job) - popped_before
    is_all_written = machine.popped == job.folds * job.vectors and machine.sfu_q is None
    machine.is_busy = machine.is_held or not is_all_written


def _issued(machine: Machine, job: Job) -> int:
    """Vectors for which room has been taken."""
    if job.psums_stay:
        return (machine.fold + (machine.n > 0)) * job.vectors
    return machine.fold * job.streamed + machine.n


def _push(machine: Machine, job: Job) -> None:
    if machine.act_q is not None:
        machine.l0.words.append(machine.act_q)
    if machine.weight_q is not None:
        (machine.north if job.psums_stay else machine.west).words.append(machine.weight_q)
    machine.act_q = machine.weight_q = None


def _wants_activation(machine: Machine, job: Job) -> bool:
    if machine.fold == job.folds:
        return False
    if job.psums_stay:
        room = depth(job) - job.plan.array.rows
        return machine.n > 0 or (not machine.waits_for_pass and machine.under_way <= room)
    has_room = machine.under_way < depth(job)
    return has_room and (machine.n > 0 or machine.is_loaded)


def _read_weight(machine: Machine, job: Job) -> None:
    fold = machine.weight_words // job.fold_words
    word = fold * job.fold_words + machine.left - 1
    machine.weight_q = (job.wmem[word], 0)
    machine.weight_words += 1
    machine.left -= 1
    machine.is_loaded = machine.left == 0


def _read_activation(machine: Machine, job: Job) -> None:
    words = job.xmem[:, job.activation_word(machine.fold, machine.n)]  # half row
    machine.act_q = (words, machine.fold * job.streamed + machine.n)
    if job.psums_stay:
        otile = machine.fold // job.plan.folds_per_otile
        machine.weight_q = (job.wmem[otile * job.streamed + machine.n], 0)
    elif machine.n == 0:
        machine.is_loaded = False
        if job.execution.schedule.is_overlapped and machine.fold + 1 < job.folds:
            machine.left, machine.wait = job.fold_words, job.plan.array.cols - 1
    machine.n += 1
    if machine.n == job.streamed:
        machine.n = 0
        machine.fold += 1
        machine.waits_for_pass = True
