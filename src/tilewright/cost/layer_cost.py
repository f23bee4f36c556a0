"""What one layer costs on one array, for one sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tilewright.cost.core_modes import core_cycles
from tilewright.cost.memories import MemoryDepths, words_needed
from tilewright.cost.outline import LayerOutline
from tilewright.cost.traffic import Traffic, layer_traffic
from tilewright.cost.widths import PsumWidths, psum_widths
from tilewright.sim import TEXTBOOK, Phases, dataflow_cycles, layer_phases
from tilewright.spec import ArrayShape
from tilewright.tile import Execution, TilePlan


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Folds, cycles, words and widths of a layer; `warnings` says where it does not fit the array.

    mode_cycles: of our core in each of its modes and schedules; phases are those of "ws_serial". groups:
    those of a grouped layer, which is planned as the dense layer that the array computes.
    """

    name: str
    plan: TilePlan
    phases: Phases
    traffic: Traffic
    widths: PsumWidths
    mode_cycles: Mapping[str, int]
    plain_cycles: Mapping[str, int]
    warnings: tuple[str, ...]
    groups: int = 1

    @property
    def folds(self) -> int:
        """Passes of a weight tile through the array."""
        return self.plan.otiles * self.plan.folds_per_otile

    @property
    def pe_cycles(self) -> int:
        """PEs times cycles."""
        return self.phases.total * self.plan.array.rows * self.plan.array.cols

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the convolution needs, padding zeros included, other groups' not."""
        return self.plan.shape.macs // self.groups

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
        shape, array = self.plan.shape, self.plan.array
        rows = shape.ic / (self.plan.itiles * array.rows)
        return rows * shape.oc / (self.plan.otiles * array.cols)

    def to_facts(self) -> dict[str, Any]:
        """All figures, flat, for JSON and for the columns of a CSV file."""
        widths = asdict(self.widths)
        return {
            "layer": self.name,
            **_sizes(self.plan),
            "itiles": self.plan.itiles,
            "otiles": self.plan.otiles,
            "folds": self.folds,
            "cycles": self.phases.total,
            **{f"{phase}_cycles": cycles for phase, cycles in asdict(self.phases).items()},
            "groups": self.groups,
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
    plan = TilePlan(outline.shape, array)
    widths = psum_widths(outline, plan)
    plain: dict[str, int] = {
        name: dataflow_cycles(outline.shape, rows=array.rows, cols=array.cols, dataflow=name)
        for name in TEXTBOOK.names()
    }
    return LayerCost(
        name=outline.name,
        plan=plan,
        phases=layer_phases(plan),
        traffic=layer_traffic(outline, Execution(plan)),
        widths=widths,
        mode_cycles=core_cycles(outline, array),
        plain_cycles=plain,
        warnings=(*memories.misfits(plan), *_overflows(widths, array), *_dense(outline)),
        groups=outline.groups,
    )


def _dense(outline: LayerOutline) -> list[str]:
    """A warning about a grouped layer that is computed with zeros."""
    if outline.groups == 1:
        return []
    return [
        f"its {outline.groups} groups are computed as a dense layer, with "
        f"{outline.groups} times the multiply-accumulates that it needs; cycles and words are those of the "
        "dense layer"
    ]


def _overflows(widths: PsumWidths, array: ArrayShape) -> list[str]:
    """Warnings about psums that the register cannot hold."""
    if widths.needed <= array.psum_bits:
        return []
    whose = "any weights of the format" if widths.by_weights is None else "these weights"
    return [f"psums need {widths.needed} bits for {whose}, but have {array.psum_bits}"]


def _sizes(plan: TilePlan) -> dict[str, Any]:
    shape = plan.shape
    names = ("ic", "ih", "iw", "oc", "oh", "ow", "kh", "kw")
    return {name: getattr(shape, name) for name in names} | {"nij": shape.nij, "onij": shape.onij}
