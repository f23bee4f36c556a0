"""Elementwise operations, pools and reshapes of a foreign graph, as steps of a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tilewright.interchange.casts import read_cast
from tilewright.interchange.counted_steps import COUNT, read_count
from tilewright.interchange.grid import Grid, is_whole
from tilewright.interchange.onnx_graph import Array, Operator, scalar
from tilewright.interchange.quant_node import MAX_BITS, refuse_other_quant_domain
from tilewright.interchange.rounding import ROUNDINGS, read_rounding
from tilewright.interchange.values import Affine, Step, Value, clip
from tilewright.spec import BIPOLAR, NumberFormat
from tilewright.spec.number_format import signed_bits_needed
from tilewright.spec.step_search import Floats

Constants = dict[str, Array]


def read_norm(op: Operator, value: Value, constants: Constants) -> Value:
    """BatchNormalization in evaluation."""
    op.expect(training_mode=0)
    shape = (1, -1) if value.is_flat else (1, -1, 1, 1)
    scale, bias, mean, variance = (
        value.channels(op, constant_input(op, constants, index).reshape(shape))
        for index in (1, 2, 3, 4)
    )
    spread = variance + op.number("epsilon", 1e-5)
    if not (spread > 0).all():
        op.refuse("its variance must be positive")
    factor = scale / np.sqrt(spread)
    return value.through(op, Affine(factor, bias - mean * factor).step())


def read_relu(op: Operator, value: Value, constants: Constants) -> Value:  # noqa: ARG001
    """Relu; on a grid it keeps the codes that are not negative."""
    after = value.through(op, Step(lambda values: np.maximum(values, 0), is_exact=True))
    after = replace(after, is_positive=True)
    if value.kernel is not None:
        return replace(after, kernel=value.kernel, is_rectified=True)
    if value.grid is None or value.codes_at is not None:
        return after
    grid, codes = value.grid, value.grid.number_format
    if not grid.zero_point and codes != BIPOLAR:
        bits = codes.bits - 1 if codes.is_signed else codes.bits
        grid = Grid(NumberFormat(bits, is_signed=False), grid.scale)
    elif codes == BIPOLAR:
        grid = Grid(NumberFormat(1, is_signed=False), grid.scale)
    return replace(after.on_grid(op, grid, clip(grid)), is_positive=True)


def read_clip(op: Operator, value: Value, constants: Constants) -> Value:
    """Clip between constants, which older files have as attributes; Max and Min of a value and a constant."""
    if op.kind in ("Max", "Min"):
        index = int(op.inputs[0] == value.tensor)
        if len(op.inputs) != 2:
            op.refuse(f"it must have two inputs, not {len(op.inputs)}")
        bound = value.channels(op, constant_input(op, constants, index))
        if np.isnan(bound).any():
            op.refuse("its bound must be a number")
        ends = -np.inf, np.inf
        low, high = (bound, ends[1]) if op.kind == "Max" else (ends[0], bound)
    else:
        low, high = (
            scalar(op, constant_input(op, constants, index), "its bound")
            if _has(op, index)
            else op.number(key, default)
            if key in op.attributes
            else default
            for index, key, default in ((1, "min", -np.inf), (2, "max", np.inf))
        )
    step = Step(lambda values: np.minimum(np.maximum(values, low), high), is_exact=True)
    after = value.through(op, step)
    return replace(after, is_positive=value.is_positive or bool(np.min(low) >= 0))


def read_arithmetic(op: Operator, value: Value, constants: Constants) -> Value:
    """Add, Sub, Mul or Div of a value and a constant; not a constant divided by a value."""
    is_first = op.inputs[0] == value.tensor
    constant = value.channels(op, constant_input(op, constants, int(is_first)))
    one, none = np.ones(1), np.zeros(1)
    if op.kind == "Div" and not is_first:
        op.refuse("a constant must be on the right")
    if op.kind == "Div" and (constant == 0).any():
        op.refuse("it divides by 0")
    if op.kind == "Div" and value.reach.is_integer:  # of integers: what is left is dropped
        falls = bool((constant < 0).any())
        return value.through(
            op, Step(lambda values: np.trunc(values / constant), falls, is_exact=True)
        )
    steps = {
        "Add": lambda: Affine(one, constant),
        "Sub": lambda: Affine(one, -constant) if is_first else Affine(-one, constant),
        "Mul": lambda: Affine(constant, none),
        "Div": lambda: Affine(1 / constant, none),
    }
    step = steps[op.kind]()
    grid = moved_grid(value, step)
    if grid is None:
        return value.through(op, step.step())
    return value.on_grid(op, grid, replace(step.step(), is_of_codes=True))


def read_slopes(op: Operator, value: Value, constants: Constants) -> Value:
    """PRelu with slopes that do not make it fall; of codes, with any."""
    slopes = value.channels(op, constant_input(op, constants, 1))
    if (slopes < 0).any() and not value.follows_codes:
        op.refuse("its slopes must not be negative where it reads sums: put a quantizer before it")
    return value.through(op, Step(lambda values: np.where(values < 0, values * slopes, values)))


def read_negative(op: Operator, value: Value, constants: Constants) -> Value:  # noqa: ARG001
    """Neg: by -1."""
    return value.through(op, Affine(-np.ones(1), np.zeros(1)).step())


def moved_input(op: Operator, value: Value, constants: Constants) -> bool:
    """Whether an operation gives the codes of the input another grid, and leaves the codes as they are."""
    return op.kind in ARITHMETIC and read_arithmetic(op, value, constants).grid is not None


def moved_grid(value: Value, step: Affine) -> Grid | None:
    """The grid of codes behind a factor or a term for all of them, if the codes stay; None if not."""
    grid = value.grid
    if grid is None or value.codes_at is not None or step.gain.size > 1 or step.offset.size > 1:
        return None
    gain, terms = float(step.gain[0]), float(step.offset[0]) / grid.scale
    zero = grid.zero_point - round(terms)
    is_code = zero == grid.zero_point or grid.number_format.allowed(np.array(zero))
    if (
        not gain > 0
        or not is_whole(terms)
        or not is_code
        or (zero and grid.number_format == BIPOLAR)
    ):
        return None
    return Grid(grid.number_format, grid.scale * gain, zero)


def read_thresholds(op: Operator, value: Value, constants: Constants) -> Value:
    """QONNX's MultiThreshold: how many thresholds a value reaches, scaled."""
    refuse_other_quant_domain(op)
    thresholds = constant_input(op, constants, 1).astype(np.float64)
    scale, bias = op.number("out_scale", 1.0), op.number("out_bias", 0.0)
    if thresholds.ndim != 2 or len(thresholds) not in (1, value.plane[0]) or value.is_flattened:
        op.refuse(f"its thresholds must be (channels, levels), not {thresholds.shape}")
    if not scale > 0:
        op.refuse(f"out_scale must be positive, not {scale}")

    def apply(values: Floats) -> Floats:
        reached = (values.astype(np.float32)[..., None] >= thresholds).sum(axis=-1)
        counts: Floats = reached * scale + bias
        return counts

    after = value.through(op, Step(apply))
    return replace(after, grid=_counted_grid(thresholds.shape[1], scale, bias))


