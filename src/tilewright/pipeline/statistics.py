"""What moves in the array for the samples of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilewright.cost import EnergyTable, LayerCost, LayerOutline, MemoryDepths, layer_cost
from tilewright.errors import ConfigError
from tilewright.pipeline.run_folder import RunFolder
from tilewright.sim import Activity, count_activity
from tilewright.spec import ArrayShape, IntegerLayer, Stimulus
from tilewright.tile import TilePlan, tile_activations, tile_weights

REGISTERS = ("act", "weight", "psum")


@dataclass(frozen=True, slots=True, eq=False)
class LayerStatistics:
    """One layer and one sample. energy_pj: by part, or None without a table."""

    sample: int
    cost: LayerCost
    activity: Activity
    energy_pj: dict[str, float] | None

    def to_facts(self) -> dict[str, Any]:
        """Figures of the whole array, flat."""
        activity, costs = self.activity, self.cost.to_facts()
        words = {key: costs[key] for key in costs if key.endswith(("_reads", "_writes", "_words"))}
        bits = {key: costs[key] for key in costs if key.endswith("_word_bits")}
        energy = {f"energy_{part}_pj": pj for part, pj in (self.energy_pj or {}).items()}
        return {
            "layer": self.cost.name,
            "sample": self.sample,
            "cycles": costs["cycles"],
            "operations": activity.operations,
            "zero_acts": activity.zero_acts,
            "zero_weights": activity.zero_weights,
            "zero_operands": activity.zero_operands,
            "zero_operand_rate": activity.zero_operands / activity.operations,
            **{f"{name}_toggles": int(self._toggles(name).sum()) for name in REGISTERS},
            **words,
            **bits,
            **energy,
        }

    def toggle_lines(self) -> Iterator[dict[str, Any]]:
        """One line for each bit of each register of each PE."""
        for name in REGISTERS:
            toggles = self._toggles(name)
            for row, col, bit in np.ndindex(*toggles.shape):
                yield {
                    "layer": self.cost.name,
                    "sample": self.sample,
                    "register": name,
                    "row": row,
                    "col": col,
                    "bit": bit,
                    "toggles": int(toggles[row, col, bit]),
                }

    def _toggles(self, register: str) -> Any:
        return getattr(self.activity, f"{register}_toggles")


def run_statistics(
    run: RunFolder, layers: Sequence[str], sample: int, table: EnergyTable | None
) -> Iterator[LayerStatistics]:
    """Statistics of the named layers (none: all), for the recovered sample number `sample`, from 0.

    Raises `UnknownNameError` for a layer, `ConfigError` for a sample that was not recovered.
    """
    network, stimulus, config = run.network(), run.stimulus(), run.config().array
    if not 0 <= sample < len(stimulus.samples):
        raise ConfigError(
            f"--sample must be 0..{len(stimulus.samples) - 1}, one of the recovered ones, not {sample}"
        )
    array = ArrayShape(config.rows, config.cols, config.psum_bits)
    for layer in [network.layer(name) for name in layers] or network.layers:
        yield _statistics(layer, stimulus, sample, array, table)


def _statistics(
    layer: IntegerLayer,
    stimulus: Stimulus,
    sample: int,
    array: ArrayShape,
    table: EnergyTable | None,
) -> LayerStatistics:
    outline = LayerOutline(
        layer.name, layer.shape, layer.act_format, layer.weight_format, layer.weight
    )
    cost = layer_cost(outline, array, MemoryDepths())
    plan = TilePlan(layer.shape, array)
    activity = count_activity(
        plan,
        tile_weights(layer.weight, plan),
        tile_activations(stimulus.codes[layer.name][sample], plan),
        act_bits=layer.act_format.bits,
        weight_bits=layer.weight_format.bits,
    )
    energy = table.estimate(cost, activity) if table is not None else None
    return LayerStatistics(int(stimulus.samples[sample]), cost, activity, energy)
