"""A convolution or linear layer: what an array computes.

Elsewhere: how an engine convolves (`engine.convolution`, with its choice of arithmetic); the reference
(`verify.reference`); the torch side (`recover.nodes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import ConvShape, IntegerLayer, NumberFormat
from tilewright.spec.network_facts import pairs
from tilewright.spec.op import Arrays, Facts, Op, Sums, Writer, WriteWeight


class LayerOp(Op):
    """`IntegerLayer`."""

    name, noun = "layer", IntegerLayer

    def describe(self, node: IntegerLayer) -> Facts:
        """Sizes, and the format of the weights."""
        return {"shape": node.shape.to_facts(), "weight_format": node.weight_format.to_facts()}

    def arrays(self, node: IntegerLayer) -> Arrays:
        """Weights and their scale."""
        return {"weight": node.weight, "weight_scale": node.weight_scale}

    def values(self, facts: Mapping[str, Any], arrays: Arrays) -> Facts:
        """Sizes, format, weights and scale."""
        return {
            **facts,
            "shape": ConvShape(**pairs(facts["shape"])),
            "weight_format": NumberFormat.from_facts(facts["weight_format"]),
            **{key: arrays[key] for key in ("weight", "weight_scale")},
        }

    def operation(self, node: IntegerLayer) -> None:
        """The engine has several."""

    def onnx_sums(
        self, node: IntegerLayer, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """ConvInteger; MatMulInteger behind a flatten."""
        int32, name = writer.dtype("int32"), f"{node.name}.weight"
        if sums.is_flat:
            weight = writer.constant(name, node.as_dense().weight[:, :, 0, 0].T.copy())  # ic oc
            return writer.node(
                "MatMulInteger", (codes[0], weight), sums.name, dtype=int32, shape=sums.sizes
            )
        weight = writer.constant(name, node.weight)
        inputs = codes[0], weight
        return writer.node(
            "ConvInteger", inputs, sums.name, dtype=int32, shape=sums.sizes, **_geometry(node)
        )

    def onnx_values(
        self,
        node: IntegerLayer,
        acts: tuple[str, ...],
        sums: Sums,
        writer: Writer,
        weight: WriteWeight,
    ) -> str:
        """Conv; MatMul behind a flatten."""
        dtype = writer.dtype("float32")
        inputs = acts[0], weight(node.as_dense() if sums.is_flat else node)
        if sums.is_flat:
            return writer.node("MatMul", inputs, sums.name, dtype=dtype, shape=sums.sizes)
        return writer.node(
            "Conv", inputs, sums.name, dtype=dtype, shape=sums.sizes, **_geometry(node)
        )

    def onnx_step(
        self, node: IntegerLayer, act_step: float, *, is_unit: bool
    ) -> npt.NDArray[np.float64]:
        """A step of the codes times the weight's float32 scale."""
        if is_unit:
            return np.array([act_step])
        step: npt.NDArray[np.float64] = act_step * node.weight_scale.astype(np.float32).astype(
            np.float64
        )
        return step

    def terms(self, node: IntegerLayer) -> tuple[int, int]:
        """The products of a psum; activations are never negative."""
        weight = np.abs(node.weight.reshape(node.shape.oc, -1).astype(np.int64))  # oc (ic kh kw)
        return weight.shape[1], int(weight.sum(axis=1).max()) * node.act_format.max_code


def _geometry(layer: IntegerLayer) -> dict[str, Any]:
    """Attributes of a layer's convolution."""
    shape = layer.shape
    return {
        "kernel_shape": [shape.kh, shape.kw],
        "strides": list(shape.stride),
        "pads": [*shape.padding, *shape.padding],
        "dilations": [1, 1],
        "group": shape.groups,
    }


OP = LayerOp()
