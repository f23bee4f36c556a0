"""Codes by their mean and deviation. Reference: `verify.attention_references`; torch:
`recover.attention_nodes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeNorm
from tilewright.spec.attention_nodes import NORM_BITS
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation


class NormOp(Op):
    """`CodeNorm`."""

    name, noun = "norm", CodeNorm

    def describe(self, node: CodeNorm) -> Facts:
        """The plane, and the size of a step."""
        return {"planes": node.planes, "unit": node.unit}

    def values(self, facts: Mapping[str, Any], _arrays: Arrays) -> Facts:
        """Plane and unit."""
        return {**facts, "planes": tuple(tuple(plane) for plane in facts["planes"])}

    def operation(self, node: CodeNorm) -> Operation:
        """In int64, over the last axis of ``n h w c``; the root is taken in float64 and put right."""
        channels = node.planes[0][0]

        def normalized(codes: Array) -> Array:
            wide = codes.astype(np.int64)
            apart = channels * wide - wide.sum(axis=3, keepdims=True)
            square = (apart * apart).sum(axis=3, keepdims=True) // channels
            root = np.sqrt(square.astype(np.float64)).astype(np.int64)
            root -= root * root > square
            root += (root + 1) ** 2 <= square
            found = (apart << NORM_BITS) // np.maximum(root, 1)
            sums: Array = found.astype(np.int32)
            return sums

        return normalized


OP = NormOp()
