"""A trained torch module and a batch in, integers out: the border between the two halves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tilewright.errors import RecoveryError
from tilewright.quant import QuantAdd, QuantAvgPool2d, QuantConv2d, QuantLinear
from tilewright.recover.capture import (
    Capture,
    QuantNode,
    capture_forward,
    eval_mode,
    quantized_nodes,
)
from tilewright.recover.links import Link, find_wiring
from tilewright.recover.thresholds import find_thresholds
from tilewright.spec import (
    ConvShape,
    IntegerLayer,
    IntegerNetwork,
    Node,
    Requantization,
    ResidualAdd,
    Stimulus,
    SumPool,
    port_name,
)


def recover(
    module: nn.Module, batch: Tensor, samples: npt.NDArray[np.int64]
) -> tuple[IntegerNetwork, Stimulus]:
    """State `module` in integers, and what `batch` becomes in it.

    module: any `nn.Module` whose convolutions and linear layers are `QuantConv2d` and `QuantLinear`,
    whose additions are `QuantAdd` and whose average pools are `QuantAvgPool2d`. batch: its input,
    ``n ...``. samples: index of each batch entry in its data split, kept as a label.

    Returns every quantized node by name, in execution order, and the input codes and sums of each.
    Raises `RecoveryError` where a number that must be an integer is not one.
    """
    captures = capture_forward(module, batch)
    parts = quantized_nodes(module)
    wiring = find_wiring(module)
    nodes: list[Node] = []
    with eval_mode(module), torch.no_grad():
        for name, capture in captures.items():
            node = replace(
                _recover_node(name, parts[name], capture), unlinked=wiring.reasons.get(name, "")
            )
            links = tuple(
                _requantization(node, parts[name], parts[link.consumer], link, capture)
                for link in wiring.links.get(name, ())
            )
            nodes.append(replace(node, requantizations=links))
    stimulus = Stimulus(
        samples,
        {
            port_name(name, operand): codes
            for name, capture in captures.items()
            for operand, codes in enumerate(capture.operands)
        },
        {name: capture.psums for name, capture in captures.items()},
    )
    return IntegerNetwork(tuple(nodes), wiring.inputs), stimulus


def _recover_node(name: str, part: QuantNode, capture: Capture) -> Node:
    act_format, scale = part.act_quantizer.number_format, float(part.act_quantizer.scale)
    _, *sizes = capture.operands[0].shape
    plane = (sizes[0], sizes[1], sizes[2])
    if isinstance(part, QuantAdd):
        return ResidualAdd(name, plane, act_format, scale)
    if isinstance(part, QuantAvgPool2d):
        return SumPool(name, plane, part.kernel_size, part.stride, act_format, scale)
    if capture.weight is None:
        raise RecoveryError(f"layer {name}: its integer operation must read codes and a weight")
    weight = capture.weight
    if isinstance(part, QuantConv2d):
        weight = _without_groups(weight, plane[0])
    return IntegerLayer(
        name=name,
        shape=_shape(name, part, plane, weight.shape),
        weight=weight,
        weight_format=part.weight_quantizer.number_format,
        act_format=act_format,
        weight_scale=part.weight_quantizer.scale.detach().double().flatten().numpy(),
        act_scale=scale,
    )


def _requantization(
    node: Node, part: QuantNode, consumer: QuantNode, link: Link, capture: Capture
) -> Requantization:
    is_plane = capture.is_plane
    codes_format = consumer.act_quantizer.number_format

    def codes_of(psums: Tensor) -> Tensor:
        values = psums.T[None, :, :, None].contiguous() if is_plane else psums  # 1 oc n 1, or n oc
        values = part.dequantize(values)
        for step in link.steps:
            values = step(values)
        codes: Tensor = consumer.act_quantizer(values)
        codes = codes[0, :, :, 0].T.contiguous() if is_plane else codes  # n oc
        return codes - codes_format.min_code

    thresholds, direction = find_thresholds(
        codes_of,
        oc=node.output_shape[0],
        levels=codes_format.max_code - codes_format.min_code,
        bound=_bound(node, capture),
        dtype=capture.dtype,
        layer=node.name,
    )
    return Requantization(
        thresholds,
        direction,
        link.consumer,
        link.pools,
        link.is_flattened,
        codes_format.min_code,
        link.operand,
    )


def _bound(node: Node, capture: Capture) -> int:
    """Largest |sum| that the node's formats reach."""
    if isinstance(node, IntegerLayer) and capture.weight is not None:
        widest = max(-node.weight_format.min_code, node.weight_format.max_code)
        return int(np.prod(capture.weight.shape[1:])) * node.act_format.max_code * widest
    low, high = node.sum_range()
    return max(-low, high)


def _without_groups(weight: npt.NDArray[np.int8], ic: int) -> npt.NDArray[np.int8]:
    """The dense weight ``oc ic kh kw`` of a grouped one, ``oc ic/groups kh kw``: 0 between groups."""
    oc, width, kh, kw = weight.shape
    groups = ic // width
    dense = np.zeros((groups, oc // groups, groups, width, kh, kw), np.int8)
    each = np.arange(groups)
    dense[each, :, each] = weight.reshape(groups, oc // groups, width, kh, kw)
    return dense.reshape(oc, ic, kh, kw)


def _shape(
    name: str,
    layer: QuantConv2d | QuantLinear,
    plane: tuple[int, int, int],
    weight: tuple[int, ...],
) -> ConvShape:
    oc, ic, kh, kw = weight
    if isinstance(layer, QuantLinear):
        if plane != (ic, 1, 1):
            raise RecoveryError(
                f"layer {name}: a linear layer must read (n, ic) = (n, {ic}), "
                f"not (n, {', '.join(map(str, plane))}): flatten its input"
            )
        return ConvShape(ic, 1, 1, oc, 1, 1)
    return ConvShape(*plane, oc, kh, kw, layer.stride, layer.padding)
