"""Operations without weights of a TFLite file on int8 codes, as nodes of the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tilewright.interchange.kernels import LARGEST_GAIN, Attained, whole_gains
from tilewright.interchange.moves import on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_pools import read_largest
from tilewright.interchange.tflite_context import Context, kept, operand, padding, stated
from tilewright.interchange.tflite_layers import LAYERS, read_layer
from tilewright.interchange.tflite_places import Places, Seen, laid_out, moved, plane_of, settled
from tilewright.interchange.values import Affine, Grid, Step, Value
from tilewright.interchange.windows import read_axes
from tilewright.spec import CodeMove, CodeProduct, CodeTable, Ints, Node, ResidualAdd, SumPool
from tilewright.spec.code_nodes import ZERO
from tilewright.spec.step_search import Floats

PAIRS = ("ADD", "MUL", "SUB")
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
        "MAXIMUM",
    ),
    *(
        "MINIMUM",
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
"""Operations of one tensor, and constants of one number, that compute with each number by itself."""

GAINS_TRIED = 64


def read_pair(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """ADD, SUB or MUL of two tensors: the interpreter says what it makes of each pair of codes."""
    first, second = (settled(op, one, context.assembly) for one in sources)
    a, b, out = first.grid, second.grid, context.out(op)
    assert a is not None and b is not None, "all tensors have codes"  # noqa: S101, PT018
    if a.number_format != b.number_format or first.is_flat != second.is_flat:
        op.refuse(
            f"it must read codes of one type and as many axes, not {first.plane}, {second.plane}"
        )
    is_sum = op.kind != "MUL"
    if is_sum and first.plane != second.plane:
        op.refuse(f"it adds planes of different sizes, {first.plane} and {second.plane}")
    kinds = a.number_format
    codes = np.arange(kinds.min_code, kinds.max_code + 1)
    left, right = np.meshgrid(codes, codes, indexing="ij")
    made = context.run(op, left[None, ..., None], right[None, ..., None]).reshape(-1)
    firsts, seconds = left.reshape(-1), right.reshape(-1)
    node: Node
    if is_sum:
        pairs = (firsts, seconds, made)
        gains, known = _gains(a, b, out, pairs, sign=-1 if op.kind == "SUB" else 1)
        step = a.scale / gains[0]
        node = ResidualAdd(context.name(op), first.plane, kinds, step, gains=gains)
    else:
        zeros = (a.zero_point, b.zero_point)
        known = Attained((firsts - zeros[0]) * (seconds - zeros[1]), made)
        planes = (first.plane, second.plane)
        node = CodeProduct(context.name(op), planes, kinds, a.scale, b.scale, zero_points=zeros)
    return context.add(op, node, [first, second], known.step(out))


def _gains(
    a: Grid, b: Grid, out: Grid, pairs: tuple[Ints, Ints, Ints], *, sign: int
) -> tuple[tuple[int, int], Attained]:
    """Whole gains in about the ratio of the scales, with which thresholds give the codes of all pairs.

    If none of those tried does, the last: some thresholds are doubtful then.
    """
    left, right, made = pairs
    gain, other = whole_gains(a, b)
    for number in range(GAINS_TRIED):
        gains = gain, sign * other
        known = Attained(gains[0] * left + gains[1] * right, made)
        if not known.thresholds(out)[1] or gain == other == 1:
            break
        unit = (LARGEST_GAIN - 4099 * number) / max(a.scale, b.scale)
        gain, other = round(a.scale * unit), round(b.scale * unit)
    return gains, known


def read_pool(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """AVERAGE_POOL_2D or MEAN over the plane: a function of the sum, of which the interpreter is asked."""
    value = settled(op, sources[0], context.assembly)
    grid, (_, height, width) = value.grid, value.plane
    assert grid is not None, "all tensors have codes"  # noqa: S101
    if value.is_flat:
        op.refuse("it must read planes (1, h, w, channels)")
    kernel = stride = (height, width)
    if op.kind == "MEAN":
        axes = context.file.constants.get(operand(op, 1))
        if axes is None or sorted(int(axis) % 4 for axis in axes.reshape(-1)) != [1, 2]:
            op.refuse("it must be the mean of rows and columns, axes 1 and 2")
    else:
        kernel, stride = _pool_window(op, value)
    codes, area = grid.number_format, kernel[0] * kernel[1]
    node = SumPool(context.name(op), value.plane, kernel, stride, codes, grid.scale)

    def apply(sums: Floats) -> Floats:
        whole, at = np.unique(np.floor(sums), return_inverse=True)
        asked = np.clip(whole, area * codes.min_code, area * codes.max_code).astype(np.int64)
        least, more = asked // area, asked % area
        plane = least + (np.arange(area)[:, None] < more)
        made = context.run(op, plane.reshape(1, *kernel, -1)).reshape(-1, len(whole))[0]
        steps: Floats = (made[at].reshape(sums.shape) - out.zero_point) * out.scale
        return steps

    out = context.out(op)
    return context.add(op, node, [value], Step(apply, is_own=True))


def _pool_window(op: Operator, value: Value) -> tuple[tuple[int, int], tuple[int, int]]:
    """Kernel and stride of AVERAGE_POOL_2D, which must not reach beyond the plane."""
    windows = _pool(op)
    kernel = stated(op, "filterHeight"), stated(op, "filterWidth")
    axes = read_axes(windows, value.plane, kernel)
    if any(axis.before or axis.after for axis in axes):
        op.refuse("windows at the border average fewer codes than others: pad with VALID")
    return kernel, (axes[0].stride, axes[1].stride)


def _pool(op: Operator) -> Operator:
    """A pool in ONNX's words."""
    attributes = {
        "kernel_shape": [stated(op, "filterHeight"), stated(op, "filterWidth")],
        "strides": [stated(op, "strideH"), stated(op, "strideW")],
        "auto_pad": padding(op),
    }
    return replace(op, kind="MaxPool", attributes=attributes, written_as=op.kind)


