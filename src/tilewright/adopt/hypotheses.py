"""Sizes and number formats that three families of files could have: what their numbers of values allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.halo import halo_shapes, tilings
from tilewright.adopt.placement import placements
from tilewright.adopt.shapes import KERNELS, Shape, divisors, shapes_of
from tilewright.adopt.sized import Hypothesis, Sized, division_cost, divisions, window_axes

Values = npt.NDArray[Any]

ACT_BITS, WEIGHT_BITS, PSUM_BITS = 8, 8, 64
UNLIKE_SUMS, UNLIKE_WEIGHTS = 24, 4
"""What it costs that fields look like parts of wider ones, and that weights have the least code."""


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
    cost, sizes, ic_parts, oc_parts = one
    return Sized(sizes, ic_parts, oc_parts, cost)


def fits(sizes: Sequence[int], family: Family, values: Values | None) -> bool:
    """Whether axes of these sizes can fill files, lines and words in any order."""
    if values is None:
        return False
    return _fits(tuple(sorted(sizes)), family.file_sizes, values.shape[1], values.shape[2])


@lru_cache(maxsize=100_000)
def _fits(sizes: tuple[int, ...], file_sizes: tuple[int, ...], lines: int, lanes: int) -> bool:
    axes = {str(number): size for number, size in enumerate(sizes)}
    return any(True for _ in placements(axes, file_sizes, lines, lanes))
