"""The windows of the pools that a traced module computes: averages, and maxima of adaptive size."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from tilewright.quant.layers import as_pair

WHOLE_MAXIMA = (torch.amax, "amax")
Window = tuple[tuple[int, int], tuple[int, int]]
"""Kernel and stride."""


def is_average(what: Any) -> bool:
    """Whether `what`, a submodule, function or method's name, may average a map."""
    if isinstance(what, nn.Module):
        return isinstance(what, nn.AvgPool2d | nn.AdaptiveAvgPool2d)
    return what in (functional.avg_pool2d, functional.adaptive_avg_pool2d, torch.mean, "mean")


def is_adaptive_maximum(what: Any) -> bool:
    """Whether `what` may be a max-pool whose window depends on the size of the map."""
    if isinstance(what, nn.Module):
        return isinstance(what, nn.AdaptiveMaxPool2d)
    return what in (functional.adaptive_max_pool2d, *WHOLE_MAXIMA)


def find_maximum(node: fx.Node, what: Any) -> Window | None:
    """Kernel and stride of an adaptive max-pool; None where they are not known or not equal."""
    if what in WHOLE_MAXIMA:
        window = _whole_map(node, (1, 1)) if _mean_axes(node) == {2, 3} else None
    elif isinstance(what, nn.AdaptiveMaxPool2d):
        window = None if what.return_indices else _whole_map(node, what.output_size)
    else:
        size = node.args[1] if len(node.args) > 1 else node.kwargs["output_size"]
        window = None if node.kwargs.get("return_indices") else _whole_map(node, size)
    return None if isinstance(window, str) else window


def find_window(node: fx.Node, what: Any) -> Window | str | None:
    """Kernel and stride; or why there is no such window; or None for a mean over other axes."""
    if what in (torch.mean, "mean"):
        return _whole_map(node, (1, 1)) if _mean_axes(node) == {2, 3} else None
    if what is functional.avg_pool2d:
        what = nn.AvgPool2d(*node.args[1:], **node.kwargs)  # type: ignore[arg-type]
    elif what is functional.adaptive_avg_pool2d:
        size = node.args[1] if len(node.args) > 1 else node.kwargs["output_size"]
        what = nn.AdaptiveAvgPool2d(size)  # type: ignore[arg-type]
    if isinstance(what, nn.AdaptiveAvgPool2d):
        return _whole_map(node, what.output_size)
    if as_pair(what.padding) != (0, 0) or what.ceil_mode or what.divisor_override is not None:
        return "padding, ceil_mode and divisor_override have no form on integers; leave them out"
    return as_pair(what.kernel_size), as_pair(what.stride)


def drops_axes(node: fx.Node, what: Any) -> bool:
    """Whether the pool leaves ``n c`` of ``n c h w``."""
    keeps = node.kwargs.get("keepdim", node.args[2] if len(node.args) > 2 else False)
    return what in (torch.mean, "mean", *WHOLE_MAXIMA) and not keeps


def _mean_axes(node: fx.Node) -> set[int]:
    axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else ())
    numbers = axes if isinstance(axes, list | tuple) else (axes,)
    return {axis % 4 for axis in numbers if isinstance(axis, int)}


def _whole_map(node: fx.Node, output: Any) -> Window | str:
    """The window that leaves `output` pixels of the map, whose size an example must have shown."""
    shape = node.all_input_nodes[0].meta.get("tensor_meta")
    if shape is None:
        return "its window depends on the size of the map: give quantize an example input (example=x[:1])"
    sizes = tuple(shape[2:])
    wanted = as_pair(output)
    if len(sizes) != 2 or None in wanted or any(s % o for s, o in zip(sizes, wanted, strict=True)):
        return f"a map of {sizes} has no equal windows for an output of {wanted}; use AvgPool2d"
    kernel = (sizes[0] // wanted[0], sizes[1] // wanted[1])
    return kernel, kernel
