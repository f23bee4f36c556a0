"""Sizes and number formats of a layer as files have them, and channels divided into parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from tilewright.adopt.halo import tiles_of
from tilewright.adopt.placement import Sizes
from tilewright.adopt.shapes import KERNELS, divisors

ODDEST_KERNEL = 8
"""What the most unusual kernels cost."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Sizes that fit three families: of the planes in the files, without saying what padding is.

    plane: (h, w) as the activation file has it, or None for windows. padding: that the reader adds.
    out: (oh, ow). lanes: pixels that a file of windows has, whole passes. kind: "psum", "tap_psum",
    "streamed". first: output pixels in the file, 0 for all. tile: output pixels of an ifmap tile with
    halo; the plane is that of which the tiles are parts.
    """

    ic: int
    oc: int
    kernel: tuple[int, int]
    plane: tuple[int, int] | None
    padding: tuple[int, int]
    stride: tuple[int, int]
    out: tuple[int, int]
    act_bits: int
    weight_bits: int
    psum_bits: int
    kind: str
    pixels: int
    first: int = 0
    tile: tuple[int, int] | None = None

    @property
    def taps(self) -> int:
        """Taps of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def onij(self) -> int:
        """Output pixels."""
        return self.out[0] * self.out[1]

    @property
    def oddity(self) -> int:
        """How unusual the sizes are: the usual ones are tried first."""
        (kh, kw), (sh, sw), (ph, pw) = self.kernel, self.stride, self.padding
        oh, ow = self.out
        square = 0 if oh == ow else max(oh, ow) // max(min(oh, ow), 1)
        score = min(2 * KERNELS.index(self.kernel), ODDEST_KERNEL) + 3 * square + 4 * (sh != sw)
        score += 4 * (ph != pw and (ph, pw) != (kh // 2, kw // 2))
        score += 2 * (sh - 1) + 2 * (sw - 1) + (ph not in (0, kh // 2)) + (pw not in (0, kw // 2))
        score += 3 * (self.act_bits not in (2, 4, 8)) + 3 * (self.weight_bits not in (4, 8))
        score += 2 * (self.psum_bits not in (8, 12, 16, 20, 24, 32)) + 9 * (self.weight_bits == 1)
        score += 4 * (self.tile is not None and (oh % self.tile[0] + ow % self.tile[1] > 0))
        return score + (self.plane is None) + 20 * (self.first > 0) + 2 * (self.kind == "streamed")


@dataclass(frozen=True, slots=True)
class Sized:
    """A hypothesis with the channels divided: parts of ic and oc, outermost first.

    cost: how unusual this is: the usual is tried first.
    """

    sizes: Hypothesis
    ic_parts: tuple[int, ...]
    oc_parts: tuple[int, ...]
    cost: int = field(default=0, compare=False)

    @property
    def ic(self) -> Sizes:
        """Axes of the input channel: ``i0`` outermost."""
        return named("i", self.ic_parts)

    @property
    def oc(self) -> Sizes:
        """Axes of the output channel: ``o0`` outermost."""
        return named("o", self.oc_parts)

    def activation_axes(self, lanes: int) -> Iterator[Sizes]:
        """Axes of the activations: a plane, tiles with halo, or windows, whose pixels may come in passes."""
        sizes = self.sizes
        if sizes.tile is not None:
            down, across = tiles_of(sizes.out, sizes.tile)
            yield self.ic | {"th": down, "tw": across, "nij": sizes.pixels // (down * across)}
        elif sizes.plane is not None:
            yield self.ic | {"nij": sizes.pixels}
        else:
            yield from window_axes(self.ic, sizes.taps, sizes.pixels, lanes)

    @property
    def weight_axes(self) -> Sizes:
        """Axes of the weights."""
        return self.oc | self.ic | {"kij": self.sizes.taps}

    @property
    def expected_axes(self) -> Sizes:
        """Axes of the expected numbers."""
        sizes = self.sizes
        if sizes.kind == "streamed":
            return self.oc | {"kij": sizes.taps, "onij": sizes.pixels}
        taps = {"kij": sizes.taps} if sizes.kind == "tap_psum" else {}
        return self.oc | taps | {"onij": sizes.first or sizes.onij}


def named(letter: str, parts: tuple[int, ...]) -> Sizes:
    """Axes called after a letter, one for each part."""
    return {f"{letter}{n}": size for n, size in enumerate(parts)}


def window_axes(ic: Sizes, taps: int, pixels: int, lanes: int) -> Iterator[Sizes]:
    """Axes of windows of so many pixels, all of them together or in passes of `lanes`.

    Windows of one tap are the plane itself, unless its pixels come in passes.
    """
    if taps > 1:
        yield ic | {"kij": taps, "p0": pixels}
    if 1 < lanes < pixels and pixels % lanes == 0:
        yield ic | {"kij": taps, "p0": pixels // lanes, "p1": lanes}


@cache
def divisions(channels: int) -> tuple[tuple[int, ...], ...]:
    """How channels can be divided: not at all, in tiles, in tiles of pairs."""
    found: list[tuple[int, ...]] = [(channels,)]
    for inner in divisors(channels)[1:-1]:
        outer = channels // inner
        found.append((outer, inner))
        if outer % 2 == 0 and outer > 2:
            found.append((outer // 2, 2, inner))
        if inner % 2 == 0 and inner > 2:
            found.append((outer, inner // 2, 2))
    return tuple(dict.fromkeys(found))


def division_cost(parts: tuple[int, ...]) -> int:
    """How unusual a division of channels is."""
    odd = sum(2 for part in parts[1:] if part & (part - 1))
    return (0, 5, 12)[len(parts) - 1] + odd
