"""Operations without weights of a TFLite file on int8 codes, as nodes of the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tilewright.interchange.moves import add_move, on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_pools import MOST_PIXELS
from tilewright.interchange.tflite_blends import read_bilinear
from tilewright.interchange.tflite_context import Context
from tilewright.interchange.tflite_layers import LAYERS, read_layer
from tilewright.interchange.tflite_pairs import PAIRS
from tilewright.interchange.tflite_places import (
    AXES,
    LITERAL,
    LOWEST,
    Places,
    Seen,
    laid_out,
    literals,
    moved,
    plane_of,
    settled,
)
from tilewright.interchange.tflite_pools import REDUCED, read_max, read_pool
from tilewright.interchange.values import NOWHERE, Affine, ByCode, Step, Value
from tilewright.spec import CodeMove, CodeTable
from tilewright.spec.code_nodes import ZERO

MOVES = (
    *(
        "CONCATENATION",
        "DEPTH_TO_SPACE",
        "EXPAND_DIMS",
        "GATHER",
        "MIRROR_PAD",
        "PACK",
        "PAD",
        "PADV2",
    ),
    *(
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "REVERSE_V2",
        "SLICE",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SPLIT_V",
    ),
    *("SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK"),
)
"""Operations that only put codes in other places."""

TABLES = (
    *(
        "ABS",
        "COS",
        "DIV",
        "ELU",
        "EXP",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOG",
        "LOGISTIC",
    ),
    *(
        "NEG",
        "POW",
        "PRELU",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RELU_0_TO_1",
        "RELU_N1_TO_1",
        "RSQRT",
    ),
    *("SIN", "SQRT", "SQUARE", "TANH", *PAIRS),
)
"""Operations of one tensor, and constants of one number or one per channel, that compute with each number by
itself."""


def read_table(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """A function of each number by itself: the interpreter says what it makes of each code."""
    constants = [context.file.constants[one] for one in op.inputs if one in context.file.constants]
    if any(one.size != 1 for one in constants):
        return _by_channel(context, op, sources[0], [one.shape for one in constants])
    source = sources[0]
    if not source.is_permuted:
        value = settled(op, source, context.assembly)
        source = Seen.of(value, context.file.tensors[source.tensor])
    value, out = source.value, context.out(op)
    grid = value.grid
    assert grid is not None, "all tensors have codes"  # noqa: S101
    codes = grid.number_format
    made = context.run(op, np.arange(codes.min_code, codes.max_code + 1)[None])
    table = (made.reshape(-1) - out.zero_point).astype(np.int32)
    unit = out.scale / grid.scale
    node = CodeTable(context.name(op), (value.plane,), table, codes, grid.scale, unit)
    real = Affine(np.array([out.scale]), np.zeros(1))
    found = on_codes(out, context.assembly.add_integers(op, node, [value], real))
    found = replace(found, is_flat=value.is_flat)
    return Seen.at(found, op.output, source.places, is_bare=source.is_bare)


def _by_channel(
    context: Context, op: Operator, source: Seen, shapes: list[tuple[int, ...]]
) -> Seen:
    """A function of each number and of constants by channel: a step for each channel, up or down."""
    sizes, number = source.places.shape, source.places.size
    channels = sizes[-1] if sizes else 1
    is_by_pixel = any(shape not in _of_channels(channels) for shape in shapes)
    if is_by_pixel:
        if context.file.tensors[op.output].sizes[1:] != sizes or number > MOST_PIXELS:
            op.refuse(
                f"its constant must be one number, one for each of {channels} channels, or one for each of "
                f"at most {MOST_PIXELS:,} numbers of a sample"
            )
        source = Seen("", source.value, source.places.reshape(-1))
    value = context.assembly.entered(settled(op, source, context.assembly))
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
    if value.is_flattened:
        value = add_move(op, value, numbers, context.assembly, tensor=None)
    grid, out = value.grid, context.out(op)
    assert grid is not None, "all tensors have codes"  # noqa: S101
    codes = np.arange(grid.number_format.min_code, grid.number_format.max_code + 1)
    if is_by_pixel:
        each = np.broadcast_to(codes.reshape(-1, *(1,) * len(sizes)), (codes.size, *sizes))
        made = context.run(op, np.ascontiguousarray(each)).reshape(codes.size, number)
    else:
        made = context.run(op, codes[None, :, None, None].repeat(channels, axis=3))[0, :, 0]
    steps = np.diff(made, axis=0)  # code channel
    falls = (steps < 0).any(axis=0)
    if (falls & (steps > 0).any(axis=0)).any():
        op.refuse("it rises and falls in a channel: let its constant be one number for all of them")
    values = ((made.T - out.zero_point) * out.scale).astype(np.float32)
    found = value.on_grid(op, out, ByCode(value, values).step(falls=bool(falls.any())))
    if is_by_pixel:
        return Seen.at(found, op.output, np.arange(number).reshape(sizes))
    return Seen.of(found, context.file.tensors[op.output])


def _of_channels(channels: int) -> list[tuple[int, ...]]:
    """Shapes of constants of one number, or one per channel."""
    return [(1,) * axes + (size,) for axes in range(4) for size in (1, channels)] + [()]


def read_move(context: Context, op: Operator, sources: list[Seen]) -> list[Seen]:
    """Codes in other places; those of several tensors become one `CodeMove`."""
    results = moved(context.file, op, sources, kernels=context.kernels)
    put_in = literals(np.concatenate([places.reshape(-1) for places, _ in results]))
    if put_in.size or len(sources) > 1:
        return [
            _joined(context, op, sources, places, name, put_in)
            for name, (places, _) in zip(op.outputs, results, strict=True)
        ]
    flat = np.append(sources[0].places.reshape(-1), ZERO)  # `ZERO` is the last
    found = [
        Seen(name, sources[0].value, flat[places], is_bare)
        for name, (places, is_bare) in zip(op.outputs, results, strict=True)
    ]
    is_input = sources[0].tensor == context.file.graph.input and context.is_read_once
    if is_input and len(found) == 1 and found[0].is_permuted and found[0].places.ndim < AXES:
        return [laid_out(found[0], context.file.tensors[op.output])]
    return found


def _constant(context: Context, op: Operator, value: Value, codes: Places) -> Seen:
    """Constant codes, as what follows from the first code of a value whatever that is."""
    grid, source = context.out(op), context.assembly.entered(value)
    first = np.zeros((codes.size, 1, 1), np.int32)
    moved_one = add_move(op, source, first, context.assembly, tensor=None)
    values = (codes - grid.zero_point) * grid.scale
    step = Step(lambda sums: np.broadcast_to(values, sums.shape).astype(np.float64))
    found = moved_one.on_grid(op, grid, replace(step, is_of_codes=True))
    found = replace(found, tensor=NOWHERE, is_flat=True)
    return Seen("", found, np.arange(codes.size))


def _joined(
    context: Context,
    op: Operator,
    sources: list[Seen],
    results: Places,
    output: str,
    put_in: Places,
) -> Seen:
    """Codes of several tensors, and constant ones, put together."""
    if put_in.size:
        count = sum(one.places.size for one in sources)
        sources = [*sources, _constant(context, op, sources[0].value, put_in)]
        at = np.searchsorted(put_in, LITERAL - results + LOWEST)
        results = np.where(results <= LITERAL, count + at, results)
    values = [one.value for one in sources]
    ends = np.cumsum([0, *(int(np.prod(value.plane)) for value in values)]).tolist()
    parts = [
        np.where(one.places == ZERO, ZERO, one.places + start).reshape(-1)
        for one, start in zip(sources, ends, strict=False)
    ]
    places = np.append(np.concatenate(parts), ZERO)[results]  # `ZERO` is the last
    tensor = context.file.tensors[output]
    grid = tensor.grid(op)
    if (places == ZERO).any() and grid.zero_point:
        op.refuse("it reads a tensor with a border, which only a convolution can read")
    planes = tuple(value.plane for value in values)
    index = np.moveaxis(places, -1, 0).reshape(plane_of(places.shape)).astype(np.int32)
    node = CodeMove(context.name(op), planes, index, grid.number_format, grid.scale)
    real = Affine(np.array([grid.scale]), np.array([-grid.zero_point * grid.scale]))
    found = on_codes(grid, context.assembly.add_integers(op, node, values, real))
    return Seen.of(replace(found, is_flat=places.ndim == 1), tensor)


Read = Callable[[Context, Operator, list[Seen]], Seen]
READERS: dict[str, Read] = dict.fromkeys(LAYERS, read_layer)
READERS |= dict.fromkeys(TABLES, read_table)
READERS |= dict.fromkeys(("AVERAGE_POOL_2D", *REDUCED), read_pool)
READERS |= {"MAX_POOL_2D": read_max}
READERS |= {"REDUCE_MAX": read_max, "RESIZE_BILINEAR": read_bilinear}
