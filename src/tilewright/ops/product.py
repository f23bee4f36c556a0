"""The product of two tensors of codes. Reference: `verify.code_references`; torch: `recover.code_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeProduct
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation, Sums, Writer


class ProductOp(Op):
    """`CodeProduct`."""

    name, noun = "product", CodeProduct

    def describe(self, node: CodeProduct) -> Facts:
        """The planes of the operands, and the second one's scale."""
        return {"planes": node.planes, "other_scale": node.other_scale}

    def values(self, facts: Mapping[str, Any], _arrays: Arrays) -> Facts:
        """Planes and scale."""
        return {**facts, "planes": tuple(tuple(plane) for plane in facts["planes"])}

    def operation(self, _node: CodeProduct) -> Operation:
        """In int32."""
        return _multiply

    def onnx_sums(
        self, node: CodeProduct, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """Mul, of codes as int32."""
        int32, samples = writer.dtype("int32"), sums.sizes[0]
        first, second = (
            writer.node(
                "Cast",
                (code,),
                f"{node.name}.wide{operand}",
                dtype=int32,
                shape=sums.sizes if sums.is_flat else (samples, *plane),
                to=int32,
            )
            for operand, (code, plane) in enumerate(zip(codes, node.planes, strict=True))
        )
        return writer.node("Mul", (first, second), sums.name, dtype=int32, shape=sums.sizes)


def _multiply(first: Array, second: Array) -> Array:
    return np.multiply(first, second, dtype=np.int32)


OP = ProductOp()
