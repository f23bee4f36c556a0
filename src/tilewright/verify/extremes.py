"""Input codes that drive psums to their exact extremes: corner cases that real images rarely reach.

A psum is a linear form in the codes of its window, and each code is free in its format's range: the form
is largest where every code of a positive weight is the highest and every other one the lowest (0 where
codes are unsigned), and smallest the other way round. So the extreme of a channel is known from its
weights, and one window of codes reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tilewright.spec import Codes, ConvShape, IntegerLayer, Ints

_Target = tuple[int, bool]
"""An output channel, and whether its highest or its lowest psum is wanted."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The psum that a planted window drives one output channel to.

    `psum` is computed from the weights inside the plane; `bound` is the channel's extreme over all
    inputs, as in `IntegerLayer.psum_range`. They differ only where no window lies wholly inside the
    plane: the padding holds the zero-point and cannot be driven.
    """

    oc: int
    oh: int
    ow: int
    is_highest: bool
    psum: int
    bound: int

    def __str__(self) -> str:
        name = "highest" if self.is_highest else "lowest"
        place = f"oc={self.oc} oh={self.oh} ow={self.ow}: {name} psum {self.psum:,}"
        return place if self.psum == self.bound else f"{place} (its bound is {self.bound:,})"


@dataclass(frozen=True, slots=True, eq=False)
class ExtremePlane:
    """One input, ``ic ih iw``, and the extremes that it reaches in windows of its own."""

    codes: Codes
    extremes: tuple[Extreme, ...]


def extreme_weights(layer: IntegerLayer) -> IntegerLayer:
    """The same layer with weights that no others of the format can exceed.

    Even output channels have the highest code everywhere, odd ones the lowest: with codes at their
    maximum, a window inside the plane gives the extreme psums of the number formats,
    ``ic * kh * kw * max|x| * max|w|`` (`IntegerLayer.psum_bound`).
    """
    weight = np.empty_like(layer.weight)  # oc ic kh kw
    weight[::2], weight[1::2] = layer.weight_format.max_code, layer.weight_format.min_code
    return replace(layer, weight=weight)


def extreme_plane_count(layer: IntegerLayer) -> int:
    """The number of planes that `extreme_planes` gives."""
    return -(-2 * layer.shape.oc // max(1, len(_whole_windows(layer.shape))))


def extreme_planes(layer: IntegerLayer) -> Iterator[ExtremePlane]:
    """Inputs that together drive every output channel to its highest and its lowest psum.

    As many windows as fit without overlap share a plane. Where no window lies wholly inside the
    plane, each plane holds one, at the place that reaches furthest.
    """
    targets = [(oc, is_highest) for oc in range(layer.shape.oc) for is_highest in (True, False)]
    places = _whole_windows(layer.shape)
    step = max(1, len(places))
    for start in range(0, len(targets), step):
        codes = np.full(layer.input_shape, layer.zero_point, layer.act_format.dtype)
        chosen = targets[start : start + step]
        here = places[: len(chosen)] or [_furthest(layer, chosen[0])]
        reached = (
            _plant(codes, layer, target, place) for target, place in zip(chosen, here, strict=True)
        )
        yield ExtremePlane(codes, tuple(reached))


def _whole_windows(shape: ConvShape) -> list[tuple[int, int]]:
    """Ofmap pixels (oh, ow) whose windows lie inside the plane and do not overlap."""
    rows = _apart(shape.oh, shape.stride[0], shape.padding[0], shape.kh, shape.ih)
    columns = _apart(shape.ow, shape.stride[1], shape.padding[1], shape.kw, shape.iw)
    return [(oh, ow) for oh in rows for ow in columns]


def _apart(count: int, stride: int, padding: int, kernel: int, size: int) -> list[int]:
    """Window numbers along one axis that lie inside it and apart from one another."""
    chosen: list[int] = []
    free = 0
    for number in range(count):
        start = number * stride - padding
        if start >= free and start + kernel <= size:
            chosen.append(number)
            free = start + kernel
    return chosen


def _plant(codes: Codes, layer: IntegerLayer, target: _Target, place: tuple[int, int]) -> Extreme:
    """Write the window of `place` into `codes`, ``ic ih iw``."""
    oc, is_highest = target
    (rows, columns), (taps_h, taps_w) = _window(layer.shape, place)
    weight = layer.weight[oc].astype(np.int64)  # ic kh kw
    driven = _driven(weight, layer, is_highest=is_highest)
    codes[:, rows, columns] = driven[:, taps_h, taps_w]
    terms = weight * (driven - layer.zero_point)
    bias = 0 if layer.bias is None else int(layer.bias[oc])
    psum, bound = (bias + int(part.sum()) for part in (terms[:, taps_h, taps_w], terms))
    return Extreme(oc, *place, is_highest, psum, bound)


def _driven(weight: Ints, layer: IntegerLayer, *, is_highest: bool) -> Ints:
    """The codes under weights ``ic kh kw`` that drive their sum furthest; 0 where the weight is 0."""
    low, high = layer.act_format.min_code, layer.act_format.max_code
    upper, lower = (high, low) if is_highest else (low, high)
    return np.where(weight > 0, upper, np.where(weight < 0, lower, 0))


def _window(
    shape: ConvShape, place: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The pixels (rows, columns) under the kernel at `place`, and the taps that lie on them."""
    pixels, taps = [], []
    for axis, (kernel, size) in enumerate(((shape.kh, shape.ih), (shape.kw, shape.iw))):
        start = place[axis] * shape.stride[axis] - shape.padding[axis]
        first, last = max(start, 0), max(min(start + kernel, size), 0)
        pixels.append(slice(first, max(first, last)))
        taps.append(slice(first - start, max(first, last) - start))
    return (pixels[0], pixels[1]), (taps[0], taps[1])


def _furthest(layer: IntegerLayer, target: _Target) -> tuple[int, int]:
    """The ofmap pixel at which the weights inside the plane reach furthest."""
    oc, is_highest = target
    weight = layer.weight[oc].astype(np.int64)  # ic kh kw
    terms = weight * (_driven(weight, layer, is_highest=is_highest) - layer.zero_point)

    def reach(place: tuple[int, int]) -> int:
        (taps_h, taps_w) = _window(layer.shape, place)[1]
        return abs(int(terms[:, taps_h, taps_w].sum()))

    return max(np.ndindex(layer.shape.oh, layer.shape.ow), key=reach)
