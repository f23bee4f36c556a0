"""Quantized layers: codes, exact psums, and the scale afterwards."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tilewright.errors import ConfigError
from tilewright.quant.integer_layers import IntegerConv2d, IntegerLinear
from tilewright.quant.learned_step import rescale
from tilewright.quant.named_quantizers import (
    check_quantizer,
    make_act_quantizer,
    make_weight_quantizer,
    use_course_names,
)

Size = int | tuple[int, int]


class QuantConv2d(nn.Module):
    """A convolution without bias whose forward is integer arithmetic: ``psums * (act_scale *
    weight_scale)``.

    weight_bits, act_bits: 2..8. is_pixel_input: the input is raw 8-bit pixels, and `act_bits` is
    not used. is_signed_input: the input may be negative, and so may its codes. input_scale: such an input
    becomes 8-bit codes of this scale, which is not learned.
    is_per_channel: one weight step for each output channel. groups: as in `nn.Conv2d`, in
    the weight ``oc ic/groups kh kw`` too. padding_after: zeros below and right of the plane, if not as many
    as above and left. dilation: the array is given a larger kernel, with weights of
    0 between. quantizer: a name in `QUANTIZERS`: "lsq", "pact" (not per
    channel), "binary", "power-of-two", or one that others added. Input ``n ic ih iw``, output ``n oc oh ow``.

    Raises `ConfigError` if a width is outside 2..8 or `groups` does not divide the channels, and
    `UnknownNameError` for another quantizer.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        *,
        weight_bits: int,
        act_bits: int,
        stride: Size = 1,
        padding: Size = 0,
        groups: int = 1,
        dilation: Size = 1,
        is_pixel_input: bool = False,
        is_signed_input: bool = False,
        input_scale: float | None = None,
        is_per_channel: bool = False,
        quantizer: str = "lsq",
        padding_after: Size | None = None,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.groups = _check_groups(groups, in_channels, out_channels)
        self.kernel_size, self.stride = as_pair(kernel_size), as_pair(stride)
        self.padding, self.dilation = as_pair(padding), as_pair(dilation)
        weight = torch.empty(out_channels, in_channels // groups, *self.kernel_size)
        if check_quantizer(quantizer).normalizes_weights:
            _start_as_torch(weight)
        else:
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        self.act_quantizer = make_act_quantizer(
            quantizer,
            act_bits,
            is_pixel_input=is_pixel_input,
            is_signed_input=is_signed_input,
            input_scale=input_scale,
        )
        step_shape = (out_channels if is_per_channel else 1, 1, 1, 1)
        self.weight_quantizer = make_weight_quantizer(quantizer, weight_bits, step_shape)
        if check_quantizer(quantizer).has_course_names:
            use_course_names(self)
        self.integer = IntegerConv2d(
            self.act_quantizer.number_format,
            self.weight_quantizer.number_format,
            stride=self.stride,
            padding=self.padding,
            groups=groups,
            padding_after=None if padding_after is None else as_pair(padding_after),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Real values ``n oc oh ow`` of the exact psums of `x`."""
        return self.dequantize(self.psums(x))

    def psums(self, x: Tensor) -> Tensor:
        """Exact psums ``n oc oh ow`` of `x`."""
        codes = self.weight_codes()
        psums: Tensor = self.integer(self.act_quantizer(x), codes)
        return psums

    def weight_codes(self) -> Tensor:
        """Codes of the kernel as the array is given it, ``oc ic/groups kh kw``."""
        return _spread(self.weight_quantizer(self.weight), self.dilation)

    def dequantize(self, psums: Tensor) -> Tensor:
        """Real values of psums ``n oc oh ow``."""
        return rescale(psums, self.psum_scale())

    def psum_scale(self) -> Tensor:
        """The real value of 1 in a psum: ``1 1 1 1``, or ``1 oc 1 1`` with one weight step per channel."""
        weight_scale = self.weight_quantizer.scale_view().reshape(1, -1, 1, 1)
        scale: Tensor = self.act_quantizer.scale_view() * weight_scale
        return scale

    def extra_repr(self) -> str:
        """Sizes, for `repr`."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}, groups={self.groups}"
        )


class QuantLinear(nn.Module):
    """A linear layer without bias whose forward is integer arithmetic, as in `QuantConv2d`.

    Input ``n ic``, output ``n oc``. With one step for all weights (the default) the largest psum is
    the largest output. Raises `ConfigError` if a width is outside 2..8.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        weight_bits: int,
        act_bits: int,
        is_pixel_input: bool = False,
        is_signed_input: bool = False,
        input_scale: float | None = None,
        is_per_channel: bool = False,
        quantizer: str = "lsq",
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        if check_quantizer(quantizer).normalizes_weights:
            _start_as_torch(self.weight)
        else:
            nn.init.normal_(self.weight, std=1 / math.sqrt(in_features))
        self.act_quantizer = make_act_quantizer(
            quantizer,
            act_bits,
            is_pixel_input=is_pixel_input,
            is_signed_input=is_signed_input,
            input_scale=input_scale,
        )
        step_shape = (out_features if is_per_channel else 1, 1)
        self.weight_quantizer = make_weight_quantizer(quantizer, weight_bits, step_shape)
        if check_quantizer(quantizer).has_course_names:
            use_course_names(self)
        self.integer = IntegerLinear(
            self.act_quantizer.number_format, self.weight_quantizer.number_format
        )

    def forward(self, x: Tensor) -> Tensor:
        """Real values ``n oc`` of the exact psums of `x`."""
        return self.dequantize(
            self.integer(self.act_quantizer(x), self.weight_quantizer(self.weight))
        )

    def dequantize(self, psums: Tensor) -> Tensor:
        """Real values of psums ``n oc``."""
        weight_scale = self.weight_quantizer.scale_view().reshape(1, -1)
        return rescale(psums, self.act_quantizer.scale_view() * weight_scale)

    def extra_repr(self) -> str:
        """Sizes, for `repr`."""
        return f"{self.in_features}, {self.out_features}"


def _start_as_torch(weight: Tensor) -> None:
    """Uniform up to ``1 / sqrt(fan in)``, as the weights of `nn.Conv2d` and `nn.Linear` start."""
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5))


def _spread(codes: Tensor, dilation: tuple[int, int]) -> Tensor:
    """A kernel ``oc ic kh kw`` with ``dilation - 1`` zeros between its codes."""
    down, across = dilation
    if dilation == (1, 1):
        return codes
    oc, ic, height, width = codes.shape
    spread = codes.new_zeros(oc, ic, (height - 1) * down + 1, (width - 1) * across + 1)
    spread[:, :, ::down, ::across] = codes
    return spread


def allow_int8(model: nn.Module, *, is_allowed: bool) -> None:
    """Let every integer convolution of `model` use the int8 engine, or forbid it; psums stay the same."""
    for module in model.modules():
        if isinstance(module, IntegerConv2d):
            module.is_int8_allowed = is_allowed


def _check_groups(groups: int, in_channels: int, out_channels: int) -> int:
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ConfigError(
            f"groups must divide {in_channels} input and {out_channels} output channels, "
            f"but is {groups}"
        )
    return groups


def as_pair(size: Size) -> tuple[int, int]:
    """(vertical, horizontal)."""
    return (size, size) if isinstance(size, int) else size
