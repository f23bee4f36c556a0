"""Cycles of a layer on our core, in each of its modes and schedules (docs/dataflows.md)."""

from __future__ import annotations

from dataclasses import replace

from tilewright.cost.outline import LayerOutline
from tilewright.sim import layer_cycles
from tilewright.spec import ArrayShape, Schedule
from tilewright.tile import TilePlan

WIDEST_PAIR = 8
"""Bits of two activations in a PE, at most."""

SCHEDULES = {
    "serial": Schedule(),
    "overlapped": Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True),
}
"""Job by job, and a whole layer as one job whose folds overlap and skip what no tap uses."""

MODES = ("ws", "simd", "os")
MODE_NAMES = tuple(f"{mode}_{schedule}" for mode in MODES for schedule in SCHEDULES)


def machine_cycles(outline: LayerOutline, array: ArrayShape) -> dict[str, int]:
    """Cycles for one sample by `MODE_NAMES`; "simd" holds two channels in a PE where two activations have
    at most 8 bits, and is "ws" where they have more.
    """
    stationary = TilePlan(outline.shape, array)
    is_pair = 2 * outline.act_format.bits <= WIDEST_PAIR
    plans = {
        "ws": stationary,
        "simd": replace(stationary, channels_per_pe=2) if is_pair else stationary,
        "os": TilePlan(outline.shape, array, "os"),
    }
    return {
        f"{mode}_{name}": layer_cycles(plans[mode], schedule)
        for mode in MODES
        for name, schedule in SCHEDULES.items()
    }
