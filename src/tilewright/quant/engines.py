"""Engines that convolve integer codes exactly, and the choice among them.

An engine is chosen for each shape once: the first candidate that reproduces a float64 matrix
product, which is exact below 2**53 in any order of summation, on random operands and on both
extremes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tilewright.errors import ToolError
from tilewright.quant.compiled_loops import as_rows, has_kernels, share
from tilewright.spec import ConvShape

FLOAT32_EXACT = 2**24
"""Sums of integers below this are exact in float32."""

WORTHWHILE_WORK = 2**14
"""Below this `work_per_tap`, converting codes costs more than the int8 engine saves (measured)."""

LEAST_CHANNELS = 64
"""Fewer inputs or outputs gain nothing by Winograd's products, in either direction (measured)."""

LEAST_PIXELS = 2**11
"""Fewer in a batch cost more in transformed weights than they gain, where there is no VNNI (measured)."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ConvolutionCase:
    """What the choice of an engine depends on. Axes: x ``n ic ih iw``, w ``oc ic/groups kh kw``."""

    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    stride: Pair
    padding: Pair
    max_x: int
    max_w: int
    device: str
    is_int8_allowed: bool
    groups: int = 1
    min_x: int = 0

    @property
    def psum_bound(self) -> int:
        """Largest |psum|: ``K * max|x| * max_w``, K = kh * kw * ic / groups."""
        return math.prod(self.w_shape[1:]) * max(self.max_x, -self.min_x) * self.max_w

    @property
    def x_dtype(self) -> torch.dtype:
        """The bytes that hold the codes x."""
        return torch.int8 if self.min_x < 0 else torch.uint8

    @property
    def work_per_tap(self) -> int:
        """Products for one sample and one tap, at stride 1: ``ih * iw * oc * ic / groups``."""
        return math.prod(self.x_shape[2:]) * math.prod(self.w_shape[:2])


ConvolutionEngine = Callable[[Tensor, Tensor, ConvolutionCase], Tensor]
"""Codes x and w, and the geometry that the case states, to psums; any number of samples."""


def convolve_int8(x: Tensor, w: Tensor, case: ConvolutionCase) -> Tensor:
    """oneDNN's int8 convolution: uint8 and int8 codes, int32 sums, float32 psums."""
    geometry = (list(case.stride), list(case.padding), [1, 1], case.groups)  # [1, 1]: dilation
    # One scale for all channels: packing then takes no time for each.
    ones, zeros = torch.ones(1), torch.zeros(1, dtype=torch.int64)
    packed = torch.ops.onednn.qconv_prepack(w, ones, 1.0, 0, *geometry, list(x.shape))
    psums: Tensor = torch.ops.onednn.qconv2d_pointwise(
        x, 1.0, 0, packed, ones, zeros, None, *geometry, 1.0, 0, torch.float32, "none", [], ""
    )
    return psums


def convolve_winograd(x: Tensor, w: Tensor, case: ConvolutionCase) -> Tensor:
    """Winograd's 16 products for 36 in our loops: uint8 and int8 codes, int32 sums, float32 psums."""
    from tilewright.loops.winograd import TransformedWeights

    weights = TransformedWeights(_shape(case), w.numpy(), case.max_x)
    room = weights.room(len(x), np.float32)
    share(partial(weights.write, as_rows(x), room), len(x))
    return torch.from_numpy(weights.map_of(room)).permute(0, 3, 1, 2)  # n oc oh ow


def convolve_float32(x: Tensor, w: Tensor, case: ConvolutionCase) -> Tensor:
    """float32 convolution, rounded: exact for a direct or matrix-product algorithm."""
    return _convolve(x.float(), w.float(), case)


def convolve_float64(x: Tensor, w: Tensor, case: ConvolutionCase) -> Tensor:
    """float64 convolution, for psums beyond `FLOAT32_EXACT`; the psums are float64."""
    return _convolve(x.double(), w.double(), case)


OF_BYTES: tuple[ConvolutionEngine, ...] = (convolve_winograd, convolve_int8)
"""Engines that take codes as bytes."""


