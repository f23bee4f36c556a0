"""A chain of modules in training: what need not be computed is left out, and what can be is done in one pass.

Left out are each ReLU, whose values the quantizer behind it clips at 0 with their gradients, and the scale of
psums before BatchNorm, which divides it away. From psums to the codes of the next convolution, `norm_codes`
computes in one function what lies between, where it fits; codes and weights then travel as bytes. Modules
with hooks run as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tilewright.quant.carried import Carried, carry, join
from tilewright.quant.compiled_loops import has_kernels
from tilewright.quant.gradients import gradient_dtypes
from tilewright.quant.hooks import has_hooks
from tilewright.quant.integer_layers import IntegerConv2d, backward_dtype, convolve_carried
from tilewright.quant.layers import QuantConv2d
from tilewright.quant.norm_codes import Reading, normalize_to_codes
from tilewright.quant.quantizers import (
    ActQuantizer,
    PowerOfTwoActQuantizer,
    PowerOfTwoWeightQuantizer,
    WeightQuantizer,
)
from tilewright.quant.sum_norm import is_plain, normalize_sums
from tilewright.quant.weight_codes import quantize_weight


class _Link(NamedTuple):
    """What follows a convolution and its BatchNorm: a pool or none, and the next convolution, at `place`."""

    is_pooled: bool
    reader: QuantConv2d
    place: int


def run_chain(modules: Sequence[nn.Module], x: Tensor) -> Tensor:
    """What the `modules` compute of `x` in training, one after the other.

    A BatchNorm, or what stands for it, follows each convolution; each ReLU is followed by a quantizer that
    clips at 0.
    """
    place = 0
    has_loops = _has_loops(x)
    state: Tensor | Carried = x  # the codes of the next convolution are carried
    while place < len(modules):
        module = modules[place]
        if isinstance(module, QuantConv2d) and not has_hooks(module):
            state, place = _run_layer(modules, place, state, has_loops=has_loops)
            continue
        if not isinstance(module, nn.ReLU) or has_hooks(module):
            state = module(state)
        place += 1
    return join(state) if isinstance(state, Carried) else state


def _has_loops(x: Tensor) -> bool:
    """Whether compiled loops may run on `x`."""
    if torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu"):
        return False
    return x.device.type == "cpu" and has_kernels()


def _run_layer(
    modules: Sequence[nn.Module], place: int, x: Tensor | Carried, *, has_loops: bool
) -> tuple[Tensor | Carried, int]:
    """The convolution at `place` and what belongs to it, and the place behind."""
    layer, norm = modules[place], modules[place + 1]
    assert isinstance(layer, QuantConv2d)  # noqa: S101
    if not (has_loops and _takes_bytes(layer)):
        assert isinstance(x, Tensor)  # noqa: S101
        return normalize_sums(norm, layer.psums(x), layer.psum_scale()), place + 2
    psums = _carried_psums(layer, x)
    scale = layer.psum_scale()
    link = _find_link(modules, place + 2)
    if link is None or not _is_joinable(norm, psums.numbers, scale, link.reader):
        return normalize_sums(norm, join(psums), scale), place + 2
    return _codes_of(norm, psums, scale, link), link.place


def _takes_bytes(layer: QuantConv2d) -> bool:
    """Whether nothing but the convolution of bytes happens where codes of `layer` meet."""
    integer = layer.integer
    is_ours = type(layer) is QuantConv2d and type(integer) is IntegerConv2d
    return is_ours and not has_hooks(integer) and integer.padding_after is None


def _carried_psums(layer: QuantConv2d, x: Tensor | Carried) -> Carried:
    """Psums of `x`, which is the layer's input or its codes."""
    codes = x if isinstance(x, Carried) else carry(layer.act_quantizer(x))
    quantizer, weight = layer.weight_quantizer, layer.weight
    if not _quantizes_alone(layer):
        weights = carry(layer.weight_codes())
    else:
        quantizer.initialize(weight)
        case = layer.integer.case(codes.numbers, weight)
        dtype = gradient_dtypes(case, backward_dtype(case))[1]
        largest = quantizer.number_format.max_code
        weights = quantize_weight(weight, quantizer.scale_view(), largest, dtype)
    return convolve_carried(codes, weights, layer.integer.case(codes.numbers, weights.numbers))


def _quantizes_alone(layer: QuantConv2d) -> bool:
    """Whether codes of the weights are those of one learned step, and nothing else happens to them."""
    quantizer = layer.weight_quantizer
    is_ours = type(quantizer) in (WeightQuantizer, PowerOfTwoWeightQuantizer)
    if not is_ours or has_hooks(quantizer) or layer.dilation != (1, 1):
        return False
    return quantizer.step.numel() == 1 and _is_one_dtype(layer.weight, quantizer.step)


def _find_link(modules: Sequence[nn.Module], place: int) -> _Link | None:
    """What follows from `place` on, if it is but a ReLU, a pool and a convolution that takes bytes."""
    is_pooled = False
    for index in range(place, len(modules)):
        module = modules[index]
        if has_hooks(module):
            return None
        if isinstance(module, QuantConv2d):
            quantizer = module.act_quantizer
            is_ours = type(quantizer) in (ActQuantizer, PowerOfTwoActQuantizer)
            is_plain_reader = is_ours and not has_hooks(quantizer) and _takes_bytes(module)
            return _Link(is_pooled, module, index) if is_plain_reader else None
        if not is_pooled and _is_halving(module):
            is_pooled = True
        elif not isinstance(module, nn.ReLU):
            return None
    return None


def _is_halving(module: nn.Module) -> bool:
    """Whether `module` takes the maximum of windows of 2x2, side by side."""
    if type(module) is not nn.MaxPool2d or module.ceil_mode or module.return_indices:
        return False
    sizes = (module.kernel_size, module.stride, module.padding, module.dilation)
    return sizes == (2, 2, 0, 1)


def _is_joinable(norm: nn.Module, psums: Tensor, scale: Tensor, reader: QuantConv2d) -> bool:
    """Whether `normalize_to_codes` takes these, and the step of the reader is known."""
    quantizer = reader.act_quantizer
    if not is_plain(norm) or scale.numel() > 1 or not quantizer.has_step:
        return False
    is_possible = _is_one_dtype(psums, scale, norm.weight, norm.bias, quantizer.step)
    return is_possible and psums.numel() > psums.shape[1]


def _is_one_dtype(*tensors: Tensor) -> bool:
    """Whether all are float32, or float64."""
    return {tensor.dtype for tensor in tensors} in ({torch.float32}, {torch.float64})


def _codes_of(norm: nn.Module, psums: Carried, scale: Tensor, link: _Link) -> Carried:
    assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101
    n, c, h, w = psums.numbers.shape
    shape = (n, c, h // 2, w // 2) if link.is_pooled else (n, c, h, w)
    unread = psums.numbers.new_empty(()).expand(shape)  # its shape matters
    quantizer = link.reader.act_quantizer
    quantizer.initialize(unread)
    case = link.reader.integer.case(unread, link.reader.weight)
    reading = Reading(
        is_pooled=link.is_pooled,
        top=quantizer.number_format.max_code,
        dtype=gradient_dtypes(case, backward_dtype(case))[0],
    )
    return normalize_to_codes(norm, psums, scale, quantizer.scale_view(), reading)
