"""The array's result without its registers: exact arithmetic, and cycles in closed form.

Two facts make it exact. Without stalls no cycle depends on the data. And if no partial sum that these weights
can form over all activations fails to fit its register, the order of summation does not matter, and psums are
matrix products; else they are formed in the array's order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.sim.cycles import job_cycles, load_cycles, words_streamed
from tilewright.sim.ordered import Ordered, ordered_psums
from tilewright.sim.psum_width import put_out
from tilewright.sim.result import SimResult
from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile import TilePlan
from tilewright.tile.streams import psum_addresses

EXACT_IN_FLOAT32 = 1 << 24
"""Sums of integers below this are exact in float32, in any order."""

BLOCK = 1 << 20
"""Values of the plane that are laid out for one product: a few MB."""

Wide = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]


def exact_result(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    schedule: Schedule,
    rule: PsumRule,
    output: OutputFunction,
) -> SimResult:
    """The result of a layer, tiles as `tilewright.sim.simulate` takes them."""
    bits = plan.array.psum_bits
    highest = int(activations.max(initial=0))
    limit = 1 << (min(bits, rule.column_bits or bits) - 1)
    for at_most in (_type_bound, _rough_bound, _bound):  # the better, the slower
        bound = at_most(plan, weights) * highest
        if bound < min(limit, EXACT_IN_FLOAT32):
            break
    if bound < limit:
        kind = np.float32 if bound < EXACT_IN_FLOAT32 else np.float64
        multiply = _by_steps if plan.dataflow == "os" else _by_taps
        found = Ordered(multiply(plan, weights, activations, kind))
    else:
        found = ordered_psums(plan, weights, activations, schedule, rule)
    fold_cycles = job_cycles(plan, schedule)
    words = words_streamed(plan, schedule)
    streamed, loaded = fold_cycles.size * words, load_cycles(plan, schedule)
    return SimResult(
        plan=plan,
        psums=found.psums,
        outputs=put_out(found.psums, output),
        fold_cycles=fold_cycles,
        load_cycles=loaded,
        stream_cycles=streamed,
        pe_cycles_busy=streamed * plan.array.rows * plan.array.cols,
        overflows=found.overflows,
        overflow_vectors=found.overflow_vectors,
        first_overflow=found.first_overflow,
    )


def _type_bound(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    """As `_bound`, at least, and at once: that of the lowest weight that int8 holds, everywhere."""
    return _weights_of_a_lane(plan, weights) << 7


def _rough_bound(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    """As `_bound`, at least, and sooner known: that of the largest weight there is, everywhere."""
    largest = max(int(weights.max(initial=0)), -int(weights.min(initial=0)))
    return largest * _weights_of_a_lane(plan, weights)


def _weights_of_a_lane(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    return weights.size // (plan.otiles * plan.array.cols)


def _bound(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    """Largest |partial sum| for activations of at most 1, in any place and order.

    Activations are never negative, so the extremes are the sums of the positive and of the negative
    weights of an output channel alone, and every partial sum lies between them.
    """
    axes = (1,) if plan.dataflow == "os" else (1, 2, 4)  # all but otile, col
    total = weights.sum(axis=axes, dtype=np.int64)
    absolute = np.abs(weights, dtype=np.int16).sum(axis=axes, dtype=np.int64)
    return int(np.maximum(absolute + total, absolute - total).max(initial=0)) // 2


def _by_taps(
    plan: TilePlan, weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8], kind: type
) -> Wide:
    """Weight stationary: what ofmap pixels take from the plane, times all weights, a block at a time."""
    shape, cols = plan.shape, plan.array.cols
    lanes, pixels = plan.itiles * plan.lanes, _pixels_taken(plan)
    plane: Floats = (
        activations.transpose(0, 2, 1).reshape(lanes, shape.nij).astype(kind)
    )  # lane nij
    kernel: Floats = (
        weights.transpose(1, 4, 2, 0, 3).reshape(lanes * shape.taps, -1).astype(kind)
    )  # lane*kij otile*col
    psums: Wide = np.empty((plan.otiles, shape.onij, cols), np.int64)
    block = max(1, BLOCK // len(kernel))
    for first in range(0, shape.onij, block):
        some = slice(first, first + block)
        columns: Floats = plane.take(pixels[:, some], axis=1).reshape(len(kernel), -1)
        found: Floats = columns.T @ kernel  # lane*kij onij, lane*kij otile*col
        psums[:, some] = found.reshape(-1, plan.otiles, cols).transpose(1, 0, 2)
    return psums


@lru_cache(maxsize=64)
def _pixels_taken(plan: TilePlan) -> npt.NDArray[np.int64]:
    """The pixel nij that each tap takes for each ofmap pixel: ``kij onij``."""
    hits = psum_addresses(plan) >= 0  # in the order of onij
    return np.nonzero(hits)[1].reshape(plan.shape.taps, plan.shape.onij)


def _by_steps(
    plan: TilePlan, weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8], kind: type
) -> Wide:
    """Output stationary: one product for each pass and output tile."""
    west: Floats = (
        activations.astype(kind).transpose(0, 2, 1).reshape(-1, plan.steps)
    )  # opass*row step
    psums = west[: plan.shape.onij] @ weights.astype(kind)  # otile onij col
    return psums.astype(np.int64)
