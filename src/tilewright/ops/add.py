"""The sum, or difference, of two tensors of codes. Reference: `verify.reference`; torch: `recover.nodes`."""

from __future__ import annotations

import numpy as np

from tilewright.errors import FormatError
from tilewright.spec import ResidualAdd
from tilewright.spec.op import Array, Facts, Op, Operation, Sums, Writer, WriteWeight
from tilewright.spec.requantization import port_name


class AddOp(Op):
    """`ResidualAdd`."""

    name, noun = "add", ResidualAdd

    def describe(self, node: ResidualAdd) -> Facts:
        """The plane; the gains where they are not 1."""
        facts: Facts = {"plane": node.plane}
        return facts | ({"gains": node.gains} if node.gains != (1, 1) else {})

    def operation(self, node: ResidualAdd) -> Operation:
        """In int32."""
        gain, other = (np.int32(gain) for gain in node.gains)

        def add(first: Array, second: Array) -> Array:
            if node.gains == (1, 1):
                return np.add(first, second, dtype=np.int32)
            return first.astype(np.int32) * gain + second.astype(np.int32) * other

        return add

    def terms(self, node: ResidualAdd) -> tuple[int, int]:
        """Of a difference little may be left, but floats have rounded both terms."""
        return node.operands, node.term_bound()

    def onnx_sums(
        self, node: ResidualAdd, codes: tuple[str, ...], sums: Sums, writer: Writer
    ) -> str:
        """Add, of codes as int32 times their gains."""
        int32, ports = writer.dtype("int32"), (node.name, port_name(node.name, 1))
        wide = []
        for port, code, gain in zip(ports, codes, node.gains, strict=True):
            name, sizes = f"{port}.wide", sums.sizes
            wide.append(writer.node("Cast", (code,), name, dtype=int32, shape=sizes, to=int32))
            if gain != 1:
                factor = writer.constant(f"{port}.gain", np.array(gain, np.int32))
                inputs, name = (name, factor), f"{port}.scaled"
                wide[-1] = writer.node("Mul", inputs, name, dtype=int32, shape=sizes)
        first, second = wide
        return writer.node("Add", (first, second), sums.name, dtype=int32, shape=sums.sizes)

    def onnx_values(
        self,
        node: ResidualAdd,
        acts: tuple[str, ...],
        sums: Sums,
        writer: Writer,
        weight: WriteWeight,
    ) -> str:
        """Add, or Sub; raises `FormatError` for operands with other gains."""
        operator = {(1, 1): "Add", (1, -1): "Sub"}.get(node.gains)
        if operator is None:
            raise FormatError(
                f"{node.name}: an addition of operands with gains {node.gains} has no float operator in "
                "these formats: use --format onnx"
            )
        return writer.node(
            operator, acts, sums.name, dtype=writer.dtype("float32"), shape=sums.sizes
        )


OP = AddOp()
