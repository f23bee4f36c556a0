"""The array's result without its registers: exact arithmetic, and cycles in closed form.

Two facts make it exact. Without stalls no cycle depends on the data. And if no partial sum that these weights
can form over all activations fails to fit its register, the order of summation does not matter, and psums are
matrix products; else they are formed in the array's order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.sim.cycles import job_cycles, load_cycles, words_streamed
from tilewright.sim.ordered import Ordered, ordered_psums
from tilewright.sim.result import SimResult
from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile import TilePlan
from tilewright.tile.streams import psum_addresses

EXACT_IN_FLOAT32 = 1 << 24
"""Sums of integers below this are exact in float32, in any order."""

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
    bound = _bound(plan, weights) * int(activations.max(initial=0))
    if bound < 1 << (min(bits, rule.column_bits or bits) - 1):
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
        outputs=_outputs(found.psums, output),
        fold_cycles=fold_cycles,
        load_cycles=loaded,
        stream_cycles=streamed,
        pe_cycles_busy=streamed * plan.array.rows * plan.array.cols,
        overflows=found.overflows,
        overflow_vectors=found.overflow_vectors,
        first_overflow=found.first_overflow,
    )


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
    """Weight stationary: one product for each tap, over all input channels and output tiles."""
    shape, cols = plan.shape, plan.array.cols
    lanes = plan.itiles * plan.lanes
    plane: Floats = (
        activations.transpose(0, 2, 1).reshape(lanes, shape.nij).astype(kind)
    )  # lane nij
    kernel: Floats = weights.transpose(2, 0, 3, 1, 4).reshape(shape.taps, -1, lanes).astype(kind)
    psums: Floats = np.zeros((plan.otiles * cols, shape.onij), kind)
    for tap, addresses in enumerate(psum_addresses(plan)):
        psums += kernel[tap] @ plane[:, addresses >= 0]  # hits come in the order of onij
    split = psums.reshape(plan.otiles, cols, shape.onij)
    return np.ascontiguousarray(split.transpose(0, 2, 1)).astype(np.int64)  # otile onij col


def _by_steps(
    plan: TilePlan, weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8], kind: type
) -> Wide:
    """Output stationary: one product for each pass and output tile."""
    west: Floats = (
        activations.astype(kind).transpose(0, 2, 1).reshape(-1, plan.steps)
    )  # opass*row step
    psums = west[: plan.shape.onij] @ weights.astype(kind)  # otile onij col
    return psums.astype(np.int64)


def _outputs(psums: Wide, output: OutputFunction) -> Wide:
    if output.function == "relu":
        return np.maximum(psums, 0)
    if output.function == "leaky":
        return np.where(psums < 0, psums >> output.shift, psums)
    return psums.copy()
