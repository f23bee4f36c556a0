"""Networks on sequences ``n c l`` as ones on planes ``n c 1 l``: every one-dimensional layer has a twin."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx, nn

from tilewright.errors import QuantizationError
from tilewright.quant.module_signs import what_runs

MEANS = (torch.mean, "mean", torch.amax, "amax")
LAST = ({-1}, {2})


def lift(traced: fx.GraphModule) -> None:
    """Make `traced` one on planes, in place, if it has a `Conv1d`; else leave it.

    Raises `QuantizationError` that names what has no twin.
    """
    parts = [part for part in traced.modules() if isinstance(part, nn.Conv1d)]
    if not parts:
        return
    if any(isinstance(part, nn.Conv2d) for part in traced.modules()):
        raise QuantizationError(
            "Conv1d and Conv2d in one module cannot be quantized together: quantize each part by itself"
        )
    sequences: set[fx.Node] = set()
    for node in list(traced.graph.nodes):
        if node.op == "placeholder":
            with traced.graph.inserting_after(node):
                plane = traced.graph.call_method("unsqueeze", (node, 2))
            node.replace_all_uses_with(
                plane, delete_user_cb=lambda user, plane=plane: user is not plane
            )
            sequences.add(plane)
        elif sequences & set(node.all_input_nodes) and not _ends(node, what_runs(traced, node)):
            _twin(traced, node)
            sequences.add(node)
    traced.graph.lint()
    traced.recompile()


def _ends(node: fx.Node, what: Any) -> bool:
    """Whether what follows is no sequence any more; a mean over it is made one over the plane."""
    if isinstance(what, nn.Module):
        return isinstance(what, nn.Flatten)
    if what in MEANS:
        axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else ())
        numbers = set(axes) if isinstance(axes, list | tuple) else {axes}
        if numbers not in LAST:
            raise QuantizationError(
                f"{node.name}: a mean over {axes} of a sequence has no twin on planes"
            )
        keeps = node.kwargs.get("keepdim", node.args[2] if len(node.args) > 2 else False)
        node.args = (node.args[0], (2, 3), bool(keeps))
        node.kwargs = {}
        return not keeps
    return node.op == "output" or what in (torch.flatten, "flatten", "view", "reshape", "size")


def _twin(traced: fx.GraphModule, node: fx.Node) -> None:
    what = what_runs(traced, node)
    if isinstance(what, nn.Module):
        twin = _twin_of(what)
        if twin is not None:
            parent, _, name = str(node.target).rpartition(".")
            setattr(traced.get_submodule(parent), name, twin.train(what.training))
    elif isinstance(what, str) and what in ("transpose", "permute", "squeeze", "unsqueeze"):
        raise QuantizationError(
            f"{node.name}: {what} of a sequence has no twin on planes: leave it out"
        )


def _twin_of(part: nn.Module) -> nn.Module | None:
    """The module on planes; None for one that acts on each number alone, or is on planes already."""
    if isinstance(part, nn.Conv1d):
        return _convolution(part)
    if type(part) is nn.BatchNorm1d:
        twin = nn.BatchNorm2d(
            part.num_features, part.eps, part.momentum, part.affine, part.track_running_stats
        )
        twin.load_state_dict(part.state_dict())
        return twin
    if isinstance(part, nn.MaxPool1d):
        kernel, stride = (1, _one(part.kernel_size)), (1, _one(part.stride))
        padding = (0, _one(part.padding))
        return nn.MaxPool2d(kernel, stride, padding, 1, ceil_mode=part.ceil_mode)
    if isinstance(part, nn.AvgPool1d):
        kernel, stride = (1, _one(part.kernel_size)), (1, _one(part.stride))
        padding = (0, _one(part.padding))
        return nn.AvgPool2d(kernel, stride, padding, part.ceil_mode, part.count_include_pad)
    if isinstance(part, nn.AdaptiveAvgPool1d):
        return nn.AdaptiveAvgPool2d((1, _one(part.output_size)))
    if isinstance(part, nn.AdaptiveMaxPool1d):
        return nn.AdaptiveMaxPool2d((1, _one(part.output_size)))
    return nn.Dropout(part.p) if isinstance(part, nn.Dropout1d) else None


def _convolution(part: nn.Conv1d) -> nn.Conv2d:
    padding = part.padding if isinstance(part.padding, str) else (0, part.padding[0])
    twin = nn.Conv2d(
        part.in_channels,
        part.out_channels,
        (1, part.kernel_size[0]),
        stride=(1, part.stride[0]),
        padding=padding,
        dilation=(1, part.dilation[0]),
        groups=part.groups,
        bias=part.bias is not None,
        padding_mode=part.padding_mode,
    )
    twin.weight = nn.Parameter(part.weight.detach().unsqueeze(2))
    twin.bias = part.bias
    return twin


def _one(size: Any) -> int:
    return int(size[0]) if isinstance(size, list | tuple) else int(size)
