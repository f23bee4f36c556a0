"""Collects the nodes, constants and tensors of an ONNX graph, each with a name to read in Netron."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 19
IR_VERSION = 9
QONNX_DOMAIN = "qonnx.custom_op.general"

Shape = tuple[int | str, ...]
"""Sizes of a tensor; a string names an axis of any size."""

BOOL, FLOAT = TensorProto.BOOL, TensorProto.FLOAT
INT32, UINT8 = TensorProto.INT32, TensorProto.UINT8


def onnx_dtype(dtype: np.dtype[Any]) -> int:
    """ONNX's number of a type of numbers."""
    return int(helper.np_dtype_to_tensor_dtype(dtype))


class GraphWriter:
    """A graph in the making; its methods return the name of the tensor that they add."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._tensors: dict[str, onnx.ValueInfoProto] = {}

    def input(self, name: str, dtype: int, shape: Shape) -> str:
        """Add an input of the graph."""
        self._tensors[name] = helper.make_tensor_value_info(name, dtype, shape)
        return name

    def constant(self, name: str, values: np.ndarray[Any, Any]) -> str:
        """Add a constant, or find the one of that name again."""
        self._constants.setdefault(name, numpy_helper.from_array(np.asarray(values), name))
        return name

    def dtype(self, name: str) -> int:
        """ONNX's number of a numpy type of numbers, for example "int32"."""
        return onnx_dtype(np.dtype(name))

    def node(
        self,
        kind: str,
        inputs: tuple[str, ...],
        output: str,
        *,
        dtype: int,
        shape: Shape,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node; it is called ``output:kind``."""
        self._nodes.append(
            helper.make_node(
                kind, inputs, [output], name=f"{output}:{kind}", domain=domain, **attributes
            )
        )
        self._tensors[output] = helper.make_tensor_value_info(output, dtype, shape)
        return output

    def model(
        self, name: str, *, inputs: list[str], outputs: list[str], facts: dict[str, str]
    ) -> onnx.ModelProto:
        """The finished model, checked by onnx; `facts` become its metadata."""
        inner = [
            tensor
            for tensor_name, tensor in self._tensors.items()
            if tensor_name not in (*inputs, *outputs)
        ]
        graph = helper.make_graph(
            self._nodes,
            name,
            [self._tensors[tensor] for tensor in inputs],
            [self._tensors[tensor] for tensor in outputs],
            list(self._constants.values()),
            value_info=inner,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == QONNX_DOMAIN for node in self._nodes):
            opsets.append(helper.make_opsetid(QONNX_DOMAIN, 1))
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="tilewright"
        )
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        return model
