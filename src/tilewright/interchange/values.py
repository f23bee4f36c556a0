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

FLOAT32_WHOLE = 2.0**24
"""Below it, float32 holds every whole number."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The values are codes of a format, times a scale."""

    number_format: NumberFormat
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One elementwise step on values ``n c``; `falls`: in some channel it decreases.

    is_exact: float32 computes it as float64 does wherever the result is a float32 number.
    """

    apply: Callable[[Floats], Floats]
    falls: bool = False
    is_exact: bool = False


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
        mantissas, _ = np.frexp(self.gain)
        is_exact = bool((np.abs(mantissas) == 0.5).all())  # powers of two
        return Step(self, bool((self.gain < 0).any()), is_exact)


def clip(grid: Grid) -> Step:
    """To the range of a grid, where values are on it already: beyond it there are none."""
    low, high = (
        code * grid.scale for code in (grid.number_format.min_code, grid.number_format.max_code)
    )
    return Step(lambda values: np.clip(values, low, high), is_exact=True)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor. origin: the node whose sums it follows from, or None for the graph's input.

    plane: its sizes, channels first; is_flat: its axes are ``n c``. steps: from the sum, or the input,
    to the value. pools, is_flattened: what happened to the plane since the origin. grid: what the last
    quantizer left, as long as nothing has changed it. layout: how the graph's input was laid out anew.
    """

    tensor: str
    origin: str | None
    plane: Plane
    is_flat: bool
    steps: tuple[Step, ...] = ()
    pools: tuple[MaxPool, ...] = ()
    is_flattened: bool = False
    grid: Grid | None = None
    layout: tuple[str, ...] = ()

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

        is_exact = math.frexp(grid.scale)[0] == 0.5  # a power of two
        step = Step(apply, is_exact=is_exact)
        return replace(self, tensor=op.output, steps=(*self.steps, step), grid=grid)

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
        flat = replace(self, tensor=op.output, plane=plane, is_flat=True)
        if self.origin is None:
            return replace(flat, layout=(*self.layout, "flattened"))
        return replace(flat, is_flattened=True)

    def laid_out(self, op: Operator, sizes: tuple[int, ...], how: str) -> Value:
        """The graph's input with its numbers in other places; `sizes` without the samples."""
        if self.origin is not None:
            op.refuse(
                "only the input may be laid out anew: planes are channels first from there on"
            )
        if len(sizes) not in (1, 3):
            op.refuse(f"it must give (n, channels) or (n, channels, h, w), not (n, {sizes})")
        plane = (sizes[0], 1, 1) if len(sizes) == 1 else (sizes[0], sizes[1], sizes[2])
        layout = (*self.layout, how)
        return replace(self, tensor=op.output, plane=plane, is_flat=len(sizes) == 1, layout=layout)

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

    def rounds(self, sums: Floats) -> npt.NDArray[np.bool_]:
        """Which sums ``n c`` float32 may round on their way to the codes; the others it computes exactly."""
        values = sums
        rounded = np.abs(sums) >= FLOAT32_WHOLE
        for step in self.steps:
            values = step.apply(values)
            rounded |= (values.astype(np.float32) != values) | (not step.is_exact)
        return rounded

    def codes(self, sums: Floats) -> Ints:
        """Codes on the grid, counted from the lowest, of sums ``n c`` of the origin."""
        assert self.grid is not None, "only values on a grid have codes"  # noqa: S101
        values = sums
        for step in self.steps:
            values = step.apply(values)
        codes: Ints = np.rint(values / self.grid.scale).astype(np.int64)
        return codes - self.grid.number_format.min_code