def _counted_grid(levels: int, scale: float, bias: float) -> Grid | None:
    """The grid of counts 0..levels times a scale, from a bias on; None where that is no format of codes.

    Where the bias is half a step, as FINN has it for -1 and 1, the codes count half steps.
    """
    parts = next((parts for parts in (1, 2) if (bias * parts / scale).is_integer()), 0)
    if not parts:
        return None
    low, unit = int(bias * parts / scale), scale / parts
    high = low + levels * parts
    if (low, high, parts) == (-1, 1, 2):
        return Grid(BIPOLAR, unit)
    bits = signed_bits_needed(low, high) if low < 0 else high.bit_length()
    return Grid(NumberFormat(bits, is_signed=low < 0), unit) if 1 <= bits <= MAX_BITS else None


def read_bipolar_activation(op: Operator, value: Value, constants: Constants) -> Value:
    """BipolarQuant: -1 below 0 and +1 from 0 on."""
    refuse_other_quant_domain(op)
    scale = scalar(op, constant_input(op, constants, 1), "the scale of activations")
    if not scale > 0:
        op.refuse(f"the scale must be positive, not {scale}")
    grid = Grid(BIPOLAR, scale)
    step = Step(lambda values: np.where(values >= 0, scale, -scale), is_exact=True)
    return value.on_grid(op, grid, step)


def read_trunc(op: Operator, value: Value, constants: Constants) -> Value:
    """Trunc: a value on a grid without its low bits, rounded as it states.

    Of the first version, the scale stays (five inputs); the second states the scale behind it (six).
    """
    refuse_other_quant_domain(op)
    op.expect(narrow=0)
    rounding = ROUNDINGS[read_rounding(op, default="FLOOR")]
    if len(op.inputs) not in (5, 6):
        op.refuse(f"it must have five or six inputs, not {len(op.inputs)}")
    numbers = [
        scalar(op, constant_input(op, constants, index), "an input")
        for index in range(1, len(op.inputs))
    ]
    scale, zero, bits = numbers[0], numbers[1], numbers[-1]
    shift = (
        2.0 ** (numbers[2] - bits)
        if len(op.inputs) == 5
        else 2.0 ** round(np.log2(numbers[3] / scale))
    )
    if zero or not scale > 0 or bits != int(bits) or not 1 <= bits <= MAX_BITS or shift < 1:
        op.refuse(
            f"it must have zero-point 0, 1..{MAX_BITS} bits and a positive scale, not {numbers}"
        )
    out_scale = scale if len(op.inputs) == 5 else numbers[3]
    is_signed = bool(op.attributes.get("signed", int(not value.is_positive)))
    grid = Grid(NumberFormat(int(bits), is_signed), out_scale)

    def apply(values: Floats) -> Floats:
        codes = rounding(np.rint(values / scale) / shift)
        return np.clip(codes, grid.low, grid.high).astype(np.float64) * out_scale

    return value.on_grid(op, grid, Step(apply))


