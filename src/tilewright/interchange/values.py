"""A tensor of a foreign graph, seen as a function of the integer sums of one node."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.reach import ANYWHERE, Reach, rise_of
from tilewright.spec import Ints, MaxPool, Plane
from tilewright.spec.step_search import Floats

FLOAT32_WHOLE = 2.0**24
"""Below it, float32 holds every whole number."""

NOWHERE = ""
"""The tensor of codes that the file does not have, and that follow from those it has."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One elementwise step on values ``n c``; `falls`: in some channel it decreases.

    turns: it may fall and rise. is_exact: float32 computes it as float64 does wherever the result is a
    float32 number. is_own: it is the source's own arithmetic on whole sums, so nothing is left open.
    is_of_codes: it is that on codes of an earlier quantizer, so nothing more is. slack: how far from its step
    a sum may be that the source rounds to its other side.
    """

    apply: Callable[[Floats], Floats]
    falls: bool = False
    is_exact: bool = False
    is_own: bool = False
    is_of_codes: bool = False
    slack: float = 0.0
    turns: bool = False

    def then(self, other: Step) -> Step:
        """Both as one, of which only the first rounds."""
        return replace(self, apply=lambda values: other.apply(self.apply(values)))


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """``sums * gain + offset``, float64 ``(1,)`` or ``(c,)``."""

    gain: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]

    def __call__(self, values: Floats) -> Floats:
        """Apply it."""
        return values * self.gain + self.offset

    @property
    def keeps_sign(self) -> bool:
        """Whether what is not negative stays so."""
        return bool((self.gain >= 0).all() and (self.offset >= 0).all())

    def step(self) -> Step:
        """The same value as a `Step`."""
        mantissas, _ = np.frexp(self.gain)
        is_exact = bool((np.abs(mantissas) == 0.5).all())  # powers of two
        return Step(self, bool((self.gain < 0).any()), is_exact)


def clip(grid: Grid) -> Step:
    """To the range of a grid, where values are on it already: beyond it there are none."""
    low, high = grid.low * grid.scale, grid.high * grid.scale
    return Step(lambda values: np.clip(values, low, high), is_exact=True)


TURNS = (
    "what it reads may fall and rise with the sums of a layer (as HardSwish, Gelu, Mish and SiLU do): let "
    "one quantizer with one scale follow such a function, and all else that quantizer"
)

Kernel = Callable[[Grid], Step | None]
"""How an integer kernel of the source goes from the sums of a node to the values on a grid, in one step; None
if it has none for such codes."""


@dataclass(frozen=True, slots=True, eq=False)
class ByChannel:
    """Codes of one format whose scales, float64 ``(c,)``, differ by channel; grid: with the first of them."""

    grid: Grid
    scales: npt.NDArray[np.float64]

    @property
    def ratios(self) -> npt.NDArray[np.float64]:
        """Scales in terms of that of the grid."""
        return self.scales / self.grid.scale


BY_CHANNEL = (
    "what it reads has a scale for each channel, which only convolutions, linear layers and max-pools take: "
    "let its quantizer have one scale"
)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor. origin: the node whose sums it follows from, or None for the graph's input.

    plane: its sizes, channels first; is_flat: its axes are ``n c``. steps: from the sum, or the input,
    to the value. pools, is_flattened: what happened to the plane since the origin. grid: what the last
    quantizer left, as long as nothing has changed it. layout: how the graph's input was laid out anew.
    codes_at: the tensor of integers with its codes, if the file has one. kernel: of the source, where a
    quantizer that follows directly is computed with the sums, or with what `kernel_steps` make of these;
    is_rectified: but for a Relu in between.
    is_positive: it is known not to be negative. last: the plane that was flattened with its channels last.
    places: of its codes in the tensor, if they were moved since, or if it has others too, fill: the code
    where there is none of them. shift: what its codes have more than those of the file. slack: by how much
    the source's rounding of what it adds may miss the sum. input: of the graph, that it follows from.
    by_code: its numbers for each code of an earlier grid, if operations on values of codes have made them.
    by_channel: the grid of each channel, where they differ; `grid` is None then, and the steps lead to codes
    of the first scale. reach: between what its numbers lie. rise: 1 or -1 by channel, whether what pools have
    taken the largest of rises or falls with the sums.
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
    codes_at: str | None = None
    kernel: Kernel | None = None
    kernel_steps: tuple[Step, ...] = ()
    is_rectified: bool = False
    is_positive: bool = False
    last: Plane | None = None
    places: npt.NDArray[np.int32] | None = None
    fill: int = 0
    shift: int = 0
    slack: float = 0.0
    input: str = ""
    by_code: ByCode | None = None
    by_channel: ByChannel | None = None
    reach: Reach = ANYWHERE
    rise: Ints | None = None

    def through(self, op: Operator, step: Step) -> Value:
        """The value after an elementwise step, off the grid."""
        if self.by_channel is not None:
            op.refuse(BY_CHANNEL)
        if step.falls and self.pools:  # the largest number has not the largest result
            step = replace(step, turns=True)
        steps = (*self.steps, step)
        after = replace(self, tensor=op.output, steps=steps, grid=None, codes_at=None)
        after = replace(after, places=None, by_code=None, slack=self.slack + step.slack)
        after = replace(after, reach=ANYWHERE)
        keeps = isinstance(step.apply, Affine) and step.apply.keeps_sign
        is_positive = self.is_positive and keeps
        return replace(after, kernel=None, is_rectified=False, is_positive=is_positive)

    def on_grid(self, op: Operator, grid: Grid, step: Step) -> Value:
        """The value after a quantizer, `step`."""
        if self.turns:
            op.refuse(TURNS)
        after = self.through(op, step)
        return replace(after, grid=grid, is_positive=grid.low >= 0)

    def by_kernel(self, op: Operator, grid: Grid) -> Value | None:
        """The value after a quantizer that the source computes in one with the sums, or None."""
        if self.kernel is None or (self.is_rectified and grid.low < 0):
            return None
        step = self.kernel(grid)
        if step is None:
            return None
        return replace(self, steps=self.kernel_steps, kernel=None).on_grid(op, grid, step)

    @property
    def follows_codes(self) -> bool:
        """Whether it is a function of codes, so that the source's own arithmetic is known for each."""
        is_input = self.origin is None or self.is_code
        return not is_input and (self.grid is not None or self.by_code is not None)

    @property
    def turns(self) -> bool:
        """Whether it may fall and rise with the sums that it follows from."""
        return self.origin is not None and any(step.turns for step in self.steps)

    @property
    def is_code(self) -> bool:
        """Whether the tensor holds codes, and not their values."""
        return self.codes_at == self.tensor

    def renamed(self, op: Operator) -> Value:
        """The same value as the output of an operation that changes nothing."""
        return replace(self, tensor=op.output, codes_at=self._codes_behind(op, self.codes_at))

    def _codes_behind(self, op: Operator, otherwise: str | None) -> str | None:
        """The tensor with the codes after an operation that moves values."""
        return op.output if self.is_code else otherwise

    def pooled(self, op: Operator, pool: MaxPool) -> Value:
        """The value after a max-pool."""
        if self.turns:
            op.refuse(TURNS)
        channels, *size = self.plane
        plane = (channels, *pool.output_size(*size))
        pools = (*self.pools, pool)
        codes_at = self._codes_behind(op, None)
        return replace(
            self,
            tensor=op.output,
            plane=plane,
            pools=pools,
            codes_at=codes_at,
            kernel=None,
            places=None,
            rise=rise_of(step.apply for step in self.steps),
        )

    def flattened(self, op: Operator) -> Value:
        """The value after a flatten of all axes but the samples."""
        if self.is_flat:
            return self.renamed(op)
        plane = (math.prod(self.plane), 1, 1)
        flat = replace(self.renamed(op), plane=plane, is_flat=True)
        if self.by_channel is not None:
            pixels = self.plane[1] * self.plane[2]
            scales = self.by_channel.scales.repeat(pixels)
            flat = replace(flat, by_channel=replace(self.by_channel, scales=scales))
        if op.attributes.get("channels_last"):
            if self.origin is None:
                op.refuse("the input must be flattened with its channels first")
            flat = replace(flat, last=self.plane)
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
        moved = replace(self, tensor=op.output, codes_at=self._codes_behind(op, None))
        return replace(moved, plane=plane, is_flat=len(sizes) == 1, layout=(*self.layout, how))

    def channels(self, op: Operator, constant: Array) -> npt.NDArray[np.float64]:
        """A constant as float64 ``(1,)`` or ``(c,)``; refuses one that is not by channel."""
        values = constant.astype(np.float64)
        if values.size == 1:
            return values.reshape(1)
        axes = 2 if self.is_flat else 4
        shape = (1,) * (axes - values.ndim) + values.shape
        wanted = (1, self.plane[0], *(1,) * (axes - 2))
        if shape != wanted or (self.is_flattened and self.plane[0] != values.size):
            op.refuse(
                f"its constant must be one number or one per channel, not {values.shape}; one per "
                "pixel needs a quantizer before it"
            )
        if self.is_flattened:
            op.refuse("after a flatten, numbers per channel are not supported: put it before")
        return values.reshape(-1)

    def rounds(self, sums: Floats) -> npt.NDArray[np.bool_]:
        """Which sums ``n c`` float32 may round on their way to the codes; the others it computes exactly."""
        values = sums
        rounded = np.abs(sums) >= FLOAT32_WHOLE
        with np.errstate(over="ignore"):  # infinity is another number too
            for step in self.steps:
                values = step.apply(values)
                if step.is_own:
                    rounded[:] = False
                elif not step.is_of_codes:
                    rounded |= (values.astype(np.float32) != values) | (not step.is_exact)
        return rounded

    def codes(self, sums: Floats) -> Ints:
        """Codes on the grid, counted from the lowest, of sums ``n c`` of the origin.

        Raises `FormatError` if the constants on the way make a sum infinite or no number.
        """
        assert self.grid is not None, "only values on a grid have codes"  # noqa: S101
        values = sums
        with np.errstate(over="ignore", invalid="ignore"):
            for step in self.steps:
                values = step.apply(values)
            codes = np.rint(values / self.grid.scale)
        if not np.isfinite(codes).all():
            raise FormatError(
                f"tensor {self.tensor}: every sum of {self.origin} must have a finite value there, but a "
                "constant on the way is infinite, no number, or too large"
            )
        counted: Ints = codes.astype(np.int64) - self.grid.low
        return counted


