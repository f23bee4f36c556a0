"""Operations on codes without weights: put together, repeated, multiplied, or looked up in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.functions import evaluate
from tilewright.interchange.kernels import Factors, Singles
from tilewright.interchange.linear_quant import read_grid
from tilewright.interchange.moves import on_codes
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.quant_node import QUANT_OPERATORS, FileQuantizer, read_quantizer
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import Affine, Grid, Step, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeMove, CodeProduct, CodeTable, Ints
from tilewright.spec.step_search import Floats

Constants = dict[str, Array]
RESIZES = ("Resize", "Upsample")
NEAREST: dict[str, Callable[[Fraction], int]] = {
    "floor": lambda place: place.__floor__(),
    "ceil": lambda place: place.__ceil__(),
    "round_prefer_floor": lambda place: (place - Fraction(1, 2)).__ceil__(),
    "round_prefer_ceil": lambda place: (place + Fraction(1, 2)).__floor__(),
}
"""Which of two pixels is the nearest, by ONNX's name."""

CENTERS = {"asymmetric": Fraction(0), "half_pixel": Fraction(1, 2)}
CENTERS["pytorch_half_pixel"] = CENTERS["half_pixel"]


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

    def step(self) -> Step:
        """From the values of another grid to those of this one."""

        def apply(values: Floats) -> Floats:
            steps: Floats = self.steps(values.astype(np.float32)).astype(np.float64)
            return steps * self.grid.scale

        return Step(apply, is_of_codes=True)

    def codes_of(self, op: Operator, value: Value, part: tuple[int, int]) -> Value:
        """A value on another grid as a part of the quantizer's output."""
        after = value.on_grid(op, self.grid, self.step())
        codes_at = self.tensor if self.quantizer is None else None
        return replace(after, tensor=self.tensor, codes_at=codes_at, part=part)


def quantizer_ahead(readers: Iterable[Operator], constants: Constants) -> Ahead | None:
    """The quantizer that these operations are, if they are one."""
    match list(readers):
        case [Operator(kind="QuantizeLinear") as reader]:
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
    """Concat of channels; operands on grids of their own are put on that of the quantizer behind it."""
    grids = [_grid(op, value) for value in values]
    first, channels = values[0], [value.plane[0] for value in values]
    if len(values) != len(op.inputs):
        op.refuse("it must put activations together, not constants")
    axes = 2 if first.is_flat else 4
    if int(op.number("axis", 1)) % axes != 1:
        op.refuse(f"axis must be 1, that of the channels, not {op.attributes.get('axis')}")
    if any((one.is_flat, one.plane[1:]) != (first.is_flat, first.plane[1:]) for one in values):
        op.refuse(f"its planes must be of one size, not {[value.plane for value in values]}")
    if any(value.last for value in values):
        op.refuse("it must read values that were flattened with their channels first")
    if ahead is None and len(set(grids)) > 1:
        op.refuse(
            "it puts codes of different scales or formats together: let them share one quantizer, or put a "
            "quantizer behind it"
        )
    ends = np.cumsum([0, *channels]).tolist()
    if ahead is not None:
        values = [
            ahead.codes_of(op, assembly.entered(value), (start, end))
            for value, start, end in zip(values, ends, ends[1:], strict=False)
        ]
    index = np.arange(ends[-1] * first.plane[1] * first.plane[2], dtype=np.int32)
    grid = grids[0] if ahead is None else ahead.grid
    planes = tuple(value.plane for value in values)
    index = index.reshape(ends[-1], *first.plane[1:])
    node = CodeMove(_name(op, assembly), planes, index, grid.number_format, grid.scale)
    return _moved(op, node, values, grid, assembly, has_sums=ahead is None)


def read_resize(
    op: Operator, value: Value, constants: Constants, assembly: Assembly, *, has_sums: bool
) -> Value:
    """Resize or Upsample of a plane to the nearest pixels, by whole factors."""
    op.expect(mode="nearest", keep_aspect_ratio_policy="stretch")
    if value.is_flat or op.attributes.get("axes") is not None or op.attributes.get("antialias"):
        op.refuse("only a plane (n, channels, h, w) can be resized, with all axes stated")
    factors = _factors(op, value, constants)
    grid, size = _grid(op, value), value.plane[1:]
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
    rows, columns = (
        [_nearest(op, place, factor, edge) for place in range(edge * factor)]
        for edge, factor in zip(size, factors, strict=True)
    )
    index = np.ascontiguousarray(numbers[:, rows][:, :, columns])
    name = _name(op, assembly)
    node = CodeMove(name, (value.plane,), index, grid.number_format, grid.scale)
    has_sums = has_sums and not value.is_code
    found = _moved(op, node, [value], grid, assembly, has_sums=has_sums)
    return replace(found, codes_at=op.output if value.is_code else None)


def _factors(op: Operator, value: Value, constants: Constants) -> tuple[int, int]:
    """By how much the rows and columns grow."""
    position = 2 if op.kind == "Resize" else 1
    names = dict(enumerate(op.inputs))
    scales, sizes = (constants.get(names.get(at, "")) for at in (position, position + 1))
    found = np.zeros(4)
    if scales is not None and scales.size == 4:
        found = scales.astype(np.float64).reshape(-1)
    elif sizes is not None and sizes.size == 4:
        found = np.append(1, sizes.reshape(-1)[1:] / np.array(value.plane))
        found[1] *= sizes.reshape(-1)[1] == value.plane[0]
    if (found[:2] != 1).any() or (found[2:] < 1).any() or (found != np.rint(found)).any():
        op.refuse(
            f"it must grow rows and columns alone, by constant whole factors, not by {found.tolist()}"
        )
    return int(found[2]), int(found[3])


def _nearest(op: Operator, place: int, factor: int, edge: int) -> int:
    """Which pixel stands at a place of the resized axis."""
    if op.kind == "Upsample":
        return place // factor
    kind = op.attributes.get("coordinate_transformation_mode", "half_pixel")
    rule = op.attributes.get("nearest_mode", "round_prefer_floor")
    if kind not in CENTERS or rule not in NEAREST:
        op.refuse(f"its pixels must be placed by {', '.join(CENTERS)}, not {kind} and {rule}")
    center = CENTERS[kind]
    return min(max(NEAREST[rule]((place + center) / factor - center), 0), edge - 1)


def read_product(
    op: Operator, values: list[Value], assembly: Assembly, *, is_kernel: bool
) -> Value:
    """Mul of two activations; is_kernel: ONNX Runtime makes codes of the products at once."""
    first, second = values
    a, b = (_grid(op, value) for value in values)
    if a.number_format != b.number_format:
        op.refuse(
            f"it multiplies codes of different formats, {a.number_format} and {b.number_format}: let both "
            "quantizers have one"
        )
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
    if not is_kernel:
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


def _grid(op: Operator, value: Value) -> Grid:
    if value.grid is None:
        op.refuse(f"its input {value.tensor} is not quantized: put a quantizer before it")
    return value.grid


def _name(op: Operator, assembly: Assembly) -> str:
    return unique(name_sum(op), set(assembly.nodes))
