"""A network of another tool in integers, and how it compares with what its source computes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import Check, IntegerNetwork, Stimulus
from tilewright.verify import Comparison

Mask = Mapping[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A foreign network in integers, with what its source computes; counts as in `CourseImport`.

    open_sums, open_codes: by node name and by port, which of the source's sums and codes cannot be told
    from their neighbors, because its float32 values do not carry them. They count neither as equal nor as
    different; open_differ: the codes among them that are not the reference's. without_sums: nodes from
    whose codes the source goes to the next ones at once; without_codes: ports between nodes that are one
    operation of the source. The stimulus has the reference's sums and codes there.
    """

    network: IntegerNetwork
    stimulus: Stimulus
    notes: tuple[str, ...]
    thresholds: int
    doubtful: int
    codes: int
    doubtful_codes: int
    open_sums: Mask = field(default_factory=dict)
    open_codes: Mask = field(default_factory=dict)
    open_differ: int = 0
    without_sums: Collection[str] = ()
    without_codes: Collection[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ImportResult:
    """The written network, and how it compares with the source's own arithmetic."""

    root: Path
    foreign: Foreign
    comparisons: tuple[Comparison, ...]

    @property
    def unresolved(self) -> int:
        """Codes and sums that were not compared, since the source does not resolve them."""
        found = self.foreign
        masks = (*found.open_sums.values(), *found.open_codes.values())
        return sum(int(mask.sum()) for mask in masks)

    @property
    def failures(self) -> tuple[Comparison, ...]:
        """Comparisons in which a number differs."""
        return tuple(one for one in self.comparisons if not one.passed and not one.is_open)

    @property
    def not_compared(self) -> tuple[str, ...]:
        """What has neither passed nor failed, because the source resolves none of its numbers."""
        return tuple(str(one) for one in self.comparisons if one.is_open)

    @property
    def is_compared(self) -> bool:
        """Whether any number of the whole network was compared."""
        return any(one.compared for one in self.comparisons)

    @property
    def checks(self) -> tuple[Check, ...]:
        """A check for each comparison that was made, and one that fails where none was."""
        made = tuple(
            Check("recover", f"{one.layer}: {one.what}", one.passed, str(one))
            for one in self.comparisons
            if not one.is_open
        )
        if self.is_compared:
            return made
        text = (
            f"none of the source's {self.unresolved:,} codes and sums could be compared, because its "
            "rounding decides each of them: nothing says that these integers are its network"
        )
        return (*made, Check("recover", "the source's codes and sums", False, text))

    def facts(self) -> dict[str, Any]:
        """The result as JSON facts."""
        return {
            "folder": str(self.root),
            "layers": [layer.name for layer in self.foreign.network.layers],
            "nodes": len(self.foreign.network.nodes),
            "samples": len(self.foreign.stimulus.samples),
            "compared": sum(one.compared for one in self.comparisons),
            "mismatches": sum(one.mismatches for one in self.comparisons),
            "unresolved": self.unresolved,
            "not_compared": list(self.not_compared),
            "thresholds": self.foreign.thresholds,
            "doubtful_thresholds": self.foreign.doubtful,
            "codes": self.foreign.codes,
            "doubtful_codes": self.foreign.doubtful_codes,
            "notes": list(self.foreign.notes),
        }
