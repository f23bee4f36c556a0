"""A weight quantizer in one pass over the weights each way: codes as bytes, gradients in any dtype.

Codes and gradients are those of `quantize`: the same divisions, of which none is kept.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tilewright.quant.carried import Carried, empty_edge
from tilewright.quant.compiled_loops import as_rows, cut, empty_map, share

LANES = 64
"""Sums that are added side by side."""


def quantize_weight(weight: Tensor, step: Tensor, max_code: int, dtype: torch.dtype) -> Carried:
    """Codes int8 ``round_half_even(clip(weight / step, -max_code, max_code))``, gradients in `dtype`.

    weight: ``oc ic kh kw``, float32 or float64. step: one number, positive, differentiable.
    The loops must be there: `has_kernels`.
    """
    edge, codes = _Quantize.apply(weight, step, max_code, dtype)  # type: ignore[no-untyped-call]
    return Carried(codes, edge)


class _Quantize(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, weight: Tensor, step: Tensor, max_code: int, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        from tilewright.quant import weight_kernels

        ctx.save_for_backward(weight, step)
        ctx.max_code = max_code
        codes = empty_map(tuple(weight.shape), torch.int8)
        rows, found = cut(as_rows(weight)), cut(as_rows(codes))
        kind = rows.dtype.type
        work = partial(
            weight_kernels.quantize_weights, rows, kind(step.item()), kind(max_code), found
        )
        share(work, len(rows))
        ctx.mark_non_differentiable(codes)
        return empty_edge(codes, dtype), codes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        from tilewright.quant import weight_kernels

        weight, step = ctx.saved_tensors
        to_weight = empty_map(tuple(weight.shape), weight.dtype)
        rows, given, found = (cut(as_rows(t)) for t in (weight, gradients[0], to_weight))
        kind = rows.dtype.type
        sums = torch.empty(len(rows), LANES, dtype=torch.float64)
        numbers = (kind(step.item()), kind(ctx.max_code))
        work = partial(weight_kernels.weight_gradients, rows, given, *numbers, found, sums.numpy())
        share(work, len(rows))
        to_step = -sums.sum() / step.double()
        return to_weight, to_step.to(step.dtype).reshape(step.shape), None, None
