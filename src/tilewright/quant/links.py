"""Find which node of a quantized module reads a node's output, and through which operations."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as functional
from torch import fx, nn

from tilewright.quant.bias import ChannelBias
from tilewright.quant.code_nodes import MonotoneStep, ScalarStep
from tilewright.quant.module_signs import CLAMPS, HARD_CLAMPS, reads_size
from tilewright.quant.node_modules import is_node, is_whole
from tilewright.spec import MaxPool

ELEMENTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Hardtanh, nn.Identity, nn.Dropout, nn.Dropout2d),
    MonotoneStep,
)
"""Modules that, in eval mode, never decrease and act on each number alone: they commute with max-pool."""

IS_OUTPUT = "it is the output of the network"
NO_INPUT = "no node reads the module's input as it is"

RELUS = (torch.relu, torch.relu_, functional.relu, functional.relu_, "relu", "relu_")
RESHAPES = (torch.reshape, "reshape", "view")
COPIES = ("contiguous", "clone", "detach")

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, ChannelBias, ScalarStep, nn.PReLU)
"""Modules that act by channel, and may decrease (gamma < 0): no max-pool or flatten comes before them."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """From one node to an operand of another: elementwise steps, then pools, then perhaps a flatten."""

    consumer: str
    operand: int
    steps: tuple[nn.Module, ...]
    pools: tuple[MaxPool, ...]
    is_flattened: bool

    @property
    def is_plain(self) -> bool:
        """Whether nothing lies between that changes a code: a flatten only lays them out."""
        return not (self.pools or any(map(_is_active, self.steps)))


@dataclass(frozen=True, slots=True)
class Entry:
    """An operand of a node that reads the module's input as it is; source: which of its inputs."""

    consumer: str
    operand: int
    source: int


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """How the nodes of a module are connected.

    links: node name to the links to the nodes that read it. reasons: node name to why there is no link
    to one of its readers, or to any reader. inputs: names of the nodes that read the module's input;
    entries: what of which node reads which of its inputs. outputs: nodes whose values the module returns,
    in that order, and that lead nowhere else but to their readers. causes: node name to the operation that
    the reason is about; a name of a module's class, a function or a method.
    """

    links: dict[str, tuple[Link, ...]]
    reasons: dict[str, str]
    inputs: tuple[str, ...]
    causes: dict[str, str]
    outputs: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


class _UnlinkedError(Exception):
    """Why the next codes do not follow from this node alone."""


@dataclass(frozen=True, slots=True)
class _Break:
    """Why a path ends before a node, and the operation at its end; none at the network's output, and there
    its place among what the module returns.
    """

    reason: str
    cause: str = ""
    place: int = 0


class _LeafTracer(fx.Tracer):
    """Traces a module and keeps the quantized nodes whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return is_whole(m) or super().is_leaf_module(m, module_qualified_name)


def find_wiring(module: nn.Module) -> Wiring:
    """Follow the outputs of every node of `module` to the nodes that read them.

    A reason is no error: such a node's sums are still exact, only the codes of a reader cannot be
    computed from them alone. The reason of the last node is that it is the output.
    """
    names = [name for name, part in module.named_modules() if is_node(part)]
    try:
        graph = _LeafTracer().trace(module)
    except Exception as error:  # torch.fx raises what the module's own code raises on a proxy
        reason = f"torch.fx cannot trace {type(module).__name__}: {str(error).splitlines()[0]}"
        return Wiring({}, dict.fromkeys(names, reason), (), {})
    links: dict[str, tuple[Link, ...]] = {}
    breaks: dict[str, _Break] = {}
    entries: list[Entry] = []
    sources = [node for node in graph.nodes if node.op == "placeholder"]
    for node in graph.nodes:
        if node.op == "call_module" and node.target in names:
            found = list(_follow(node, module, _Path()))
            name, ends = str(node.target), [why for why in found if isinstance(why, _Break)]
            links[name] = tuple(link for link in found if isinstance(link, Link))
            ends.sort(key=lambda why: why.reason == IS_OUTPUT)  # stable: others come first
            if ends:
                breaks[name] = ends[0]
        if node.op == "placeholder":
            read = [link for link in _follow(node, module, _Path()) if isinstance(link, Link)]
            source = sources.index(node)
            entries += [Entry(one.consumer, one.operand, source) for one in read if one.is_plain]
    if links and not entries:
        breaks.setdefault(next(iter(links)), _Break(NO_INPUT))
    return Wiring(
        links,
        {name: why.reason for name, why in breaks.items()},
        tuple(dict.fromkeys(entry.consumer for entry in entries)),
        {name: why.cause for name, why in breaks.items()},
        _outputs(breaks),
        tuple(entries),
    )


def _outputs(breaks: dict[str, _Break]) -> tuple[str, ...]:
    """Nodes at the module's outputs, in the order in which it returns them."""
    found = [(why.place, name) for name, why in breaks.items() if why.reason == IS_OUTPUT]
    return tuple(name for _, name in sorted(found, key=lambda one: one[0]))


def _places(output: fx.Node, node: fx.Node) -> Iterator[int]:
    """Where a value stands among those that a module returns, in tuples, lists and dicts."""
    returned: list[fx.Node] = []
    fx.node.map_arg(output.args, returned.append)
    return (place for place, one in enumerate(returned) if one is node)


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """What lies between a node and the place reached so far."""

    steps: tuple[nn.Module, ...] = ()
    pools: tuple[MaxPool, ...] = ()
    is_flattened: bool = False

    def through(self, part: nn.Module | None, what: object) -> _Path:
        """The path continued through `part`; raises `_UnlinkedError` if that is no threshold step."""
        if isinstance(part, nn.MaxPool2d):
            return replace(self, pools=(*self.pools, _pool(part)))
        if isinstance(part, nn.Flatten) and _flattens_all(part.start_dim, part.end_dim):
            return replace(self, is_flattened=True)
        if isinstance(part, ELEMENTWISE) or (
            isinstance(part, NORMS) and not (self.pools or self.is_flattened)
        ):
            return replace(self, steps=(*self.steps, part))
        where = " after a flatten" if self.is_flattened else " after a pool" if self.pools else ""
        raise _UnlinkedError(f"{what}{where} is not part of a threshold step")

    def to(self, consumer: str, operand: int) -> Link:
        """The link that this path is."""
        return Link(consumer, operand, self.steps, self.pools, self.is_flattened)


