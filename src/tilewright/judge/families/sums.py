"""Mistakes in how products and psums are added up: width, order, what is cleared, when it is added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause, Signal, signal
from tilewright.judge.families.number_maps import (
    bit_maps,
    cleared,
    low_bits,
    saturated,
    shifted,
    wrapped,
)
from tilewright.judge.problem import Problem
from tilewright.spec import Ints
from tilewright.spec.number_format import signed_bits_needed

WIDTH = "look at the width and the sign of this register, and at how it is extended"
ACCUMULATE = "look at when the accumulator is cleared and which psum it adds"

LATE = "look at when psums are read from the output FIFO"

DONE = "look at when the end is signalled: numbers are read before they are finished"
MOST_UNFINISHED = 4
"""Pixels at the end, at most, that may be read before they are finished."""

Change = Callable[[Ints], Ints]
"""A function of psums, value by value."""


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    taps = signal(problem).taps
    bits = signed_bits_needed(int(taps.min()), int(taps.max()))
    for key, words, change in _changes(bits, problem.array.psum_bits):
        yield _cause(f"tap-{key}", f"the psum of a tap {words}", _on_taps(change), WIDTH)
    products = problem.array.act_bits + problem.array.weight_bits
    for key, words, change in _changes(products, products):
        yield _cause(f"product-{key}", f"a product {words}", _on_products(change), WIDTH)
    # No product of right operands is changed by this, but one of operands read as unsigned is.
    as_wide = _on_products(partial(wrapped, bits=products))
    yield _cause(
        f"product-wrap n={products}", f"a product wraps at {products} bits", as_wide, WIDTH
    )
    for width in range(3, bits + 1):
        yield _cause(
            f"column-saturate n={width}",
            f"psums in a PE column saturate at {width} bits",
            _down_columns(width),
            WIDTH,
        )
    if problem.groups == 1:
        yield from _running(problem)
        yield from _places(problem)


def _cause(key: str, text: str, apply: Callable[[Problem, Signal], Ints], hint: str) -> Cause:
    is_everywhere = hint in (ACCUMULATE, LATE, DONE)
    form = "finished" if key.startswith("not-cleared") else ""
    return Cause(key, text, "sum", apply, hint, is_everywhere=is_everywhere, form=form)


def _changes(bits: int, register: int) -> Iterator[tuple[str, str, Change]]:
    """Changes that make a difference to numbers of `bits` bits in a register of `register` bits."""
    for n in range(3, bits):
        yield f"wrap n={n}", f"wraps at {n} bits", partial(wrapped, bits=n)
        yield f"saturate n={n}", f"saturates at {n} bits", partial(saturated, bits=n)
    for n in range(bits, register + 1):
        yield (
            f"zero-extended n={n}",
            f"of {n} bits is extended by zeros",
            partial(low_bits, bits=n),
        )
    for n in (1, 2, 3, 4):
        yield (
            f"shifted n={n}",
            f"loses its low {counted(n, 'bit')} by a shift",
            partial(shifted, bits=n),
        )
        yield f"cleared n={n}", f"has its low {counted(n, 'bit')} 0", partial(cleared, bits=n)
    yield "relu", "goes through ReLU", lambda v: np.maximum(v, 0)
    yield "absolute", "loses its sign", np.abs
    for key, words, function in bit_maps(bits, is_signed=True):
        yield key, f"is read {words}", function


def _grouped(problem: Problem, tiles: Ints) -> Ints:
    """Psums ``itile kij oc pixel`` to the numbers of the problem's kind, ``group oc pixel``."""
    if problem.kind == "tile_psum":
        return tiles.reshape(-1, *tiles.shape[2:])
    taps: Ints = tiles.sum(axis=0)
    return taps if problem.kind == "tap_psum" else taps.sum(axis=0, keepdims=True)


