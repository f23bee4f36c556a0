"""Signs of the values in a traced module: raw pixels, not negative, or unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from tilewright.quant.code_nodes import QuantMove
from tilewright.quant.sums import QuantAvgPool2d


class Sign(IntEnum):
    """UNKNOWN: either sign. INPUT: not negative if the module's input is not, which its first batch shows.
    POSITIVE: never negative. PIXELS: the module's input, perhaps reshaped.
    """

    UNKNOWN = 0
    INPUT = 1
    POSITIVE = 2
    PIXELS = 3


MAKES_POSITIVE: tuple[type[nn.Module], ...] = (
    nn.ReLU,
    nn.ReLU6,
    nn.Sigmoid,
    nn.Hardsigmoid,
    nn.Softmax,
    nn.Softplus,
)
KEEPS_CODES: tuple[type[nn.Module], ...] = (
    nn.Flatten,
    nn.Unflatten,
    nn.Identity,
    nn.Dropout,
    nn.Dropout2d,
    nn.MaxPool2d,
    nn.AdaptiveMaxPool2d,
    nn.ChannelShuffle,
    nn.PixelShuffle,
    nn.PixelUnshuffle,
    nn.ZeroPad2d,
    nn.ReflectionPad2d,
    nn.ReplicationPad2d,
)
KEEPS_SIGN: tuple[type[nn.Module], ...] = (
    *(nn.AvgPool2d, nn.AdaptiveAvgPool2d, QuantAvgPool2d, QuantMove),
)

POSITIVE_FUNCTIONS: tuple[Any, ...] = (
    *(
        torch.relu,
        torch.relu_,
        functional.relu,
        functional.relu6,
        torch.sigmoid,
        functional.sigmoid,
    ),
    *(torch.softmax, functional.softmax, functional.softplus, functional.hardsigmoid),
    *(torch.abs, torch.square, torch.exp, operator.abs),
)
CODE_FUNCTIONS: tuple[Any, ...] = (
    *(torch.flatten, torch.permute, torch.transpose, torch.reshape, torch.squeeze, torch.unsqueeze),
    *(functional.max_pool2d, torch.max_pool2d, functional.adaptive_max_pool2d, torch.amax),
    *(torch.chunk, torch.split, torch.unbind, torch.narrow, torch.select, torch.index_select),
    *(torch.movedim, torch.swapaxes, torch.flip, torch.roll, torch.channel_shuffle),
    *(functional.pixel_shuffle, functional.pixel_unshuffle, functional.channel_shuffle),
    operator.getitem,
)
SIGN_FUNCTIONS: tuple[Any, ...] = (
    *(operator.add, operator.iadd, operator.mul, operator.imul, torch.add, torch.mul, torch.mean),
    *(operator.truediv, torch.div, torch.cat, torch.concat, torch.stack, torch.sum),
    *(torch.maximum, torch.minimum, functional.avg_pool2d, functional.adaptive_avg_pool2d),
)
POSITIVE_METHODS = ("relu", "relu_", "sigmoid", "abs", "softmax", "square", "exp")
CODE_METHODS = (
    *("flatten", "view", "reshape", "permute", "transpose", "contiguous", "squeeze", "unsqueeze"),
    *(
        "chunk",
        "split",
        "unbind",
        "narrow",
        "select",
        "index_select",
        "movedim",
        "swapaxes",
        "flip",
    ),
    *(
        "roll",
        "amax",
        "clone",
        "detach",
        "expand",
        "expand_as",
        "repeat",
        "unflatten",
        "to",
        "float",
        "cuda",
    ),
)
SIGN_METHODS = ("mean", "add", "add_", "mul", "mul_", "div", "div_", "sum", "maximum", "minimum")
CLAMPS = (torch.clamp, torch.clip, torch.clamp_min, "clamp", "clip", "clamp_min", "clamp_")
HARD_CLAMPS = (functional.hardtanh, functional.hardtanh_)
PADS = (functional.pad,)
RESIZES = (functional.interpolate, functional.upsample)
ARITHMETIC = ("add", "mul", "div")


def find_signs(
    traced: fx.GraphModule, *, has_pixel_input: bool, has_signed_input: bool = False
) -> dict[fx.Node, Sign]:
    """The sign of the value of every node; the module's input is not negative unless it is said to be."""
    signs: dict[fx.Node, Sign] = {}
    given = Sign.UNKNOWN if has_signed_input else Sign.INPUT
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            signs[node] = Sign.PIXELS if has_pixel_input else given
        else:
            what = what_runs(traced, node)
            signs[node] = _sign(node, what, [signs[source] for source in node.all_input_nodes])
    return signs


