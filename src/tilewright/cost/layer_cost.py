"""What one layer costs on one array, for one sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tilewright.cost.core_modes import core_cycles, count_plans
from tilewright.cost.memories import MemoryDepths, words_needed
from tilewright.cost.outline import LayerOutline
from tilewright.cost.traffic import Traffic, layer_traffic
from tilewright.cost.widths import PsumWidths, psum_widths
from tilewright.sim import TEXTBOOK, Phases, dataflow_cycles, layer_phases
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import WEIGHT_STATIONARY, Execution, Part, TilePlan


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Folds, cycles, words and widths of a layer; `warnings` says where it does not fit the array.

    plans: those of the dense layers as which the array runs it, largest first, and how often each runs: one
    plan but for a layer in groups. times, is_of_activations: see `tilewright.spec.LayerSizes`; of the sizes,
    `shape` is one of so many. mode_cycles: of our core in each of its modes and schedules; phases are those
    of "ws_serial".
    """

    name: str
    shape: ConvShape
    plans: tuple[tuple[TilePlan, int], ...]
    phases: Phases
    traffic: Traffic
    widths: PsumWidths
    mode_cycles: Mapping[str, int]
    plain_cycles: Mapping[str, int]
    warnings: tuple[str, ...]
    times: int = 1
    is_of_activations: bool = False

    @property
    def plan(self) -> TilePlan:
        """The largest plan."""
        return self.plans[0][0]

    @property
    def otiles(self) -> int:
        """Output tiles of all plans."""
        return sum(times * plan.otiles for plan, times in self.plans)

    @property
    def folds(self) -> int:
        """Passes of a weight tile through the array."""
        return sum(times * plan.otiles * plan.folds_per_otile for plan, times in self.plans)

    @property
    def pe_cycles(self) -> int:
        """PEs times cycles."""
        return self.phases.total * self.plan.array.rows * self.plan.array.cols

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the convolution needs, padding zeros included, other groups' not."""
        return self.times * self.shape.macs

    @property
    def efficiency(self) -> float:
        """Needed multiply-accumulates over PE-cycles: the share of the array's peak that is of use."""
        return self.macs / self.pe_cycles

    @property
    def utilization(self) -> float:
        """Busy PE-cycles over PE-cycles: lanes without a channel and unused pixels count as busy."""
        return self.folds * self.plan.shape.nij / self.phases.total

    @property
    def mapping(self) -> float:
        """Share of the PEs that hold a weight of the layer, averaged over the folds."""
        array = self.plan.array
        rows = self.shape.ic_per_group / (self.plan.itiles * array.rows)
        return rows * self.times * self.shape.oc / (self.otiles * array.cols)

    @property
    def best_mode(self) -> str:
        """The mode and schedule with the fewest cycles."""
        return min(self.mode_cycles, key=self.mode_cycles.__getitem__)

    def to_facts(self) -> dict[str, Any]:
        """All figures, flat, for JSON and for the columns of a CSV file."""
        widths = asdict(self.widths)
        return {
            "layer": self.name,
            **_sizes(self.shape),
            "times": self.times,
            "is_of_activations": self.is_of_activations,
            "itiles": self.plan.itiles,
            "otiles": self.otiles,
            "folds": self.folds,
            "cycles": self.phases.total,
            **{f"{phase}_cycles": cycles for phase, cycles in asdict(self.phases).items()},
            "groups": self.shape.groups,
            "best_mode": self.best_mode,
            "macs": self.macs,
            "efficiency": self.efficiency,
            "utilization": self.utilization,
            "mapping": self.mapping,
            **{f"{name}_words_needed": words for name, words in words_needed(self.plan).items()},
            **self.traffic.to_facts(),
            **{f"psum_bits_{key}": bits for key, bits in widths.items()},
            **{f"{name}_cycles": cycles for name, cycles in self.mode_cycles.items()},
            **{f"plain_{name}_cycles": cycles for name, cycles in self.plain_cycles.items()},
            "warnings": list(self.warnings),
        }


def layer_cost(outline: LayerOutline, array: ArrayShape, memories: MemoryDepths) -> LayerCost:
    """The cost of a layer: words and phases are those of the serial weight-stationary schedule.

    `plain_cycles` are those of the textbook dataflows on an array of the same size.
    """
    shape = outline.shape
    plans = count_plans(shape, array, WEIGHT_STATIONARY, outline.times)
    (first, times), *rest = plans
    widths = psum_widths(outline, first)
    phases, one = layer_phases(first).times(times), layer_traffic(outline, Execution(first))
    traffic = one.plus(one, times - 1)
    for plan, times in rest:
        phases = phases.plus(layer_phases(plan).times(times))
        traffic = traffic.plus(layer_traffic(outline, Execution(plan)), times)
    group = Part(shape, 0, 1).shape
    plain: dict[str, int] = {
        name: outline.times
        * shape.groups
        * dataflow_cycles(group, rows=array.rows, cols=array.cols, dataflow=name)
        for name in TEXTBOOK.names()
    }
    return LayerCost(
        name=outline.name,
        shape=shape,
        plans=plans,
        phases=phases,
        traffic=traffic,
        widths=widths,
        mode_cycles=core_cycles(outline, array),
        plain_cycles=plain,
        warnings=(*memories.misfits(first), *_overflows(widths, array)),
        times=outline.times,
        is_of_activations=outline.is_of_activations,
    )


def _overflows(widths: PsumWidths, array: ArrayShape) -> list[str]:
    """Warnings about psums that the register cannot hold."""
    if widths.needed <= array.psum_bits:
        return []
    whose = "any weights of the format" if widths.by_weights is None else "these weights"
    return [f"psums need {widths.needed} bits for {whose}, but have {array.psum_bits}"]


def _sizes(shape: ConvShape) -> dict[str, Any]:
    names = ("ic", "ih", "iw", "oc", "oh", "ow", "kh", "kw")
    return {name: getattr(shape, name) for name in names} | {"nij": shape.nij, "onij": shape.onij}
