"""Products of two activations. Reference: `verify.attention_references`; torch: `recover.attention_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeMatmul
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation


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

    def terms(self, node: CodeMatmul) -> tuple[int, int]:
        """Products of one head's channels, or of the pixels."""
        low, high = node.sum_range()
        return node.terms, max(-low, high)


OP = MatmulOp()
