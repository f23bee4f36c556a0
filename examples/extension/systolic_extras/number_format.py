"""Codes -1 and +1, without 0, as binary networks have them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntArray, NumberFormat


@dataclass(frozen=True, slots=True)
class Bipolar(NumberFormat):
    """Written in two bits, as two's complement; `allowed` is what makes it a format of its own."""

    def allowed(self, values: IntArray) -> npt.NDArray[np.bool_]:
        is_code: npt.NDArray[np.bool_] = np.abs(values) == 1
        return is_code

    def __str__(self) -> str:
        return "bipolar (-1 or 1)"


BIPOLAR = Bipolar(2, is_signed=True, is_narrow=True)
