"""Run the tiles of a layer through the array, register by register or by exact arithmetic."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.sim import registers as reg
from tilewright.sim.array import run
from tilewright.sim.control import start
from tilewright.sim.exact import exact_result
from tilewright.sim.job import Stalls, make_job
from tilewright.sim.result import SimResult
from tilewright.spec import Codes
from tilewright.tile import Execution

ModelKind = Literal["fast", "registers"]
NO_LIMIT = 1 << 62


def simulate(
    execution: Execution,
    weights: npt.NDArray[np.int8],
    activations: Codes,
    *,
    stalls: Stalls | None = None,
    engine: ModelKind = "fast",
) -> SimResult:
    """Simulate one sample of a layer, exact in every value and cycle.

    Weights and activations are words as `plan_words` makes them, with the axes that the dataflow says;
    activations are uint8, or int8 where they are signed.

    engine "registers" runs the array register by register. "fast" gives the same result without them: no
    cycle count depends on the data, so it takes them from the closed form; psums are matrix products where
    these weights cannot overflow the widths, else they are summed in the array's order. With stalls, the
    registers run in any case.

    Sums that do not fit are counted, and the first is named in the result. With the rule "error" registers
    keep the exact sum, so that values and width can be judged apart; the caller decides what it means.

    Raises `ShapeError` or `FormatError` if tiles have the wrong shape or type, `UnknownNameError` for
    another engine, or for registers of a dataflow of which they are not modelled.
    """
    if engine not in ("fast", "registers"):
        raise UnknownNameError(f"the engine must be 'fast' or 'registers', not {engine!r}")
    plan = execution.plan
    _expect(weights, plan.dataflow.weight_shape(plan), plan.dataflow.weight_axes, (np.int8,))
    acts = np.uint8, np.int8
    _expect(activations, plan.dataflow.act_shape(plan), plan.dataflow.act_axes, acts)
    if engine == "fast" and stalls is None:
        return exact_result(execution, weights, activations)
    return _run_registers(execution, weights, activations, stalls)


def _run_registers(
    execution: Execution,
    weights: npt.NDArray[np.int8],
    activations: Codes,
    stalls: Stalls | None,
) -> SimResult:
    plan = execution.plan
    otiles, onij, array = plan.otiles, plan.shape.onij, plan.array
    per_job = execution.otiles_per_job
    psums = np.empty((otiles, onij, array.cols), np.int64)
    outputs = np.empty_like(psums)
    counts = []
    for first in range(0, otiles, per_job):
        job = make_job(execution, weights, activations, first_otile=first, stalls=stalls)
        state = reg.power_on(
            array.rows,
            array.cols,
            words=per_job * onij,
            folds=job.folds,
            halves=plan.dataflow.channels_per_pe,
        )
        start(state, job)
        run(state, job, NO_LIMIT)
        psums[first : first + per_job] = state.pmem.reshape(per_job, onij, array.cols)
        outputs[first : first + per_job] = state.outputs.reshape(per_job, onij, array.cols)
        counts.append(state.counts)
    firsts = [count.first_overflow for count in counts if count.first_overflow is not None]
    return SimResult(
        plan=plan,
        psums=psums,
        outputs=outputs,
        fold_cycles=np.concatenate([c.fold_cycles for c in counts]).reshape(plan.fold_grid),
        load_cycles=sum(count.load for count in counts),
        stream_cycles=sum(count.stream for count in counts),
        pe_cycles_busy=sum(count.pe_busy for count in counts),
        overflows=sum(count.overflows for count in counts),
        overflow_vectors=sum(count.overflow_vectors for count in counts),
        first_overflow=firsts[0] if firsts else None,
    )


def _expect(
    tiles: npt.NDArray[Any], shape: tuple[int, ...], axes: str, dtypes: tuple[type, ...]
) -> None:
    if tiles.shape != shape:
        raise ShapeError(
            f"tiles must be ({', '.join(axes.split())}) = {shape}, not {tiles.shape}: "
            "use the tiles of this plan"
        )
    if tiles.dtype not in dtypes:
        names = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise FormatError(
            f"tiles ({', '.join(axes.split())}) must be {names} codes, not {tiles.dtype}"
        )
