"""Numbers of gradients in compiled loops: float32, or bfloat16 as uint16, the upper half of a float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload


def wide(number: Any) -> Any:
    """A number of a gradient as it is computed with."""
    raise NotImplementedError


def like(zero: Any, number: Any) -> Any:
    """A number as it is stored among such as `zero`."""
    raise NotImplementedError


@overload(wide)
def _wide(number: Any) -> Any:
    def from_bfloat16(number: Any) -> Any:
        return np.uint32(np.uint32(number) << np.uint32(16)).view(np.float32)

    def same(number: Any) -> Any:
        return number

    return from_bfloat16 if number == types.uint16 else same


@overload(like)
def _like(zero: Any, number: Any) -> Any:  # noqa: ARG001
    def same(zero: Any, number: Any) -> Any:  # noqa: ARG001
        return number

    def nearest_bfloat16(zero: Any, number: Any) -> Any:  # noqa: ARG001
        bits = np.uint32(np.float32(number).view(np.uint32))
        is_odd = np.uint32(np.uint32(bits >> np.uint32(16)) & np.uint32(1))  # halves go to even
        above = np.uint32(np.uint32(bits + is_odd) + np.uint32(0x7FFF))
        is_number = number == number
        return np.uint16(above >> np.uint32(16)) if is_number else np.uint16(0x7FC0)

    return nearest_bfloat16 if zero == types.uint16 else same
