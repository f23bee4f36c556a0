"""The address at which a tap finds its pixel: offsets, pitch, stride, shift of a tap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tilewright.judge.cause import Cause
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

ADDRESS = "look at the address (oh*stride + kh) * padded_w + ow*stride + kw, and at its width"

STRIDES = ((1, 1), (2, 2), (3, 3), (1, 2), (2, 1))


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    shape = problem.shape
    kh, kw = (part[:, None] for part in np.divmod(np.arange(shape.taps), shape.kw))
    oh, ow = (part[None] for part in np.divmod(problem.pixels, shape.ow))
    for key, words, down, across in _coordinates(problem, kh, kw, oh, ow):
        yield _cause(key, words, _flat(problem, down, across))
    (step_h, step_w), width = shape.stride, shape.padded_w
    for n in sorted({1, 2, 3, width, width - 1, width + 1}):
        for sign in (1, -1):
            yield _cause(
                f"address-offset n={sign * n}",
                f"activation addresses are {n} too {'high' if sign > 0 else 'low'}",
                _inside(problem, problem.window + sign * n),
            )
    for pitch in sorted({shape.ow, shape.iw, width - 1, width + 1} - {width}):
        rows = (oh * step_h + kh) * pitch
        yield _cause(
            f"address-pitch n={pitch}",
            f"addresses count {pitch} pixels to a row, not {width}",
            _inside(problem, rows + ow * step_w + kw),
        )
    for steps in STRIDES:
        if steps != shape.stride:
            address = (oh * steps[0] + kh) * width + ow * steps[1] + kw
            yield _cause(
                f"address-stride n={steps[0]}x{steps[1]}",
                f"addresses count a stride of {steps[0]}x{steps[1]}, not {step_h}x{step_w}",
                _inside(problem, address),
            )
    yield from _single_taps(problem)


def _coordinates(
    problem: Problem, kh: Ints, kw: Ints, oh: Ints, ow: Ints
) -> Iterator[tuple[str, str, Ints, Ints]]:
    shape = problem.shape
    step_h, step_w = shape.stride
    down, across = oh * step_h, ow * step_w
    last_h, last_w = shape.kh - 1, shape.kw - 1
    yield "no-tap-offset", "addresses lack the offset of the tap", down + 0 * kh, across + 0 * kw
    yield "no-tap-row", "addresses lack the tap's row", down + 0 * kh, across + kw
    yield "no-tap-column", "addresses lack the tap's column", down + kh, across + 0 * kw
    yield "tap-transposed", "addresses exchange the tap's row and column", down + kw, across + kh
    yield (
        "tap-flipped",
        "addresses go through the taps backwards",
        down + last_h - kh,
        across + last_w - kw,
    )
    yield (
        "tap-rows-flipped",
        "addresses go through the kernel's rows backwards",
        down + last_h - kh,
        across + kw,
    )
    yield (
        "tap-columns-flipped",
        "addresses go through the kernel's columns backwards",
        down + kh,
        across + last_w - kw,
    )
    yield (
        "pixel-transposed",
        "addresses exchange the pixel's row and column",
        ow * step_h + kh,
        oh * step_w + kw,
    )
    for rows, columns in STRIDES:
        if (rows, columns) != (step_h, step_w):
            yield (
                f"stride n={rows}x{columns}",
                f"the stride is {rows}x{columns}, not {step_h}x{step_w}",
                oh * rows + kh,
                ow * columns + kw,
            )
    yield "dilated", "taps are two pixels apart", down + 2 * kh, across + 2 * kw


def _flat(problem: Problem, down: Ints, across: Ints) -> Ints:
    shape = problem.shape
    inside = (down >= 0) & (down < shape.padded_h) & (across >= 0) & (across < shape.padded_w)
    return np.where(inside, down * shape.padded_w + across, -1)


def _inside(problem: Problem, address: Ints) -> Ints:
    return np.where((address >= 0) & (address < problem.shape.nij), address, -1)


def _cause(key: str, words: str, window: Ints) -> Cause:
    return Cause(f"window-{key}", words, "window", lambda p, _: window[:, p.pixels], ADDRESS)


def _single_taps(problem: Problem) -> Iterator[Cause]:
    width = problem.shape.padded_w
    for tap in range(problem.shape.taps):
        for n in (1, -1, 2, -2, width, -width):
            yield Cause(
                f"window-tap-offset kij={tap} n={n}",
                f"tap {tap} reads its pixels {n:+d} places off",
                "window",
                _tap_off(tap, n),
                ADDRESS,
            )


def _tap_off(tap: int, n: int) -> Callable[[Problem, Ints], Ints]:
    def apply(problem: Problem, window: Ints) -> Ints:
        changed = window.copy()
        changed[tap] = np.where(window[tap] < 0, -1, _inside(problem, window[tap] + n))
        return changed

    return apply
