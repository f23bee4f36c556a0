"""Which layer reads a layer's output, and through which operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import fx, nn

from tilewright.quant import ChannelBias, QuantConv2d, QuantLinear
from tilewright.spec import MaxPool

ELEMENTWISE = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Hardtanh, nn.Identity, nn.Dropout)
"""Modules that, in eval mode, never decrease and act on each number alone: they commute with max-pool."""

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, ChannelBias)
"""Modules that act by channel, and may decrease (gamma < 0): no max-pool or flatten comes before them."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """From one quantized layer to the next: elementwise steps, then pools, then perhaps a flatten."""

    consumer: str
    steps: tuple[nn.Module, ...]
    pools: tuple[MaxPool, ...]
    is_flattened: bool


class _UnlinkedError(Exception):
    """Why the next codes do not follow from this layer alone."""


class _LeafTracer(fx.Tracer):
    """Traces a module and keeps the quantized layers whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, QuantConv2d | QuantLinear | ChannelBias) or super().is_leaf_module(
            m, module_qualified_name
        )


def find_links(module: nn.Module) -> dict[str, Link | str]:
    """Layer name to its link, or to the reason why there is none.

    A reason is no error: such a layer's psums are still exact, only the next layer's codes cannot be
    computed from them alone. The reason of the last layer is that it is the output.
    """
    layers = {
        name for name, part in module.named_modules() if isinstance(part, QuantConv2d | QuantLinear)
    }
    try:
        graph = _LeafTracer().trace(module)
    except Exception as error:  # torch.fx raises what the module's own code raises on a proxy
        reason = f"torch.fx cannot trace {type(module).__name__}: {str(error).splitlines()[0]}"
        return dict.fromkeys(layers, reason)
    links: dict[str, Link | str] = {}
    for node in graph.nodes:
        if node.op == "call_module" and node.target in layers:
            try:
                links[str(node.target)] = _follow(node, module)
            except _UnlinkedError as reason:
                links[str(node.target)] = str(reason)
    return links


def _follow(node: fx.Node, module: nn.Module) -> Link:
    """Walk from a layer to the quantized layer that reads it."""
    steps: list[nn.Module] = []
    pools: list[MaxPool] = []
    is_flattened = False
    while True:
        node = _only_user(node)
        part = _as_module(node, module)
        if isinstance(part, QuantConv2d | QuantLinear):
            return Link(str(node.target), tuple(steps), tuple(pools), is_flattened)
        if isinstance(part, nn.MaxPool2d):
            pools.append(_pool(part))
        elif isinstance(part, nn.Flatten) and _flattens_all(part.start_dim, part.end_dim):
            is_flattened = True
        elif isinstance(part, ELEMENTWISE) or (
            isinstance(part, NORMS) and not (pools or is_flattened)
        ):
            steps.append(part)
        else:
            what = node.target if node.op == "call_module" else node.name
            where = " after a flatten" if is_flattened else " after a pool" if pools else ""
            raise _UnlinkedError(f"{what}{where} is not part of a threshold step")


def _only_user(node: fx.Node) -> fx.Node:
    users = list(node.users)
    if len(users) != 1:
        raise _UnlinkedError(f"{node.name} is read by {len(users)} operations, not by one")
    if users[0].op == "output":
        raise _UnlinkedError("it is the output of the network")
    return users[0]


def _as_module(node: fx.Node, module: nn.Module) -> nn.Module | None:
    """The module that a node applies; functional ReLU and flatten as the modules they stand for."""
    if node.op == "call_module":
        return module.get_submodule(str(node.target))
    name = node.target if node.op == "call_method" else None
    if node.target in (torch.relu, functional.relu) or name == "relu":
        return nn.ReLU()
    if node.target is torch.flatten or name == "flatten":
        dims = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | node.kwargs
        return nn.Flatten(_number(dims.get("start_dim", 0)), _number(dims.get("end_dim", -1)))
    return None


def _number(argument: fx.node.Argument) -> int:
    """An axis number; one that is computed in the forward is none that flattens all."""
    return argument if isinstance(argument, int) else 0


def _flattens_all(start: int, end: int) -> bool:
    """Whether all axes but the first become one."""
    return start == 1 and end in (-1, 3)


def _pool(pool: nn.MaxPool2d) -> MaxPool:
    if pool.ceil_mode or _pair(pool.dilation) != (1, 1):
        raise _UnlinkedError(
            "max-pooling with ceil_mode or dilation is not part of a threshold step"
        )
    return MaxPool(_pair(pool.kernel_size), _pair(pool.stride), _pair(pool.padding))


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
