"""Modules that act on codes without weights: moved, multiplied two by two, or looked up in a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.quant.learned_step import rescale
from tilewright.quant.quantizers import (
    ActQuantizer,
    GivenQuantizer,
    LearnedQuantizer,
    PixelQuantizer,
    SignedActQuantizer,
)

FINE = 64
"""Steps of a table's sums in a step of its codes: what is looked up is finer than what it is read with."""


class IntegerMove(nn.Module):
    """Codes to the same codes in other places: any function of tensors that copies numbers, or puts zeros."""

    def __init__(self, move: Callable[..., Tensor]) -> None:
        super().__init__()
        self.move = move

    def forward(self, *codes: Tensor) -> Tensor:
        """The codes, moved."""
        return self.move(*codes)


class QuantMove(nn.Module):
    """Numbers in other places, as codes of one learned step: concatenation, up-sampling, shuffles, cuts.

    move: the function, of so many operands, all of the sign that `is_signed` says; it must copy numbers,
    or put zeros. bits: 2..8, of the codes. is_pixel_input, input_scale: as of `QuantConv2d`, where the
    module's input is moved. Raises `ConfigError` if `bits` is outside 2..8.
    """

    act_quantizer: LearnedQuantizer | PixelQuantizer | GivenQuantizer

    def __init__(
        self,
        move: Callable[..., Tensor],
        operands: int = 1,
        *,
        bits: int = 8,
        is_signed: bool,
        is_pixel_input: bool = False,
        input_scale: float | None = None,
    ) -> None:
        super().__init__()
        self.operands = operands
        if is_pixel_input:
            self.act_quantizer = PixelQuantizer()
        elif input_scale is not None:
            self.act_quantizer = GivenQuantizer(input_scale)
        else:
            self.act_quantizer = _quantizer(bits, is_signed)
        self.integer = IntegerMove(move)

    def forward(self, *values: Tensor) -> Tensor:
        """Real values of the moved codes."""
        if isinstance(self.act_quantizer, LearnedQuantizer):
            self.act_quantizer.initialize(max(values, key=torch.Tensor.numel))
        return self.dequantize(self.integer(*(self.act_quantizer(value) for value in values)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of codes, of any shape."""
        return rescale(sums, self.act_quantizer.scale_view())


class IntegerProduct(nn.Module):
    """Products of codes: floats that are integers, of shapes that broadcast, to exact products."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """``first * second``."""
        return first * second


class QuantProduct(nn.Module):
    """The product of two tensors of codes, each with a learned step: ``products * step * other_step``.

    bits: 2..8, of both codes, which are signed if `is_signed`. Raises `ConfigError` for other widths.
    """

    def __init__(self, bits: int = 8, *, is_signed: bool) -> None:
        super().__init__()
        self.operands = 2
        self.act_quantizer = _quantizer(bits, is_signed)
        self.other_quantizer = _quantizer(bits, is_signed)
        self.integer = IntegerProduct()

    @property
    def operand_quantizers(self) -> tuple[LearnedQuantizer, LearnedQuantizer]:
        """Of the first and of the second operand."""
        return self.act_quantizer, self.other_quantizer

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Real values of the exact products."""
        return self.dequantize(
            self.integer(self.act_quantizer(first), self.other_quantizer(second))
        )

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of products, of any shape."""
        scale = self.act_quantizer.scale_view() * self.other_quantizer.scale_view()
        return rescale(sums, scale)


class IntegerTable(nn.Module):
    """Codes to integers by a function that rises and falls: what `table` has for each of them."""

    def __init__(self, function: nn.Module, grid: LearnedQuantizer) -> None:
        super().__init__()
        self.function = function
        self._grid = (grid,)  # a module of another one: not to be saved twice

    def forward(self, codes: Tensor) -> Tensor:
        """The function's values in steps of ``1 / FINE`` codes, rounded; evaluated in float64."""
        (grid,) = self._grid
        scale = grid.scale.double()
        values = self.function(codes.double() * scale) / (scale / FINE)
        rounded: Tensor = values + (values.round() - values).detach()
        return rounded.to(codes.dtype)

    @torch.no_grad()
    def table(self) -> Tensor:
        """The integer of every code, from the lowest one on."""
        (grid,) = self._grid
        form = grid.number_format
        codes = torch.arange(form.min_code, form.max_code + 1, dtype=torch.float32)
        return self.forward(codes)


class QuantTable(nn.Module):
    """A function of each number that rises and falls (SiLU, Hardswish, GELU, Mish), on 8-bit signed codes.

    function: an elementwise module. The result is an integer for each code; `FINE` steps of it are one of
    the codes.
    """

    def __init__(self, function: nn.Module, *, bits: int = 8) -> None:
        super().__init__()
        self.act_quantizer = SignedActQuantizer(bits)
        self.integer = IntegerTable(function, self.act_quantizer)

    def forward(self, x: Tensor) -> Tensor:
        """Real values of what the table has for the codes of `x`."""
        return self.dequantize(self.integer(self.act_quantizer(x)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of the table's integers, of any shape."""
        return rescale(sums, self.act_quantizer.scale_view() / FINE)


class MonotoneStep(nn.Module):
    """An activation that never falls (Sigmoid, Tanh, ELU), in float64: the same on every processor."""

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """The function of `x`, in the type of `x`."""
        values: Tensor = self.function(x.double())
        return values.to(x.dtype)


class ScalarStep(nn.Module):
    """``x * factor + offset``, of numbers."""

    def __init__(self, factor: float, offset: float) -> None:
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, x: Tensor) -> Tensor:
        """The scaled and shifted `x`."""
        return x * self.factor + self.offset


class BoundMove:
    """A call with its constants: tensors take the places of `slots` in its arguments. Can be pickled."""

    def __init__(
        self, call: Any, args: Sequence[Any], kwargs: dict[str, Any], pick: Any = None
    ) -> None:
        self.call, self.args, self.kwargs, self.pick = call, tuple(args), dict(kwargs), pick

    def __call__(self, *codes: Tensor) -> Tensor:
        """The result of the call, or the part of it that was asked for."""
        given = iter(codes)

        def fill(argument: Any) -> Any:
            if isinstance(argument, Slot):
                return next(given)
            if isinstance(argument, list | tuple):
                return type(argument)(fill(one) for one in argument)
            return argument

        args = tuple(fill(one) for one in self.args)
        kwargs = {key: fill(one) for key, one in self.kwargs.items()}
        call = getattr(type(args[0]), self.call) if isinstance(self.call, str) else self.call
        found = call(*args, **kwargs)
        result: Tensor = found if self.pick is None else found[self.pick]
        return result


class Slot:
    """The place of a tensor among the arguments of a `BoundMove`."""


class ZeroInsertion:
    """``stride - 1`` zeros between pixels, and `edges` (left, right, top, bottom) around them."""

    def __init__(self, stride: tuple[int, int], edges: tuple[int, int, int, int]) -> None:
        self.stride, self.edges = stride, edges

    def __call__(self, x: Tensor) -> Tensor:
        """``n c h w``, spread."""
        (down, across), (samples, channels, height, width) = self.stride, x.shape
        rows, columns = (height - 1) * down + 1, (width - 1) * across + 1
        spread = x.new_zeros(samples, channels, rows, columns)
        spread[:, :, ::down, ::across] = x
        return nn.functional.pad(spread, self.edges)


def _quantizer(bits: int, is_signed: bool) -> LearnedQuantizer:
    return SignedActQuantizer(bits) if is_signed else ActQuantizer(bits)
