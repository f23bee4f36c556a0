"""Layers, additions and pools of a traced module, replaced one by one by their integer forms."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from tilewright.errors import QuantizationError
from tilewright.quant.average_windows import drops_axes, find_window, is_average
from tilewright.quant.bias import ChannelBias
from tilewright.quant.layers import QuantConv2d, QuantLinear
from tilewright.quant.module_signs import Sign, what_runs
from tilewright.quant.refusals import CHANNEL_NORMS, is_skipped, refusal, scope_of
from tilewright.quant.sums import QuantAdd, QuantAvgPool2d

SUM_BITS = 8
"""Width of the codes that additions and average pools sum."""

ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_")


def is_flattening(node: fx.Node) -> bool:
    """Whether a reshape is to ``(x.size(0), -1)`` or ``(x.shape[0], -1)``."""
    sizes = node.args[1:]
    if len(sizes) == 1 and isinstance(sizes[0], tuple):
        sizes = sizes[0]
    if len(sizes) != 2 or sizes[1] != -1 or not isinstance(sizes[0], fx.Node):
        return False
    count = sizes[0]
    return count.target in ("size", operator.getitem) and count.args[-1:] == (0,)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Edits `traced` in place. `signs` says which values may be negative; `options` are those of a
    layer: bits and quantizer.
    """

    traced: fx.GraphModule
    signs: dict[fx.Node, Sign]
    skip: tuple[str, ...]
    options: dict[str, Any]

    def run(self) -> None:
        """Replace everything; raises `QuantizationError` where that is not possible."""
        for node in list(self.traced.graph.nodes):
            what = what_runs(self.traced, node)
            if node.op == "call_module" and is_skipped(str(node.target), self.skip):
                continue
            if isinstance(what, nn.Conv2d | nn.Linear):
                self._layer(node, what)
            elif is_average(what):
                self._average(node, what)
            elif what is functional.max_pool2d and not node.kwargs.get("return_indices"):
                self._maximum(node)
            elif what in ("view", "reshape") and is_flattening(node):
                self._flatten(node)
            elif not isinstance(what, nn.Module) and what in ADDITIONS:
                self._addition(node)
        self.traced.graph.eliminate_dead_code()  # sizes that were read for a reshape
        self.traced.graph.lint()
        self.traced.recompile()

    def _layer(self, node: fx.Node, part: nn.Conv2d | nn.Linear) -> None:
        name = str(node.target)
        if self.signs[node.all_input_nodes[0]] == Sign.UNKNOWN:
            raise refusal(
                name, part, "its input may be negative, and activation codes are unsigned"
            )
        is_pixel_input = self.signs[node.all_input_nodes[0]] == Sign.PIXELS
        if isinstance(part, nn.Conv2d):
            layer = self._convolution(part, is_pixel_input)
        else:
            layer = QuantLinear(
                part.in_features, part.out_features, is_pixel_input=is_pixel_input, **self.options
            )
        layer.weight = part.weight
        layer.to(part.weight.device).train(part.training)
        self._put(name, layer)
        if part.bias is not None:
            self._move_bias(node, part.bias)

    def _convolution(self, part: nn.Conv2d, is_pixel_input: bool) -> nn.Module:
        height, width = part.kernel_size
        padding = part.padding
        if isinstance(padding, str):
            padding = (height // 2, width // 2) if padding == "same" else (0, 0)
        return QuantConv2d(
            part.in_channels,
            part.out_channels,
            (height, width),
            stride=(part.stride[0], part.stride[1]),
            padding=(padding[0], padding[1]),
            groups=part.groups,
            is_pixel_input=is_pixel_input,
            **self.options,
        )

    @torch.no_grad()
    def _move_bias(self, node: fx.Node, bias: Tensor) -> None:
        """Into the mean that the next BatchNorm subtracts, else into a `ChannelBias`."""
        users = list(node.users)
        norm = what_runs(self.traced, users[0]) if len(users) == 1 else None
        if isinstance(norm, CHANNEL_NORMS) and not is_skipped(str(users[0].target), self.skip):
            if norm.running_mean is not None:  # without statistics the batch mean removes it
                norm.running_mean -= bias
            return
        added = ChannelBias(len(bias))
        added.bias = nn.Parameter(bias)
        name = self._free_name(f"{node.target}_bias")
        self._put(name, added)
        call = self._call_after(node, name, (node,))
        node.replace_all_uses_with(call, delete_user_cb=lambda user: user is not call)

    def _addition(self, node: fx.Node) -> None:
        operands = [value for value in node.args if isinstance(value, fx.Node)]
        if len(operands) != 2 or "get_attr" in (operand.op for operand in operands):
            return  # a constant or a parameter is added to one branch
        if node.kwargs:
            raise QuantizationError(
                f"the forward of {scope_of(node) or 'the module'} adds with {dict(node.kwargs)}: "
                "only plain sums have a form on integers"
            )
        self._replace(node, "add", QuantAdd(SUM_BITS), tuple(operands))

    def _average(self, node: fx.Node, what: Any) -> None:
        source = node.all_input_nodes[0]
        window = find_window(node, what)
        place = str(node.target) if node.op == "call_module" else node.name
        if isinstance(window, str):
            raise QuantizationError(
                f"average pool {place} cannot be quantized: {window}, or skip it"
            )
        if window is None:
            return  # a mean over other axes
        if self.signs[source] == Sign.UNKNOWN:
            raise QuantizationError(
                f"average pool {place} cannot be quantized: its input may be negative, and activation "
                "codes are unsigned; change it, or name it in skip"
            )
        kernel, stride = window
        pool = QuantAvgPool2d(kernel, act_bits=SUM_BITS, stride=stride)
        if node.op == "call_module":
            self._put(str(node.target), pool)
            return
        call = self._replace(node, "pool", pool, (source,))
        if drops_axes(node, what):
            with self.traced.graph.inserting_after(call):
                flat = self.traced.graph.call_function(torch.flatten, (call, 1))
            self.signs[flat] = self.signs[call]
            call.replace_all_uses_with(flat, delete_user_cb=lambda user: user is not flat)

    def _maximum(self, node: fx.Node) -> None:
        """A pool as a module, whose geometry is known before it runs."""
        options = {key: value for key, value in node.kwargs.items() if key != "return_indices"}
        pool = nn.MaxPool2d(*node.args[1:], **options)  # type: ignore[arg-type]
        self._replace(node, "pool", pool, (node.all_input_nodes[0],))

    def _flatten(self, node: fx.Node) -> None:
        source = node.all_input_nodes[0]
        with self.traced.graph.inserting_after(node):
            flat = self.traced.graph.call_function(torch.flatten, (source, 1))
        self.signs[flat] = self.signs[node]
        node.replace_all_uses_with(flat)
        self.traced.graph.erase_node(node)

    def _replace(
        self, node: fx.Node, name: str, part: nn.Module, operands: tuple[fx.Node, ...]
    ) -> fx.Node:
        """Put `part` into the submodule whose forward made `node`, and call it instead."""
        scope = scope_of(node)
        name = self._free_name(f"{scope}.{name}" if scope else name)
        self._put(name, part.train(self.traced.training))
        call = self._call_after(node, name, operands)
        node.replace_all_uses_with(call)
        self.traced.graph.erase_node(node)
        return call

    def _call_after(self, node: fx.Node, name: str, operands: tuple[fx.Node, ...]) -> fx.Node:
        """A call of the submodule `name` whose value is of the sign and shape of `node`'s."""
        with self.traced.graph.inserting_after(node):
            call = self.traced.graph.call_module(name, operands)
        call.meta = dict(node.meta)
        self.signs[call] = self.signs[node]
        return call

    def _put(self, name: str, part: nn.Module) -> None:
        self.traced.add_submodule(name, part)

    def _free_name(self, name: str) -> str:
        taken = {taken for taken, _ in self.traced.named_modules(remove_duplicate=False)}
        count, free = 0, name
        while free in taken:
            count += 1
            free = f"{name}_{count}"
        return free
