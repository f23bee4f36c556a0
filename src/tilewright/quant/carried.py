"""Numbers that go from operation to operation apart from their gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Carried(NamedTuple):
    """Codes or psums in whatever dtype they are computed in, and the place of their gradient.

    edge: of the same shape, differentiable, of the dtype in which the gradient is handed back: torch gives
    a tensor no gradient of another dtype than its own, and bytes none at all. Its numbers are not read.
    """

    numbers: Tensor
    edge: Tensor


def carry(numbers: Tensor) -> Carried:
    """`numbers` with their gradient as it is."""
    return Carried(numbers.detach(), numbers)


def empty_edge(numbers: Tensor, dtype: torch.dtype) -> Tensor:
    """An edge for `numbers` that takes no memory, to be returned by the forward of a function."""
    return torch.empty((), dtype=dtype, device=numbers.device).expand(numbers.shape)


def join(carried: Carried) -> Tensor:
    """The numbers, which must be floats, as a tensor with their gradient."""
    joined: Tensor = _Join.apply(carried.edge, carried.numbers)  # type: ignore[no-untyped-call]
    return joined


class _Join(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, _edge: Tensor, numbers: Tensor) -> Tensor:
        return numbers.view_as(numbers)

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None
