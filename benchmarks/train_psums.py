"""Integers of a model's training forward, against exact arithmetic; see ``train.py --psums``."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright.quant import IntegerAdd, IntegerConv2d, IntegerLinear, IntegerSumPool
from tilewright.spec import ConvShape
from tilewright.verify import reference_tap_psums

BATCH = 50

KEYS = ("compared", "mismatches", "naive_compared", "naive_mismatches")

Counts = dict[str, dict[str, int]]


def compare_psums(model: nn.Module, images: Tensor) -> Counts:
    """By layer: psums compared and mismatches, over `images`; in training mode, as it trains."""
    counts: Counts = {}

    def compare(name: str, layer: nn.Module, operands: tuple[Tensor, ...], sums: Tensor) -> None:
        found = [operand.detach() for operand in operands]
        count = counts.setdefault(name, dict.fromkeys(KEYS, 0))
        count["compared"] += sums.numel()
        count["mismatches"] += int((sums.detach().double() != expected_sums(layer, found)).sum())
        naive = naive_psums(layer, found)
        if naive is not None:
            count["naive_compared"] += naive.numel()
            count["naive_mismatches"] += int((sums[:1].detach().double() != naive).sum())

    hooks = [
        part.register_forward_hook(
            lambda layer, operands, sums, name=name: compare(
                name.removesuffix(".integer"), layer, operands, sums
            )
        )
        for name, part in model.named_modules()
        if isinstance(part, IntegerConv2d | IntegerLinear | IntegerAdd | IntegerSumPool)
    ]
    model.train()
    for batch in images.split(BATCH):
        model(batch)
    for hook in hooks:
        hook.remove()
    return counts


def expected_sums(layer: nn.Module, operands: list[Tensor]) -> Tensor:
    """Sums of the integer operation `layer`, in float64 and without a convolution algorithm."""
    first, *others = (operand.double() for operand in operands)
    if isinstance(layer, IntegerAdd):
        return first + others[0]
    if isinstance(layer, IntegerLinear):
        return first @ others[0].T
    if isinstance(layer, IntegerSumPool):
        planes = first.flatten(0, 1)[:, None]  # nc 1 ih iw
        sums = functional.unfold(planes, layer.kernel_size, stride=layer.stride).sum(1)  # nc onij
        size = output_size(first, layer.kernel_size, layer.stride, (0, 0))
        return sums.reshape(*first.shape[:2], *size)  # n c oh ow
    assert isinstance(layer, IntegerConv2d)
    weight, kernel = others[0], tuple(others[0].shape[2:])
    windows = functional.unfold(first, kernel, padding=layer.padding, stride=layer.stride)
    windows = windows.reshape(len(first), layer.groups, -1, windows.shape[-1])  # n groups K onij
    matrix = weight.reshape(layer.groups, len(weight) // layer.groups, -1)  # groups oc/groups K
    size = output_size(first, kernel, layer.stride, layer.padding)
    return (matrix @ windows).reshape(len(first), len(weight), *size)  # n oc oh ow


def naive_psums(layer: nn.Module, operands: list[Tensor]) -> Tensor | None:
    """Psums of the first image by the naive int64 reference; None for what is no plain convolution."""
    if not isinstance(layer, IntegerConv2d) or layer.groups != 1:
        return None
    codes, weight = operands[0][:1].long().numpy(), operands[1].long().numpy()
    shape = ConvShape(
        *codes.shape[1:], weight.shape[0], *weight.shape[2:], layer.stride, layer.padding
    )
    return torch.from_numpy(reference_tap_psums(codes, weight, shape).sum(axis=0))


def output_size(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]
) -> list[int]:
    """Rows and columns of what a window leaves of the planes `x`, ``n c ih iw``."""
    sizes = zip(x.shape[2:], padding, kernel, stride, strict=True)
    return [(edge + 2 * pad - size) // step + 1 for edge, pad, size, step in sizes]
