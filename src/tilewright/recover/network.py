"""A trained torch module and a batch in, integers out: the border between the two halves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tilewright.errors import RecoveryError
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.recover.capture import Capture, capture_forward, eval_mode, quantized_layers
from tilewright.recover.links import Link, find_links
from tilewright.recover.thresholds import find_thresholds
from tilewright.spec import ConvShape, IntegerLayer, IntegerNetwork, Requantization, Stimulus

QuantLayer = QuantConv2d | QuantLinear


def recover(
    module: nn.Module, batch: Tensor, samples: npt.NDArray[np.int64]
) -> tuple[IntegerNetwork, Stimulus]:
    """State `module` in integers, and what `batch` becomes in it.

    module: any `nn.Module` whose convolutions and linear layers are `QuantConv2d` and `QuantLinear`.
    batch: its input, ``n ...``. samples: index of each batch entry in its data split, kept as a label.

    Returns every quantized layer by name, in execution order, and the input codes and psums of each.
    Raises `RecoveryError` where a number that must be an integer is not one.
    """
    captures = capture_forward(module, batch)
    layers = quantized_layers(module)
    links = find_links(module)
    recovered = []
    with eval_mode(module), torch.no_grad():
        for name, capture in captures.items():
            recovered.append(_recover_layer(name, layers, capture, links[name]))
    stimulus = Stimulus(
        samples,
        {name: capture.codes for name, capture in captures.items()},
        {name: capture.psums for name, capture in captures.items()},
    )
    return IntegerNetwork(tuple(recovered)), stimulus


def _recover_layer(
    name: str, layers: dict[str, QuantLayer], capture: Capture, link: Link | str
) -> IntegerLayer:
    layer = layers[name]
    integer_layer = IntegerLayer(
        name=name,
        shape=_shape(name, layer, capture),
        weight=capture.weight,
        weight_format=layer.weight_quantizer.number_format,
        act_format=layer.act_quantizer.number_format,
        weight_scale=layer.weight_quantizer.scale.detach().double().flatten().numpy(),
        act_scale=float(layer.act_quantizer.scale),
        unlinked=link if isinstance(link, str) else "",
    )
    if isinstance(link, str):
        return integer_layer
    return _with_requantization(integer_layer, layer, layers[link.consumer], link)


def _with_requantization(
    integer_layer: IntegerLayer, layer: QuantLayer, consumer: QuantLayer, link: Link
) -> IntegerLayer:
    is_plane = isinstance(layer, QuantConv2d)

    def codes_of(psums: Tensor) -> Tensor:
        values = psums.T[None, :, :, None].contiguous() if is_plane else psums  # 1 oc n 1, or n oc
        values = layer.dequantize(values)
        for step in link.steps:
            values = step(values)
        codes: Tensor = consumer.act_quantizer(values)
        return codes[0, :, :, 0].T.contiguous() if is_plane else codes  # n oc

    thresholds, direction = find_thresholds(
        codes_of,
        oc=integer_layer.shape.oc,
        levels=consumer.act_quantizer.number_format.max_code,
        bound=integer_layer.psum_bound(),
        layer=integer_layer.name,
    )
    requantization = Requantization(
        thresholds, direction, link.consumer, link.pools, link.is_flattened
    )
    return replace(integer_layer, requantization=requantization)


def _shape(name: str, layer: QuantLayer, capture: Capture) -> ConvShape:
    _, ic, ih, iw = capture.codes.shape
    oc, _, kh, kw = capture.weight.shape
    if isinstance(layer, QuantLinear):
        if capture.codes.shape[1:] != (capture.weight.shape[1], 1, 1):
            raise RecoveryError(
                f"layer {name}: a linear layer must read (n, ic) = (n, {capture.weight.shape[1]}), "
                f"not {capture.codes.shape}: flatten its input"
            )
        return ConvShape(ic, 1, 1, oc, 1, 1)
    return ConvShape(ic, ih, iw, oc, kh, kw, layer.stride, layer.padding)
