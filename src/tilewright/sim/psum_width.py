"""What a register of limited width stores of a sum, and what the accumulate unit puts out for it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec import OutputFunction, OverflowRule


def fit(
    sums: npt.NDArray[np.int64], bits: int, rule: OverflowRule
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The stored values of `sums` in `bits` bits, and which did not fit; "error" keeps the exact sum.

    >>> fit(np.array([7, 8, -9]), 4, "saturate")[0].tolist()
    [7, 7, -8]
    """
    half = 1 << (bits - 1)
    misfits = (sums < -half) | (sums >= half)
    if rule == "wrap":
        return (sums + half) % (2 * half) - half, misfits
    if rule == "saturate":
        return np.clip(sums, -half, half - 1), misfits
    return sums, misfits


def put_out(psums: npt.NDArray[np.int64], output: OutputFunction) -> npt.NDArray[np.int64]:
    """Outputs of psums of any shape."""
    if output.function == "relu":
        return np.maximum(psums, 0)
    if output.function == "leaky":
        return np.where(psums < 0, psums >> output.shift, psums)
    return psums.copy()
