"""Codes by their mean and deviation. Reference: `verify.attention_references`; torch:
`recover.attention_nodes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilewright.spec import CodeNorm
from tilewright.spec.attention_nodes import NORM_BITS
from tilewright.spec.op import Array, Arrays, Facts, Op, Operation, Sizes, Sums, Writer


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

    def onnx_sums(self, node: CodeNorm, codes: tuple[str, ...], sums: Sums, writer: Writer) -> str:
        """On int64; the root in double, put right by comparisons; Div rounds towards 0, so what it divides is
        made positive before.
        """
        name, int64, int32 = node.name, writer.dtype("int64"), writer.dtype("int32")
        sizes, line = sums.sizes, (sums.sizes[0], 1, *sums.sizes[2:])

        def number(what: str, value: int) -> str:
            return writer.constant(f"{name}.{what}", np.array(value, np.int64))

        def add(kind: str, what: str, shape: Sizes, *inputs: str, **rest: int) -> str:
            dtype = int64 if kind != "Greater" else writer.dtype("bool")
            return writer.node(kind, inputs, f"{name}.{what}", dtype=dtype, shape=shape, **rest)

        axis = writer.constant(f"{name}.axis", np.array([1], np.int64))
        count, one = number("channels", node.planes[0][0]), number("one", 1)
        wide = add("Cast", "wide", sizes, *codes, to=int64)
        total = add("ReduceSum", "total", line, wide, axis, keepdims=1)
        apart = add("Sub", "apart", sizes, add("Mul", "times", sizes, wide, count), total)
        squares = add("Mul", "squares", sizes, apart, apart)
        spread = add("ReduceSum", "spread", line, squares, axis, keepdims=1)
        square = add("Div", "square", line, spread, count)
        root = _write_root(node, square, line, writer)
        for step, kind in (("less", "Sub"), ("more", "Add")):
            tried = root if kind == "Sub" else add("Add", f"{step}.next", line, root, one)
            power = add("Mul", f"{step}.power", line, tried, tried)
            pair = (
                (power, square)
                if kind == "Sub"
                else (add("Add", "limit", line, square, one), power)
            )
            is_off = add("Greater", f"{step}.is_off", line, *pair)
            root = add(kind, step, line, root, add("Cast", f"{step}.by", line, is_off, to=int64))
        root = add("Max", "deviation", line, root, one)
        bound = number("bound", node.sum_bound())
        scaled = add("Mul", "scaled", sizes, apart, number("unit", 2**NORM_BITS))
        above = add("Add", "raised", sizes, scaled, add("Mul", "shift", line, root, bound))
        found = add("Sub", "found", sizes, add("Div", "quotient", sizes, above, root), bound)
        return writer.node("Cast", (found,), sums.name, dtype=int32, shape=sizes, to=int32)


def _write_root(node: CodeNorm, square: str, shape: Sizes, writer: Writer) -> str:
    """The root of whole numbers in double, as an integer that may be off by one."""
    double, int64 = writer.dtype("float64"), writer.dtype("int64")
    name = f"{node.name}.root"
    real = writer.node("Cast", (square,), f"{name}.of", dtype=double, shape=shape, to=double)
    root = writer.node("Sqrt", (real,), f"{name}.real", dtype=double, shape=shape)
    return writer.node("Cast", (root,), name, dtype=int64, shape=shape, to=int64)


OP = NormOp()
