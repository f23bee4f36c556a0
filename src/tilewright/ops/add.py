"""The sum of two tensors of codes. Its reference: `verify.reference`; its torch side: `recover.nodes`."""

from __future__ import annotations

import numpy as np

from tilewright.spec import ResidualAdd
from tilewright.spec.op import Array, Facts, Op, Operation, Sums, Writer, WriteWeight
from tilewright.spec.requantization import port_name


class AddOp(Op):
    """`ResidualAdd`."""

    name, noun = "add", ResidualAdd

    def describe(self, node: ResidualAdd) -> Facts:
        """The plane."""
        return {"plane": node.plane}

    def operation(self, node: ResidualAdd) -> Operation:
        """In int32."""
        return _add

    def onnx_sums(
        self, node: ResidualAdd, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """Add, of codes as int32."""
        int32, ports = writer.dtype("int32"), (node.name, port_name(node.name, 1))
        first, second = (
            writer.node("Cast", (code,), f"{port}.wide", dtype=int32, shape=sums.sizes, to=int32)
            for port, code in zip(ports, codes, strict=True)
        )
        return writer.node("Add", (first, second), sums.name, dtype=int32, shape=sums.sizes)

    def onnx_values(
        self,
        node: ResidualAdd,
        acts: tuple[str, ...],
        sums: Sums,
        writer: Writer,
        weight: WriteWeight,
    ) -> str:
        """Add."""
        return writer.node("Add", acts, sums.name, dtype=writer.dtype("float32"), shape=sums.sizes)


def _add(first: Array, second: Array) -> Array:
    return np.add(first, second, dtype=np.int32)


OP = AddOp()