def read_flatten(op: Operator, value: Value, constants: Constants) -> Value:
    """Flatten, Reshape or Squeeze to samples and channels."""
    if op.kind == "Flatten":
        axes = 2 if value.is_flat else 4
        if int(op.number("axis", 1)) % axes != 1:
            op.refuse(f"axis must be 1, not {op.attributes['axis']}")
    elif op.kind == "Reshape" and value.is_flat and value.plane[1:] == (1, 1) and value.origin:
        return _reshape_gate(op, value, constants)
    elif op.kind == "Reshape" and value.origin is None:
        return _reshape_input(op, value, constants)
    elif op.kind == "Reshape":
        shape = [int(size) for size in constant_input(op, constants, 1).reshape(-1)]
        if len(shape) != 2 or shape[1] not in (-1, int(np.prod(value.plane))):
            op.refuse(
                f"only a reshape to (n, {int(np.prod(value.plane))}) is supported, not {shape}"
            )
    elif value.plane[1:] != (1, 1):
        op.refuse(f"only planes of 1x1 can be squeezed, not {value.plane[1:]}")
    return value.flattened(op)


def _reshape_gate(op: Operator, value: Value, constants: Constants) -> Value:
    """Samples and channels, or those as planes of 1x1, as the gates of a squeeze and excitation."""
    sizes = [int(size) for size in constant_input(op, constants, 1).reshape(-1)]
    if len(sizes) == 2 and sizes[1] in (-1, value.plane[0]):
        return value.renamed(op)
    if sizes[1:] not in ([value.plane[0], 1, 1], [-1, 1, 1]) or value.is_flattened:
        op.refuse(f"only a reshape to (n, {value.plane[0]}, 1, 1) is supported, not {sizes}")
    return replace(value.renamed(op), is_flat=False)


def _reshape_input(op: Operator, value: Value, constants: Constants) -> Value:
    """The input in other sizes: flat, or as planes."""
    sizes = [int(size) for size in constant_input(op, constants, 1).reshape(-1)][1:]
    numbers = int(np.prod(value.plane))
    if sizes.count(-1) == 1:
        rest = -int(np.prod(sizes))
        sizes = [numbers // rest if size == -1 and rest > 0 else size for size in sizes]
    if not sizes or min(sizes) < 1 or int(np.prod(sizes)) != numbers:
        op.refuse(
            f"a reshape of the input must keep its {numbers} numbers a sample, not be to {sizes}"
        )
    return value.laid_out(op, tuple(sizes), f"reshaped to {sizes}")


def read_transpose(op: Operator, value: Value, constants: Constants) -> Value:  # noqa: ARG001
    """Transpose of the input's axes but the first, for example from channels last to channels first."""
    sizes = (value.plane[0],) if value.is_flat else value.plane
    order = op.sizes("perm", list(range(len(sizes) + 1))[::-1], least=0)
    if order == list(range(len(sizes) + 1)):
        return value.renamed(op)
    if sorted(order) != list(range(len(sizes) + 1)) or order[0] != 0:
        op.refuse(f"perm must keep the samples first, not be {order}")
    after = tuple(sizes[axis - 1] for axis in order[1:])
    return value.laid_out(op, after, f"transposed by {order}")


def read_identity(op: Operator, value: Value, constants: Constants) -> Value:  # noqa: ARG001
    """Identity, and Dropout in evaluation."""
    return value.renamed(op)


ELEMENTWISE: dict[str, Callable[[Operator, Value, Constants], Value]] = {
    "Add": read_arithmetic,
    "BatchNormalization": read_norm,
    "BipolarQuant": read_bipolar_activation,
    "Cast": read_cast,
    "Clip": read_clip,
    COUNT: read_count,
    "Div": read_arithmetic,
    "Dropout": read_identity,
    "Flatten": read_flatten,
    "Identity": read_identity,
    "Max": read_clip,
    "Min": read_clip,
    "Mul": read_arithmetic,
    "MultiThreshold": read_thresholds,
    "Neg": read_negative,
    "PRelu": read_slopes,
    "Relu": read_relu,
    "Reshape": read_flatten,
    "Squeeze": read_flatten,
    "Sub": read_arithmetic,
    "Transpose": read_transpose,
    "Trunc": read_trunc,
}
"""Operations of one value and constants."""

ARITHMETIC = ("Add", "Div", "Mul", "Sub")
LAYOUTS = ("Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose")
"""Operations that change no number."""


def _has(op: Operator, index: int) -> bool:
    return index < len(op.inputs) and bool(op.inputs[index])


def constant_input(op: Operator, constants: Constants, index: int) -> Array:
    """An input that must be constant."""
    if not _has(op, index) or op.inputs[index] not in constants:
        op.refuse(f"its input {index} must be a constant")
    return constants[op.inputs[index]]
