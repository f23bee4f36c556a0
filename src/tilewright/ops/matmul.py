"""Products of two activations. Reference: `verify.attention_references`; torch: `recover.attention_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeMatmul
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation, Sums, Writer


class MatmulOp(Op):
    """`CodeMatmul`."""

    name, noun = "matmul", CodeMatmul

    def describe(self, node: CodeMatmul) -> Facts:
        """The planes, the heads, which of the two products, and the second operand's scale."""
        return {
            "planes": node.planes,
            "heads": node.heads,
            "is_mix": node.is_mix,
            "other_scale": node.other_scale,
        }

    def values(self, facts: Mapping[str, Any], _arrays: Arrays) -> Facts:
        """Planes as tuples."""
        return {**facts, "planes": tuple(tuple(plane) for plane in facts["planes"])}

    def operation(self, node: CodeMatmul) -> Operation:
        """Matrix products in float64, which holds every sum exactly."""
        _, height, width = node.planes[1]

        def heads_of(codes: Array) -> Array:
            """Codes ``n h w d`` as ``n heads pixels d/heads``."""
            pixels = codes.reshape(len(codes), node.pixels, node.heads, -1)
            return pixels.transpose(0, 2, 1, 3).astype(np.float64)

        def scores(first: Array, second: Array) -> Array:
            found = heads_of(first) @ heads_of(second).transpose(0, 1, 3, 2)
            return found.transpose(0, 2, 3, 1).astype(np.int32)

        def mix(shares: Array, values: Array) -> Array:
            found = shares.transpose(0, 3, 1, 2).astype(np.float64) @ heads_of(values)
            pixels = found.transpose(0, 2, 1, 3).astype(np.int32)
            return pixels.reshape(len(values), height, width, -1)

        return mix if node.is_mix else scores

    def onnx_sums(
        self, node: CodeMatmul, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """MatMulInteger of heads, between reshapes and transpositions."""
        batch, pixels, name = sums.sizes[0], node.pixels, node.name
        each = node.planes[1][0] // node.heads
        dtype, int32 = writer.dtype(node.act_format.dtype.name), writer.dtype("int32")

        def heads_of(code: str, operand: int, order: list[int]) -> str:
            """Codes ``n d h w`` as ``n heads d/heads pixels``, its axes in this order."""
            sizes = np.array([0, node.heads, each, pixels], np.int64)
            shape = (batch, node.heads, each, pixels)
            to = writer.constant(f"{name}.heads", sizes)
            split = writer.node(
                "Reshape", (code, to), f"{name}.split{operand}", dtype=dtype, shape=shape
            )
            turned = tuple(shape[axis] for axis in order)
            made = f"{name}.heads{operand}"
            return writer.node("Transpose", (split,), made, dtype=dtype, shape=turned, perm=order)

        if not node.is_mix:
            pair = heads_of(codes[0], 0, [0, 1, 3, 2]), heads_of(codes[1], 1, [0, 1, 2, 3])
            return writer.node("MatMulInteger", pair, sums.name, dtype=int32, shape=sums.sizes)
        wide = (batch, node.heads, pixels, pixels)
        turned = writer.node(
            "Transpose", codes[:1], f"{name}.turned", dtype=dtype, shape=wide, perm=[0, 1, 3, 2]
        )
        pair = heads_of(codes[1], 1, [0, 1, 2, 3]), turned
        shape = (batch, node.heads, each, pixels)
        mixed = writer.node("MatMulInteger", pair, f"{name}.mixed", dtype=int32, shape=shape)
        to = writer.constant(f"{name}.plane", np.array([0, *node.output_shape], np.int64))
        return writer.node("Reshape", (mixed, to), sums.name, dtype=int32, shape=sums.sizes)

    def terms(self, node: CodeMatmul) -> tuple[int, int]:
        """Products of one head's channels, or of the pixels."""
        low, high = node.sum_range()
        return node.terms, max(-low, high)


OP = MatmulOp()
