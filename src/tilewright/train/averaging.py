"""The network that an epoch is judged by: averaged weights, and BatchNorm statistics that fit them."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from tilewright.train.norms import find_norms


@torch.no_grad()
def average_into(average: nn.Module, model: nn.Module, *, decay: float) -> None:
    """Move the parameters of `average` by ``1 - decay`` of the way to those of `model`.

    Buffers (BatchNorm statistics, quantizer states) are those of `model`.
    """
    kept: list[Tensor] = list(average.parameters())
    latest: list[Tensor] = list(model.parameters())
    torch._foreach_lerp_(kept, latest, 1 - decay)
    for held, buffer in zip(average.buffers(), model.buffers(), strict=True):
        held.copy_(buffer)


@torch.no_grad()
def with_fresh_norms(model: nn.Module, batches: Iterator[Tensor]) -> nn.Module:
    """A copy of `model` whose BatchNorm statistics are the means over `batches`, in evaluation mode.

    The running statistics of training lag behind the weights, most where weights cross rounding
    thresholds; these belong to the weights as they are.
    """
    fresh = copy.deepcopy(model)
    norms, trained = find_norms(fresh), find_norms(model)
    fresh.eval()
    for norm in norms.values():
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    for images in batches:
        fresh(images)
    for name, norm in norms.items():
        norm.momentum = trained[name].momentum
    return fresh.eval()
