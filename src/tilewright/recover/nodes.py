"""The torch side of an op: which node a module becomes. The rest of an op is in `tilewright.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import RecoveryError
from tilewright.quant import QuantAdd, QuantAvgPool2d, QuantConv2d, QuantLinear
from tilewright.quant.node_modules import NODE_MODULES, QuantNode
from tilewright.recover.capture import Capture
from tilewright.recover.recovered import Recovered
from tilewright.registry import Registry
from tilewright.spec import ConvShape, IntegerLayer, ResidualAdd, SumPool

Recovery = Callable[[str, Any, Capture], Recovered]
"""Name of the node, its module, and what its forward computed."""

RECOVERIES: Registry[Recovery] = Registry(
    "recovered node",
    ours={
        **{
            name: f"tilewright.recover.code_nodes:recover_{name}"
            for name in ("move", "product", "table")
        },
        **{
            name: f"tilewright.recover.attention_nodes:recover_{name}"
            for name in ("matmul", "softmax", "norm")
        },
    },
)
"""How a module becomes a node, by the name that its class has in `NODE_MODULES`."""


def recover_node(name: str, part: QuantNode, capture: Capture) -> Recovered:
    """The node that `part` becomes."""
    kind = next(kind for kind in NODE_MODULES.names() if isinstance(part, NODE_MODULES.get(kind)))
    return RECOVERIES.get(kind)(name, part, capture)


def _convolution(name: str, part: QuantConv2d, capture: Capture) -> Recovered:
    weight = _weight(name, capture)
    oc, _, kh, kw = weight.shape
    size, after = (*capture.plane, oc, kh, kw), part.integer.padding_after
    shape = ConvShape(*size, part.stride, part.padding, part.groups, after)
    layer = _layer(name, part, weight, shape)
    return Recovered(layer, layer.sum_bound())


def _linear(name: str, part: QuantLinear, capture: Capture) -> Recovered:
    weight = _weight(name, capture)
    oc, ic, _, _ = weight.shape
    if capture.plane != (ic, 1, 1):
        raise RecoveryError(
            f"layer {name}: a linear layer must read (n, ic) = (n, {ic}), "
            f"not (n, {', '.join(map(str, capture.plane))}): flatten its input"
        )
    layer = _layer(name, part, weight, ConvShape(ic, 1, 1, oc, 1, 1))
    return Recovered(layer, layer.sum_bound())


def _addition(name: str, part: QuantAdd, capture: Capture) -> Recovered:
    grid = part.act_quantizer
    gains = (1, -1 if part.integer.is_difference else 1)
    node = ResidualAdd(name, capture.plane, grid.number_format, float(grid.scale), gains=gains)
    return Recovered(node, node.sum_bound())


def _average_pool(name: str, part: QuantAvgPool2d, capture: Capture) -> Recovered:
    grid = part.act_quantizer
    window = part.kernel_size, part.stride
    node = SumPool(name, capture.plane, *window, grid.number_format, float(grid.scale))
    return Recovered(node, node.sum_bound())


def _weight(name: str, capture: Capture) -> npt.NDArray[np.int8]:
    if capture.weight is None:
        raise RecoveryError(f"layer {name}: its integer operation must read codes and a weight")
    return capture.weight


def _layer(
    name: str, part: QuantConv2d | QuantLinear, weight: npt.NDArray[np.int8], shape: ConvShape
) -> IntegerLayer:
    return IntegerLayer(
        name=name,
        shape=shape,
        weight=weight,
        weight_format=part.weight_quantizer.number_format,
        act_format=part.act_quantizer.number_format,
        weight_scale=part.weight_quantizer.scale.detach().double().flatten().numpy(),
        act_scale=float(part.act_quantizer.scale),
    )


RECOVERIES.add("conv2d", _convolution)
RECOVERIES.add("linear", _linear)
RECOVERIES.add("add", _addition)
RECOVERIES.add("avg_pool2d", _average_pool)
