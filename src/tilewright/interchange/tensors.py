"""Names of the tensors in a written file, and what their values mean in integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntegerNetwork, Node, op_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TensorNames:
    """How a written file calls the tensors of a node, and in what steps their values are.

    format: one of `FORMATS`. is_unit: the file's scales are 1.
    """

    format: str
    is_unit: bool

    def sums(self, node: Node) -> str:
        """The tensor with a node's sums."""
        return f"{node.name}.psum" if self.format == "onnx" else f"{node.name}.output"

    def codes(self, port: str) -> str | None:
        """The tensor with the input codes at a port; None where the format has none after the pools."""
        return None if self.format == "onnx" else f"{port}.act"

    def code_step(self, node: Node) -> float:
        """The value in the file of one input code of a node."""
        if self.is_unit or self.format == "onnx":
            return 1.0
        return float(np.float32(node.act_scale))

    def sum_step(self, node: Node) -> Floats:
        """The value in the file of one step of a node's sum, ``(1 or c, 1, 1)``."""
        if self.format == "onnx":
            return np.ones((1, 1, 1))
        return sum_step(node, is_unit=self.is_unit).reshape(-1, 1, 1)


def output_scales(network: IntegerNetwork, *, is_unit: bool) -> dict[str, str]:
    """What a file says of the real size of its outputs' steps; of the second and later ones by name."""
    texts = [
        " ".join(repr(float(step)) for step in sum_step(network.node(name), is_unit=is_unit))
        for name in network.outputs
    ]
    others = zip(network.outputs[1:], texts[1:], strict=True)
    return {"output_scale": texts[0]} | {f"output_scale.{name}": text for name, text in others}


def sum_step(node: Node, *, is_unit: bool = False) -> Floats:
    """Real size of one step of a node's sum, ``(1,)`` or ``(c,)``, from scales as float32."""
    act_step = 1.0 if is_unit else float(np.float32(node.act_scale))
    return op_of(node).onnx_step(node, act_step, is_unit=is_unit)
