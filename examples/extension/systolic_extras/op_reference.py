"""The reference of `maximum`: naive, and sharing nothing with what it judges."""

from typing import Any

import numpy as np

from tilewright.spec import IntArray


def maximum(_node: Any, first: IntArray, second: IntArray) -> np.ndarray:
    """Codes ``n c h w`` of both operands to sums of the same axes: one number after the other."""
    sums = np.zeros(first.shape, np.int64)
    for place in np.ndindex(*first.shape):
        sums[place] = int(first[place]) if first[place] >= second[place] else int(second[place])
    return sums
