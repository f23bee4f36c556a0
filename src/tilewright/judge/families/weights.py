"""Weights in another order, of another tap, or read as other numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause
from tilewright.judge.families.lane_maps import lane_maps, moved
from tilewright.judge.families.number_maps import bit_maps, low_bits, narrower, wrapped
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

ORDER = "look at the order in which the bench loads weights (layout: [weight] lines, word, file)"
NUMBER = (
    "look at the type of the weight where it is multiplied (signed) and at the field (layout: bits)"
)


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    yield from _numbers(problem)
    yield from _channels(problem)
    yield from _taps(problem)


def _numbers(problem: Problem) -> Iterator[Cause]:
    bits = problem.array.weight_bits
    half = 1 << (bits - 1)
    maps: list[tuple[str, str, Callable[[Ints], Ints]]] = [
        ("unsigned", "are taken as unsigned", lambda w: low_bits(w, bits)),
        ("negated", "are negated", lambda w: -w),
        (
            "magnitude",
            "are read as sign and magnitude",
            lambda w: _magnitude(low_bits(w, bits), half),
        ),
        ("ones-complement", "are read as one's complement", lambda w: np.where(w < 0, w + 1, w)),
        ("absolute", "have lost their sign", lambda w: np.where(w == -half, half, np.abs(w))),
        ("doubled", "are doubled", lambda w: 2 * w),
        ("halved", "are halved (an arithmetic shift)", lambda w: w >> 1),
    ]
    for narrow in range(1, bits):
        maps.append(
            (
                f"low-bits n={narrow}",
                f"keep only their low {counted(narrow, 'bit')}, signed",
                partial(wrapped, bits=narrow),
            )
        )
        maps.append(
            (
                f"low-bits-unsigned n={narrow}",
                f"keep only their low {counted(narrow, 'bit')}, unsigned",
                partial(low_bits, bits=narrow),
            )
        )
    maps += narrower(bits, is_signed=True)
    maps += [(key, f"are read {words}", f) for key, words, f in bit_maps(bits, is_signed=True)]
    for key, words, function in maps:
        yield Cause(
            f"weights-{key}", f"weights {words}", "weight", _of(function), NUMBER, form="map"
        )


def _magnitude(field: Ints, half: int) -> Ints:
    return np.where(field >= half, half - field, field)


def _of(function: Callable[[Ints], Ints]) -> Callable[[Problem, Ints], Ints]:
    return lambda _, weight: function(weight)


def _channels(problem: Problem) -> Iterator[Cause]:
    shape, array = problem.shape, problem.array
    for key, words, source in lane_maps(shape.oc, array.cols):
        yield Cause(
            f"weights-oc-{key}",
            f"weights have the output channels {words}",
            "weight",
            _moved(source, 0),
            ORDER,
            form="move",
        )
    for key, words, source in lane_maps(shape.ic, array.lanes):
        yield Cause(
            f"weights-ic-{key}",
            f"weights have the input channels {words}",
            "weight",
            _moved(source, 1),
            ORDER,
            form="move",
        )
    yield Cause(
        "weights-transposed",
        "weights have input and output channels exchanged (lines are rows)",
        "weight",
        _transposed,
        ORDER,
        form="move",
    )
    if array.lanes != array.cols:
        yield Cause(
            "weights-refolded",
            "the words of a weight tile are cut at the wrong width",
            "weight",
            _refolded,
            ORDER,
            form="move",
        )


def _moved(source: Ints, axis: int) -> Callable[[Problem, Ints], Ints]:
    return lambda _, weight: moved(weight, source, axis)


def tiled(problem: Problem, weight: Ints) -> Ints:
    """Weights ``otile col itile lane tap``; channels that are not there are 0."""
    shape, array = problem.shape, problem.array
    whole = np.zeros(
        (problem.otiles * array.cols, problem.itiles * array.lanes, shape.taps), np.int64
    )
    whole[: shape.oc, : shape.ic] = weight.reshape(shape.oc, shape.ic, -1)
    return whole.reshape(problem.otiles, array.cols, problem.itiles, array.lanes, -1)


def untiled(problem: Problem, tiles: Ints) -> Ints:
    """The weights ``oc ic kh kw`` of such tiles."""
    shape, array = problem.shape, problem.array
    whole = tiles.reshape(problem.otiles * array.cols, problem.itiles * array.lanes, -1)
    return whole[: shape.oc, : shape.ic].reshape(problem.weight.shape)


def _transposed(problem: Problem, weight: Ints) -> Ints:
    tiles = tiled(problem, weight)
    least = min(problem.array.cols, problem.array.lanes)
    turned = np.zeros_like(tiles)
    turned[:, :least, :, :least] = tiles[:, :least, :, :least].transpose(0, 3, 2, 1, 4)
    return untiled(problem, turned)


def _refolded(problem: Problem, weight: Ints) -> Ints:
    tiles = tiled(problem, weight).transpose(0, 2, 4, 1, 3)  # otile itile tap col lane
    flat = tiles.reshape(*tiles.shape[:3], problem.array.lanes, problem.array.cols)
    return untiled(problem, flat.transpose(0, 4, 1, 3, 2))


def _taps(problem: Problem) -> Iterator[Cause]:
    shape = problem.shape
    kij = np.arange(shape.taps)
    grid = kij.reshape(shape.kh, shape.kw)
    orders = {
        "rows-flipped": ("with the kernel's rows in reverse order", grid[::-1].ravel()),
        "columns-flipped": ("with the kernel's columns in reverse order", grid[:, ::-1].ravel()),
        "flipped": ("in reverse order (the kernel turned by 180 degrees)", kij[::-1]),
        "transposed": ("column by column (kh and kw exchanged)", grid.T.ravel()),
        "turned": ("with the kernel transposed and flipped", grid.T.ravel()[::-1]),
    }
    for n in (1, -1, 2, -2, 3, -3):
        if abs(n) < shape.taps:
            way = f"{abs(n)} {'later' if n > 0 else 'earlier'}"
            orders[f"rotated n={n}"] = (f"of the tap {way}, around the end", (kij + n) % shape.taps)
            inside = (kij + n >= 0) & (kij + n < shape.taps)
            orders[f"shifted n={n}"] = (
                f"of the tap {way}, 0 beyond the end",
                np.where(inside, kij + n, -1),
            )
            repeated = np.clip(kij + n, 0, shape.taps - 1)
            orders[f"repeated n={n}"] = (f"of the tap {way}, the end repeated", repeated)
    orders["all first"] = ("of tap 0 in every tap", kij * 0)
    orders["all last"] = ("of the last tap in every tap", kij * 0 + shape.taps - 1)
    for key, (words, source) in orders.items():
        yield _tap_cause(f"taps-{key}", f"the weights are taken {words}", source)
    for first, second in combinations(range(shape.taps), 2):
        source = kij.copy()
        source[[first, second]] = second, first
        yield _tap_cause(
            f"taps-exchanged kij={first},{second}",
            f"taps {first} and {second} are exchanged",
            source,
        )
    for tap in range(shape.taps):
        for other, words in ((tap - 1, "before"), (tap + 1, "after")):
            if 0 <= other < shape.taps:
                source = kij.copy()
                source[tap] = other
                yield _tap_cause(
                    f"tap-stale kij={tap} from={other}",
                    f"tap {tap} has the weights of the tap {words} it",
                    source,
                )


def _tap_cause(key: str, text: str, source: Ints) -> Cause:
    def apply(_: Problem, weight: Ints) -> Ints:
        flat = weight.reshape(*weight.shape[:2], -1)
        return moved(flat, source, 2).reshape(weight.shape)

    return Cause(key, text, "weight", apply, ORDER, form="move")
