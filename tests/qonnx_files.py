"""Small QONNX files, node by node, to be spoiled one way each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "qonnx.custom_op.general"
STATED = {"signed": 0, "narrow": 0, "rounding_mode": "ROUND"}


class File:
    """A graph in the making: two convolutions, a BatchNorm, a max-pool and a linear layer.

    Constants and nodes can be changed before `save`; nodes are found by name.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.constants = {
            "zero": 0.0,
            "bits8": 8.0,
            "bits4": 4.0,
            "pixel_scale": 1 / 255,
            "act_scale": 0.125,
            "w1": rng.normal(size=(4, 3, 3, 3)) * 0.3,
            "w1_scale": 0.1,
            "gamma": np.array([1, -1, 0.5, 2]),
            "beta": rng.normal(size=4) * 0.2,
            "running_mean": rng.normal(size=4) * 0.2,
            "running_var": rng.uniform(0.2, 1, 4),
            "w2": rng.normal(size=(5, 4 * 4 * 3)) * 0.3,
            "w2_scale": 0.1,
        }
        signed = STATED | {"signed": 1, "narrow": 1}
        self.nodes = [
            quant("pixels", "x", "pixel_scale", "bits8", STATED),
            quant("weight1", "w1", "w1_scale", "bits4", signed),
            node("Conv", "conv", ["pixels", "weight1"], pads=[1, 1, 1, 1], strides=[1, 1]),
            node(
                "BatchNormalization",
                "norm",
                ["conv", "gamma", "beta", "running_mean", "running_var"],
            ),
            node("Relu", "relu", ["norm"]),
            quant("codes", "relu", "act_scale", "bits4", STATED),
            node("MaxPool", "pool", ["codes"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Flatten", "flat", ["pool"], axis=1),
            quant("weight2", "w2", "w2_scale", "bits4", signed),
            node("Gemm", "head", ["flat", "weight2"], transB=1),
        ]
        self.input: list[int | str] = [1, 3, 8, 6]
        self.outputs = ["head"]

    def find(self, name: str) -> onnx.NodeProto:
        """The node whose output is `name`."""
        return next(one for one in self.nodes if one.output[0] == name)

    def set(self, name: str, **attributes: object) -> None:
        """Replace attributes of a node; None removes one."""
        found = self.find(name)
        kept = [one for one in found.attribute if one.name not in attributes]
        del found.attribute[:]
        found.attribute.extend(kept)
        for key, value in attributes.items():
            if value is not None:
                found.attribute.append(helper.make_attribute(key, value))

    def insert(self, after: str, one: onnx.NodeProto) -> None:
        """Put a node behind another, and let all that read the other read it."""
        for other in self.nodes:
            for index, name in enumerate(other.input):
                if name == after:
                    other.input[index] = one.output[0]
        self.nodes.insert(self.nodes.index(self.find(after)) + 1, one)

    def save(self, path: Path) -> Path:
        """Write the file."""
        constants = [
            numpy_helper.from_array(np.asarray(value, np.float32), name)
            if np.asarray(value).dtype.kind == "f"
            else numpy_helper.from_array(np.asarray(value), name)
            for name, value in self.constants.items()
        ]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 5]) for name in self.outputs
        ]
        graph = helper.make_graph(self.nodes, "net", [x], outputs, constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
        opsets.append(helper.make_opsetid("onnx.brevitas", 1))
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
        return path


def quant(name: str, value: str, scale: str, bits: str, attributes: dict) -> onnx.NodeProto:
    """A Quant node."""
    return node("Quant", name, [value, scale, "zero", bits], domain=DOMAIN, **attributes)


def node(op: str, name: str, inputs: list[str], **attributes: object) -> onnx.NodeProto:
    """A node that is called like its output."""
    return helper.make_node(op, inputs, [name], name=name, **attributes)
