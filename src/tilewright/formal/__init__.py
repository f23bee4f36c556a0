"""Proofs about the RTL and its size in cells, by yosys (extra ``formal``)."""

from tilewright.formal.bounded import holds_after_reset
from tilewright.formal.equivalence import are_equivalent, prove_equivalent
from tilewright.formal.instances import parameters_of
from tilewright.formal.pe import PeWidths, prove_pe
from tilewright.formal.sources import module_at, module_name
from tilewright.formal.synthesis import CellCounts, Cells, count_cells
from tilewright.formal.yosys import has_yosys, run_yosys

__all__ = [
    "CellCounts",
    "Cells",
    "PeWidths",
    "are_equivalent",
    "count_cells",
    "has_yosys",
    "holds_after_reset",
    "module_at",
    "module_name",
    "parameters_of",
    "prove_equivalent",
    "prove_pe",
    "run_yosys",
]
