"""Codes joined with constant codes: ONNX Runtime has the kernels of two activations for them, too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Addition, Factors
from tilewright.interchange.linear_quant import has_scales, read_grid
from tilewright.interchange.neighbors import Neighbors
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.values import ByCode, Step, Value
from tilewright.spec import Ints, Plane
from tilewright.spec.step_search import Floats

WITH_KERNEL = ("Add", "Mul")


@dataclass(frozen=True, slots=True, eq=False)
class ConstantKernel:
    """What a kernel makes of each code of `value` and constant codes ``c``; is_first: of an addition, they
    are the operand that it adds last.
    """

    kind: str
    value: Value
    constant: Grid
    codes: Ints
    is_first: bool

    def __call__(self, grid: Grid) -> Step | None:
        """From the values of the codes to values on a grid; None if there is no such kernel."""
        known = self.value.grid
        assert known is not None, "a value of codes"  # noqa: S101
        if grid.number_format.is_signed != known.number_format.is_signed:
            return None
        made = self._products(known, grid) if self.kind == "Mul" else self._sums(known, grid)
        steps = np.diff(made, axis=1)
        values = made.astype(np.float32)
        return ByCode(self.value, values).step(falls=bool((steps < 0).any()))

    def _sums(self, known: Grid, grid: Grid) -> Floats:
        """Values ``c code`` of an addition."""
        places = self.codes - self.constant.number_format.min_code
        if self.is_first:
            codes = Addition(self.constant, known, (1, 1)).codes(grid)[places]
        else:
            codes = Addition(known, self.constant, (1, 1)).codes(grid)[:, places].T
        values: Floats = (codes - grid.zero_point).astype(np.float64)
        return values * grid.scale

    def _products(self, known: Grid, grid: Grid) -> Floats:
        """Values ``c code`` of a product."""
        steps = np.arange(known.low, known.high + 1)
        products = (self.codes - self.constant.zero_point)[:, None] * steps
        return Factors(known.scale, self.constant.scale)(grid).apply(products.astype(np.float64))


def constant_kernel(
    op: Operator, value: Value, plane: Plane, neighbors: Neighbors, constants: dict[str, Array]
) -> ConstantKernel | None:
    """The kernel of an operation of codes and constant codes, if it has one and a quantizer follows at once.

    plane: of the tensor in the file; that of `value` may have a channel for each of its pixels, and constants
    other names than in the file.
    """
    name = next((one for one in op.inputs if one != value.tensor), "")
    stated = name.removesuffix(f".of.{op.output}").removesuffix(".by_pixel")
    maker = neighbors.makers.get(stated)
    if op.kind not in WITH_KERNEL or value.grid is None or value.codes_at is None or maker is None:
        return None
    if maker.kind != "DequantizeLinear" or has_scales(maker, constants):
        return None
    codes = constants.get(maker.inputs[0])
    if codes is None or codes.dtype.name not in ("int8", "uint8"):
        return None
    grid = read_grid(maker, constants)
    is_one = grid.number_format.is_signed == value.grid.number_format.is_signed
    if not is_one or not neighbors.meets_quantizer(op.output):
        return None
    steps = np.rint(constants[name] / grid.scale).astype(np.int64) + grid.zero_point
    sizes = (1, value.plane[0], *(() if value.is_flat else value.plane[1:]))
    each = np.broadcast_to(steps, sizes).reshape(value.plane[0], -1)[:, 0]
    each = each if (each != each[0]).any() else each[:1]
    is_first = op.inputs[0] == name and _is_wide(codes, plane)
    return ConstantKernel(op.kind, value, grid, each, is_first)


def _is_wide(codes: Array, plane: Plane) -> bool:
    """Whether constant codes have more than one along the last axis of a tensor that has more than one."""
    shape = (1, 1, 1, *codes.shape)[-3:]
    pairs = zip(shape[::-1], plane[::-1], strict=True)
    return next((one > 1 for one, whole in pairs if max(one, whole) > 1), False)


def by_constant(after: Value, kernel: ConstantKernel | None) -> Value:
    """The value of an operation, whose quantizer is computed with it."""
    if kernel is None or after.origin is None:
        return after
    return replace(after, kernel=kernel, kernel_steps=kernel.value.steps)
