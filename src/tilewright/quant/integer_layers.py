"""The exact operation: integer codes in, integer psums out, also under autocast."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from tilewright.quant.carried import Carried, carry, empty_edge, join
from tilewright.quant.engines import (
    FLOAT32_EXACT,
    OF_BYTES,
    ConvolutionCase,
    Pair,
    choose_engine,
    convolve_float64,
    has_fast_bfloat16,
)
from tilewright.quant.gradients import code_gradients
from tilewright.spec import NumberFormat


class IntegerConv2d(nn.Module):
    """Convolution of codes: floats that are integers ``n ic ih iw`` and ``oc ic/groups kh kw`` to
    psums ``n oc oh ow``.

    Psums are exact integers, float32, or float64 where ``K * max|x| * max|w|`` reaches 2**24,
    K = kh * kw * ic / groups. The backward pass is that of the same convolution on real numbers, in
    bfloat16 where the int8 engine ran. `is_int8_allowed` switches that engine; it changes the time,
    never a psum. padding_after: zeros below and right of the plane, where they are not as many as above and
    left.
    """

    padding_after: Pair | None = None  # of modules that were saved without

    def __init__(
        self,
        act_format: NumberFormat,
        weight_format: NumberFormat,
        *,
        stride: Pair,
        padding: Pair,
        groups: int = 1,
        padding_after: Pair | None = None,
    ) -> None:
        super().__init__()
        self.act_format, self.weight_format = act_format, weight_format
        self.stride, self.padding, self.groups = stride, padding, groups
        self.padding_after = padding_after
        self.is_int8_allowed = True

    def forward(self, x_codes: Tensor, w_codes: Tensor) -> Tensor:
        """Psums of `x_codes` and `w_codes`."""
        padding = self.padding
        if self.padding_after is not None:  # torch's operations take the same at both ends alone
            (top, left), (bottom, right) = padding, self.padding_after
            x_codes, padding = functional.pad(x_codes, (left, right, top, bottom)), (0, 0)
        case = self._case(x_codes, w_codes, padding)
        return join(convolve_carried(carry(x_codes), carry(w_codes), case))

    def case(self, x_codes: Tensor, w_codes: Tensor) -> ConvolutionCase:
        """What is convolved, for `convolve_carried`; not of a layer with `padding_after`."""
        return self._case(x_codes, w_codes, self.padding)

    def _case(self, x_codes: Tensor, w_codes: Tensor, padding: Pair) -> ConvolutionCase:
        return ConvolutionCase(
            x_shape=tuple(x_codes.shape),
            w_shape=tuple(w_codes.shape),
            stride=self.stride,
            padding=padding,
            max_x=self.act_format.max_code,
            max_w=self.weight_format.max_code,
            device=str(x_codes.device),
            is_int8_allowed=self.is_int8_allowed,
            groups=self.groups,
            min_x=self.act_format.min_code,
        )


class IntegerLinear(nn.Module):
    """Matrix product of codes: floats that are integers ``n ic`` and ``oc ic`` to exact psums ``n oc``.

    The psums are float32, or float64 where ``ic * max|x| * max|w|`` reaches 2**24.
    """

    def __init__(self, act_format: NumberFormat, weight_format: NumberFormat) -> None:
        super().__init__()
        self.act_format, self.weight_format = act_format, weight_format

    def forward(self, x_codes: Tensor, w_codes: Tensor) -> Tensor:
        """Psums of `x_codes` and `w_codes`."""
        widest = max(self.act_format.max_code, -self.act_format.min_code)
        bound = w_codes.shape[1] * widest * self.weight_format.max_code
        dtype = torch.float32 if bound < FLOAT32_EXACT else torch.float64
        with torch.autocast(x_codes.device.type, enabled=False):
            return functional.linear(x_codes.to(dtype), w_codes.to(dtype))


class IntegerAdd(nn.Module):
    """Sum, or difference, of two tensors of codes: floats that are integers, of one shape, to exact ones."""

    def __init__(self, act_format: NumberFormat, *, is_difference: bool = False) -> None:
        super().__init__()
        self.act_format, self.is_difference = act_format, is_difference

    def forward(self, a_codes: Tensor, b_codes: Tensor) -> Tensor:
        """``a_codes + b_codes``, or ``a_codes - b_codes``."""
        return a_codes - b_codes if self.is_difference else a_codes + b_codes


class IntegerSumPool(nn.Module):
    """Sum of the codes of each window: floats that are integers ``n c ih iw`` to sums ``n c oh ow``."""

    def __init__(self, act_format: NumberFormat, *, kernel_size: Pair, stride: Pair) -> None:
        super().__init__()
        self.act_format, self.kernel_size, self.stride = act_format, kernel_size, stride

    def forward(self, x_codes: Tensor) -> Tensor:
        """Exact sums of the windows of `x_codes`."""
        return functional.avg_pool2d(x_codes, self.kernel_size, self.stride, divisor_override=1)


def convolve_carried(x: Carried, w: Carried, case: ConvolutionCase) -> Carried:
    """Psums of codes that are floats or bytes."""
    edge, psums = _ExactConvolution.apply(  # type: ignore[no-untyped-call]
        x.edge, w.edge, x.numbers, w.numbers, case
    )
    return Carried(psums, edge)


def backward_dtype(case: ConvolutionCase) -> torch.dtype:
    """In which the products of the backward pass are computed."""
    engine = choose_engine(case)
    if engine in OF_BYTES and has_fast_bfloat16():
        return torch.bfloat16
    return torch.float64 if engine is convolve_float64 else torch.float32


class _ExactConvolution(torch.autograd.Function):
    """The codes are kept as bytes for the backward pass: a quarter of the memory."""

    @staticmethod
    def forward(
        ctx: Any, _x_edge: Tensor, _w_edge: Tensor, x: Tensor, w: Tensor, case: ConvolutionCase
    ) -> tuple[Tensor, Tensor]:
        engine = choose_engine(case)
        x = x.contiguous(memory_format=torch.channels_last)
        x_bytes, w_bytes = _to_bytes(x, case), w.to(torch.int8)
        ctx.save_for_backward(x_bytes, w_bytes)
        ctx.case, ctx.dtype = case, backward_dtype(case)
        operands = (x_bytes, w_bytes) if engine in OF_BYTES else (x, w)
        with torch.autocast(case.device.partition(":")[0], enabled=False):
            psums = engine(*operands, case)
        ctx.mark_non_differentiable(psums)
        return empty_edge(psums, ctx.dtype), psums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        needed = ctx.needs_input_grad[:2]
        found = code_gradients(gradients[0].to(ctx.dtype), x, w, ctx.case, needed)
        return *found, None, None, None


def _to_bytes(x_codes: Tensor, case: ConvolutionCase) -> Tensor:
    """Codes as bytes. Such that fit both kinds go through the signed one: half the time (measured)."""
    if x_codes.dtype == case.x_dtype:
        return x_codes
    if case.max_x <= torch.iinfo(torch.int8).max:
        return x_codes.to(torch.int8).view(case.x_dtype)
    return x_codes.to(case.x_dtype)
