"""The naive reference of the accumulate unit's output for a psum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntArray, OutputFunction


def reference_outputs(psums: IntArray, output: OutputFunction) -> npt.NDArray[np.int64]:
    """Outputs, int64, of psums of any shape: `output` of each.

    >>> reference_outputs(np.array([-9, -1, 5]), OutputFunction("leaky", 2)).tolist()
    [-3, -1, 5]
    """
    values = psums.astype(np.int64)
    if output.function == "signed":
        return values
    lower = np.zeros_like(values) if output.function == "relu" else values // 2**output.shift
    return np.where(values < 0, lower, values)
