"""QuantizeLinear and DequantizeLinear of activations, with one scale or one for each channel."""

from __future__ import annotations

from dataclasses import replace

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.channel_scales import dequantized, quantized_linearly
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import rounded
from tilewright.interchange.linear_quant import has_scales, read_grid, read_grids
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.turning import quantized
from tilewright.interchange.values import Value


def read_codes(
    op: Operator, value: Value, constants: dict[str, Array], assembly: Assembly
) -> Value:
    """The value after QuantizeLinear or DequantizeLinear; refuses what is not of the other one."""
    are_several = has_scales(op, constants)
    if op.kind == "DequantizeLinear" and are_several:
        return dequantized(op, value, read_grids(op, value, constants))
    if op.kind == "DequantizeLinear":
        return _dequantized(op, value, constants)
    if value.is_code:
        op.refuse("it must read values, but reads codes")
    grid = None if are_several else read_grid(op, constants)
    if grid is not None and value.grid == grid:
        return replace(value, tensor=op.output, codes_at=op.output)
    if value.origin is None and value.grid is not None:
        value = assembly.enter(value)
    if grid is None:
        return quantized_linearly(op, value, read_grids(op, value, constants))
    step = replace(rounded(grid), is_of_codes=value.follows_codes)
    after = value.by_kernel(op, grid) or quantized(op, value, grid, step, assembly)
    return replace(after, codes_at=op.output)


def _dequantized(op: Operator, value: Value, constants: dict[str, Array]) -> Value:
    """The values of codes with one scale."""
    grid, found = read_grid(op, constants), value.grid
    if value.by_channel is not None:
        op.refuse("its codes have a scale for each channel, and it has one: quantize again instead")
    if value.origin is None and found is None:  # the input is codes
        found_at = replace(value, tensor=op.output, grid=grid, codes_at=value.tensor)
        return _of_type(found_at, grid)
    if found is None or not value.is_code:
        op.refuse("it must read codes that a QuantizeLinear has made")
    if (found.scale, found.zero_point) != (grid.scale, grid.zero_point):
        op.refuse(
            f"its scale and zero-point {grid.scale:g}, {grid.zero_point} are not those of its codes, "
            f"{found.scale:g}, {found.zero_point}: quantize again instead"
        )
    return _of_type(replace(value, tensor=op.output), grid)


def _of_type(value: Value, stated: Grid) -> Value:
    """Values of codes; of a type of 4 bits, which no engine shows, the tensor of values alone is known.

    stated: the grid by the type. The codes may be fewer: a Clip of bytes leaves bytes, with their kernels.
    """
    return value if stated.number_format.bits > 4 else replace(value, codes_at=None)