def _on_taps(change: Change) -> Callable[[Problem, Signal], Ints]:
    return lambda problem, changed: _grouped(problem, change(changed.tiles(problem.array.lanes)))


def _on_products(change: Change) -> Callable[[Problem, Signal], Ints]:
    def apply(problem: Problem, changed: Signal) -> Ints:
        weight = changed.weight.reshape(*changed.weight.shape[:2], -1)  # oc ic kij
        columns, lanes = changed.columns.astype(np.int64), problem.array.lanes  # ic kij pixel
        tiles = [
            sum(
                change(weight[:, ic, :, None] * columns[ic])
                for ic in range(at, min(at + lanes, len(columns)))
            )
            for at in range(0, len(columns), lanes)
        ]
        return _grouped(problem, np.stack(tiles).transpose(0, 2, 1, 3))

    return apply


def _down_columns(bits: int) -> Callable[[Problem, Signal], Ints]:
    def apply(problem: Problem, changed: Signal) -> Ints:
        weight = changed.weight.reshape(*changed.weight.shape[:2], -1)
        columns, array = changed.columns.astype(np.int64), problem.array
        tiles = []
        for at in range(0, len(columns), array.lanes):
            total = np.zeros((weight.shape[0], *columns.shape[1:]), np.int64)  # oc kij pixel
            for row in range(at, min(at + array.lanes, len(columns)), array.per_pe):
                pair = range(row, min(row + array.per_pe, len(columns)))
                total = saturated(
                    total + sum(weight[:, ic, :, None] * columns[ic] for ic in pair), bits
                )
            tiles.append(total)
        return _grouped(problem, np.stack(tiles).transpose(0, 2, 1, 3))

    return apply


def _running(problem: Problem) -> Iterator[Cause]:
    """An accumulator that adds one psum after the other."""
    highest = int(np.abs(problem.expected).max())
    for width in range(4, signed_bits_needed(-highest, highest) + 2):
        for order in ("tiles", "taps")[: 1 + (problem.itiles > 1)]:
            yield _cause(
                f"running-saturate n={width} outer={order}",
                f"the accumulator saturates at {width} bits in each addition ({order} outermost)",
                _in_turn(partial(saturated, bits=width), order),
                WIDTH,
            )
        if problem.itiles > 1:
            yield _cause(
                f"itile-saturate n={width}",
                f"the psum of an input tile saturates at {width} bits",
                _on_itiles(partial(saturated, bits=width)),
                WIDTH,
            )
            yield _cause(
                f"itile-wrap n={width}",
                f"the psum of an input tile wraps at {width} bits",
                _on_itiles(partial(wrapped, bits=width)),
                WIDTH,
            )
    for order in ("tiles", "taps")[: 1 + (problem.itiles > 1)]:
        yield _cause(
            f"running-relu outer={order}",
            f"ReLU is applied in every addition ({order} outermost)",
            _in_turn(lambda v: np.maximum(v, 0), order),
            "look at when ReLU is switched on",
        )
    if problem.itiles > 1:
        yield _cause(
            "itile-relu",
            "ReLU is applied to every input tile, before they are added",
            _on_itiles(lambda v: np.maximum(v, 0)),
            "look at when ReLU is switched on",
        )


def _in_turn(change: Change, order: str) -> Callable[[Problem, Signal], Ints]:
    def apply(problem: Problem, changed: Signal) -> Ints:
        tiles = changed.tiles(problem.array.lanes)  # itile kij oc pixel
        if order == "taps":
            tiles = tiles.swapaxes(0, 1)
        total = np.zeros(tiles.shape[2:], np.int64)
        for part in tiles.reshape(-1, *tiles.shape[2:]):
            total = change(total + part)
        return total[None]

    return apply


def _on_itiles(change: Change) -> Callable[[Problem, Signal], Ints]:
    return lambda problem, changed: change(changed.tiles(problem.array.lanes).sum(axis=1)).sum(
        axis=0
    )[None]


