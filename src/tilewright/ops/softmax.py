"""Shares of rows of codes. Reference: `verify.attention_references`; torch: `recover.attention_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeSoftmax
from tilewright.spec.attention_nodes import SHARE_BITS
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation


class SoftmaxOp(Op):
    """`CodeSoftmax`."""

    name, noun = "softmax", CodeSoftmax

    def describe(self, node: CodeSoftmax) -> Facts:
        """The plane, and the size of a share."""
        return {"planes": node.planes, "unit": node.unit}

    def arrays(self, node: CodeSoftmax) -> Arrays:
        """The table."""
        return {"table": node.table}

    def values(self, facts: Mapping[str, Any], arrays: Arrays) -> Facts:
        """Plane, unit and table."""
        planes = tuple(tuple(plane) for plane in facts["planes"])
        return {**facts, "planes": planes, "table": arrays["table"]}

    def operation(self, node: CodeSoftmax) -> Operation:
        """A lookup, a sum and a division; rows are the third axis of ``n h w c``."""
        table = node.table.astype(np.int64)

        def shares(codes: Array) -> Array:
            wide = codes.astype(np.int32)
            entries = table[wide.max(axis=2, keepdims=True) - wide]
            found = (entries << SHARE_BITS) // entries.sum(axis=2, keepdims=True)
            sums: Array = found.astype(np.int32)
            return sums

        return shares


OP = SoftmaxOp()
