"""Files of the structure of public low-bit networks, with random weights: built here, node by node.

Each is as its public relative is found: older domains, a missing opset line, a tensor listed twice, signed
and bipolar codes, Trunc, MultiThreshold, Softmax at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GENERAL = "qonnx.custom_op.general"
BREVITAS = "onnx.brevitas"


class LowBit:
    """A QONNX graph in the making; methods return the name of the tensor that they add."""

    def __init__(self, sizes: tuple[int, ...], *, domain: str = GENERAL, batch: int = 1) -> None:
        self._rng, self._domain = np.random.default_rng(0), domain
        self._sizes, self.channels = [batch, *sizes], {"x": sizes[0]}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, np.ndarray] = {}

    def constant(self, value: Any) -> str:
        """A float32 constant, or int64 if it holds integers."""
        values = np.asarray(value)
        name = f"c{len(self._constants)}"
        kind = np.int64 if values.dtype.kind == "i" else np.float32
        self._constants[name] = values.astype(kind)
        return name

    def node(self, kind: str, inputs: list[str], channels: int = 0, **attributes: Any) -> str:
        """Any node; channels: of its output, by default those of its first input."""
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        self.channels[name] = channels or self.channels.get(inputs[0], 0)
        return name

    def quant(self, x: str, scale: Any, bits: int, *, signed: bool = False, **rest: Any) -> str:
        """A Quant node, narrow where it is told so."""
        inputs = [
            x,
            *(self.constant(one) for one in (scale, float(rest.pop("zero", 0)), float(bits))),
        ]
        stated = {"signed": int(signed), "narrow": int(rest.pop("narrow", False))}
        rounding = {"rounding_mode": "ROUND", "domain": self._domain}
        return self.node("Quant", inputs, **stated, **rounding)

    def bipolar(self, x: str, scale: float) -> str:
        """A BipolarQuant node."""
        return self.node("BipolarQuant", [x, self.constant(scale)], domain=self._domain)

    def weight(self, sizes: tuple[int, ...], bits: int, *, scale: Any = 0.1) -> str:
        """Random weights behind a quantizer: BipolarQuant at 1 bit, a narrow Quant above."""
        values = self.constant(self._rng.normal(size=sizes) * 0.1 * 2 ** (bits - 1))
        if bits == 1:
            return self.bipolar(values, 0.1)
        return self.quant(values, scale, bits, signed=True, narrow=True)

    def norm(self, x: str) -> str:
        """A BatchNormalization with gammas of both signs."""
        c, rng = self.channels[x], self._rng
        gamma = rng.uniform(0.4, 1.5, c) * rng.choice([-1, 1], c)
        parts = (gamma, rng.normal(size=c) * 0.3, rng.normal(size=c) * 0.3, rng.uniform(0.5, 2, c))
        return self.node("BatchNormalization", [x, *map(self.constant, parts)])

    def conv(
        self, x: str, oc: int, bits: int, *, groups: int = 1, bias: bool = False, **geometry: Any
    ) -> str:
        """A convolution with weights scaled by channel."""
        kernel, pad = geometry.get("kernel", 3), geometry.get("pad", 0)
        scale = self._rng.uniform(0.05, 0.15, (oc, 1, 1, 1))
        weight = self.weight((oc, self.channels[x] // groups, kernel, kernel), bits, scale=scale)
        inputs = [x, weight, *([self.constant(self._rng.normal(size=oc) * 0.2)] if bias else [])]
        edges = {"kernel_shape": [kernel] * 2, "pads": [pad] * 4, "dilations": [1, 1]}
        strides = [geometry.get("stride", 1)] * 2
        return self.node("Conv", inputs, oc, **edges, strides=strides, group=groups)

    def matmul(self, x: str, ic: int, oc: int, bits: int) -> str:
        """A MatMul with the transposed weight that torch's exporter writes."""
        turned = self.node("Transpose", [self.weight((oc, ic), bits)], perm=[1, 0])
        return self.node("MatMul", [x, turned], oc)

    def save(
        self,
        path: Path,
        output: str,
        *,
        domains: tuple[str, ...] = (GENERAL,),
        sizes: tuple[int, ...] = (),
    ) -> Path:
        """Write the file with opset lines of these domains besides the standard one.

        sizes: of the output without the samples, by default its channels.
        """
        ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, self._sizes)]
        sizes = [self._sizes[0], *sizes] if sizes else [self._sizes[0], self.channels[output]]
        ends.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, sizes))
        tensors = [numpy_helper.from_array(value, name) for name, value in self._constants.items()]
        graph = helper.make_graph(self._nodes, "net", ends[:1], ends[1:], tensors)
        opsets = [helper.make_opsetid("", 13), *(helper.make_opsetid(one, 1) for one in domains)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
        return path


def tfc(path: Path, *, weights: int, acts: int, batch: int = 1) -> Path:
    """TFC_xWyA: a flat image, -1..1; three hidden layers; the Quant domain has no opset line."""
    net = LowBit((1, 28, 28), domain=BREVITAS, batch=batch)

    def act(x: str, scale: float) -> str:
        if acts == 1:
            return net.bipolar(x, scale)
        return net.quant(x, scale, acts, signed=True, narrow=True)

    x = net.node("Sub", [net.node("Mul", ["x", net.constant(2.0)]), net.constant(1.0)])
    x = net.node("Reshape", [act(x, 1.0), net.constant(np.array([batch, -1]))])
    sizes = (784, 64, 64, 64)
    for ic, oc in pairwise(sizes):
        x = act(net.norm(net.matmul(x, ic, oc, weights)), 0.7)
    x = net.node("Mul", [net.matmul(x, 64, 10, weights), net.constant(0.3)])
    return net.save(path, x, domains=())


def kws(path: Path, *, batch: int = 1) -> Path:
    """kwsmlp_w3a3: signed input, then a Flatten; Gemm layers with a bias; no opset line either."""
    net = LowBit((1, 10, 49), domain=BREVITAS, batch=batch)
    x = net.node("Flatten", [net.quant("x", 0.02, 8, signed=True)], axis=1)
    sizes = (490, 64, 64, 64)
    for ic, oc in pairwise(sizes):
        bias = net.constant(net._rng.normal(size=oc) * 0.2)
        x = net.node("Gemm", [x, net.weight((oc, ic), 3), bias], oc, transB=1)
        x = net.quant(net.node("Relu", [net.norm(x)]), 0.4, 3)
    return net.save(path, net.node("Gemm", [x, net.weight((12, 64), 3)], 12, transB=1), domains=())


def jet_tagging(path: Path, *, batch: int = 1) -> Path:
    """A QKeras model through its converter: fixed-point scales, quantized biases, Softmax at the end."""
    net = LowBit((16,), batch=batch)
    x = net.quant("x", 2.0**-6, 8, signed=True, narrow=False)
    sizes = (16, 64, 32, 32)
    for ic, oc in pairwise(sizes):
        x = net.node("MatMul", [x, _fixed(net, (ic, oc))], oc)
        x = net.node("Add", [x, _fixed(net, (oc,))])
        x = net.quant(net.node("Relu", [x]), 2.0**-4, 6)
    x = net.node("Add", [net.node("MatMul", [x, _fixed(net, (32, 5))], 5), _fixed(net, (5,))])
    path = net.save(path, net.node("Softmax", [x], axis=1))
    model = onnx.load(path)
    model.graph.value_info.append(model.graph.output[0])  # as in the public file
    onnx.save(model, path)
    return path


def _fixed(net: LowBit, sizes: tuple[int, ...]) -> str:
    return net.quant(net.constant(net._rng.normal(size=sizes) * 0.3), 2.0**-5, 6, signed=True)


def unsw(path: Path, *, batch: int = 1) -> Path:
    """unsw_nb15-mlp-w2a2: 593 features of -1 and +1, two bits, a BipolarQuant at the end."""
    net = LowBit((593,), domain="finn.custom_op.general", batch=batch)
    x, sizes = net.bipolar("x", 1.0), (593, 64, 64, 64)
    for ic, oc in pairwise(sizes):
        x = net.quant(net.node("Relu", [net.norm(net.matmul(x, ic, oc, 2))]), 0.5, 2)
    return net.save(path, net.bipolar(net.matmul(x, 64, 1, 2), 1.0), domains=())


def espcn(path: Path, *, batch: int = 1) -> Path:
    """bsd300x3-espcn: a quantized plane, biases, channels that died in training, sub-pixels at the end."""
    net = LowBit((1, 16, 16), batch=batch)
    x = net.quant("x", 1 / 255, 8)
    for oc, kernel in ((16, 5), (16, 3), (8, 3)):
        x = net.conv(x, oc, 4, kernel=kernel, pad=kernel // 2, bias=True)
        x = net.quant(net.node("Relu", [net.norm(x)]), 0.3, 4)
    x = net.conv(x, 9, 4, pad=1)
    return net.save(
        path, net.node("DepthToSpace", [x], 1, blocksize=3, mode="DCR"), sizes=(1, 48, 48)
    )


def cnv(path: Path, *, weights: int = 1, batch: int = 1) -> Path:
    """CNV_1W2A: images of -1..1 in 8 signed bits, no padding, pools, 1-bit weights, two linear layers."""
    net = LowBit((3, 32, 32), batch=batch)
    x = net.node("Sub", [net.node("Mul", ["x", net.constant(2.0)]), net.constant(1.0)])
    x = net.quant(x, 2.0**-7, 8, signed=True, narrow=True)
    for oc, is_pooled in ((8, False), (8, True), (16, False), (16, True), (32, False), (32, False)):
        x = net.quant(net.norm(net.conv(x, oc, weights)), 0.5, 2, signed=True, narrow=True)
        if is_pooled:
            x = net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Reshape", [x, net.constant(np.array([batch, -1]))])
    x = net.quant(net.norm(net.matmul(x, 32, 32, weights)), 0.5, 2, signed=True, narrow=True)
    x = net.matmul(x, 32, 10, weights)
    return net.save(path, net.node("Mul", [x, net.constant(0.3)]))


def mobilenet_w4a4(path: Path, *, batch: int = 1) -> Path:
    """Brevitas' MobileNet: depthwise and pointwise layers of four bits, a truncated average at the end."""
    net = LowBit((3, 24, 24), batch=batch)
    x = net.quant("x", 1 / 255, 8)
    x = net.quant(net.node("Relu", [net.norm(net.conv(x, 8, 8, pad=1, stride=2))]), 0.2, 4)
    for oc, stride in ((16, 1), (32, 2), (32, 1)):
        ic = net.channels[x]
        x = net.conv(x, ic, 4, pad=1, stride=stride, groups=ic)
        x = net.quant(net.node("Relu", [net.norm(x)]), 0.2, 4)
        x = net.quant(net.node("Relu", [net.norm(net.conv(x, oc, 4, kernel=1))]), 0.2, 4)
    x = net.node("AveragePool", [x], kernel_shape=[6, 6], strides=[1, 1])
    x = net.node("Mul", [x, net.constant(36.0)])
    numbers = [net.constant(float(one)) for one in (0.2, 0, 10, 5)]
    x = net.node("Trunc", [x, *numbers], rounding_mode="FLOOR", domain=GENERAL)
    x = net.node("Flatten", [x], axis=1)
    return net.save(path, net.node("Gemm", [x, net.weight((10, 32), 8)], 10, transB=1))


def streamlined(path: Path, *, batch: int = 1) -> Path:
    """What FINN's streamlining leaves: thresholds in place of quantizers, whole weights without one."""
    net = LowBit((8,), domain="finn.custom_op.general", batch=batch)

    def thresholds(x: str, levels: int, bias: float) -> str:
        steps = np.sort(net._rng.normal(size=(net.channels[x], levels)) * 12, axis=1)
        attributes = {"out_scale": 1.0, "out_bias": bias, "domain": GENERAL}
        return net.node("MultiThreshold", [x, net.constant(steps)], **attributes)

    def whole(x: str, ic: int, oc: int) -> str:
        weight = net._rng.integers(-2, 2, (ic, oc)).astype(np.float32)
        return net.node("MatMul", [x, net.constant(weight)], oc)

    x = whole(net.quant("x", 1.0, 4), 8, 16)
    x = whole(thresholds(x, 3, -2.0), 16, 16)  # -2..1
    return net.save(path, whole(thresholds(x, 7, 0.0), 16, 4))


def qkeras_conv(path: Path, *, batch: int = 1) -> Path:
    """A convolutional QKeras model: its input has channels last, and its planes before the flatten too."""
    net = LowBit((12, 10, 3), batch=batch)
    net.channels["x"] = 3
    x = net.node("Transpose", [net.quant("x", 2.0**-7, 8, signed=True)], perm=[0, 3, 1, 2])
    for oc, pad in ((8, 1), (6, 0)):
        x = net.node("Relu", [net.conv(x, oc, 5, pad=pad, bias=True)])
        x = net.node("Transpose", [net.quant(x, 2.0**-3, 6)], perm=[0, 2, 3, 1])
        x = net.node("Transpose", [x], perm=[0, 3, 1, 2])
        x = net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Transpose", [x], perm=[0, 2, 3, 1])
    x = net.node("Reshape", [x, net.constant(np.array([batch, 2 * 1 * 6]))])
    x = net.node("MatMul", [x, _fixed(net, (12, 5))], 5)
    return net.save(path, net.node("Softmax", [x], axis=1))


def channels_last(path: Path, *, batch: int = 1) -> Path:
    """What qonnx's own conversion to channels last makes of a network."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.transformation.infer_shapes import InferShapes

    net = LowBit((3, 10, 8), batch=batch)
    x = net.quant("x", 1 / 255, 8)
    for oc in (8, 6):
        x = net.quant(net.node("Relu", [net.norm(net.conv(x, oc, 4, pad=1))]), 0.3, 4)
        edges = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0] * 4}
        x = net.node("MaxPool", [x], **edges, dilations=[1, 1], ceil_mode=0)
    x = net.node("Flatten", [x], axis=1)
    net.save(path, net.matmul(x, 24, 5, 4))
    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    wrapper.transform(ConvertToChannelsLastAndClean()).save(str(path))
    return path


NETWORKS: dict[str, Callable[..., Path]] = {
    "TFC_1W1A": lambda path, **rest: tfc(path, weights=1, acts=1, **rest),
    "TFC_1W2A": lambda path, **rest: tfc(path, weights=1, acts=2, **rest),
    "TFC_2W2A": lambda path, **rest: tfc(path, weights=2, acts=2, **rest),
    "KWS MLP w3a3": kws,
    "JetTagging (QKeras)": jet_tagging,
    "UNSW-NB15 w2a2": unsw,
    "ESPCN w4a4": espcn,
    "CNV_1W2A": cnv,
    "CNV_2W2A": lambda path, **rest: cnv(path, weights=2, **rest),
    "MobileNet w4a4": mobilenet_w4a4,
    "FINN, streamlined": streamlined,
    "QKeras, convolutions": qkeras_conv,
    "qonnx, channels last": channels_last,
}
"""Builders by name; each takes the path of its file, and the images that it takes at a time."""
