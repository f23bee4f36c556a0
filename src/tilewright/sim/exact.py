"""The fast model of the array: exact arithmetic and cycles in closed form, without registers.

Two facts make it exact. Without stalls no cycle depends on the data. And if no partial sum that these weights
can form over all activations fails to fit its register, the order of summation does not matter, and psums are
matrix products; else they are formed in the array's order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.sim.cycles import job_cycles, load_cycles, words_streamed
from tilewright.sim.ordered import Ordered, ordered_psums
from tilewright.sim.psum_width import put_out
from tilewright.sim.result import SimResult
from tilewright.spec import Codes
from tilewright.tile import Execution, TilePlan

EXACT_IN_FLOAT32 = 1 << 24
"""Sums of integers below this are exact in float32, in any order."""


def exact_result(
    execution: Execution, weights: npt.NDArray[np.int8], activations: Codes
) -> SimResult:
    """The result of a layer, tiles as `tilewright.sim.simulate` takes them."""
    plan = execution.plan
    highest, lowest = int(activations.max(initial=0)), int(activations.min(initial=0))
    limit = 1 << (min(plan.array.psum_bits, execution.column_bits) - 1)
    for at_most in (_type_bound, _rough_bound, _bound):  # each is tighter, and costs more
        bound = at_most(plan, weights) * (highest - lowest)
        if bound < min(limit, EXACT_IN_FLOAT32):
            break
    if bound < limit:
        kind = np.float32 if bound < EXACT_IN_FLOAT32 else np.float64
        found = Ordered(plan.dataflow.products(weights, activations, plan, kind))
    else:
        found = ordered_psums(execution, weights, activations)
    fold_cycles = job_cycles(execution)
    streamed = fold_cycles.size * words_streamed(execution)
    return SimResult(
        plan=plan,
        psums=found.psums,
        outputs=put_out(found.psums, execution.output),
        fold_cycles=fold_cycles,
        load_cycles=load_cycles(execution),
        stream_cycles=streamed,
        pe_cycles_busy=streamed * plan.array.rows * plan.array.cols,
        overflows=found.overflows,
        overflow_vectors=found.overflow_vectors,
        first_overflow=found.first_overflow,
    )


def _type_bound(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    """Upper bound on `_bound` from the type alone, as if every weight were -128."""
    return _weights_of_a_lane(plan, weights) << 7


def _rough_bound(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    """Upper bound on `_bound`, as if every weight were as large as the largest one."""
    largest = max(int(weights.max(initial=0)), -int(weights.min(initial=0)))
    return largest * _weights_of_a_lane(plan, weights)


def _weights_of_a_lane(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    return weights.size // (plan.otiles * plan.array.cols)


def _bound(plan: TilePlan, weights: npt.NDArray[np.int8]) -> int:
    """Largest |partial sum| for activations of at most 1, in any place and order.

    Where activations are never negative, the extremes are the sums of the positive and of the negative
    weights of an output channel alone, and every partial sum lies between them. Activations of both signs
    reach no further than the span from the lowest to the highest times that.
    """
    names = enumerate(plan.dataflow.weight_axes.split())
    axes = tuple(axis for axis, name in names if name not in ("otile", "col"))
    total = weights.sum(axis=axes, dtype=np.int64)
    absolute = np.abs(weights, dtype=np.int16).sum(axis=axes, dtype=np.int64)
    return int(np.maximum(absolute + total, absolute - total).max(initial=0)) // 2
