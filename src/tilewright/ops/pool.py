"""The sum of a pooling window. Its reference: `verify.reference`; its torch side: `recover.nodes`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.spec import SumPool
from tilewright.spec.op import Array, Facts, Op, Operation, Sums, Writer, WriteWeight


class PoolOp(Op):
    """`SumPool`."""

    name, noun = "pool", SumPool

    def describe(self, node: SumPool) -> Facts:
        """The plane, and the window."""
        return {"plane": node.plane, "kernel": node.kernel, "stride": node.stride}

    def operation(self, node: SumPool) -> Operation:
        """One addition of a strided plane for each place in the window, in int32."""
        return lambda codes: _sum(codes, node)

    def onnx_sums(self, node: SumPool, codes: tuple[str, ...], sums: Sums, writer: Writer) -> str:
        """A convolution of each channel with ones; raises `FormatError` for signed codes.

        Windows of one code hand it on, as int32.
        """
        if node.area == 1:
            int32 = writer.dtype("int32")
            return writer.node("Cast", codes, sums.name, dtype=int32, shape=sums.sizes, to=int32)
        if node.act_format.is_signed and node.kernel == node.plane[1:]:
            int32, name = writer.dtype("int32"), f"{node.name}.wide"
            sizes = (sums.sizes[0], *node.plane)
            wide = writer.node("Cast", codes, name, dtype=int32, shape=sizes, to=int32)
            axes = writer.constant(f"{node.name}.axes", np.array([2, 3], np.int64))
            operands, shape = (wide, axes), sums.sizes
            return writer.node(
                "ReduceSum", operands, sums.name, dtype=int32, shape=shape, keepdims=1
            )
        if node.act_format.is_signed:
            raise FormatError(
                f"{node.name}: an average pool of signed codes has no integer operator in ONNX: "
                "use --format qonnx or qcdq"
            )
        channels = node.plane[0]
        ones = writer.constant(f"{node.name}.window", np.ones((channels, 1, *node.kernel), np.int8))
        return writer.node(
            "ConvInteger",
            (codes[0], ones),
            sums.name,
            dtype=writer.dtype("int32"),
            shape=sums.sizes,
            kernel_shape=list(node.kernel),
            strides=list(node.stride),
            group=channels,
        )

    def onnx_values(
        self, node: SumPool, acts: tuple[str, ...], sums: Sums, writer: Writer, weight: WriteWeight
    ) -> str:
        """AveragePool; windows of one code hand it on."""
        if node.area == 1:
            dtype = writer.dtype("float32")
            return writer.node("Identity", acts, sums.name, dtype=dtype, shape=sums.sizes)
        return writer.node(
            "AveragePool",
            acts,
            sums.name,
            dtype=writer.dtype("float32"),
            shape=sums.sizes,
            kernel_shape=list(node.kernel),
            strides=list(node.stride),
        )

    def onnx_step(
        self, node: SumPool, act_step: float, *, is_unit: bool
    ) -> npt.NDArray[np.float64]:
        """A step of the codes, divided by the area."""
        return np.array([act_step / node.area])

    def terms(self, node: SumPool) -> tuple[int, int]:
        """The codes of a window."""
        low, high = node.sum_range()
        return node.area, max(-low, high)


def _sum(codes: Array, node: SumPool) -> Array:
    channels, height, width = node.output_shape
    sums = np.zeros((len(codes), height, width, channels), np.int32)
    (step_h, step_w) = node.stride
    for row in range(node.kernel[0]):
        for column in range(node.kernel[1]):
            last_h, last_w = row + step_h * (height - 1) + 1, column + step_w * (width - 1) + 1
            sums += codes[:, row:last_h:step_h, column:last_w:step_w]
    return sums


OP = PoolOp()
