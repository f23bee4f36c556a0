"""Numbers that follow from codes, one for each code: what the source's own operators make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.values import Step, Value
from tilewright.spec.step_search import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ByCode:
    """Numbers that follow from the codes of `source`: float32 ``c code``, or one row for all channels."""

    source: Value
    values: npt.NDArray[np.float32]

    @classmethod
    def of(cls, value: Value) -> ByCode:
        """What the values of a value that follows from codes are, for each of the codes."""
        if value.by_code is not None:
            return value.by_code
        assert value.grid is not None, "only values on a grid have codes"  # noqa: S101
        steps = np.arange(value.grid.low, value.grid.high + 1)
        return cls(value, (steps * value.grid.scale).astype(np.float32)[None])

    def is_of_moved(self, value: Value) -> bool:
        """Whether `value`, which has these numbers, has them where its codes are moved, too."""
        where = self.source.pools, self.source.is_flattened
        return len(self.values) == 1 and where == (value.pools, value.is_flattened)

    def after(self, moved: Value, op: Operator) -> Value:
        """The numbers of codes that were moved before, as the output of an operation."""
        known = replace(self, source=moved)
        falls = bool((np.diff(self.values, axis=1) < 0).any())
        return replace(moved.through(op, known.step(falls=falls)), by_code=known)

    def step(self, *, falls: bool = False) -> Step:
        """From the values of the codes to these numbers."""
        grid = self.source.grid
        assert grid is not None, "only values on a grid have codes"  # noqa: S101

        def apply(values: Floats) -> Floats:
            places = np.rint(values / grid.scale).astype(np.int64) - grid.low
            places = places.clip(0, self.values.shape[1] - 1)
            rows = np.arange(values.shape[1]) if len(self.values) > 1 else 0
            found: Floats = self.values[rows, places].astype(np.float64)
            return found

        return Step(apply, falls, is_of_codes=True)
