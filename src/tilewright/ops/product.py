"""The product of two tensors of codes. Reference: `verify.code_references`; torch: `recover.code_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeProduct
from tilewright.spec.op import Arrays, Facts, Op, Operation, Sums, Writer


class ProductOp(Op):
    """`CodeProduct`."""

    name, noun = "product", CodeProduct

    def describe(self, node: CodeProduct) -> Facts:
        """The planes of the operands, the second one's scale, and the codes of 0 where they are not 0."""
        facts = {"planes": node.planes, "other_scale": node.other_scale}
        return facts | ({"zero_points": node.zero_points} if any(node.zero_points) else {})

    def values(self, facts: Mapping[str, Any], _arrays: Arrays) -> Facts:
        """Planes and scale."""
        planes = tuple(tuple(plane) for plane in facts["planes"])
        zero_points = tuple(facts.get("zero_points", (0, 0)))
        return {**facts, "planes": planes, "zero_points": zero_points}

    def operation(self, node: CodeProduct) -> Operation:
        """In int32."""
        zero, other_zero = (np.int32(zero) for zero in node.zero_points)
        return lambda first, second: np.multiply(first - zero, second - other_zero, dtype=np.int32)

    def onnx_sums(
        self, node: CodeProduct, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """Mul, of codes as int32, less their zero-points."""
        first, second = (
            _write_operand(node, operand, code, sums, writer) for operand, code in enumerate(codes)
        )
        int32 = writer.dtype("int32")
        return writer.node("Mul", (first, second), sums.name, dtype=int32, shape=sums.sizes)


def _write_operand(node: CodeProduct, operand: int, code: str, sums: Sums, writer: Writer) -> str:
    """The codes of an operand as int32, less the code of 0."""
    int32, name = writer.dtype("int32"), f"{node.name}.wide{operand}"
    sizes = sums.sizes if sums.is_flat else (sums.sizes[0], *node.planes[operand])
    wide = writer.node("Cast", (code,), name, dtype=int32, shape=sizes, to=int32)
    if not node.zero_points[operand]:
        return wide
    zero = writer.constant(f"{name}.zero", np.array(node.zero_points[operand], np.int32))
    return writer.node("Sub", (wide, zero), f"{name}.signed", dtype=int32, shape=sizes)


OP = ProductOp()