def read_max(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """MAX_POOL_2D."""
    value = context.assembly.entered(settled(op, sources[0], context.assembly))
    found = read_largest(_pool(op), value, {}, context.assembly)
    grid = context.out(op)
    if grid != value.grid:
        op.refuse("its input and output must have one scale and zero-point")
    low, high = ((code - grid.zero_point) * grid.scale for code in kept(op, grid))
    step = Step(lambda values: np.clip(values, low, high), is_of_codes=True, is_exact=True)
    found = found.on_grid(op, grid, step)
    return Seen.of(found, context.file.tensors[op.output])


def read_table(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """A function of each number by itself: the interpreter says what it makes of each code."""
    if any(
        context.file.constants[name].size != 1
        for name in op.inputs
        if name in context.file.constants
    ):
        op.refuse("its constant must be one number")
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
    return Seen.at(replace(found, is_flat=value.is_flat), op.output, source.places)


def read_move(context: Context, op: Operator, sources: list[Seen]) -> list[Seen]:
    """Codes in other places; those of several tensors become one `CodeMove`."""
    results = moved(context.file, op, sources, kernels=context.kernels)
    if len(sources) == 1:
        flat = np.append(sources[0].places.reshape(-1), ZERO)  # `ZERO` is the last
        pairs = zip(op.outputs, results, strict=True)
        found = [Seen(name, sources[0].value, flat[places]) for name, places in pairs]
        is_input = sources[0].tensor == context.file.graph.input and context.is_read_once
        if is_input and len(found) == 1 and found[0].is_permuted:
            return [laid_out(found[0], context.file.tensors[op.output])]
        return found
    return [_joined(context, op, sources, results[0])]


def _joined(context: Context, op: Operator, sources: list[Seen], results: Places) -> Seen:
    """Codes of several tensors put together."""
    values = [one.value for one in sources]
    ends = np.cumsum([0, *(int(np.prod(value.plane)) for value in values)]).tolist()
    parts = [
        np.where(one.places == ZERO, ZERO, one.places + start).reshape(-1)
        for one, start in zip(sources, ends, strict=False)
    ]
    places = np.append(np.concatenate(parts), ZERO)[results]  # `ZERO` is the last
    tensor = context.file.tensors[op.output]
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
READERS |= {"AVERAGE_POOL_2D": read_pool, "MEAN": read_pool, "MAX_POOL_2D": read_max}