@functools.cache
def choose_engine(case: ConvolutionCase) -> ConvolutionEngine:
    """The first engine that computes `case` exactly; the same case is tested once.

    Raises `ToolError` if none does.
    """
    for engine in _candidates(case):
        if is_exact(engine, case):
            return engine
    raise ToolError(
        f"no convolution of this torch build computes exact psums for {case}: use another build "
        "of torch"
    )


def is_exact(engine: ConvolutionEngine, case: ConvolutionCase) -> bool:
    """True if `engine` equals a float64 matrix product on random and extreme operands of `case`."""
    try:
        return all(
            torch.equal(
                engine(x, w, case)[::every].double(),
                _matrix_product(x[::every], w, case),
            )
            for every in [max(case.x_shape[0] // 2, 1)]  # a few samples of the batch are compared
            for x, w in _operands(case)
        )
    except (RuntimeError, AttributeError):  # the engine does not exist here, or refuses the shape
        return False


@functools.cache
def has_fast_bfloat16() -> bool:
    """True if this CPU multiplies bfloat16 natively, so that a bfloat16 backward pass pays."""
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return probe is not None and bool(probe())


def _convolve(x: Tensor, w: Tensor, case: ConvolutionCase) -> Tensor:
    stride, padding, groups = case.stride, case.padding, case.groups
    return functional.conv2d(x, w, None, stride, padding, groups=groups).round_()


def _candidates(case: ConvolutionCase) -> Iterator[ConvolutionEngine]:
    if case.psum_bound < FLOAT32_EXACT:
        is_worthwhile = case.work_per_tap >= WORTHWHILE_WORK
        is_possible = case.device == "cpu" and case.x_dtype == torch.uint8
        if case.is_int8_allowed and is_possible and is_worthwhile:
            if _has_winograd(case):
                yield convolve_winograd
            yield convolve_int8
        yield convolve_float32
    yield convolve_float64


def _has_winograd(case: ConvolutionCase) -> bool:
    """Whether Winograd's products gain here: in a large batch, where four products of bytes are not one
    instruction."""
    if min(case.w_shape[:2]) < LEAST_CHANNELS or not has_kernels():
        return False
    from tilewright.loops.instructions import REGISTERS
    from tilewright.loops.winograd import fits

    (n, _, ih, iw) = case.x_shape
    does_gain = REGISTERS.has_fours or n * ih * iw >= LEAST_PIXELS
    return does_gain and fits(_shape(case), case.max_x, case.max_w)


def _shape(case: ConvolutionCase) -> ConvShape:
    (ic, ih, iw), (oc, _, kh, kw) = case.x_shape[1:], case.w_shape
    return ConvShape(ic, ih, iw, oc, kh, kw, case.stride, case.padding, case.groups)


def _operands(case: ConvolutionCase) -> Iterator[tuple[Tensor, Tensor]]:
    """Codes of `x_dtype` ``n ic ih iw`` and int8 ``oc ic/groups kh kw``: random, lowest, highest psums."""
    generator = torch.Generator().manual_seed(0)
    low = -case.max_w
    x = torch.randint(case.min_x, case.max_x + 1, case.x_shape, generator=generator)
    w = torch.randint(low, case.max_w + 1, case.w_shape, generator=generator, dtype=torch.int8)
    x = x.to(case.device, case.x_dtype, memory_format=torch.channels_last)
    w = w.to(case.device, memory_format=torch.channels_last)
    extreme = torch.full_like(x, case.max_x if case.max_x >= -case.min_x else case.min_x)
    yield x, w
    yield extreme, torch.full_like(w, low)
    yield extreme, torch.full_like(w, case.max_w)


def _matrix_product(x: Tensor, w: Tensor, case: ConvolutionCase) -> Tensor:
    """Reference psums float64 ``n oc oh ow``: windows as a matrix, no choice of algorithm."""
    kernel = case.w_shape[2:]
    windows = functional.unfold(x.double(), kernel, padding=case.padding, stride=case.stride)
    windows = windows.reshape(len(x), case.groups, -1, windows.shape[-1])  # n groups K onij
    matrix = w.double().reshape(case.groups, len(w) // case.groups, -1)  # groups oc/groups K
    psums = torch.matmul(matrix, windows)  # n groups oc/groups onij
    height = (case.x_shape[2] + 2 * case.padding[0] - kernel[0]) // case.stride[0] + 1
    return psums.reshape(len(x), len(w), height, -1)  # n oc oh ow
