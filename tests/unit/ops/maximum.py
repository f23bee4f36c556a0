"""An op that the house does not have: the larger of two codes, channel by channel. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilewright.spec import OPS, NumberFormat, Op, Requantization
from tilewright.verify import REFERENCES


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """The node: both operands and the result have one plane."""

    name: str
    plane: tuple[int, int, int]
    act_format: NumberFormat
    act_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""

    operands = 2
    is_on_array = False

    @property
    def input_shape(self):
        return self.plane

    @property
    def output_shape(self):
        return self.plane

    @property
    def sum_scale(self):
        return np.ones(1)

    def sum_range(self):
        return self.act_format.min_code, self.act_format.max_code

    def sum_bound(self):
        return max(map(abs, self.sum_range()))


class MaximumOp(Op):
    """What the rooms ask; floats in ONNX it does not have."""

    name, noun = "maximum", Maximum

    def describe(self, node):
        return {"plane": node.plane}

    def operation(self, node):
        return lambda first, second: np.maximum(first, second).astype(np.int32)

    def onnx_sums(self, node, codes, sums, writer):
        int32 = writer.dtype("int32")
        wide = [
            writer.node("Cast", (code,), f"{code}.as_{n}", dtype=int32, shape=sums.sizes, to=int32)
            for n, code in enumerate(codes)
        ]
        return writer.node("Max", tuple(wide), sums.name, dtype=int32, shape=sums.sizes)


def reference(node, first, second):
    """One number after the other."""
    sums = np.zeros(first.shape, np.int64)
    for place in np.ndindex(*first.shape):
        sums[place] = int(first[place]) if first[place] >= second[place] else int(second[place])
    return sums


OPS.add("maximum", MaximumOp())
REFERENCES.add("maximum", reference)
