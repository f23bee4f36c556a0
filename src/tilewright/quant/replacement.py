"""Layers, additions and pools of a traced module, replaced one by one by their integer forms."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from tilewright.errors import QuantizationError
from tilewright.quant.average_windows import (
    drops_axes,
    find_maximum,
    find_window,
    is_adaptive_maximum,
    is_average,
)
from tilewright.quant.bias import ChannelBias
from tilewright.quant.code_replacement import (
    replace_on_codes,
    spread,
    spread_for,
    turned_weight,
)
from tilewright.quant.input_check import InputCheck
from tilewright.quant.layers import QuantConv2d, QuantLinear
from tilewright.quant.module_signs import Sign, inputs_behind, reads_input, what_runs
from tilewright.quant.padded_pools import pad_average, round_up
from tilewright.quant.quantizers import INPUT_BITS
from tilewright.quant.refusals import CHANNEL_NORMS, is_skipped, scope_of
from tilewright.quant.sums import QuantAdd, QuantAvgPool2d

SUM_BITS = 8
"""Width of the codes that additions and average pools sum."""

ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_")
DIFFERENCES = (
    *(operator.sub, operator.isub, torch.sub, torch.subtract),
    *("sub", "sub_", "subtract", "subtract_"),
)


RESHAPES = ("view", "reshape", torch.reshape)


def flattens(node: fx.Node) -> bool:
    """Whether a reshape makes one axis of all but the samples: to ``(n, -1)`` or ``(n, size)``, n read from
    a value, or to ``(-1, size)`` where an example has shown that the size is that of an image.
    """
    sizes = _sizes(node)
    if len(sizes) != 2:
        return False
    count, size = sizes
    if isinstance(count, fx.Node) and isinstance(size, fx.Node):  # as an example has shown
        before, after = (one.meta.get("tensor_meta") for one in (node.all_input_nodes[0], node))
        if before is None or after is None:
            return False
        return bool(after == (before[0], math.prod(before[1:])))
    if isinstance(count, fx.Node):
        is_count = count.target in ("size", operator.getitem) and count.args[-1:] == (0,)
        return is_count and isinstance(size, int)
    meta = node.all_input_nodes[0].meta.get("tensor_meta")
    return count == -1 and meta is not None and math.prod(meta[1:]) == size


def _sizes(node: fx.Node) -> tuple[Any, ...]:
    sizes = node.args[1:] or tuple(node.kwargs.values())
    if len(sizes) == 1 and isinstance(sizes[0], list | tuple):
        return tuple(sizes[0])
    return tuple(sizes)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Edits `traced` in place. `signs` says which values may be negative; `options` are those of a
    layer: bits and quantizer. input_scale: of the codes of an input with both signs; None: it is learned.
    """

    traced: fx.GraphModule
    signs: dict[fx.Node, Sign]
    skip: tuple[str, ...]
    options: dict[str, Any]
    input_scale: float | None = None
    checked: set[fx.Node] = field(default_factory=set)

    def run(self) -> None:
        """Replace everything; raises `QuantizationError` where that is not possible."""
        nodes = [(node, what_runs(self.traced, node)) for node in self.traced.graph.nodes]
        for node, what in nodes:
            if node.op == "call_module" and is_skipped(str(node.target), self.skip):
                continue
            self._one(node, what)
        for node in sorted(self.checked):
            self._check_input(node)
        self.traced.graph.eliminate_dead_code()  # sizes that were read for a reshape
        self.traced.graph.lint()
        self.traced.recompile()

    def _one(self, node: fx.Node, what: Any) -> None:
        if isinstance(what, nn.Conv2d | nn.Linear | nn.ConvTranspose2d):
            self._layer(node, what)
        elif is_average(what):
            self.average(node, what)
        elif is_adaptive_maximum(what):
            self._adaptive_maximum(node, what)
        else:
            self._other(node, what)

    def _other(self, node: fx.Node, what: Any) -> None:
        if isinstance(what, nn.MaxPool2d) and what.ceil_mode:
            round_up(self, node, what)
        elif what is functional.max_pool2d and not node.kwargs.get("return_indices"):
            self._maximum(node)
        elif not isinstance(what, nn.Module) and what in RESHAPES:
            self._reshape(node)
        elif replace_on_codes(self, node, what):
            return
        elif not isinstance(what, nn.Module) and what in (*ADDITIONS, *DIFFERENCES):
            self._addition(node, is_difference=what in DIFFERENCES)

    def _layer(self, node: fx.Node, part: nn.Conv2d | nn.Linear | nn.ConvTranspose2d) -> None:
        name, source = str(node.target), node.all_input_nodes[0]
        self.checked.update(inputs_behind(source, self.signs))
        options, weight = self.options | self._input_of(source), part.weight
        if isinstance(part, nn.ConvTranspose2d):
            layer, weight = self._transposed(node, part, options), nn.Parameter(turned_weight(part))
        elif isinstance(part, nn.Conv2d):
            layer = self._convolution(part, options)
        else:
            layer = QuantLinear(part.in_features, part.out_features, **options)
        layer.weight = weight
        layer.to(part.weight.device).train(part.training)
        self.put(name, layer)
        if part.bias is not None:
            self._move_bias(node, part.bias)

    def _input_of(self, source: fx.Node) -> dict[str, Any]:
        """Options of a layer that reads `source`. The module's own input has wider codes, if it has signs."""
        if self.signs[source] != Sign.UNKNOWN:
            return {"is_pixel_input": self.signs[source] == Sign.PIXELS}
        options: dict[str, Any] = {"is_signed_input": True}
        if reads_input(source, self.traced):
            options |= {"act_bits": INPUT_BITS, "input_scale": self.input_scale}
        return options

    def _convolution(self, part: nn.Conv2d, options: dict[str, Any]) -> nn.Module:
        height, width = part.kernel_size
        before = after = (0, 0)
        if part.padding == "same":  # of an odd number of zeros, one more stands behind
            down, across = part.dilation
            zeros = down * (height - 1), across * (width - 1)
            before = zeros[0] // 2, zeros[1] // 2
            after = zeros[0] - before[0], zeros[1] - before[1]
        elif not isinstance(part.padding, str):
            before = after = (part.padding[0], part.padding[1])
        return QuantConv2d(
            part.in_channels,
            part.out_channels,
            (height, width),
            stride=(part.stride[0], part.stride[1]),
            padding=before,
            padding_after=after if after != before else None,
            groups=part.groups,
            dilation=(part.dilation[0], part.dilation[1]),
            **options,
        )

    def _transposed(
        self, node: fx.Node, part: nn.ConvTranspose2d, options: dict[str, Any]
    ) -> nn.Module:
        """The convolution of what a move before it has spread."""
        spread(self, node, spread_for(part), "spread")
        options |= {"is_pixel_input": False, "input_scale": None}  # the spread reads the input
        return QuantConv2d(
            part.in_channels,
            part.out_channels,
            (part.kernel_size[0], part.kernel_size[1]),
            dilation=(part.dilation[0], part.dilation[1]),
            groups=part.groups,
            **options,
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
        name = self.free_name(f"{node.target}_bias")
        self.put(name, added)
        call = self._call_after(node, name, (node,))
        node.replace_all_uses_with(call, delete_user_cb=lambda user: user is not call)

    def _addition(self, node: fx.Node, *, is_difference: bool) -> None:
        operands = [value for value in node.args if isinstance(value, fx.Node)]
        if len(operands) != 2 or "get_attr" in (operand.op for operand in operands):
            return  # a constant or a parameter is added to one branch
        if node.kwargs:
            raise QuantizationError(
                f"the forward of {scope_of(node) or 'the module'} adds with {dict(node.kwargs)}: "
                "only plain sums and differences have a form on integers"
            )
        part = QuantAdd(SUM_BITS, is_difference=is_difference)
        self._replace(node, "add", part, tuple(operands))

    def average(self, node: fx.Node, what: Any) -> None:
        """Put the integer form of an average pool in its place."""
        source = node.all_input_nodes[0]
        if pad_average(self, node, what):
            return
        window = find_window(node, what)
        place = str(node.target) if node.op == "call_module" else node.name
        if isinstance(window, str):
            way_out = ", or name it in skip" if node.op == "call_module" else ""
            raise QuantizationError(f"average pool {place} cannot be quantized: {window}{way_out}")
        if window is None:
            return  # a mean over other axes
        self.checked.update(inputs_behind(source, self.signs))
        kernel, stride = window
        pool = QuantAvgPool2d(
            kernel,
            act_bits=SUM_BITS,
            stride=stride,
            is_signed_input=self.signs[source] == Sign.UNKNOWN,
        )
        if node.op == "call_module" and what is self.traced.get_submodule(str(node.target)):
            self.put(str(node.target), pool)
            return
        name = str(node.target) if node.op == "call_module" else ""  # another use of a shared pool
        self._pool(node, what, pool, name=name)

    def _adaptive_maximum(self, node: fx.Node, what: Any) -> None:
        """A max-pool of the window that the example has shown; without one it stays."""
        window = find_maximum(node, what)
        if window is not None:
            self._pool(node, what, nn.MaxPool2d(*window))

    def _pool(self, node: fx.Node, what: Any, pool: nn.Module, *, name: str = "") -> None:
        """Put a pool in the place of a function or of one use of a module, with the axes that it left."""
        call = self._replace(node, "pool", pool, (node.all_input_nodes[0],), name=name)
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

    def _reshape(self, node: fx.Node) -> None:
        """As a flatten where it is one; a view of the planes, which lie channels last, is a copy."""
        sizes = _sizes(node)
        if not flattens(node):
            if node.target == "view" and all(isinstance(size, int | fx.Node) for size in sizes):
                node.target = "reshape"
            return
        source = node.all_input_nodes[0]
        with self.traced.graph.inserting_after(node):
            flat = self.traced.graph.call_function(torch.flatten, (source, 1))
        self.signs[flat] = self.signs[node]
        node.replace_all_uses_with(flat)
        self.traced.graph.erase_node(node)

    def _check_input(self, node: fx.Node) -> None:
        """Check the first batch of an input of the module."""
        name = self.free_name(f"{node.name}_check")
        self.put(name, InputCheck())
        call = self._call_after(node, name, (node,))
        node.replace_all_uses_with(call, delete_user_cb=lambda user: user is not call)

    def _replace(
        self,
        node: fx.Node,
        noun: str,
        part: nn.Module,
        operands: tuple[fx.Node, ...],
        *,
        name: str = "",
    ) -> fx.Node:
        """Put `part` into the submodule whose forward made `node`, and call it instead; as `name`, or with
        a number behind it.
        """
        scope = scope_of(node)
        name = self.free_name(name or (f"{scope}.{noun}" if scope else noun))
        self.put(name, part.train(self.traced.training))
        call = self._call_after(node, name, operands)
        node.replace_all_uses_with(call)
        self.traced.graph.erase_node(node)
        return call

    def put_for(
        self, node: fx.Node, noun: str, part: nn.Module, operands: tuple[fx.Node, ...]
    ) -> None:
        """Put `part` where `node` is; under the name of the submodule that `node` calls, if it calls one."""
        if node.op == "call_module":
            uses = self.traced.graph.find_nodes(op="call_module", target=node.target)
            if len(list(uses)) == 1:
                self.put(str(node.target), part.train(self.traced.training))
                return
        name = str(node.target) if node.op == "call_module" else ""
        self._replace(node, noun, part, operands, name=name)

    def _call_after(self, node: fx.Node, name: str, operands: tuple[fx.Node, ...]) -> fx.Node:
        """A call of the submodule `name` whose value is of the sign and shape of `node`'s."""
        with self.traced.graph.inserting_after(node):
            call = self.traced.graph.call_module(name, operands)
        call.meta = dict(node.meta)
        self.signs[call] = self.signs[node]
        return call

    def put(self, name: str, part: nn.Module) -> None:
        """Make `part` the submodule `name`."""
        self.traced.add_submodule(name, part)

    def free_name(self, name: str) -> str:
        """`name`, or it with the first number that no submodule has."""
        taken = {taken for taken, _ in self.traced.named_modules(remove_duplicate=False)}
        count, free = 0, name
        while free in taken:
            count += 1
            free = f"{name}_{count}"
        return free