def _follow(node: fx.Node, module: nn.Module, path: _Path) -> Iterator[Link | _Break]:
    """Links to all quantized nodes that read the output of `node`, or why there is none."""
    for user in node.users:
        part = _as_module(user, module)
        if user.op == "output":
            yield from (_Break(IS_OUTPUT, place=place) for place in _places(user, node))
        elif reads_size(user.target):
            continue
        elif is_node(part):
            arguments = (*user.args, *user.kwargs.values())
            yield from (
                path.to(str(user.target), operand)
                for operand, argument in enumerate(arguments)
                if argument is node
            )
        else:
            try:
                longer = path.through(part, user.target if user.op == "call_module" else user.name)
            except _UnlinkedError as reason:
                ends = _ends(user, module)
                if ends is None:
                    yield _Break(str(reason), _name_operation(user, part))
                else:
                    yield from (_Break(IS_OUTPUT, place=place) for place in ends)
            else:
                yield from _follow(user, module, longer)


def _ends(node: fx.Node, module: nn.Module) -> list[int] | None:
    """Where a value ends up among the module's outputs; None if a quantized node reads it, or nobody does."""
    seen, waiting, places = {node}, [node], list[int]()
    while waiting:
        one = waiting.pop()
        for user in one.users:
            if user.op == "output":
                places += _places(user, one)
            elif is_node(_as_module(user, module)):
                return None
            elif user not in seen:
                seen.add(user)
                waiting.append(user)
    return sorted(places) or None


def _name_operation(node: fx.Node, part: nn.Module | None) -> str:
    if part is not None:
        return type(part).__name__
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _as_module(node: fx.Node, module: nn.Module) -> nn.Module | None:
    """The module that a node applies; functions and methods as the modules they stand for."""
    if node.op == "call_module":
        return module.get_submodule(str(node.target))
    what = node.target
    if node.op not in ("call_function", "call_method"):
        return None
    if what in RELUS:
        return nn.ReLU()
    if what is functional.relu6:
        return nn.ReLU6()
    if what in CLAMPS or what in HARD_CLAMPS:
        return _clamp(node)
    if what is torch.flatten or what == "flatten":
        dims = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | node.kwargs
        return nn.Flatten(_number(dims.get("start_dim", 0)), _number(dims.get("end_dim", -1)))
    if what in RESHAPES and _flattens_to_size(node):
        return nn.Flatten()
    return nn.Identity() if what in COPIES or _is_of_one_pixel(node) else None


def _is_of_one_pixel(node: fx.Node) -> bool:
    """Whether axes of size 1 come or go, or the one pixel of a gate is repeated: no code moves."""
    what, rest = node.target, node.args[1:]
    if what in RESHAPES:
        sizes = rest[0] if len(rest) == 1 and isinstance(rest[0], list | tuple) else rest
        return isinstance(sizes, list | tuple) and len(sizes) == 4 and tuple(sizes[2:]) == (1, 1)
    if what in (torch.unsqueeze, "unsqueeze", torch.squeeze, "squeeze"):
        return all(axis in (2, 3, -1, -2) for axis in (*rest, *node.kwargs.values()))
    if what is operator.getitem:
        return rest[0] == (slice(None), slice(None), None, None)
    return what == "expand_as"


def _clamp(node: fx.Node) -> nn.Module | None:
    """A clamp between numbers, as a module."""
    names = ("min_val", "max_val") if node.target in HARD_CLAMPS else ("min", "max")
    bounds = dict(zip(names, node.args[1:], strict=False)) | node.kwargs
    low, high = (bounds.get(name) for name in names)
    low, high = (-math.inf if low is None else low, math.inf if high is None else high)
    if not (isinstance(low, int | float) and isinstance(high, int | float) and low < high):
        return None
    return nn.Hardtanh(low, high)


def _flattens_to_size(node: fx.Node) -> bool:
    """Whether a reshape is to ``(-1, size)``: a flatten if the size is that of an image, which the sizes
    of the network that is made must show.
    """
    sizes = node.args[1:]
    if len(sizes) == 1 and isinstance(sizes[0], list | tuple):
        sizes = tuple(sizes[0])
    return len(sizes) == 2 and isinstance(sizes[0], int) and sizes[0] == -1


def _number(argument: fx.node.Argument) -> int:
    """An axis number; 0 (never a full flatten) if the forward computes it."""
    return argument if isinstance(argument, int) else 0


def _flattens_all(start: int, end: int) -> bool:
    """Whether all axes but the first become one."""
    return start == 1 and end in (-1, 3)


def _is_active(step: nn.Module) -> bool:
    """Whether a step changes numbers in eval mode."""
    return not isinstance(step, nn.Identity | nn.Dropout)


def _pool(pool: nn.MaxPool2d) -> MaxPool:
    if pool.ceil_mode or _pair(pool.dilation) != (1, 1):
        raise _UnlinkedError(
            "max-pooling with ceil_mode or dilation is not part of a threshold step"
        )
    return MaxPool(_pair(pool.kernel_size), _pair(pool.stride), _pair(pool.padding))


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