@dataclass(frozen=True, slots=True, eq=False)
class ByCode:
    """Numbers that follow from the codes of `source`: float32 ``c code``, or one row for all channels."""

    source: Value
    values: npt.NDArray[np.float32]

    @classmethod
    def of(cls, value: Value) -> ByCode:
        """What the values of a value that follows from codes are, for each of the codes."""
        if value.by_code is not None:
            return value.by_code
        assert value.grid is not None, "only values on a grid have codes"  # noqa: S101
        steps = np.arange(value.grid.low, value.grid.high + 1)
        return cls(value, (steps * value.grid.scale).astype(np.float32)[None])

    def is_of_moved(self, value: Value) -> bool:
        """Whether `value`, which has these numbers, has them where its codes are moved, too."""
        where = self.source.pools, self.source.is_flattened
        return len(self.values) == 1 and where == (value.pools, value.is_flattened)

    def after(self, moved: Value, op: Operator) -> Value:
        """The numbers of codes that were moved before, as the output of an operation."""
        known = replace(self, source=moved)
        falls = bool((np.diff(self.values, axis=1) < 0).any())
        return replace(moved.through(op, known.step(falls=falls)), by_code=known)

    def step(self, *, falls: bool = False) -> Step:
        """From the values of the codes to these numbers."""
        grid = self.source.grid
        assert grid is not None, "only values on a grid have codes"  # noqa: S101

        def apply(values: Floats) -> Floats:
            places = np.rint(values / grid.scale).astype(np.int64) - grid.low
            places = places.clip(0, self.values.shape[1] - 1)
            rows = np.arange(values.shape[1]) if len(self.values) > 1 else 0
            found: Floats = self.values[rows, places].astype(np.float64)
            return found

        return Step(apply, falls, is_of_codes=True)
