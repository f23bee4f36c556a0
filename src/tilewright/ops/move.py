"""Codes in other places. Its reference: `verify.code_references`; its torch side: `recover.code_nodes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeMove
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation, Sums, Writer, WriteWeight


class MoveOp(Op):
    """`CodeMove`."""

    name, noun = "move", CodeMove

    def describe(self, node: CodeMove) -> Facts:
        """The planes of the operands, and the fill if it is not 0."""
        return {"planes": node.planes} | ({"fill": node.fill} if node.fill else {})

    def arrays(self, node: CodeMove) -> Arrays:
        """The places."""
        return {"index": node.index}

    def values(self, facts: Mapping[str, Any], arrays: Arrays) -> Facts:
        """Planes, and places."""
        return {**facts, "planes": _planes(facts), "index": arrays["index"]}

    def operation(self, node: CodeMove) -> Operation:
        """One lookup."""
        return lambda *codes: _move(codes, node)

    def onnx_sums(self, node: CodeMove, codes: tuple[str, ...], sums: Sums, writer: Writer) -> str:
        """As int32."""
        return _write(node, codes, sums, writer, writer.dtype("int32"))

    def onnx_values(
        self,
        node: CodeMove,
        acts: tuple[str, ...],
        sums: Sums,
        writer: Writer,
        _weight: WriteWeight,
    ) -> str:
        """As float32; refuses a fill, which has no real value but in steps of the codes."""
        if node.fill:
            self._refuse(node, f"float operator in ONNX where it puts in the code {node.fill}")
        return _write(node, acts, sums, writer, writer.dtype("float32"))


def _planes(facts: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(plane) for plane in facts["planes"])


def _move(operands: tuple[Array, ...], node: CodeMove) -> Array:
    """Codes ``n h w c`` of each operand to ``n oh ow oc``; the last place, ``-1``, is the fill."""
    count = len(operands[0])
    flat = [codes.transpose(0, 3, 1, 2).reshape(count, -1) for codes in operands]
    fill = np.full((count, 1), node.fill, np.int32)
    places = node.index.transpose(1, 2, 0)  # oh ow oc
    return np.concatenate([*flat, fill], axis=1, dtype=np.int32)[:, places]


def _write(node: CodeMove, values: tuple[str, ...], sums: Sums, writer: Writer, dtype: int) -> str:
    """Flatten, concatenate with the fill, gather, and shape again."""
    samples, name = sums.sizes[0], node.name
    flat = [
        _flatten(node, operand, value, sums, writer, dtype) for operand, value in enumerate(values)
    ]
    total = sum(int(np.prod(plane)) for plane in node.planes)
    one = (samples, 1)
    places = (("begin", 0), ("end", 1), ("axis", 1))
    cut = (writer.constant(f"{name}.{key}", np.array([at], np.int64)) for key, at in places)
    first = writer.node("Slice", (flat[0], *cut), f"{name}.first", dtype=dtype, shape=one)
    kind = np.int32 if dtype == writer.dtype("int32") else np.float32
    nothing = (first, writer.constant(f"{name}.zero", np.zeros((1, 1), kind)))
    nought = writer.node("Mul", nothing, f"{name}.nought", dtype=dtype, shape=one)
    if node.fill:
        filled = (nought, writer.constant(f"{name}.code", np.full((1, 1), node.fill, kind)))
        nought = writer.node("Add", filled, f"{name}.fill", dtype=dtype, shape=one)
    row = writer.node(
        "Concat", (*flat, nought), f"{name}.all", dtype=dtype, shape=(samples, total + 1), axis=1
    )
    index = node.index.astype(np.int64)
    taken = writer.constant(f"{name}.index", np.where(index < 0, total, index).reshape(-1))
    size = (samples, index.size)
    moved = writer.node("Gather", (row, taken), f"{name}.moved", dtype=dtype, shape=size, axis=1)
    sizes = [0, *(int(size) for size in sums.sizes[1:])]
    shape = writer.constant(f"{name}.sizes", np.array(sizes, np.int64))
    return writer.node("Reshape", (moved, shape), sums.name, dtype=dtype, shape=sums.sizes)


def _flatten(
    node: CodeMove, operand: int, value: str, sums: Sums, writer: Writer, dtype: int
) -> str:
    """One operand as ``n (c h w)``."""
    samples, plane = sums.sizes[0], node.planes[operand]
    size = int(np.prod(plane))
    sizes = (samples, size) if sums.is_flat else (samples, *plane)
    name = f"{node.name}.wide{operand}"
    wide = writer.node("Cast", (value,), name, dtype=dtype, shape=sizes, to=dtype)
    row = writer.constant(f"{node.name}.row{operand}", np.array([0, size], np.int64))
    name = f"{node.name}.flat{operand}"
    return writer.node("Reshape", (wide, row), name, dtype=dtype, shape=(samples, size))


OP = MoveOp()
