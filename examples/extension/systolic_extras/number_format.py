"""Odd codes, -3, -1, 1 and 3, evenly spaced and without 0."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntArray, NumberFormat


@dataclass(frozen=True, slots=True)
class Odd(NumberFormat):
    """Written in three bits, as two's complement; `allowed` is what makes it a format of its own."""

    def allowed(self, values: IntArray) -> npt.NDArray[np.bool_]:
        is_code: npt.NDArray[np.bool_] = (np.abs(values) == 1) | (np.abs(values) == 3)
        return is_code

    def __str__(self) -> str:
        return "odd (-3, -1, 1 or 3)"


ODD = Odd(3, is_signed=True, is_narrow=True)
