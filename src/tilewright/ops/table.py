"""A function of codes as a table. Its reference: `verify.code_references`; torch: `recover.code_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeTable
from tilewright.spec.op import Arrays, Facts, Op, Operation, Sums, Writer


class TableOp(Op):
    """`CodeTable`."""

    name, noun = "table", CodeTable

    def describe(self, node: CodeTable) -> Facts:
        """The plane, and the size of a step of the sum."""
        return {"planes": node.planes, "unit": node.unit}

    def arrays(self, node: CodeTable) -> Arrays:
        """The table."""
        return {"table": node.table}

    def values(self, facts: Mapping[str, Any], arrays: Arrays) -> Facts:
        """Plane, unit and table."""
        planes = tuple(tuple(plane) for plane in facts["planes"])
        return {**facts, "planes": planes, "table": arrays["table"]}

    def operation(self, node: CodeTable) -> Operation:
        """One lookup."""
        lowest = node.act_format.min_code
        return lambda codes: node.table[codes.astype(np.int32) - lowest]

    def onnx_sums(self, node: CodeTable, codes: tuple[str, ...], sums: Sums, writer: Writer) -> str:
        """Gather, of places counted from the lowest code."""
        int32, (code,) = writer.dtype("int32"), codes
        wide = writer.node(
            "Cast", (code,), f"{node.name}.wide", dtype=int32, shape=sums.sizes, to=int32
        )
        lowest = writer.constant(
            f"{node.name}.lowest", np.array(node.act_format.min_code, np.int32)
        )
        place = writer.node(
            "Sub", (wide, lowest), f"{node.name}.place", dtype=int32, shape=sums.sizes
        )
        table = writer.constant(f"{node.name}.table", node.table)
        return writer.node(
            "Gather", (table, place), sums.name, dtype=int32, shape=sums.sizes, axis=0
        )


OP = TableOp()
