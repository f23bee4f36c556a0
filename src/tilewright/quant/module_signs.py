"""Signs of the values in a traced module: raw pixels, not negative, or unknown."""

from __future__ import annotations

import operator
from enum import IntEnum
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from tilewright.quant.sums import QuantAvgPool2d


class Sign(IntEnum):
    """PIXELS: the module's input, perhaps reshaped. POSITIVE: never negative. UNKNOWN: either."""

    UNKNOWN = 0
    POSITIVE = 1
    PIXELS = 2


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
)
KEEPS_SIGN: tuple[type[nn.Module], ...] = (
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.Upsample,
    QuantAvgPool2d,
)

POSITIVE_FUNCTIONS: tuple[Any, ...] = (
    *(torch.relu, functional.relu, functional.relu6, torch.sigmoid, functional.sigmoid),
    *(torch.softmax, functional.softmax, functional.softplus, torch.abs),
)
CODE_FUNCTIONS: tuple[Any, ...] = (
    torch.flatten,
    torch.permute,
    functional.max_pool2d,
    torch.max_pool2d,
)
SIGN_FUNCTIONS: tuple[Any, ...] = (
    *(operator.add, operator.iadd, operator.mul, torch.add, torch.mul, torch.cat, torch.mean),
    *(functional.avg_pool2d, functional.adaptive_avg_pool2d, functional.interpolate),
)
POSITIVE_METHODS = ("relu", "relu_", "sigmoid", "abs", "softmax")
CODE_METHODS = ("flatten", "view", "reshape", "permute", "transpose", "contiguous", "squeeze")
SIGN_METHODS = ("mean", "add", "add_", "mul", "mul_", "sum")


def find_signs(traced: fx.GraphModule, *, has_pixel_input: bool) -> dict[fx.Node, Sign]:
    """The sign of the value of every node; the module's input counts as not negative."""
    signs: dict[fx.Node, Sign] = {}
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            signs[node] = Sign.PIXELS if has_pixel_input else Sign.POSITIVE
        else:
            what = what_runs(traced, node)
            signs[node] = _sign(node, what, [signs[source] for source in node.all_input_nodes])
    return signs


def what_runs(traced: fx.GraphModule, node: fx.Node) -> Any:
    """The submodule, function or name of a method that `node` calls; None for others."""
    if node.op == "call_module":
        return traced.get_submodule(str(node.target))
    return node.target if node.op in ("call_function", "call_method") else None


def keeps_codes(what: Any) -> bool:
    """Whether `what` only moves, selects or drops numbers."""
    return _is(what, KEEPS_CODES, CODE_FUNCTIONS, CODE_METHODS)


def reads_size(what: Any) -> bool:
    """Whether `what` reads how large a value is, and not the value."""
    return what in ("size", "dim") or what is getattr


def _sign(node: fx.Node, what: Any, inputs: list[Sign]) -> Sign:
    lowest = min(inputs, default=Sign.UNKNOWN)
    if _is(what, MAKES_POSITIVE, POSITIVE_FUNCTIONS, POSITIVE_METHODS) or (
        isinstance(what, nn.Hardtanh) and what.min_val >= 0
    ):
        return Sign.POSITIVE
    if keeps_codes(what):
        return inputs[0]  # the others are sizes
    if _is(what, KEEPS_SIGN, SIGN_FUNCTIONS, SIGN_METHODS) and not _has_negative_constant(node):
        return min(lowest, Sign.POSITIVE)
    return Sign.UNKNOWN


def _is(
    what: Any,
    modules: tuple[type[nn.Module], ...],
    functions: tuple[Any, ...],
    methods: tuple[str, ...],
) -> bool:
    if isinstance(what, nn.Module):
        return isinstance(what, modules)
    return what in methods if isinstance(what, str) else what in functions


def _has_negative_constant(node: fx.Node) -> bool:
    """Whether a number among the arguments is negative; axes of `mean` and the like do not count."""
    is_arithmetic = "add" in str(node.target) or "mul" in str(node.target)
    return is_arithmetic and any(
        isinstance(value, int | float) and value < 0
        for value in (*node.args, *node.kwargs.values())
    )
