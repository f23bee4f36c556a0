"""The larger of two codes, channel by channel: a node, and what the rooms must know of it. No torch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import NumberFormat, Op, Requantization
from tilewright.spec.op import Facts, Operation, Sums, Writer

Plane = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """The node, see `tilewright.spec.Node`: both operands and the result have one plane."""

    name: str
    plane: Plane
    act_format: NumberFormat
    act_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""

    operands = 2
    is_on_array = False

    @property
    def input_shape(self) -> Plane:
        return self.plane

    @property
    def output_shape(self) -> Plane:
        return self.plane

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        return np.ones(1)

    def sum_range(self) -> tuple[int, int]:
        return self.act_format.min_code, self.act_format.max_code

    def sum_bound(self) -> int:
        return max(map(abs, self.sum_range()))


class MaximumOp(Op):
    """What is asked of the op; what it does not say here, such as floats in ONNX, is refused by name."""

    name, noun = "maximum", Maximum

    def describe(self, node: Maximum) -> Facts:
        return {"plane": node.plane}

    def operation(self, node: Maximum) -> Operation:
        return lambda first, second: np.maximum(first, second).astype(np.int32)

    def onnx_sums(self, node: Maximum, codes: tuple[str, ...], sums: Sums, writer: Writer) -> str:
        int32 = writer.dtype("int32")
        wide = tuple(
            writer.node("Cast", (code,), f"{code}.as_{n}", dtype=int32, shape=sums.sizes, to=int32)
            for n, code in enumerate(codes)
        )
        return writer.node("Max", wide, sums.name, dtype=int32, shape=sums.sizes)


OP = MaximumOp()
