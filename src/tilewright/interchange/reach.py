"""Between which numbers a tensor of a foreign graph lies, and whether all of them are whole.

A quantizer that a file spells out (a factor, Round, Clip) leaves whole numbers of a few codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from tilewright.interchange.grid import Grid
from tilewright.spec import Ints, NumberFormat
from tilewright.spec.integer_sums import LARGEST_SUM
from tilewright.spec.number_format import signed_bits_needed
from tilewright.spec.step_search import Floats

INTEGERS = tuple(
    getattr(TensorProto, kind)
    for kind in ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
)
"""Types of whole numbers."""
MAX_BITS = 8
MOST_STEPS = 255
"""From the lowest code of 8 bits to the highest."""


@dataclass(frozen=True, slots=True)
class Reach:
    """From `low` to `high`; is_whole: and nothing between whole numbers.

    is_integer: of an integer type, whose largest number is `most`.
    """

    low: float = -math.inf
    high: float = math.inf
    is_whole: bool = False
    is_integer: bool = False
    most: float = math.inf

    @property
    def is_held(self) -> bool:
        """Whether its type, if that is one of integers, holds all of these numbers."""
        return not self.is_integer or (-self.most - 1 <= self.low and self.high <= self.most)

    def after(self, apply: Callable[[Floats], Floats], *, makes_whole: bool) -> Reach:
        """Behind a function that only rises or only falls; makes_whole: all that it gives is whole."""
        with np.errstate(invalid="ignore"):
            ends = apply(np.array([[self.low], [self.high]]))
            looked_at = apply(self._places())
        if np.isnan(ends).any():
            return Reach()
        low, high = float(ends.min()), float(ends.max())
        known = looked_at[np.isfinite(looked_at)]
        is_whole = makes_whole or (self.is_whole and bool((known == np.rint(known)).all()))
        return Reach(low, high, is_whole, self.is_integer, self.most)

    def _places(self) -> Floats:
        """The ends and their neighbors, and those of 0: a factor or a term that is not whole shows there."""
        near = (self.low, self.low + 1, self.high - 1, self.high, -1.0, 0.0, 1.0)
        found = [place for place in near if self.low <= place <= self.high]
        return np.array(found, np.float64).reshape(-1, 1)

    def grid(self) -> Grid | None:
        """The grid of codes that these numbers are; None where they are not whole, or too many."""
        if not self.is_whole or not self.high - self.low <= MOST_STEPS:
            return None
        low, high = int(self.low), int(self.high)
        if low >= 0 and high.bit_length() <= MAX_BITS:
            return Grid(NumberFormat(max(1, high.bit_length()), is_signed=False), 1.0)
        bits = signed_bits_needed(low, high)
        if bits <= MAX_BITS:
            bits = max(2, bits)
            return Grid(NumberFormat(bits, True, low > -(2 ** (bits - 1))), 1.0)
        if low > 0 or high < 0:
            return None
        return Grid(NumberFormat(MAX_BITS, is_signed=False), 1.0, -low)


ANYWHERE = Reach()


def reach_of(values: npt.NDArray[np.float32]) -> Reach:
    """That of these numbers."""
    return Reach(float(values.min()), float(values.max()), bool((values == np.rint(values)).all()))


def rise_of(functions: Iterable[Callable[[Floats], Floats]]) -> Ints:
    """Whether what these make of sums, one after the other, rises (1) or falls (-1), by channel or of all."""
    ends = np.array([[-LARGEST_SUM], [LARGEST_SUM]], np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        for function in functions:
            ends = function(ends)
    return np.where(ends[1] >= ends[0], 1, -1)


def divisions_of_integers(model: onnx.ModelProto) -> frozenset[str]:
    """The results of a file's divisions whose type is one of whole numbers, as far as onnx infers types."""
    divisions = {node.output[0] for node in model.graph.node if node.op_type == "Div"}
    if not divisions:
        return frozenset()
    try:
        graph = onnx.shape_inference.infer_shapes(model).graph
    except onnx.shape_inference.InferenceError:
        return frozenset()
    infos = (*graph.value_info, *graph.output)
    kinds = {one.name: one.type.tensor_type.elem_type for one in infos}
    return frozenset(name for name in divisions if kinds.get(name) in INTEGERS)
