"""Operations of a traced module that become nodes on codes, or steps of a link, beside its layers."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from tilewright.quant.attention import integer_form
from tilewright.quant.code_nodes import (
    BoundMove,
    MonotoneStep,
    QuantMove,
    QuantProduct,
    QuantTable,
    ScalarStep,
    Slot,
    ZeroInsertion,
)
from tilewright.quant.edit import Edit
from tilewright.quant.module_signs import Sign, inputs_behind, no_pixels, reads_input

RISING: tuple[type[nn.Module], ...] = (
    *(nn.Sigmoid, nn.Hardsigmoid, nn.Tanh, nn.Softplus, nn.ELU, nn.CELU, nn.SELU, nn.LogSigmoid),
    *(nn.Softsign, nn.Hardtanh, nn.ReLU6, nn.LeakyReLU, nn.Hardshrink, nn.Softshrink),
)
FALLING_TOO: tuple[type[nn.Module], ...] = (nn.SiLU, nn.Hardswish, nn.GELU, nn.Mish)
AS_MODULES: dict[Any, type[nn.Module]] = {
    **dict.fromkeys((torch.sigmoid, functional.sigmoid, "sigmoid"), nn.Sigmoid),
    **dict.fromkeys((torch.tanh, functional.tanh, "tanh"), nn.Tanh),
    functional.hardsigmoid: nn.Hardsigmoid,
    functional.softplus: nn.Softplus,
    functional.elu: nn.ELU,
    functional.celu: nn.CELU,
    functional.selu: nn.SELU,
    functional.leaky_relu: nn.LeakyReLU,
    functional.silu: nn.SiLU,
    functional.hardswish: nn.Hardswish,
    functional.gelu: nn.GELU,
    functional.mish: nn.Mish,
}
MOVING: tuple[type[nn.Module], ...] = (
    *(nn.ChannelShuffle, nn.PixelShuffle, nn.PixelUnshuffle, nn.ZeroPad2d, nn.ReflectionPad2d),
    *(nn.ReplicationPad2d, nn.CircularPad2d, nn.UpsamplingNearest2d),
)
CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)
RESIZES = (functional.interpolate, functional.upsample)
CUTS = (torch.chunk, torch.split, torch.tensor_split, "chunk", "split", "tensor_split")
MOVES = (
    *(functional.pixel_shuffle, functional.pixel_unshuffle, functional.channel_shuffle),
    *(torch.channel_shuffle, torch.flip, torch.roll, "flip", "roll"),
)
PRODUCTS = (operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_")
SCALARS: dict[Any, Callable[[float], tuple[float, float]]] = {
    **dict.fromkeys(PRODUCTS, lambda c: (c, 0.0)),
    **dict.fromkeys((operator.truediv, torch.div, "div"), lambda c: (1 / c, 0.0)),
    **dict.fromkeys((operator.add, operator.iadd, torch.add, "add", "add_"), lambda c: (1.0, c)),
    **dict.fromkeys((operator.sub, torch.sub, "sub"), lambda c: (1.0, -c)),
}
"""Factor and offset of an operation of a value and a number, in this order."""


def replace_on_codes(edit: Edit, node: fx.Node, what: Any) -> bool:
    """Replace `node` if it is such an operation; whether it was."""
    return (
        _attention(edit, node, what)
        or _activation(edit, node, what)
        or _movement(edit, node, what)
        or _product(edit, node, what)
        or _scalar(edit, node, what)
    )


def _attention(edit: Edit, node: fx.Node, what: Any) -> bool:
    part = integer_form(what)
    if part is None:
        return False
    sources = tuple(node.all_input_nodes)
    for source in sources:
        edit.checked.update(inputs_behind(source, edit.signs))
    edit.put_for(node, "attention", part, sources)
    return True


def _activation(edit: Edit, node: fx.Node, what: Any) -> bool:
    function = copy.deepcopy(what) if isinstance(what, (*RISING, *FALLING_TOO)) else None
    if function is None and _hashable(what) in AS_MODULES:
        options = {key: value for key, value in node.kwargs.items() if key != "inplace"}
        if any(isinstance(value, fx.Node) for value in (*node.args[1:], *options.values())):
            return False
        function = AS_MODULES[what](*node.args[1:], **options)
    source = node.all_input_nodes[:1]
    if isinstance(function, FALLING_TOO):
        edit.checked.update(inputs_behind(source[0], edit.signs))
        edit.put_for(node, "table", QuantTable(_not_in_place(function)), tuple(source))
        return True
    if isinstance(function, RISING) and not isinstance(function, nn.ReLU6 | nn.Hardtanh):
        edit.put_for(node, "step", MonotoneStep(_not_in_place(function)), tuple(source))
        return True
    return False


def _not_in_place(function: nn.Module) -> nn.Module:
    if hasattr(function, "inplace"):
        setattr(function, "inplace", False)  # noqa: B010 -- which modules have it, torch does not say
    return function


def _movement(edit: Edit, node: fx.Node, what: Any) -> bool:
    found = _find_move(node, what)
    if found is None:
        return False
    move, operands = found
    if not operands or any(edit.signs.get(source) is None for source in operands):
        return False
    part = make_move(edit, move, operands)
    no_pixels(edit.signs, node)
    edit.put_for(node, "move", part, operands)
    return True


def make_move(edit: Edit, move: Callable[..., Tensor], operands: tuple[fx.Node, ...]) -> QuantMove:
    """The module of a move, signed where an operand may be negative; of the input, as it was stated."""
    for source in operands:
        edit.checked.update(inputs_behind(source, edit.signs))
    signs = [edit.signs[source] for source in operands]
    is_input = all(reads_input(source, edit.traced) for source in operands)
    return QuantMove(
        move,
        len(operands),
        is_signed=Sign.UNKNOWN in signs,
        is_pixel_input=is_input and set(signs) == {Sign.PIXELS},
        input_scale=edit.input_scale if is_input else None,
    )


Move = tuple[Callable[..., Tensor], tuple[fx.Node, ...]]


def _find_move(node: fx.Node, what: Any) -> Move | None:
    """The function and its operands, if `node` only moves numbers or puts zeros."""
    if isinstance(what, nn.Module):
        return (copy.deepcopy(what), tuple(node.all_input_nodes)) if _moves(what) else None
    if _hashable(what) in CONCATENATIONS:
        operands = node.args[0] if node.args else node.kwargs["tensors"]
        if not isinstance(operands, list | tuple):
            return None
        slots = [Slot() for _ in operands]
        options = {key: value for key, value in node.kwargs.items() if key != "tensors"}
        return _bound(torch.cat, (slots, *node.args[1:]), options, tuple(operands))
    if what is operator.getitem:
        return _find_cut(node)
    is_resize = what in RESIZES and _argument(node, 3, "mode", "nearest") == "nearest"
    is_pad = what is functional.pad and (
        _argument(node, 2, "mode", "constant") != "constant"
        or _argument(node, 3, "value", None) in (None, 0)
    )
    if is_resize or is_pad or _hashable(what) in MOVES:
        return _bound(what, (Slot(), *node.args[1:]), dict(node.kwargs), node.args[:1])
    return None


def _find_cut(node: fx.Node) -> Move | None:
    """A slice of a value, or a part of one that was cut."""
    source, place = node.args
    if not isinstance(source, fx.Node):
        return None
    if _hashable(source.target) in CUTS and isinstance(place, int):
        args = (Slot(), *source.args[1:])
        return _bound(source.target, args, dict(source.kwargs), source.args[:1], pick=place)
    is_slices = isinstance(place, tuple) and all(isinstance(one, slice) for one in place)
    return _bound(operator.getitem, (Slot(), place), {}, (source,)) if is_slices else None


def _bound(
    call: Any, args: tuple[Any, ...], kwargs: dict[str, Any], operands: Any, pick: Any = None
) -> Move | None:
    """None if the forward computes any of the other arguments."""
    constants = fx.node.map_aggregate((args, kwargs), lambda one: one)
    found: list[fx.Node] = []
    fx.node.map_arg(constants, found.append)
    if found or not all(isinstance(one, fx.Node) for one in operands):
        return None
    return BoundMove(call, args, kwargs, pick), tuple(operands)


def _moves(what: nn.Module) -> bool:
    if isinstance(what, nn.Upsample):
        return what.mode == "nearest"
    if isinstance(what, nn.ConstantPad2d):
        return what.value == 0
    return isinstance(what, MOVING)


def _product(edit: Edit, node: fx.Node, what: Any) -> bool:
    values = [value for value in node.args if isinstance(value, fx.Node)]
    is_product = _hashable(what) in PRODUCTS and len(values) == 2 and not node.kwargs
    if not is_product or any(_is_no_value(edit, value) for value in values):
        return False
    for value in values:
        edit.checked.update(inputs_behind(value, edit.signs))
    is_signed = any(edit.signs[value] == Sign.UNKNOWN for value in values)
    edit.put_for(node, "mul", QuantProduct(is_signed=is_signed), tuple(values))
    return True


def _is_no_value(edit: Edit, node: fx.Node) -> bool:
    """A parameter, a size, or what is computed from sizes."""
    if node.op in ("get_attr", "placeholder"):
        return node.op == "get_attr"
    what = node.target
    if what in ("size", "dim") or what is getattr:
        return True
    return bool(node.all_input_nodes) and all(
        _is_no_value(edit, source) for source in node.all_input_nodes
    )


def _scalar(edit: Edit, node: fx.Node, what: Any) -> bool:
    if _hashable(what) not in SCALARS or node.kwargs or len(node.args) != 2:
        return False
    value, number = node.args
    is_reversed = isinstance(number, fx.Node)
    if is_reversed:
        value, number = number, value
    if not isinstance(number, int | float) or not isinstance(value, fx.Node):
        return False
    if _is_no_value(edit, value):
        return False
    kind = _hashable(what)
    if is_reversed and kind in (operator.truediv, torch.div, "div"):
        return False
    factor, offset = SCALARS[kind](float(number))
    if is_reversed and kind in (operator.sub, torch.sub, "sub"):
        factor, offset = -1.0, float(number)
    edit.put_for(node, "step", ScalarStep(factor, offset), (value,))
    return True


def spread(edit: Edit, node: fx.Node, move: Any, noun: str) -> None:
    """Let `node` read what a move makes of its input."""
    source = node.all_input_nodes[0]
    name = edit.free_name(f"{node.target if node.op == 'call_module' else node.name}_{noun}")
    edit.put(name, make_move(edit, move, (source,)))
    with edit.traced.graph.inserting_before(node):
        call = edit.traced.graph.call_module(name, (source,))
    edit.signs[call] = min(edit.signs[source], Sign.POSITIVE)
    node.replace_input_with(source, call)
    no_pixels(edit.signs, node)


def spread_for(part: nn.ConvTranspose2d) -> ZeroInsertion:
    """What makes a transposed convolution one of stride 1, without padding, by the turned kernel."""
    edges = []
    for axis in (1, 0):  # across, down: as functional.pad has them
        reach = part.dilation[axis] * (part.kernel_size[axis] - 1) - int(part.padding[axis])
        edges += [reach, reach + part.output_padding[axis]]
    return ZeroInsertion((part.stride[0], part.stride[1]), (edges[0], edges[1], edges[2], edges[3]))


def turned_weight(part: nn.ConvTranspose2d) -> Tensor:
    """``ic oc/groups kh kw`` to ``oc ic/groups kh kw``, turned by half a circle."""
    groups = part.groups
    ic, oc, height, width = part.weight.shape
    split = part.weight.detach().reshape(groups, ic // groups, oc, height, width)
    return split.transpose(1, 2).reshape(groups * oc, ic // groups, height, width).flip(2, 3)


def _argument(node: fx.Node, position: int, name: str, default: Any) -> Any:
    return node.args[position] if len(node.args) > position else node.kwargs.get(name, default)


def _hashable(what: Any) -> Any:
    return what if isinstance(what, str) or callable(what) else None
