"""Run the tiles of a layer through the array, one job for each output tile."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.sim import registers as reg
from tilewright.sim.result import Overflow, SimResult
from tilewright.spec import ConvShape
from tilewright.tile import TilePlan

OverflowRule = Literal["error", "wrap"]
NO_LIMIT = 1 << 62


def simulate(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    *,
    overflow: OverflowRule = "error",
) -> SimResult:
    """Simulate one sample of a layer, cycle by cycle: weights ``otile itile kij col row``,
    activations ``itile nij row``, as `tile_weights` and `tile_activations` make them.

    Sums that do not fit ``plan.array.psum_bits`` are counted, and the first is named in the result.
    overflow "wrap": registers wrap in two's complement, as in the RTL. "error": registers keep the exact
    sum, so that values and width can be judged apart; the caller decides what an overflow means.

    Raises `ShapeError` or `FormatError` if tiles have the wrong shape or type, or the rule is unknown.
    """
    from tilewright.sim.machine import run  # only now: numba takes a second to load

    if overflow not in ("error", "wrap"):
        raise FormatError(f"the overflow rule must be 'error' or 'wrap', not {overflow!r}")
    shape, array = plan.shape, plan.array
    tiles = (plan.otiles, plan.itiles, shape.taps, array.cols, array.rows)
    _expect(weights, tiles, "otile itile kij col row", np.int8)
    _expect(activations, (plan.itiles, shape.nij, array.rows), "itile nij row", np.uint8)
    machine = reg.power_on(array.rows, array.cols, onij=shape.onij, folds=plan.folds_per_otile)
    psums = np.empty((plan.otiles, shape.onij, array.cols), np.int64)
    outputs = np.empty_like(psums)
    cycles = np.empty((plan.otiles, plan.itiles, shape.taps), np.int64)
    first = None
    for otile in range(plan.otiles):
        machine.fold_cycles[:] = 0
        reg.start(machine)
        run(machine, plan_job(plan, weights[otile], activations, overflow=overflow), NO_LIMIT)
        psums[otile], outputs[otile] = machine.pmem, machine.outputs
        cycles[otile] = machine.fold_cycles.reshape(plan.itiles, shape.taps)  # itile kij
        if first is None:
            first = _first_overflow(machine, otile)
    return SimResult(
        plan=plan,
        psums=psums,
        outputs=outputs,
        fold_cycles=cycles,
        load_cycles=int(machine.tally[reg.LOAD]),
        stream_cycles=int(machine.tally[reg.STREAM]),
        drain_cycles=int(machine.tally[reg.DRAIN]),
        pe_cycles_busy=int(machine.tally[reg.PE_BUSY]),
        overflows=int(machine.tally[reg.MISFITS]),
        first_overflow=first,
    )


def plan_job(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    *,
    overflow: OverflowRule,
) -> reg.Job:
    """One job: weights ``itile kij col row``, activations ``itile nij row``."""
    half = 1 << (plan.array.psum_bits - 1)
    width = 2 * half - 1
    return reg.Job(
        wmem=_words(weights),
        xmem=_words(activations),
        hits=_hits(plan.shape),
        itiles=plan.itiles,
        rule=(half, ~width, width if overflow == "wrap" else -1),
    )


@lru_cache(maxsize=64)
def _hits(shape: ConvShape) -> npt.NDArray[np.uint8]:
    """``kij nij``: 1 where the SFU finds that a pixel of the padded plane is one of a tap's windows."""
    rows = _lines_hit(shape.kh, shape.padded_h, shape.stride[0], shape.oh)  # kh_idx ni
    columns = _lines_hit(shape.kw, shape.padded_w, shape.stride[1], shape.ow)  # kw_idx nj
    hits = rows[:, None, :, None] & columns[None, :, None, :]  # kh_idx kw_idx ni nj
    return hits.reshape(shape.taps, shape.nij).astype(np.uint8)  # kij nij


def _lines_hit(kernel: int, padded: int, stride: int, out: int) -> npt.NDArray[np.bool_]:
    """``tap line``: whether ``line = o * stride + tap`` has a solution with ``0 <= o < out``."""
    distance = np.arange(padded)[None, :] - np.arange(kernel)[:, None]
    hit: npt.NDArray[np.bool_] = (distance >= 0) & (distance % stride == 0)
    return hit & (distance // stride < out)


def _words(tiles: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Memory words ``word row``, of the one array type that `run` is compiled for."""
    return np.require(tiles.reshape(-1, tiles.shape[-1]), requirements=["C", "W"])


def _first_overflow(machine: reg.Machine, otile: int) -> Overflow | None:
    if machine.tally[reg.MISFITS] == 0:
        return None
    itile, kij, where, onij, row, col, value = (int(v) for v in machine.tally[reg.FIRST_MISFIT :])
    if where == reg.IN_PE:
        return Overflow("pe", otile, itile, kij, onij, row, col, value)
    return Overflow("pmem", otile, itile, kij, onij, None, col, value)


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
