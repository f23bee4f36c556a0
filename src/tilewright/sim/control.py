"""The controller: which words are read in a cycle, and when folds follow one another."""

from __future__ import annotations

from tilewright.sim.job import Job
from tilewright.sim.registers import ArrayState

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


def start(state: ArrayState, job: Job) -> None:
    """End an idle cycle in which `start` is high: the job's first cycle comes next."""
    state.is_busy = True
    state.fold = state.n = state.weight_words = state.under_way = state.popped = 0
    state.left, state.wait = (0 if job.psums_stay else job.fold_words), 0
    state.is_loaded = state.waits_for_pass = False
    state.random = 0 if job.stalls is None else job.stalls.seed


def advance(
    state: ArrayState, job: Job, ready: tuple[bool, ...], *, is_flushing: bool, is_fold_done: bool
) -> None:
    """Push what the read registers hold, read, and step the controller's state."""
    _push(state, job)
    reads_act = _wants_activation(state, job) and ready[0] and (ready[1] or not job.psums_stay)
    reads_weight = reads_act
    if not job.psums_stay:
        reads_weight = state.left > 0 and state.wait == 0 and ready[1]
    if is_fold_done if not job.execution.schedule.is_overlapped else is_flushing:
        state.waits_for_pass = False
    state.wait = max(0, state.wait - 1)
    state.counts.stream += reads_act
    state.counts.load += reads_weight and not reads_act
    popped_before = state.popped
    if reads_weight and not job.psums_stay:
        _read_weight(state, job)
    if reads_act:
        _read_activation(state, job)
    is_serial = not job.psums_stay and not job.execution.schedule.is_overlapped
    if is_serial and is_fold_done and state.fold < job.folds:
        state.left = job.fold_words
    state.under_way = _issued(state, job) - popped_before
    is_all_written = state.popped == job.folds * job.vectors and state.sfu_q is None
    state.is_busy = state.is_held or not is_all_written


def _issued(state: ArrayState, job: Job) -> int:
    """Vectors for which room has been taken."""
    if job.psums_stay:
        return (state.fold + (state.n > 0)) * job.vectors
    return state.fold * job.streamed + state.n


def _push(state: ArrayState, job: Job) -> None:
    if state.act_q is not None:
        state.l0.words.append(state.act_q)
    if state.weight_q is not None:
        (state.north if job.psums_stay else state.west).words.append(state.weight_q)
    state.act_q = state.weight_q = None


def _wants_activation(state: ArrayState, job: Job) -> bool:
    if state.fold == job.folds:
        return False
    if job.psums_stay:
        room = depth(job) - job.plan.array.rows
        return state.n > 0 or (not state.waits_for_pass and state.under_way <= room)
    has_room = state.under_way < depth(job)
    return has_room and (state.n > 0 or state.is_loaded)


def _read_weight(state: ArrayState, job: Job) -> None:
    fold = state.weight_words // job.fold_words
    word = fold * job.fold_words + state.left - 1
    state.weight_q = (job.wmem[word], 0)
    state.weight_words += 1
    state.left -= 1
    state.is_loaded = state.left == 0


def _read_activation(state: ArrayState, job: Job) -> None:
    words = job.xmem[:, job.activation_word(state.fold, state.n)]  # half row
    state.act_q = (words, state.fold * job.streamed + state.n)
    if job.psums_stay:
        otile = state.fold // job.folds_per_otile
        state.weight_q = (job.wmem[otile * job.streamed + state.n], 0)
    elif state.n == 0:
        state.is_loaded = False
        if job.execution.schedule.is_overlapped and state.fold + 1 < job.folds:
            state.left, state.wait = job.fold_words, job.plan.array.cols - 1
    state.n += 1
    if state.n == job.streamed:
        state.n = 0
        state.fold += 1
        state.waits_for_pass = True
