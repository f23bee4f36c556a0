"""A convolution or linear layer: what an array computes.

Elsewhere: how an engine convolves (`engine.convolution`, with its choice of arithmetic); the reference
(`verify.reference`); the torch side (`recover.nodes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.spec import ConvShape, IntegerLayer, NumberFormat
from tilewright.spec.network_facts import pairs
from tilewright.spec.op import Arrays, Facts, Op, Sums, Writer, WriteWeight


class LayerOp(Op):
    """`IntegerLayer`."""

    name, noun = "layer", IntegerLayer

    def describe(self, node: IntegerLayer) -> Facts:
        """Sizes, and the format of the weights; the zero-point where it is not 0."""
        facts = {"shape": node.shape.to_facts(), "weight_format": node.weight_format.to_facts()}
        return facts | ({"zero_point": node.zero_point} if node.zero_point else {})

    def arrays(self, node: IntegerLayer) -> Arrays:
        """Weights and their scale, and the bias if there is one."""
        arrays: Arrays = {"weight": node.weight, "weight_scale": node.weight_scale}
        return arrays if node.bias is None else arrays | {"bias": node.bias}

    def values(self, facts: Mapping[str, Any], arrays: Arrays) -> Facts:
        """Sizes, format, weights, scale, and the bias if there is one."""
        return {
            **facts,
            "shape": ConvShape(**pairs(facts["shape"])),
            "weight_format": NumberFormat.from_facts(facts["weight_format"]),
            **{key: arrays[key] for key in ("weight", "weight_scale")},
            **({"bias": arrays["bias"]} if "bias" in arrays else {}),
        }

    def operation(self, node: IntegerLayer) -> None:
        """The engine has several."""

    def onnx_sums(
        self, node: IntegerLayer, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """ConvInteger, with MatMulInteger in its place behind a flatten; Add, where there is a bias."""
        name, int32 = f"{node.name}.weight", writer.dtype("int32")
        kind, matrix, rest = "ConvInteger", node.weight, _geometry(node)
        if sums.is_flat:
            kind, matrix, rest = "MatMulInteger", node.as_dense().weight[:, :, 0, 0].T.copy(), {}
        inputs: tuple[str, ...] = codes[0], writer.constant(name, matrix)
        if node.zero_point:
            zero = np.array(node.zero_point, node.act_format.dtype)
            inputs = (*inputs, writer.constant(f"{node.name}.zero_point", zero))
        shape: dict[str, Any] = {"dtype": int32, "shape": sums.sizes}
        if node.bias is None:
            return writer.node(kind, inputs, sums.name, **shape, **rest)
        products = writer.node(kind, inputs, f"{node.name}.products", **shape, **rest)
        bias = (
            node.bias.astype(np.int32)
            if sums.is_flat
            else node.bias.astype(np.int32)[:, None, None]
        )
        start = writer.constant(f"{node.name}.bias", bias)
        return writer.node("Add", (products, start), sums.name, **shape)

    def onnx_values(
        self,
        node: IntegerLayer,
        acts: tuple[str, ...],
        sums: Sums,
        writer: Writer,
        weight: WriteWeight,
    ) -> str:
        """Conv; MatMul behind a flatten. Raises `FormatError` for a layer with start values."""
        if node.has_start:
            raise FormatError(
                f"{node.name}: a zero-point or a bias in integers is not written into graphs of floats: "
                "use --format onnx"
            )
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
        """The products of a psum, and its start value."""
        weight = np.abs(node.weight.reshape(node.shape.oc, -1).astype(np.int64))  # oc (ic kh kw)
        widest = max(-node.act_format.min_code, node.act_format.max_code)
        largest = weight.sum(axis=1) * widest + np.abs(node.start())  # oc
        return weight.shape[1] + node.has_start, int(largest.max())


def _geometry(layer: IntegerLayer) -> dict[str, Any]:
    """Attributes of a layer's convolution."""
    shape = layer.shape
    return {
        "kernel_shape": [shape.kh, shape.kw],
        "strides": list(shape.stride),
        "pads": [*shape.padding, *(shape.padding_after or shape.padding)],
        "dilations": [1, 1],
        "group": shape.groups,
    }


OP = LayerOp()
