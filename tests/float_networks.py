"""Float networks as ONNX files, with random weights, to be quantized by ONNX Runtime."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IMAGE = (3, 16, 16)


class Float:
    """A float graph in the making; every method returns the name of the tensor that it adds."""

    def __init__(self, sizes: tuple[int, ...] = IMAGE, *, seed: int = 0) -> None:
        self._rng, self._sizes = np.random.default_rng(seed), sizes
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._channels = {"x": sizes[0]}

    def conv(self, x: str, oc: int, kernel: int = 3, *, stride: int = 1, groups: int = 1) -> str:
        """A convolution with a bias, padded by half the kernel."""
        ic, name = self._channels[x] // groups, f"conv{len(self._nodes)}"
        weight = self._rng.normal(size=(oc, ic, kernel, kernel)) / (kernel * np.sqrt(ic))
        weight *= self._rng.uniform(0.3, 1.5, (oc, 1, 1, 1))
        inputs = [x, *self._constant(name, weight, self._rng.normal(size=oc) * 0.2)]
        pads, edges = [kernel // 2] * 4, [kernel] * 2
        geometry = {"pads": pads, "kernel_shape": edges, "strides": [stride] * 2, "group": groups}
        return self.node("Conv", inputs, oc, name=name, **geometry)

    def linear(self, x: str, oc: int, *, kind: str = "Gemm") -> str:
        """A Gemm with a bias, or a MatMul without."""
        name, ic = f"fc{len(self._nodes)}", self._channels[x]
        weight = self._rng.normal(size=(oc, ic)) / np.sqrt(ic)
        if kind == "MatMul":
            (weight_name,) = self._constant(name, weight.T)
            return self.node("MatMul", [x, weight_name], oc, name=name)
        names = self._constant(name, weight, self._rng.normal(size=oc) * 0.2)
        return self.node("Gemm", [x, *names], oc, name=name, transB=1)

    def node(self, kind: str, inputs: list[str], channels: int = 0, **attributes: object) -> str:
        """Any other node; channels: of its output, by default those of its first input."""
        name = str(attributes.pop("name", f"{kind.lower()}{len(self._nodes)}"))
        self._nodes.append(helper.make_node(kind, inputs, [f"{name}.y"], name=name, **attributes))
        self._channels[f"{name}.y"] = channels or self._channels[inputs[0]]
        return f"{name}.y"

    def relu(self, x: str) -> str:
        """Relu."""
        return self.node("Relu", [x])

    def pool(self, x: str, *, kind: str = "MaxPool") -> str:
        """A pool of 2x2."""
        return self.node(kind, [x], kernel_shape=[2, 2], strides=[2, 2])

    def head(self, x: str, classes: int = 10) -> str:
        """The mean of the plane, and a linear layer."""
        return self.linear(self.node("Flatten", [self.node("GlobalAveragePool", [x])]), classes)

    def _constant(self, name: str, *values: np.ndarray) -> list[str]:
        names = [f"{name}.{part}" for part in ("weight", "bias")[: len(values)]]
        for one, array in zip(names, values, strict=True):
            self._constants.append(numpy_helper.from_array(array.astype(np.float32), one))
        return names

    def save(self, path: Path, output: str) -> Path:
        """Write the file."""
        ends = [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *self._sizes]),
            helper.make_tensor_value_info(output, TensorProto.FLOAT, None),
        ]
        graph = helper.make_graph(self._nodes, "net", ends[:1], ends[1:], self._constants)
        opsets = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)
        return path


def resnet8(path: Path, *, width: int = 16, edge: int = 32) -> Path:
    """ResNet-8 as in MLPerf Tiny: three stages of one block, two of them with a strided shortcut."""
    net = Float((3, edge, edge))
    x = net.relu(net.conv("x", width))
    for stage in range(3):
        oc, stride = width << stage, 1 if stage == 0 else 2
        y = net.conv(net.relu(net.conv(x, oc, stride=stride)), oc)
        short = x if stage == 0 else net.conv(x, oc, 1, stride=stride)
        x = net.relu(net.node("Add", [y, short]))
    return net.save(path, net.head(x))


def mobilenet(path: Path, *, width: int = 8, edge: int = 32) -> Path:
    """A MobileNet: pairs of depthwise and pointwise layers, Relu6, and an inverted bottleneck at the end."""
    net = Float((3, edge, edge))

    def relu6(x: str) -> str:
        return net.node("Clip", [x, *_bounds(net)])

    x = relu6(net.conv("x", width, stride=2))
    for oc, stride in ((16, 1), (32, 2), (32, 1), (64, 2)):
        ic = net._channels[x]
        x = relu6(net.conv(relu6(net.conv(x, ic, stride=stride, groups=ic)), oc, 1))
    short = net.conv(x, 32, 1)  # a linear bottleneck: signed codes
    wide = relu6(net.conv(short, 96, 1))
    wide = relu6(net.conv(wide, 96, groups=96))
    x = net.node("Add", [net.conv(wide, 32, 1), short])
    return net.save(path, net.head(x))


def mobilenet_v3(path: Path, *, width: int = 8, edge: int = 32) -> Path:
    """Inverted bottlenecks of MobileNetV3: depthwise layers, HardSwish, gates of squeeze and excitation."""
    net = Float((3, edge, edge))
    x = net.node("HardSwish", [net.conv("x", width, stride=2)])
    for oc, stride, act in ((8, 2, "Relu"), (12, 2, "HardSwish"), (12, 1, "HardSwish")):
        short, wide = x, 4 * net._channels[x]
        y = net.node(act, [net.conv(x, wide, 1)])
        y = net.node(act, [net.conv(y, wide, stride=stride, groups=wide)])
        y = gated(net, y)
        x = net.conv(y, oc, 1)
        x = net.node("Add", [x, short]) if stride == 1 else x
    return net.save(path, net.head(net.node("HardSwish", [net.conv(x, 32, 1)])))


def gated(net: Float, x: str, *, kind: str = "HardSigmoid") -> str:
    """A value times a gate that is made of its mean."""
    channels = net._channels[x]
    gate = net.relu(net.conv(net.node("GlobalAveragePool", [x]), max(2, channels // 4), 1))
    slope = {"alpha": 1 / 6} if kind == "HardSigmoid" else {}
    return net.node("Mul", [x, net.node(kind, [net.conv(gate, channels, 1)], **slope)])


def unet(path: Path, *, width: int = 8, edge: int = 32) -> Path:
    """A U-Net of two levels: nearest up-sampling, and concatenation with what was before the pools."""
    net = Float((3, edge, edge))
    first = net.relu(net.conv("x", width))
    second = net.relu(net.conv(net.pool(first), 2 * width))
    x = net.relu(net.conv(net.pool(second), 2 * width))
    for skip in (second, first):
        channels = net._channels[x] + net._channels[skip]
        x = net.node("Concat", [upsampled(net, x), skip], channels, axis=1)
        x = net.relu(net.conv(x, width))
    return net.save(path, net.conv(x, 2, 1))


def upsampled(net: Float, x: str) -> str:
    """Twice the rows and columns, as torch writes it."""
    if "scales" not in {one.name for one in net._constants}:
        net._constants.append(numpy_helper.from_array(np.float32([1, 1, 2, 2]), "scales"))
    places = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return net.node("Resize", [x, "", "scales"], mode="nearest", **places)


def _bounds(net: Float) -> list[str]:
    known = {one.name for one in net._constants}
    for name, value in (("low", 0.0), ("high", 6.0)):
        if name not in known:
            net._constants.append(numpy_helper.from_array(np.array(value, np.float32), name))
    return ["low", "high"]


class _Images:
    """Generated images in the order in which ONNX Runtime's calibration asks for them."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        rng = np.random.default_rng(7)
        batches = [rng.normal(size=(8, *sizes)).astype(np.float32) for _ in range(3)]
        self._batches = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, None at the end."""
        batch = next(self._batches, None)
        return None if batch is None else {"x": batch}


def quantize(
    path: Path,
    out: Path,
    *,
    form: str,
    kind: str = "QUInt8",
    weights: str = "QInt8",
    **options: object,
) -> Path:
    """What ONNX Runtime's `quantize_static` makes of a float file.

    form: "QDQ" or "QOperator"; kind: of the activations, "QUInt8" or "QInt8"; weights: of these.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    dims = onnx.load(path).graph.input[0].type.tensor_type.shape.dim[1:]
    logging.disable(logging.WARNING)
    try:
        quantize_static(
            path,
            out,
            _Images(tuple(dim.dim_value for dim in dims)),
            quant_format=QuantFormat[form],
            activation_type=QuantType[kind],
            weight_type=QuantType[weights],
            **options,
        )
    finally:
        logging.disable(logging.NOTSET)
    return out