def what_runs(traced: fx.GraphModule, node: fx.Node) -> Any:
    """The submodule, function or name of a method that `node` calls; None for others."""
    if node.op == "call_module":
        return traced.get_submodule(str(node.target))
    return node.target if node.op in ("call_function", "call_method") else None


def keeps_codes(node: fx.Node, what: Any) -> bool:
    """Whether `what` only moves, selects or drops numbers, or pads with zeros."""
    if what in PADS:
        return _argument(node, 3, "value", None) in (None, 0)
    if isinstance(what, nn.ConstantPad2d):
        return what.value == 0
    return _is(what, KEEPS_CODES, CODE_FUNCTIONS, CODE_METHODS)


def reads_size(what: Any) -> bool:
    """Whether `what` reads how large a value is, and not the value."""
    return what in ("size", "dim") or what is getattr


def reads_input(node: fx.Node, traced: fx.GraphModule) -> bool:
    """Whether the value of `node` is numbers of the module's input, moved at most."""
    while node.op != "placeholder":
        if not (node.all_input_nodes and keeps_codes(node, what_runs(traced, node))):
            return False
        node = node.all_input_nodes[0]
    return True


def no_pixels(signs: dict[fx.Node, Sign], node: fx.Node) -> None:
    """Note that `node`, and what moves its numbers, has values in 0..1: a node before it read the pixels."""
    if signs.get(node) == Sign.PIXELS:
        signs[node] = Sign.POSITIVE
        for user in node.users:
            no_pixels(signs, user)


def inputs_behind(node: fx.Node, signs: dict[fx.Node, Sign]) -> set[fx.Node]:
    """The module's inputs on whose sign that of `node` depends."""
    if signs[node] != Sign.INPUT:
        return set()
    if node.op == "placeholder":
        return {node}
    return set().union(*(inputs_behind(source, signs) for source in node.all_input_nodes))


def _sign(node: fx.Node, what: Any, inputs: list[Sign]) -> Sign:
    if _is(what, MAKES_POSITIVE, POSITIVE_FUNCTIONS, POSITIVE_METHODS) or _has_floor(node, what):
        return Sign.POSITIVE
    if not inputs:
        return Sign.UNKNOWN
    if keeps_codes(node, what):
        return inputs[0]  # the others are sizes
    if _keeps_sign(node, what):
        return min(*inputs, Sign.POSITIVE)
    return Sign.UNKNOWN


def _keeps_sign(node: fx.Node, what: Any) -> bool:
    """Whether values that are not negative make such a value."""
    if isinstance(what, nn.Upsample):
        return what.mode != "bicubic"  # which overshoots below 0
    if what in RESIZES:
        return bool(_argument(node, 3, "mode", "nearest") != "bicubic")
    if isinstance(what, nn.ConstantPad2d) or what in PADS:
        value = what.value if isinstance(what, nn.Module) else _argument(node, 3, "value", 0)
        return value is None or (isinstance(value, int | float) and value >= 0)
    is_kept = _is(what, KEEPS_SIGN, SIGN_FUNCTIONS, SIGN_METHODS)
    return is_kept and not _has_negative_constant(node)


def _has_floor(node: fx.Node, what: Any) -> bool:
    """Whether a clamp's lower bound is a number that is not negative."""
    if isinstance(what, nn.Hardtanh):
        return what.min_val >= 0
    if what in HARD_CLAMPS:
        floor = _argument(node, 1, "min_val", -1)
    elif not isinstance(what, nn.Module) and what in CLAMPS:
        floor = _argument(node, 1, "min", None)
    else:
        return False
    return isinstance(floor, int | float) and floor >= 0


def _argument(node: fx.Node, position: int, name: str, default: Any) -> Any:
    return node.args[position] if len(node.args) > position else node.kwargs.get(name, default)


def _is(
    what: Any,
    modules: tuple[type[nn.Module], ...],
    functions: tuple[Callable[..., Any], ...],
    methods: tuple[str, ...],
) -> bool:
    if isinstance(what, nn.Module):
        return isinstance(what, modules)
    return what in methods if isinstance(what, str) else what in functions


def _has_negative_constant(node: fx.Node) -> bool:
    """Whether a number among the arguments is negative; axes of `mean` and the like do not count."""
    is_arithmetic = any(kind in str(node.target) for kind in ARITHMETIC)
    return is_arithmetic and any(
        isinstance(value, int | float) and value < 0
        for value in (*node.args, *node.kwargs.values())
    )
