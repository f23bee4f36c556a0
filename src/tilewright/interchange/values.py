"""A tensor of a foreign graph, seen as a function of the integer sums of one node."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.spec import Ints, MaxPool, NumberFormat, Plane
from tilewright.spec.step_search import Floats


@dataclass(frozen=True, slots=True)
class Grid:
    """The values are codes of a format, times a scale."""

    number_format: NumberFormat
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One elementwise step on values ``n c``; `falls`: in some channel it decreases."""

    apply: Callable[[Floats], Floats]
    falls: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """``sums * gain + offset``, float64 ``(1,)`` or ``(c,)``."""

    gain: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]

    def __call__(self, values: Floats) -> Floats:
        """Apply it."""
        return values * self.gain + self.offset

    def step(self) -> Step:
        """The same value as a `Step`."""
        return Step(self, bool((self.gain < 0).any()))


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor. origin: the node whose sums it follows from, or None for the graph's input.

    plane: its sizes, channels first; is_flat: its axes are ``n c``. steps: from the sum, or the input,
    to the value. pools, is_flattened: what happened to the plane since the origin. grid: what the last
    quantizer left, as long as nothing has changed it.
    """

    tensor: str
    origin: str | None
    plane: Plane
    is_flat: bool
    steps: tuple[Step, ...] = ()
    pools: tuple[MaxPool, ...] = ()
    is_flattened: bool = False
    grid: Grid | None = None

    def through(self, op: Operator, step: Step) -> Value:
        """The value after an elementwise step, off the grid."""
        if step.falls and self.pools:
            op.refuse(
                "it falls in some channel and comes after a max-pool, which then does not commute"
            )
        return replace(self, tensor=op.output, steps=(*self.steps, step), grid=None)

    def on_grid(self, op: Operator, grid: Grid) -> Value:
        """The value after a quantizer."""
        low, high = grid.number_format.min_code, grid.number_format.max_code

        def apply(values: Floats) -> Floats:
            codes: Floats = np.rint(np.clip(values / grid.scale, low, high)) * grid.scale
            return codes

        return replace(self, tensor=op.output, steps=(*self.steps, Step(apply)), grid=grid)

    def renamed(self, op: Operator) -> Value:
        """The same value as the output of an operation that changes nothing."""
        return replace(self, tensor=op.output)

    def pooled(self, op: Operator, pool: MaxPool) -> Value:
        """The value after a max-pool."""
        channels, *size = self.plane
        plane = (channels, *pool.output_size(*size))
        return replace(self, tensor=op.output, plane=plane, pools=(*self.pools, pool))

    def flattened(self, op: Operator) -> Value:
        """The value after a flatten of all axes but the samples."""
        if self.is_flat:
            return replace(self, tensor=op.output)
        plane = (math.prod(self.plane), 1, 1)
        return replace(self, tensor=op.output, plane=plane, is_flat=True, is_flattened=True)

    def channels(self, op: Operator, constant: Array) -> npt.NDArray[np.float64]:
        """A constant as float64 ``(1,)`` or ``(c,)``; refuses one that is not by channel."""
        values = constant.astype(np.float64)
        if values.size == 1:
            return values.reshape(1)
        axes = 2 if self.is_flat else 4
        shape = (1,) * (axes - values.ndim) + values.shape
        wanted = (1, self.plane[0], *(1,) * (axes - 2))
        if shape != wanted or (self.is_flattened and self.plane[0] != values.size):
            op.refuse(f"its constant must be one number or one per channel, not {values.shape}")
        if self.is_flattened:
            op.refuse("after a flatten, numbers per channel are not supported: put it before")
        return values.reshape(-1)

    def codes(self, sums: Floats) -> Ints:
        """Codes on the grid, counted from the lowest, of sums ``n c`` of the origin."""
        assert self.grid is not None, "only values on a grid have codes"  # noqa: S101
        values = sums
        for step in self.steps:
            values = step.apply(values)
        codes: Ints = np.rint(values / self.grid.scale).astype(np.int64)
        return codes - self.grid.number_format.min_code