def _places(problem: Problem) -> Iterator[Cause]:
    if not problem.is_whole:
        return
    yield _cause(
        "not-cleared pixels",
        "the accumulator is not cleared from pixel to pixel",
        lambda p, s: s.numbers(p).cumsum(axis=2),
        ACCUMULATE,
    )
    yield _cause(
        "not-cleared pixel-before",
        "every pixel has the psum of the pixel before added",
        lambda p, s: _with_before(s.numbers(p)),
        ACCUMULATE,
    )
    if problem.otiles > 1:
        yield _cause(
            "not-cleared otiles",
            "the accumulator is not cleared from output tile to output tile",
            _over_otiles,
            ACCUMULATE,
        )
    for tap in range(problem.shape.taps):
        for n in (1, -1):
            yield _cause(
                f"tap-late kij={tap} n={n}",
                f"the psums of tap {tap} are added {'one pixel late' if n > 0 else 'one pixel early'}",
                _tap_late(tap, n),
                ACCUMULATE,
            )
    yield from _unfinished(problem)
    for n in (1, 2, -1, -2):
        for stale in (True, False):
            kind = "running on from tap to tap" if stale else "each tap with 0 at the end"
            yield _cause(
                f"psums-late n={n} stale={int(stale)}",
                f"psums come {counted(abs(n), 'pixel')} {'late' if n > 0 else 'early'}, {kind}",
                _all_late(n, stale=stale),
                LATE,
            )


def _unfinished(problem: Problem) -> Iterator[Cause]:
    """The last pixels lack the last psums: the end is signalled too early."""
    folds = problem.itiles * problem.shape.taps
    for n in range(1, min(MOST_UNFINISHED + 1, problem.shape.onij)):
        for m in range(1, min(folds, 2 * problem.shape.taps)):
            yield _cause(
                f"done-early n={n} folds={m}",
                f"the last {n} pixels are read too early, without the last {m} of {folds} psums",
                _without_last(n, m),
                DONE,
            )


def _without_last(pixels: int, folds: int) -> Callable[[Problem, Signal], Ints]:
    def apply(problem: Problem, changed: Signal) -> Ints:
        tiles = changed.tiles(problem.array.lanes)  # itile kij oc pixel
        last = tiles.reshape(-1, *tiles.shape[2:])[-folds:, :, -pixels:]
        numbers = changed.numbers(problem).copy()
        numbers[..., -pixels:] -= last.sum(axis=0)
        return numbers

    return apply


def _with_before(numbers: Ints) -> Ints:
    found = numbers.copy()
    found[..., 1:] += numbers[..., :-1]
    return found


def _over_otiles(problem: Problem, changed: Signal) -> Ints:
    numbers, cols = changed.numbers(problem).copy(), problem.array.cols
    for at in range(cols, numbers.shape[1], cols):
        width = numbers.shape[1] - at
        numbers[:, at : at + cols] += numbers[:, at - cols : at][:, : min(cols, width)]
    return numbers


def _tap_late(tap: int, n: int) -> Callable[[Problem, Signal], Ints]:
    def apply(_: Problem, changed: Signal) -> Ints:
        taps = changed.taps
        moved = np.roll(taps[tap], n, axis=1)
        moved[:, slice(0, n) if n > 0 else slice(n, None)] = 0
        total: Ints = taps.sum(axis=0) - taps[tap] + moved
        return total[None]

    return apply


def _all_late(n: int, *, stale: bool) -> Callable[[Problem, Signal], Ints]:
    def apply(_: Problem, changed: Signal) -> Ints:
        taps = changed.taps.swapaxes(0, 1)  # oc kij pixel
        stream = taps.reshape(len(taps), -1) if stale else taps
        moved = np.roll(stream, n, axis=-1)
        moved[..., slice(0, n) if n > 0 else slice(n, None)] = 0
        total: Ints = moved.reshape(taps.shape).sum(axis=1)[None]
        return total

    return apply
