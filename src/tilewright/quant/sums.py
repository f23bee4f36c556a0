"""Layers that add codes: the addition or difference of two branches, and average pooling."""

from __future__ import annotations

import math

from torch import Tensor, nn

from tilewright.errors import ShapeError
from tilewright.quant.integer_layers import IntegerAdd, IntegerSumPool
from tilewright.quant.layers import Size, as_pair
from tilewright.quant.learned_step import rescale
from tilewright.quant.quantizers import ActQuantizer, SignedActQuantizer


class QuantAdd(nn.Module):
    """Addition whose forward is integer arithmetic: one step for both operands, ``sums * act_scale``.

    bits: 2..8, of the signed narrow codes of each operand (a sum needs one bit more). is_difference: the
    second operand is subtracted. Operands and
    result have one shape. The first batch of both operands sets the step. Raises `ConfigError` if
    `bits` is outside 2..8, and `ShapeError` if the operands' shapes differ.
    """

    def __init__(self, bits: int = 8, *, is_difference: bool = False) -> None:
        super().__init__()
        self.act_quantizer = SignedActQuantizer(bits)
        self.integer = IntegerAdd(self.act_quantizer.number_format, is_difference=is_difference)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Real values of the exact sums, or differences, of `a` and `b`."""
        if a.shape != b.shape:
            raise ShapeError(
                f"both operands of an addition must have one shape, not {tuple(a.shape)} and "
                f"{tuple(b.shape)}"
            )
        self.act_quantizer.initialize(a, b)
        return self.dequantize(self.integer(self.act_quantizer(a), self.act_quantizer(b)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of sums of codes, of any shape."""
        return rescale(sums, self.act_quantizer.scale_view())


class QuantAvgPool2d(nn.Module):
    """Average pooling whose forward is integer arithmetic: ``sums * (act_scale / area)``.

    kernel_size: of the window; area is its number of pixels. stride: None is the kernel. act_bits:
    2..8, unsigned: the input must not be negative, as after ReLU. is_signed_input: it may be, and the
    codes are signed and narrow. Input ``n c ih iw``, output ``n c oh ow``. Raises `ConfigError` if
    `act_bits` is outside 2..8.
    """

    def __init__(
        self,
        kernel_size: Size,
        *,
        act_bits: int,
        stride: Size | None = None,
        is_signed_input: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = as_pair(kernel_size)
        self.stride = self.kernel_size if stride is None else as_pair(stride)
        kind = SignedActQuantizer if is_signed_input else ActQuantizer
        self.act_quantizer = kind(act_bits)
        self.integer = IntegerSumPool(
            self.act_quantizer.number_format, kernel_size=self.kernel_size, stride=self.stride
        )

    @property
    def area(self) -> int:
        """Pixels of a window."""
        return math.prod(self.kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """Averages ``n c oh ow``."""
        return self.dequantize(self.integer(self.act_quantizer(x)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Averages of the windows whose codes have these sums, of any shape."""
        return rescale(sums, self.act_quantizer.scale_view() / self.area)

    def extra_repr(self) -> str:
        """Sizes, for `repr`."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}"
