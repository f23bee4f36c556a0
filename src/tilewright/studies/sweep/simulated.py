"""Points of the Pareto set again, by the model of the array: no closed form of the whole is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tilewright.cost import LayerOutline
from tilewright.pipeline.run_folder import Listener
from tilewright.sim import layer_cycles, simulate
from tilewright.spec import ArrayShape, Schedule
from tilewright.tile import DATAFLOWS, Execution, find_parts, plan_mode, plan_words

MOST_REGISTER_CYCLES = 2_000
"""Of a layer that also runs register by register, which takes about a millisecond for each cycle."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A point's cycles by the model: of all layers, and of how many register by register.

    found: cycles of the model. expected: of the sweep. utilization: of the model. register_cycles: cycles, of
    `register_layers` layers, that the registers took too. differs: the first difference, or empty.
    """

    found: int
    expected: int
    layers: int
    register_layers: int
    register_cycles: int
    differs: str

    @property
    def passed(self) -> bool:
        """Whether model, registers and sweep have the same cycles."""
        return not self.differs and self.layers > 0


def simulate_point(
    outlines: tuple[LayerOutline, ...],
    point: dict[str, Any],
    listener: Listener,
    *,
    seed: int,
    most_register_cycles: int = MOST_REGISTER_CYCLES,
) -> Simulated:
    """Run every layer of one sample through the model of a point's array, and compare cycles.

    Codes, and weights where the outlines have none, are random: no cycle depends on them. Layers of up to
    `most_register_cycles` also run register by register, which knows no closed form.
    """
    generator = np.random.default_rng(seed)
    found = busy = registers = register_layers = 0
    differs = ""
    parts = [part for outline in outlines for part in _parts(outline, point)]
    for number, outline in enumerate(parts):
        listener.progress(
            f"{point['rows']}x{point['cols']} {point['mode']}: layer {number + 1} of {len(parts)}"
        )
        execution = _execution(outline, point)
        words = plan_words(execution.plan, *_codes(outline, generator))
        result = simulate(execution, *words)
        found += outline.times * result.cycles
        busy += outline.times * result.stream_cycles
        if layer_cycles(execution) <= most_register_cycles:
            again = simulate(execution, *words, engine="registers")
            registers += again.cycles
            register_layers += 1
            if not differs and not np.array_equal(again.fold_cycles, result.fold_cycles):
                differs = (
                    f"{outline.name}: {again.cycles:,} cycles register by register, but "
                    f"{result.cycles:,} in closed form"
                )
    if found != point["cycles"]:
        differs = f"{found:,} cycles in the model, {point['cycles']:,} in the sweep"
    elif busy / found != point["utilization"]:
        differs = f"utilization {busy / found} in the model, {point['utilization']} in the sweep"
    return Simulated(found, point["cycles"], len(outlines), register_layers, registers, differs)


def _parts(outline: LayerOutline, point: dict[str, Any]) -> Iterator[LayerOutline]:
    """The dense layers as which a layer in groups runs; no cycle depends on their weights."""
    if outline.shape.groups == 1:
        yield outline
        return
    array = ArrayShape(point["rows"], point["cols"], 32)
    dataflow = DATAFLOWS.get(point["mode"]).for_codes(outline.act_format.bits)
    for part in find_parts(outline.shape, array, dataflow):
        yield replace(
            outline, name=part.name(outline.name), shape=part.shape, weight=None, observed=None
        )


def _execution(outline: LayerOutline, point: dict[str, Any]) -> Execution:
    array = ArrayShape(point["rows"], point["cols"], 32)
    is_overlapped = point["schedule"] == "overlapped"
    plan = plan_mode(outline.shape, array, point["mode"], outline.act_format.bits)
    return Execution(plan, Schedule(is_overlapped, is_overlapped, point["job"] == "layer"))


def _codes(outline: LayerOutline, generator: np.random.Generator) -> tuple[Any, Any]:
    """Weights ``oc ic kh kw`` and codes ``ic ih iw``."""
    shape, weights = outline.shape, outline.weight_format
    weight = outline.weight
    if weight is None:
        weight = generator.integers(
            weights.min_code, weights.max_code + 1, shape.weight_sizes, np.int8
        )
    acts, sizes = outline.act_format, (shape.ic, shape.ih, shape.iw)
    codes = generator.integers(acts.min_code, acts.max_code + 1, sizes, acts.dtype)
    return weight, codes
