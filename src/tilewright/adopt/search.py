"""Which placements make the convolution come out right? Few numbers first, then every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.fit import Fit
from tilewright.adopt.judging import judge, psums_of, ruled
from tilewright.adopt.operands import (
    Codes,
    Floats,
    candidates,
    read_expected,
    tap_order,
    tap_orders,
)
from tilewright.adopt.placement import Placement, with_flips
from tilewright.adopt.rules import constants_of
from tilewright.adopt.sized import Hypothesis, Sized
from tilewright.adopt.windows import window_planes
from tilewright.spec import OutputFunction

TESTED = 5
"""Channels and pixels that are computed first: so many of each."""
MOST_TESTED, FEWEST_ABOVE = 16, 12
"""At most so many channels and pixels, to have so many numbers above 0."""
RISING = 24
"""Pixels that are computed first where only rising together is asked for."""
FEWEST_RISEN = 8
"""Pairs of numbers, one larger than the other, that must be there."""
MOST_CANDIDATES = 12_000
CHUNK = 100_000
SCREENED = 6
"""Of the numbers computed first: two of them must be right before the others are looked at."""
MOST_JUDGED = 64
NEAR = 0.55
"""Share of the numbers computed first from which on a candidate is looked at as a near one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    places: list[tuple[Placement, str]]
    tested: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    places: list[tuple[Placement, str]]
    tested: Floats


