"""The other families of a layer that was found: further expected numbers, in whichever way they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.fit import Fit
from tilewright.adopt.hypotheses import PSUM_BITS, fits
from tilewright.adopt.judging import apply, functions_of
from tilewright.adopt.operands import Floats, candidates, read_expected, tap_order, tap_orders
from tilewright.adopt.placement import Placement
from tilewright.adopt.rules import Rule
from tilewright.adopt.sized import Sized, divisions
from tilewright.spec import OutputFunction

CLOSE = 0.2
"""Share of wrong numbers up to which a family is taken for that of the layer."""


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedFit:
    """Expected numbers read in one way: `wrong` of `compared` differ. tap_order: where there are taps.

    rule: of outputs that no plain function gives.
    """

    family: Family
    sized: Sized
    place: Placement
    tap_order: str
    function: OutputFunction
    wrong: int
    compared: int
    rule: Rule | None = None


def main_expected(fit: Fit) -> ExpectedFit:
    """The expected numbers with which a layer was found, tap by tap where they are so."""
    if fit.rule is not None:
        function = OutputFunction("signed")
        return ExpectedFit(
            fit.families[2], fit.sized, fit.expected, "", function, 0, fit.compared, fit.rule
        )
    found = list(expected_fits(fit.families[2], fit, kinds=(fit.sized.sizes.kind,)))
    same = [f for f in found if f.place == fit.expected] or found
    return min(same, key=lambda f: f.wrong)


def other_expected(families: Sequence[Family], fit: Fit) -> Iterator[ExpectedFit]:
    """The best reading of each family that is one of the layer's, or nearly."""
    for family in families:
        found = list(expected_fits(family, fit))
        if found:
            best = min(found, key=lambda f: (f.wrong, len(f.place.flipped)))
            if best.wrong <= CLOSE * best.compared:
                yield best


def expected_fits(
    family: Family, fit: Fit, kinds: tuple[str, ...] = ("psum", "tap_psum", "streamed")
) -> Iterator[ExpectedFit]:
    """How a family can be read as expected numbers of a layer, with what differs then."""
    sizes = fit.sized.sizes
    taps = _tap_psums(fit)  # kij oc onij
    for bits in family.widths(PSUM_BITS, is_signed=True):
        values = family.values(bits, is_signed=True)
        if values is None or values.size % sizes.oc or bits < 4:
            continue
        count = values.size // sizes.oc
        for kind in kinds:
            pixels = _pixels(kind, count, fit)
            if not pixels:
                continue
            first = pixels if kind != "streamed" and pixels < sizes.onij else 0
            read = replace(sizes, kind=kind, psum_bits=bits, first=first)
            if kind == "streamed":
                read = replace(read, pixels=pixels)
            for parts in _divided(family, fit, kind, pixels, values):
                yield from _read(family, Sized(read, fit.sized.ic_parts, parts), taps, fit)


def _divided(
    family: Family, fit: Fit, kind: str, pixels: int, values: npt.NDArray[Any]
) -> list[tuple[int, ...]]:
    """Divisions of the output channels: that of the weights, or one that fits the family."""
    rest = (pixels,) if kind == "psum" else (pixels, fit.sized.sizes.taps)
    known = fit.sized.oc_parts
    ways = [known, *(parts for parts in divisions(fit.sized.sizes.oc) if len(parts) < 3)]
    found = [p for p in ways if fits((*p, *rest), family, values)]
    return found[:1]


def _pixels(kind: str, count: int, fit: Fit) -> int:
    """Pixels of a channel, if a file of that kind can have as many values; else 0."""
    sizes = fit.sized.sizes
    if kind == "psum":
        return count if count <= sizes.onij else 0
    if sizes.taps == 1 or count % sizes.taps:
        return 0
    pixels = count // sizes.taps
    if kind == "tap_psum":
        return pixels if pixels <= sizes.onij else 0
    plane = _padded(fit)
    return pixels if plane is not None and pixels == plane[0] * plane[1] else 0


def _padded(fit: Fit) -> tuple[int, int] | None:
    sizes = fit.sized.sizes
    if sizes.plane is None:
        return None
    return sizes.plane[0] + 2 * sizes.padding[0], sizes.plane[1] + 2 * sizes.padding[1]


def _tap_psums(fit: Fit) -> Floats:
    """``kij oc onij``."""
    windows = fit.codes.windows.reshape(fit.sized.sizes.ic, fit.sized.sizes.taps, -1)
    taps: Floats = np.einsum("oik,ikp->kop", fit.kernel.astype(np.float64), windows)
    return taps


def _read(family: Family, sized: Sized, taps: Floats, fit: Fit) -> Iterator[ExpectedFit]:
    sizes = sized.sizes
    flips = ("onij", *sized.oc)
    for place in candidates(family, sizes.psum_bits, sized.expected_axes, flips):
        stated = read_expected(family, sized, place).astype(np.float64)
        if sizes.kind == "psum":
            psums = taps.sum(axis=0)
            for function in functions_of(stated, sized, family.name):
                outputs = apply(function, psums)[:, : stated.shape[1]]
                yield _judged(family, sized, place, "", function, outputs, stated)
            continue
        wanted = _streamed(fit) if sizes.kind == "streamed" else taps[:, :, : stated.shape[2]]
        for order in tap_orders(sizes.kernel):
            found = stated[tap_order(sizes.kernel, order)]
            yield _judged(family, sized, place, order, OutputFunction("signed"), wanted, found)


def _streamed(fit: Fit) -> Floats:
    """``kij oc nij``, over the padded plane."""
    (ph, pw) = fit.sized.sizes.padding
    plane = np.pad(fit.codes.tensor, ((0, 0), (ph, ph), (pw, pw))).astype(np.float64)
    flat = plane.reshape(len(plane), -1)  # ic nij
    taps: Floats = np.einsum("oik,ip->kop", fit.kernel.astype(np.float64), flat)
    return taps


def _judged(
    family: Family,
    sized: Sized,
    place: Placement,
    order: str,
    function: OutputFunction,
    wanted: Floats,
    stated: Floats,
) -> ExpectedFit:
    wrong = int((wanted != stated).sum())
    return ExpectedFit(family, sized, place, order, function, wrong, stated.size)
