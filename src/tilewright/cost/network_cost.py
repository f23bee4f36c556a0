"""What a network costs on one array, for one sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tilewright.cost.core_modes import mode_names
from tilewright.cost.layer_cost import LayerCost, layer_cost
from tilewright.cost.memories import MemoryDepths
from tilewright.cost.outline import LayerOutline
from tilewright.cost.traffic import MemoryTraffic
from tilewright.errors import ShapeError
from tilewright.sim import TEXTBOOK, Phases
from tilewright.spec import ArrayShape


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """The layers of a network on an array, one after the other."""

    array: ArrayShape
    memories: MemoryDepths
    layers: tuple[LayerCost, ...]

    @property
    def phases(self) -> Phases:
        """Cycles of all layers, by phase."""
        parts = [asdict(layer.phases) for layer in self.layers]
        return Phases(**{phase: sum(part[phase] for part in parts) for phase in parts[0]})

    @property
    def efficiency(self) -> float:
        """Needed multiply-accumulates over PE-cycles."""
        return self._sum(lambda layer: layer.macs) / self._sum(lambda layer: layer.pe_cycles)

    @property
    def psum_bits_needed(self) -> int:
        """Bits that are surely enough for the psums of every layer."""
        return max(layer.widths.needed for layer in self.layers)

    @property
    def products(self) -> tuple[LayerCost, ...]:
        """The products of two activations among the layers, for which no weights are stored."""
        return tuple(layer for layer in self.layers if layer.is_of_activations)

    @property
    def choke(self) -> str | None:
        """The layer that fits the array as one tile in both directions: see `ArrayShape.choke`."""
        return self.array.choke(
            {layer.name: layer.shape for layer in self.layers if not layer.is_of_activations}
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about what does not fit, each with its layer."""
        return tuple(
            f"{layer.name}: {warning}" for layer in self.layers for warning in layer.warnings
        )

    def words(self, memory: str) -> int:
        """Words that the core reads from and writes to "xmem", "wmem" or "pmem"."""

        def of(layer: LayerCost) -> int:
            traffic: MemoryTraffic = getattr(layer.traffic, memory)
            return traffic.words

        return self._sum(of)

    def to_facts(self) -> dict[str, Any]:
        """All figures, for JSON."""
        phases = self.phases
        totals = {
            "folds": self._sum(lambda layer: layer.folds),
            "cycles": phases.total,
            **{f"{phase}_cycles": cycles for phase, cycles in asdict(phases).items()},
            "macs": self._sum(lambda layer: layer.macs),
            "efficiency": self.efficiency,
            **{f"{name}_words": self.words(name) for name in ("xmem", "wmem", "pmem")},
            "psum_bits_needed": self.psum_bits_needed,
            "products_of_activations": self.products_facts(),
            **{f"{name}_cycles": self.mode_cycles(name) for name in mode_names()},
            **{f"plain_{name}_cycles": self.plain_cycles(name) for name in TEXTBOOK.names()},
        }
        return {
            "array": asdict(self.array),
            "choke": self.choke,
            "memories": asdict(self.memories),
            "total": totals,
            "layers": [layer.to_facts() for layer in self.layers],
            "warnings": list(self.warnings),
        }

    def products_facts(self) -> dict[str, int]:
        """What part of the totals the products of two activations are."""
        found = self.products
        return {
            "products": sum(layer.times for layer in found),
            "folds": sum(layer.folds for layer in found),
            "cycles": sum(layer.phases.total for layer in found),
            "macs": sum(layer.macs for layer in found),
            "wmem_host_words": sum(layer.traffic.wmem.host_words for layer in found),
        }

    def mode_cycles(self, name: str) -> int:
        """Cycles of our core in one of `mode_names`."""
        return self._sum(lambda layer: layer.mode_cycles[name])

    def plain_cycles(self, dataflow: str) -> int:
        """Cycles of a textbook array of the same size."""
        return self._sum(lambda layer: layer.plain_cycles[dataflow])

    def _sum(self, figure: Callable[[LayerCost], int]) -> int:
        return sum(figure(layer) for layer in self.layers)


def network_cost(
    outlines: Iterable[LayerOutline], array: ArrayShape, memories: MemoryDepths
) -> NetworkCost:
    """The cost of the layers; raises `ShapeError` if the network has no layer."""
    layers = tuple(layer_cost(outline, array, memories) for outline in outlines)
    if not layers:
        raise ShapeError("a network needs at least one layer to cost anything, but has none")
    return NetworkCost(array, memories, layers)