def search(
    families: tuple[Family, Family, Family],
    sized: Sized,
    *,
    others: Sequence[Family] | None = None,
    is_strict: bool = True,
    is_quick: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[Fit]:
    """Fits of three families of the sizes `sized`: exact ones, and those that are nearly so.

    others: families that may hold constants of the channels; where they are given, fits are exact ones
    under a `Rule`. is_strict: windows have codes in common, as those of a convolution
    have. is_quick: taps stand in the usual order. is_over: asked now and then whether to
    stop.
    """
    activation, weight, expected = families
    sizes = sized.sizes
    if others is not None and (sizes.kind != "psum" or sizes.first):
        return
    constants = constants_of(others or (), sized)
    all_codes = list(_codes(activation, weight, sized, is_strict=is_strict))
    if not all_codes:
        return
    count = sized.expected_axes["onij"] if sizes.kind != "streamed" else sizes.onij
    tested = _tested(expected, sizes)
    channels = _spread(sizes.oc, tested)
    pixels = _spread(count, tested if others is None else RISING)
    weights = _weights(weight, sized, channels, is_quick=is_quick)
    if weights is None:
        return
    wanted = _expected(expected, weight, sized, channels, pixels)
    if wanted is None:
        return
    for codes in all_codes:
        if is_over():
            return
        computed = _product(weights.tested, codes.windows[:, pixels])  # weight oc onij
        pairs = _matches if others is None else _rising
        for w, e in pairs(computed, wanted.tested):
            place, order = weights.places[w]
            fit = Fit(
                families,
                sized,
                codes.place,
                codes.axes,
                place,
                wanted.places[e][0],
                order,
                wanted.places[e][1],
                OutputFunction("signed"),
                0,
                0,
            )
            if _is_consistent(codes.place, fit):
                found = judge(fit, codes) if others is None else ruled(fit, codes, constants)
                yield from [found] if found else []


def _product(weights: Floats, windows: Floats) -> Floats:
    count, channels, depth = weights.shape
    return (weights.reshape(-1, depth) @ windows).reshape(count, channels, -1)


def _tested(expected: Family, sizes: Hypothesis) -> int:
    """Channels and pixels that are computed first: more of them where few numbers are above 0."""
    values = expected.read(sizes.psum_bits, is_signed=True)
    above = float(np.count_nonzero(values > 0) / values.size)
    wanted = (FEWEST_ABOVE / max(above, 1e-9)) ** 0.5
    return max(TESTED, min(MOST_TESTED, int(wanted + 0.5)))


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def _codes(activation: Family, weight: Family, sized: Sized, *, is_strict: bool) -> Iterator[Codes]:
    """Activations in every order; channels run upwards, unless weights have them in file names.

    Pixels within a pass run either way.
    """
    flips = _named(sized.ic, weight)
    if sized.sizes.tile is not None:
        yield from _tiles(activation, sized, flips)
        return
    if sized.sizes.plane is None:
        yield from _of_windows(activation, sized, flips, is_strict=is_strict)
        return
    for axes in sized.activation_axes(0):
        for place in candidates(activation, sized.sizes.act_bits, axes, flips):
            yield Codes(activation, sized, place, axes)


def _named(channels: dict[str, int], weight: Family) -> tuple[str, ...]:
    """Axes of channels that can stand in the names of the weights."""
    sizes = weight.file_sizes
    return tuple(a for a, n in channels.items() if any(n > 1 and s % n == 0 for s in sizes))


def _of_windows(
    activation: Family, sized: Sized, flips: tuple[str, ...], *, is_strict: bool
) -> Iterator[Codes]:
    """Windows that say the same code of each pixel, whatever weights and outputs may be."""
    sizes = sized.sizes
    key = (sizes.act_bits, sizes.kernel, sizes.pixels, sizes.onij, sized.ic_parts, flips, is_strict)
    within = ("p1", "p0") if sizes.pixels > sizes.onij else ("p1",)
    if key not in activation.agrees:
        lanes = activation.read(sizes.act_bits, is_signed=False).shape[2]
        activation.agrees[key] = [
            (flipped, axes)
            for axes in sized.activation_axes(lanes)
            for place in candidates(activation, sizes.act_bits, axes, within)
            if _has_plane(Codes(activation, sized, place, axes), is_strict=is_strict)
            for flipped in with_flips(place, flips)
        ]
    for place, axes in activation.agrees[key]:
        yield Codes(activation, sized, place, axes)


def _has_plane(codes: Codes, *, is_strict: bool) -> bool:
    sizes = codes.sized.sizes
    is_strict = is_strict and sizes.taps > 1
    planes = window_planes(codes.tensor, sizes.kernel, sizes.onij, is_strict=is_strict)
    return next(planes, None) is not None


def _tiles(activation: Family, sized: Sized, flips: tuple[str, ...]) -> Iterator[Codes]:
    """Tiles with halo that say the same code of each pixel, whatever weights and outputs may be."""
    sizes = sized.sizes
    tiled = sizes.tile, sizes.kernel, sizes.stride, sizes.plane
    key = (sizes.act_bits, *tiled, sized.ic_parts, flips)
    if key not in activation.agrees:
        found = [
            (place, axes)
            for axes in sized.activation_axes(0)
            for place in candidates(activation, sizes.act_bits, axes, flips)
            if _counts_up(place)
        ]
        merged = [Codes(activation, sized, *one).tiles_merged for one in found]
        activation.agrees[key] = [
            one for one, plane in zip(found, merged, strict=True) if plane is not None
        ]
    for place, axes in activation.agrees[key]:
        yield Codes(activation, sized, place, axes)


def _counts_up(place: Placement) -> bool:
    """Whether the rows of tiles stand outside of what is in a row, and both outside of their pixels."""
    order = [axis for axis in place.axes if axis in ("th", "tw", "nij")]
    return order == sorted(order, key=("th", "tw", "nij").index)


def _weights(
    weight: Family, sized: Sized, channels: npt.NDArray[np.int64], *, is_quick: bool
) -> _Weights | None:
    """Weights in every order; the same ones again for other sizes of the plane."""
    sizes = sized.sizes
    key = (sizes.weight_bits, sizes.kernel, sized.ic_parts, sized.oc_parts, len(channels), is_quick)
    if key not in weight.read_before:
        weight.read_before.clear()
        weight.read_before[key] = _all_weights(weight, sized, channels, is_quick=is_quick)
    found: _Weights | None = weight.read_before[key]
    return found


def _all_weights(
    weight: Family, sized: Sized, channels: npt.NDArray[np.int64], *, is_quick: bool
) -> _Weights | None:
    sizes, axes = sized.sizes, sized.weight_axes
    found = candidates(weight, sizes.weight_bits, axes, (*sized.oc, *sized.ic))
    orders = tap_orders(sizes.kernel)[: 1 if is_quick else None]
    found = found[: MOST_CANDIDATES // len(orders)]
    if not found:
        return None
    values = weight.read(sizes.weight_bits, is_signed=True)
    names, shape = [*sized.oc, *sized.ic, "kij"], (sizes.oc, sizes.ic, sizes.taps)
    tensors = np.array([place.read(values, names).reshape(shape)[channels] for place in found])
    in_order = [tensors[..., tap_order(sizes.kernel, order)] for order in orders]
    tested = np.stack(in_order, axis=1).reshape(len(found) * len(orders), len(channels), -1)
    places = [(place, order) for place in found for order in orders]
    return _Weights(places, tested.astype(np.float64))


def _expected(
    expected: Family,
    weight: Family,
    sized: Sized,
    channels: npt.NDArray[np.int64],
    pixels: npt.NDArray[np.int64],
) -> _Expected | None:
    flips = ("onij", *_named(sized.oc, weight))
    found = candidates(expected, sized.sizes.psum_bits, sized.expected_axes, flips)
    places, tested = [], []
    for place in found:
        tensor = read_expected(expected, sized, place)
        for order, psums in psums_of(tensor, sized):
            places.append((place, order))
            tested.append(psums[np.ix_(channels, pixels)])
    return _Expected(places, np.array(tested, np.float64)) if places else None


def _matches(computed: Floats, wanted: Floats) -> Iterator[tuple[int, int]]:
    """Weights and expected numbers that agree in most of what was computed first.

    Numbers above 0 are compared, which every function leaves as they are: the largest ones first.
    """
    stated, flat = wanted.reshape(len(wanted), -1), computed.reshape(len(computed), -1)
    telling = (stated > 0) if (stated > 0).any() else np.ones_like(stated, bool)
    count = telling.sum(axis=1)
    places = np.argsort(np.where(telling, -np.abs(stated), np.inf), axis=1)[:, :SCREENED]
    values = np.take_along_axis(np.where(telling, stated, np.nan), places, axis=1)
    numbers = np.ascontiguousarray(flat.T)  # number weight
    agree = np.zeros((len(stated), len(flat)), np.int8)  # expected weight
    for place, value in zip(places.T, values.T, strict=True):
        agree += numbers[place] == value[:, None]
    e, w = np.nonzero(agree >= np.minimum(2, np.maximum(count, 1))[:, None])
    score = np.concatenate(
        [
            ((flat[w[at : at + CHUNK]] == stated[part]) & telling[part]).sum(axis=1) / count[part]
            for at in range(0, len(e), CHUNK)
            for part in [e[at : at + CHUNK]]
        ]
        or [np.zeros(0)]
    )
    best = np.flatnonzero(score >= max(NEAR, float(score.max(initial=0)) - 1e-9))
    for one in best[np.lexsort((e[best], w[best]))][:MOST_JUDGED].tolist():
        yield int(w[one]), int(e[one])


def _rising(computed: Floats, wanted: Floats) -> Iterator[tuple[int, int]]:
    """Weights and expected numbers of which those rise wherever these do, in each channel.

    So they do under any bias and any rising function, however many numbers that cuts to one.
    """
    flat = np.ascontiguousarray(computed.reshape(len(computed), -1).T)  # number weight
    left = MOST_JUDGED
    for e, stated in enumerate(wanted):
        pairs = _risen(stated)
        if len(pairs) < FEWEST_RISEN:
            continue
        alive = np.arange(len(computed))
        for low, high in pairs:
            alive = alive[flat[low, alive] < flat[high, alive]]
            if not len(alive):
                break
        for w in alive[:left].tolist():
            yield w, e
        left -= min(left, len(alive))


def _risen(stated: Floats) -> list[tuple[int, int]]:
    """Places ``oc pixel``, flat, of a number and of the next larger one of its channel."""
    channels, pixels = stated.shape
    found = []
    for channel in range(channels):
        order = np.argsort(stated[channel], kind="stable")
        values = stated[channel, order]
        above = np.searchsorted(values, values, side="right")
        found += [
            (channel * pixels + int(order[at]), channel * pixels + int(order[next_]))
            for at, next_ in enumerate(above)
            if next_ < pixels
        ]
    return found


def _is_consistent(place: Placement, fit: Fit) -> bool:
    """A flip of channels is tried once: in the weights, or where these have them in file names."""
    for axis in place.flipped:
        if axis.startswith("i") and not fit.weight.in_file(axis):
            return False
    return all(
        fit.weight.in_file(axis)
        for axis in fit.expected.flipped
        if axis.startswith("o") and axis != "onij"
    )
