"""Operations on codes without weights: put together, repeated, multiplied, or looked up in a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.functions import evaluate
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Factors, Singles, rounded
from tilewright.interchange.linear_quant import has_scales, read_grid
from tilewright.interchange.moves import Places, on_codes
from tilewright.interchange.one_format import on_one_format
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.quant_node import QUANT_OPERATORS, FileQuantizer, read_quantizer
from tilewright.interchange.read_layers import unique
from tilewright.interchange.turning import quantized
from tilewright.interchange.values import Affine, ByChannel, Step, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeMove, CodeProduct, CodeTable, Ints
from tilewright.spec.step_search import Floats

Constants = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The quantizer that reads a tensor, and nothing else does. tensor: its output; quantizer: QONNX's, or
    None for ONNX's own, which makes codes and adds the zero-point behind the rounding.
    """

    tensor: str
    grid: Grid
    quantizer: FileQuantizer | None

    def steps(self, values: Singles) -> Ints:
        """Codes, less the zero-point, of real values, in float32 as the source computes them."""
        grid = self.grid
        if self.quantizer is not None:
            return self.quantizer.steps(values, grid.scale).astype(np.int64)
        steps = np.clip(np.rint(values / np.float32(grid.scale)), grid.low, grid.high)
        found: Ints = steps.astype(np.int64)
        return found

    def code(self, value: float) -> int:
        """The code of one number."""
        return int(self.steps(np.array([value], np.float32))[0]) + self.grid.zero_point

    def step(self) -> Step:
        """From the values of another grid to those of this one."""

        def apply(values: Floats) -> Floats:
            steps: Floats = self.steps(values.astype(np.float32)).astype(np.float64)
            return steps * self.grid.scale

        return Step(apply, is_of_codes=True)

    def step_of_sums(self) -> Step:
        """From real values of sums, whose own rounding is not known, to those of this grid."""
        if self.quantizer is None:
            return rounded(self.grid)
        return self.quantizer.step(self.grid.scale)

    def codes_of(
        self, op: Operator, value: Value, places: Places | None, assembly: Assembly
    ) -> Value:
        """A value on another grid as a part of the quantizer's output, where its codes are at `places`."""
        step = self.step() if value.follows_codes else self.step_of_sums()
        after = quantized(op, value, self.grid, step, assembly)
        codes_at = self.tensor if self.quantizer is None else None
        return replace(after, tensor=self.tensor, codes_at=codes_at, places=places)


def quantizer_ahead(readers: Iterable[Operator], constants: Constants) -> Ahead | None:
    """The quantizer that these operations are, if they are one."""
    match list(readers):
        case [Operator(kind="QuantizeLinear") as reader] if not has_scales(reader, constants):
            return Ahead(reader.output, read_grid(reader, constants), None)
        case [Operator() as reader] if reader.kind in QUANT_OPERATORS:
            found = read_quantizer(reader, constants)
            scale = scalar(reader, found.scale, "the scale of activations")
            grid = Grid(found.number_format, scale, found.zero_point)
            return Ahead(reader.output, grid, found)
    return None


def read_concat(
    op: Operator, values: list[Value], assembly: Assembly, *, ahead: Ahead | None
) -> Value:
    """Concat; operands on grids of their own are put on that of the quantizer behind it."""
    values = values if ahead is not None else on_one_format(op, values, assembly)
    grids = [_first_grid(op, value) for value in values] if ahead is None else []
    are_unlike = len(set(grids)) > 1 or any(value.by_channel for value in values)
    first = values[0]
    if len(values) != len(op.inputs):
        op.refuse("it must put activations together, not constants")
    sizes = [value.plane[:1] if first.is_flat else value.plane for value in values]
    axis = int(op.number("axis", 1)) % (len(sizes[0]) + 1) - 1
    others = {tuple(np.delete(one, axis).tolist()) for one in sizes}
    if axis < 0 or len(others) > 1 or len({value.is_flat for value in values}) > 1:
        op.refuse(
            f"it must put planes together that fit one another, not {sizes}, along axis {axis + 1}"
        )
    if any(value.last for value in values):
        op.refuse("it must read values that were flattened with their channels first")
    if ahead is None and len({(grid.number_format, grid.zero_point) for grid in grids}) > 1:
        op.refuse(
            "it puts codes of different formats or zero-points together: let them share one quantizer, or "
            "put a quantizer behind it"
        )
    if ahead is None and are_unlike and axis:
        op.refuse(
            "it puts codes of different scales together, and not channel by channel: let them share one "
            "quantizer, or put a quantizer behind it"
        )
    index = _put_together(sizes, axis)
    if ahead is not None:
        places = np.argsort(index, axis=None).astype(np.int32)
        ends = np.cumsum([0, *(math.prod(one) for one in sizes)]).tolist()
        values = [
            ahead.codes_of(op, _entered(op, value, assembly), places[start:end], assembly)
            for value, start, end in zip(values, ends, ends[1:], strict=False)
        ]
    grid = grids[0] if ahead is None else ahead.grid
    planes = tuple(value.plane for value in values)
    index = index.reshape(*index.shape, *(1,) * (3 - index.ndim))
    node = CodeMove(_name(op, assembly), planes, index, grid.number_format, grid.scale)
    if ahead is None and are_unlike:
        values = [replace(one, grid=grid) for one, grid in zip(values, grids, strict=True)]
        return _by_channel(op, node, values, grids, assembly)
    return _moved(op, node, values, grid, assembly, has_sums=ahead is None)


