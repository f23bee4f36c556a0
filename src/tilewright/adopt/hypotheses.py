"""Sizes and number formats that three families of files could have: what their numbers of values allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.halo import halo_shapes, tiles_of, tilings
from tilewright.adopt.placement import Sizes, placements
from tilewright.adopt.shapes import KERNELS, Shape, divisors, shapes_of

Values = npt.NDArray[Any]

ACT_BITS, WEIGHT_BITS, PSUM_BITS = 8, 8, 64
ODDEST_KERNEL = 8
UNLIKE_SUMS, UNLIKE_WEIGHTS = 24, 4
"""What it costs that fields look like parts of wider ones, and that weights have the least code."""


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


Costed = tuple[int, Hypothesis, tuple[int, ...], tuple[int, ...]]
"""How unusual a hypothesis with divided channels is, and what a `Sized` has."""
Divisions = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Three families in their roles.

    is_bounded: no expected number is larger than a psum can be. has_halo: activations are tiles with halo.
    is_over: asked now and then whether to stop: the sizes found by then are all.
    """

    activation: Family
    weight: Family
    expected: Family
    is_bounded: bool = True
    has_halo: bool = False
    is_over: Callable[[], bool] = lambda: False
    known: dict[tuple[object, ...], Divisions] = field(default_factory=dict)

    def usual(self) -> Iterator[Sized]:
        """Sizes as most layers have them, channels divided only where files ask for it."""
        yield from map(_sized, sorted(self._all(is_usual=True), key=_order))

    def unusual(self) -> Iterator[Sized]:
        """All other sizes, and channels divided in other ways."""
        usual = {one[1:] for one in self._all(is_usual=True)}
        others = (one for one in self._all(is_usual=False) if one[1:] not in usual)
        yield from map(_sized, sorted(others, key=_order))

    def _all(self, *, is_usual: bool) -> Iterator[Costed]:
        for weight_bits, kernel, ic, oc in self._weights():
            for act_bits, per_channel, forms in self._activations(ic, kernel):
                if self.is_over():
                    return
                bits = act_bits, weight_bits
                for read in self._expected(oc, kernel, self._bound(*bits, ic, kernel)):
                    sizes = [
                        Hypothesis(
                            *(ic, oc, kernel, *shape[:4], *bits, read[0], read[2], *shape[4:])
                        )
                        for shape in self._shapes(
                            kernel, per_channel, forms, read, is_usual=is_usual
                        )
                    ]
                    unlike = self._unlike(weight_bits, read[0])
                    costs = [one.oddity + unlike for one in sizes]
                    if not sizes:
                        continue
                    for parts in self._divided(ic, oc, kernel, bits, read, is_usual=is_usual):
                        more = division_cost(parts[0]) + division_cost(parts[1])
                        for cost, one in zip(costs, sizes, strict=True):
                            yield cost + more, one, *parts

    def _unlike(self, weight_bits: int, sum_bits: int) -> int:
        """What speaks against these widths: sums whose first bits differ, weights with the least code."""
        key = ("unlike", weight_bits, sum_bits)
        if key not in self.known:
            sums = self.expected.read(sum_bits, is_signed=True)
            weight = self.weight.read(weight_bits, is_signed=True)
            large = np.count_nonzero((sums >> (sum_bits - 2)) % 3 == 1)  # first bits 01 or 10
            cost = round(UNLIKE_SUMS * large / sums.size) * self.is_bounded
            if self.weight.bits is not None and weight.size >> weight_bits > 1:
                cost += UNLIKE_WEIGHTS * bool((weight == -(1 << weight_bits - 1)).any())
            self.known[key] = ((cost,),)
        return self.known[key][0][0]

    def _shapes(
        self,
        kernel: tuple[int, int],
        per_channel: int,
        forms: tuple[bool, bool],
        read: tuple[int, int, str],
        *,
        is_usual: bool,
    ) -> Sequence[Shape]:
        if self.has_halo:
            return halo_shapes(kernel, per_channel, 0 if read[2] == "streamed" else read[1])
        both = shapes_of(kernel, per_channel, *read[1:], is_usual)
        return [shape for shape in both if forms[shape[0] is None]]

    def _weights(self) -> Iterator[tuple[int, tuple[int, int], int, int]]:
        """Bits of weights, kernel, input and output channels."""
        for bits, values in self.weight.readings(WEIGHT_BITS, is_signed=True):
            if bits < 2:
                continue
            for kernel in KERNELS:
                channels, rest = divmod(values.size, kernel[0] * kernel[1])
                for ic in () if rest else divisors(channels):
                    yield bits, kernel, ic, channels // ic

    def _activations(
        self, ic: int, kernel: tuple[int, int]
    ) -> Iterator[tuple[int, int, tuple[bool, bool]]]:
        """Bits of activations, values of a channel, and whether they can be a plane, or windows."""
        taps = kernel[0] * kernel[1]
        for bits, values in self.activation.readings(ACT_BITS, is_signed=False):
            if values.size % ic == 0:
                per_channel = values.size // ic
                yield bits, per_channel, (True, per_channel % taps == 0)

    def _bound(self, act_bits: int, weight_bits: int, ic: int, kernel: tuple[int, int]) -> int:
        """No psum can be larger: so many products of the largest numbers there are."""
        codes = self.activation.largest(act_bits, is_signed=False)
        weight = self.weight.largest(weight_bits, is_signed=True)
        return ic * kernel[0] * kernel[1] * codes * weight

    def _expected(
        self, oc: int, kernel: tuple[int, int], bound: int
    ) -> Iterator[tuple[int, int, str]]:
        """Bits of the expected numbers, how many there are of a channel, and of which kind."""
        taps = kernel[0] * kernel[1]
        for bits, values in self.expected.readings(PSUM_BITS, is_signed=True):
            if values.size % oc or bits < self._fewest_bits:
                continue
            if self.is_bounded and self.expected.largest(bits, is_signed=True) > bound:
                continue
            yield bits, values.size // oc, "psum"
            if self.is_bounded and taps > 1 and values.size // oc % taps == 0:
                yield bits, values.size // oc // taps, "tap_psum"
                yield bits, values.size // oc // taps, "streamed"

    @property
    def _fewest_bits(self) -> int:
        """Of expected numbers: sums have four, codes may have two."""
        return 4 if self.is_bounded else 2

    def _divided(
        self,
        ic: int,
        oc: int,
        kernel: tuple[int, int],
        bits: tuple[int, int],
        read: tuple[int, int, str],
        *,
        is_usual: bool,
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Divisions of the channels with which all three families can be filled."""
        taps = kernel[0] * kernel[1]
        weight = self.weight.values(bits[1], is_signed=True)
        outer = self._expected_divisions(oc, taps, read)
        inner = self._activation_divisions(ic, taps, bits[0]) if outer else ()
        found = [
            (parts, others)
            for parts in inner
            for others in outer
            if fits((*parts, *others, taps), self.weight, weight)
        ]
        least = min((len(i) + len(o) for i, o in found), default=0)
        for parts, others in found:
            more = len(parts) + len(others) - least
            if (
                not is_usual
                or more == 0
                or (more == 1 and self._is_natural(parts, others, bits, read))
            ):
                yield parts, others

    def _is_natural(
        self,
        ic: tuple[int, ...],
        oc: tuple[int, ...],
        bits: tuple[int, int],
        read: tuple[int, int, str],
    ) -> bool:
        """Whether channels are divided by as many as stand in a word, or in pairs."""
        weight = self.weight.read(bits[1], is_signed=True)
        rows = {self.activation.read(bits[0], is_signed=False).shape[2], weight.shape[2], 2}
        cols = {self.expected.read(read[0], is_signed=True).shape[2], *weight.shape[1:]}
        return all(
            len(parts) == 1 or parts[-1] in natural for parts, natural in ((ic, rows), (oc, cols))
        )

    def _expected_divisions(self, oc: int, taps: int, read: tuple[int, int, str]) -> Divisions:
        key = (oc, taps, *read)
        if key not in self.known:
            values = self.expected.values(read[0], is_signed=True)
            rest = (read[1],) if read[2] == "psum" else (read[1], taps)
            self.known[key] = tuple(
                parts
                for parts in divisions(oc)
                if len(parts) < 3 and fits((*parts, *rest), self.expected, values)
            )
        return self.known[key]

    def _activation_divisions(self, ic: int, taps: int, bits: int) -> Divisions:
        key = (ic, taps, bits)
        if key not in self.known:
            values = self.activation.values(bits, is_signed=False)
            self.known[key] = tuple(
                parts for parts in divisions(ic) if self._activation_fits(parts, taps, values)
            )
        return self.known[key]

    def _activation_fits(self, parts: tuple[int, ...], taps: int, codes: Values | None) -> bool:
        if codes is None:
            return False
        per_channel = codes.size // prod(parts)
        if self.has_halo:
            return any(fits((*parts, *way), self.activation, codes) for way in tilings(per_channel))
        if fits((*parts, per_channel), self.activation, codes):
            return True
        windows = window_axes({}, taps, per_channel // taps, codes.shape[2])
        return per_channel % taps == 0 and any(
            fits((*parts, *window.values()), self.activation, codes) for window in windows
        )


def _order(one: Costed) -> tuple[object, ...]:
    cost, sizes, *parts = one
    return cost, sizes.psum_bits, *parts


def _sized(one: Costed) -> Sized:
    cost, *sizes = one
    return Sized(*sizes, cost)  # type: ignore[arg-type]


def fits(sizes: Sequence[int], family: Family, values: Values | None) -> bool:
    """Whether axes of these sizes can fill files, lines and words in any order."""
    if values is None:
        return False
    return _fits(tuple(sorted(sizes)), family.file_sizes, values.shape[1], values.shape[2])


@lru_cache(maxsize=100_000)
def _fits(sizes: tuple[int, ...], file_sizes: tuple[int, ...], lines: int, lanes: int) -> bool:
    axes = {str(number): size for number, size in enumerate(sizes)}
    return any(True for _ in placements(axes, file_sizes, lines, lanes))
