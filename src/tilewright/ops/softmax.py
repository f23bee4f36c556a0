"""Shares of rows of codes. Reference: `verify.attention_references`; torch: `recover.attention_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeSoftmax
from tilewright.spec.attention_nodes import SHARE_BITS
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation, Sizes, Sums, Writer


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

    def onnx_sums(
        self, node: CodeSoftmax, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """ReduceMax, Gather, ReduceSum and Div, on int64."""
        name, int64, int32 = node.name, writer.dtype("int64"), writer.dtype("int32")
        sizes, line = sums.sizes, (*sums.sizes[:3], 1)

        def add(kind: str, inputs: tuple[str, ...], what: str, shape: Sizes, **rest: int) -> str:
            made = f"{name}.{what}"
            return writer.node(kind, inputs, made, dtype=int64, shape=shape, **rest)

        row = writer.constant(f"{name}.row", np.array([3], np.int64))
        wide = add("Cast", codes, "wide", sizes, to=int64)
        largest = add("ReduceMax", (wide, row), "largest", line, keepdims=1)
        place = add("Sub", (largest, wide), "place", sizes)
        table = writer.constant(f"{name}.table", node.table.astype(np.int64))
        entries = add("Gather", (table, place), "entries", sizes, axis=0)
        total = add("ReduceSum", (entries, row), "total", line, keepdims=1)
        whole = writer.constant(f"{name}.whole", np.array(2**SHARE_BITS, np.int64))
        shares = add("Div", (add("Mul", (entries, whole), "times", sizes), total), "shares", sizes)
        return writer.node("Cast", (shares,), sums.name, dtype=int32, shape=sizes, to=int32)


OP = SoftmaxOp()