def _by_channel(
    op: Operator, node: CodeMove, values: list[Value], grids: list[Grid], assembly: Assembly
) -> Value:
    """Codes whose scales differ by channel, as those of the operands do."""
    scales = np.concatenate(
        [
            np.full(value.plane[0], grid.scale)
            if value.by_channel is None
            else value.by_channel.scales
            for value, grid in zip(values, grids, strict=True)
        ]
    )
    moved = _moved(op, node, values, grids[0], assembly, has_sums=False)
    return replace(moved, grid=None, by_channel=ByChannel(grids[0], scales))


def _entered(op: Operator, value: Value, assembly: Assembly) -> Value:
    """The value, as of a node's sums."""
    if value.origin is None and value.grid is None:
        op.refuse(f"its input {value.tensor} is that of the network: put a quantizer before it")
    return assembly.entered(value)


def _put_together(sizes: Sequence[tuple[int, ...]], axis: int) -> Places:
    """Places, in operands of these sizes one behind the other, of these put together along an axis."""
    first, parts = 0, []
    for one in sizes:
        count = math.prod(one)
        parts.append(np.arange(first, first + count, dtype=np.int32).reshape(one))
        first += count
    return np.concatenate(parts, axis=axis)


def read_product(
    op: Operator, values: list[Value], assembly: Assembly, *, is_kernel: bool
) -> Value:
    """Mul of two activations; is_kernel: ONNX Runtime makes codes of the products at once."""
    is_one = len({_grid(op, value).number_format for value in values}) == 1
    first, second = values = on_one_format(op, values, assembly)
    a, b = (_grid(op, value) for value in values)
    if first.is_flat != second.is_flat:
        op.refuse(f"it must multiply tensors of as many axes, not {first.plane}, {second.plane}")
    node = CodeProduct(
        _name(op, assembly),
        (first.plane, second.plane),
        a.number_format,
        a.scale,
        b.scale,
        zero_points=(a.zero_point, b.zero_point),
    )
    real = Affine(np.array([a.scale * b.scale]), np.zeros(1))
    if not (is_kernel and is_one):
        return assembly.add(op, node, values, real)
    found = assembly.add_integers(op, node, values, real)
    return replace(found, kernel=Factors(a.scale, b.scale))


def read_table(
    op: Operator, value: Value, constants: Constants, assembly: Assembly, *, ahead: Ahead
) -> Value:
    """A function of each code, quantized anew: for each code the one of the next quantizer, less its zero."""
    grid = _grid(op, value)
    codes = grid.number_format
    steps = np.arange(codes.min_code, codes.max_code + 1) - grid.zero_point
    values = (steps * grid.scale).astype(np.float32)
    table = ahead.steps(evaluate(op, values, constants)).astype(np.int32)
    unit = ahead.grid.scale / grid.scale
    node = CodeTable(_name(op, assembly), (value.plane,), table, codes, grid.scale, unit)
    real = Affine(np.array([ahead.grid.scale]), np.zeros(1))
    return on_codes(ahead.grid, assembly.add_integers(op, node, [value], real))


def _moved(
    op: Operator,
    node: CodeMove,
    values: list[Value],
    grid: Grid,
    assembly: Assembly,
    *,
    has_sums: bool,
) -> Value:
    """The codes behind a move: its sums are the codes, on the grid that they were on."""
    real = Affine(np.array([grid.scale]), np.array([-grid.zero_point * grid.scale]))
    add = assembly.add if has_sums else assembly.add_integers
    return on_codes(grid, add(op, node, values, real))


def _first_grid(op: Operator, value: Value) -> Grid:
    """The grid of a value, or that of its first channel, where they differ."""
    return _grid(op, value) if value.by_channel is None else value.by_channel.grid


def _grid(op: Operator, value: Value) -> Grid:
    if value.grid is None:
        op.refuse(f"its input {value.tensor} is not quantized: put a quantizer before it")
    return value.grid


def _name(op: Operator, assembly: Assembly) -> str:
    return unique(name_sum(op), set(assembly.nodes))
