"""Toggles of the psum registers, one product after the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec.compiled import compiled

Counts = npt.NDArray[np.int64]


@compiled
def count_job(
    weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8], held: Counts, toggles: Counts
) -> None:
    """Add the changes of one job; `held` is what the psum registers ``row col`` hold."""
    itiles, taps, cols, rows = weights.shape
    bits = toggles.shape[2]
    for itile in range(itiles):
        for kij in range(taps):
            for nij in range(activations.shape[1]):
                for col in range(cols):
                    psum = np.int64(0)
                    for row in range(rows):
                        psum += np.int64(activations[itile, nij, row]) * np.int64(
                            weights[itile, kij, col, row]
                        )
                        change = psum ^ held[row, col]
                        held[row, col] = psum
                        for bit in range(bits):
                            toggles[row, col, bit] += (change >> bit) & 1
