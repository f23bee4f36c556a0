"""Run the tiles of a layer through the array, register by register or by exact arithmetic."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.sim import registers as reg
from tilewright.sim.control import start
from tilewright.sim.cycles import SERIAL
from tilewright.sim.exact import exact_result
from tilewright.sim.job import Stalls, make_job
from tilewright.sim.machine import run
from tilewright.sim.result import SimResult
from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile import TilePlan

Engine = Literal["fast", "registers"]
NO_LIMIT = 1 << 62
RELU = OutputFunction()
ERROR = PsumRule()


def simulate(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    *,
    schedule: Schedule = SERIAL,
    rule: PsumRule = ERROR,
    output: OutputFunction = RELU,
    stalls: Stalls | None = None,
    engine: Engine = "fast",
) -> SimResult:
    """Simulate one sample of a layer, exact in every value and cycle.

    Weight stationary: weights ``otile itile kij col row``, activations ``itile nij row``, as `tile_weights`
    and `tile_activations` make them. Output stationary: ``otile step col`` and ``opass step row``, as
    `step_weights` and `step_activations` make them.

    engine "registers" runs the array register by register. "fast" gives the same result without them: no
    cycle count depends on the data, so it takes them from the closed form; psums are matrix products where
    these weights cannot overflow the widths, else they are summed in the array's order. With stalls, the
    registers run in any case.

    Sums that do not fit are counted, and the first is named in the result. With the rule "error" registers
    keep the exact sum, so that values and width can be judged apart; the caller decides what it means.

    Raises `ShapeError` or `FormatError` if tiles have the wrong shape or type.
    """
    if engine not in ("fast", "registers"):
        raise UnknownNameError(f"the engine must be 'fast' or 'registers', not {engine!r}")
    _check(plan, weights, activations)
    if engine == "fast" and stalls is None:
        return exact_result(plan, weights, activations, schedule, rule, output)
    return _run_registers(plan, weights, activations, schedule, rule, output, stalls)


def _run_registers(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    schedule: Schedule,
    rule: PsumRule,
    output: OutputFunction,
    stalls: Stalls | None,
) -> SimResult:
    otiles, onij, array = plan.otiles, plan.shape.onij, plan.array
    per_job = otiles if schedule.is_whole_layer else 1
    psums = np.empty((otiles, onij, array.cols), np.int64)
    outputs = np.empty_like(psums)
    counts = []
    for first in range(0, otiles, per_job):
        job = make_job(
            plan,
            weights,
            activations,
            first_otile=first,
            otiles=per_job,
            schedule=schedule,
            rule=rule,
            output=output,
            stalls=stalls,
        )
        machine = reg.power_on(
            array.rows,
            array.cols,
            words=per_job * onij,
            folds=job.folds,
            halves=plan.channels_per_pe,
        )
        start(machine, job)
        run(machine, job, NO_LIMIT)
        psums[first : first + per_job] = machine.pmem.reshape(per_job, onij, array.cols)
        outputs[first : first + per_job] = machine.outputs.reshape(per_job, onij, array.cols)
        counts.append(machine.counts)
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


def _check(plan: TilePlan, weights: npt.NDArray[Any], activations: npt.NDArray[Any]) -> None:
    cols, rows = plan.array.cols, plan.array.rows
    if plan.dataflow == "os":
        _expect(weights, (plan.otiles, plan.steps, cols), "otile step col", np.int8)
        _expect(activations, (plan.passes, plan.steps, rows), "opass step row", np.uint8)
        return
    tiles = (plan.otiles, plan.itiles, plan.shape.taps, cols, plan.lanes)
    _expect(weights, tiles, "otile itile kij col row", np.int8)
    _expect(activations, (plan.itiles, plan.shape.nij, plan.lanes), "itile nij row", np.uint8)


def _expect(tiles: npt.NDArray[Any], shape: tuple[int, ...], axes: str, dtype: type) -> None:
    if tiles.shape != shape:
        raise ShapeError(
            f"tiles must be ({', '.join(axes.split())}) = {shape}, not {tiles.shape}: "
            "use the tiles of this plan"
        )
    if tiles.dtype != dtype:
        raise FormatError(
            f"tiles ({', '.join(axes.split())}) must be {np.dtype(dtype)} codes, not {tiles.dtype}"
        )
