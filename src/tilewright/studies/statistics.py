"""Activity of the array for the samples of a run: zero operands, toggles, words moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.config.array import ArrayConfig
from tilewright.cost import EnergyTable, LayerOutline, Traffic, layer_traffic
from tilewright.errors import ConfigError
from tilewright.pipeline.run_folder import RunFolder
from tilewright.sim import (
    REGISTERS,
    Activity,
    count_activity,
    layer_cycles,
    load_cycles,
    words_streamed,
)
from tilewright.spec import IntegerLayer
from tilewright.tile import Execution, TilePlan, plan_words


@dataclass(frozen=True, slots=True, eq=False)
class LayerStatistics:
    """One layer and one sample. energy_pj: by part, or None without a table."""

    layer: str
    sample: int
    execution: Execution
    used: ArrayConfig
    traffic: Traffic
    activity: Activity
    energy_pj: dict[str, float] | None

    @property
    def plan(self) -> TilePlan:
        """The plan of the layer."""
        return self.execution.plan

    @property
    def cycles(self) -> int:
        """Cycles without stalls."""
        return layer_cycles(self.execution)

    @property
    def pe_cycles(self) -> int:
        """PEs times cycles."""
        return self.cycles * self.plan.array.rows * self.plan.array.cols

    def to_facts(self) -> dict[str, Any]:
        """Figures of the whole array, flat."""
        activity, dataflow = self.activity, self.plan.dataflow
        folds = self.plan.otiles * self.plan.folds_per_otile
        return {
            "layer": self.layer,
            "sample": self.sample,
            "dataflow": dataflow.name,
            "channels_per_pe": dataflow.channels_per_pe,
            "schedule": self.used.schedule,
            "job": self.used.job,
            "cycles": self.cycles,
            "load_cycles": load_cycles(self.execution),
            "stream_cycles": folds * words_streamed(self.execution),
            "operations": activity.operations,
            "zero_acts": activity.zero_acts,
            "zero_weights": activity.zero_weights,
            "zero_operands": activity.zero_operands,
            "zero_operand_rate": activity.zero_operands / activity.operations,
            **{f"{name}_toggles": int(activity.of(name).sum()) for name in REGISTERS},
            **self.traffic.to_facts(),
            **{f"energy_{part}_pj": pj for part, pj in (self.energy_pj or {}).items()},
        }

    def toggle_lines(self) -> Iterator[dict[str, Any]]:
        """One line for each bit of each register of each PE."""
        for name in REGISTERS:
            toggles = self.activity.of(name)
            for row, col, bit in np.ndindex(*toggles.shape):
                yield {
                    "layer": self.layer,
                    "sample": self.sample,
                    "register": name,
                    "row": row,
                    "col": col,
                    "bit": bit,
                    "toggles": int(toggles[row, col, bit]),
                }


def run_statistics(
    run: RunFolder,
    layers: Sequence[str],
    sample: int,
    table: EnergyTable | None,
    used: ArrayConfig,
) -> Iterator[LayerStatistics]:
    """Statistics of the named layers (none: all), for the recovered sample number `sample`, from 0.

    used: the array and how it is used. Raises `UnknownNameError` for a layer, `ConfigError` for a sample
    that was not recovered, `FormatError` for psums that saturate.
    """
    network, stimulus = run.network(), run.stimulus()
    if not 0 <= sample < len(stimulus.samples):
        raise ConfigError(
            f"--sample must be 0..{len(stimulus.samples) - 1}, one of the recovered ones, not {sample}"
        )
    for layer in [network.layer(name) for name in layers] or network.layers:
        codes = layer.plain_codes(stimulus.codes[layer.name][sample])
        number, plain = int(stimulus.samples[sample]), layer.plain()
        for part, execution in used.executions(plain.shape, act_bits=plain.act_format.bits):
            yield _statistics(part.layer(plain), codes[part.ic], number, execution, used, table)


def _statistics(
    layer: IntegerLayer,
    codes: npt.NDArray[np.uint8],
    sample: int,
    execution: Execution,
    used: ArrayConfig,
    table: EnergyTable | None,
) -> LayerStatistics:
    """Those of a layer, or of a part of one with groups."""
    outline = LayerOutline(
        layer.name, layer.shape, layer.act_format, layer.weight_format, layer.weight
    )
    found = LayerStatistics(
        layer=layer.name,
        sample=sample,
        execution=execution,
        used=used,
        traffic=layer_traffic(outline, execution),
        activity=count_activity(
            execution,
            *plan_words(execution.plan, layer.weight, codes),
            act_bits=layer.act_format.bits,
            weight_bits=layer.weight_format.bits,
        ),
        energy_pj=None,
    )
    if table is None:
        return found
    energy = table.estimate(found.activity, found.traffic, found.pe_cycles)
    return replace(found, energy_pj=energy)
