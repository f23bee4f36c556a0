"""One of many equal statements: channels downwards in words, no flips in names, zeros last.

Three things can be turned without changing any sum: a channel axis in all files that have it, and the
plane by half a turn, with its taps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tilewright.adopt.fit import Fit
from tilewright.adopt.others import ExpectedFit
from tilewright.adopt.placement import WORD, Placement
from tilewright.adopt.rules import Constant
from tilewright.adopt.sized import Sized


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A layer as it will be stated: the fit, and all families of expected numbers."""

    fit: Fit
    expected: tuple[ExpectedFit, ...]

    @property
    def constants(self) -> dict[str, Constant]:
        """Families with a number of each channel, by the names of their tables."""
        return self.fit.rule.files if self.fit.rule else {}

    @property
    def sized(self) -> Sized:
        """Sizes of the layer."""
        return self.fit.sized

    def turned(self, axis: str) -> Reading:
        """The same with one channel axis the other way round, in all files that have it."""
        fit = self.fit
        if axis.startswith("i"):
            fit = replace(
                fit, activation=_turn(fit.activation, axis), weight=_turn(fit.weight, axis)
            )
            return replace(self, fit=fit)
        fit = replace(fit, weight=_turn(fit.weight, axis), expected=_turn(fit.expected, axis))
        known = len(self.sized.oc_parts)
        turned = tuple(
            replace(e, place=_turn(e.place, axis)) if len(e.sized.oc_parts) == known else e
            for e in self.expected
        )
        return replace(self, fit=fit, expected=turned)

    def half_turned(self) -> Reading:
        """The same with plane, taps and pixels of the outputs reversed."""
        fit = self.fit
        axis = "nij" if fit.sized.sizes.plane is not None else "kij"
        activation = _turn(fit.activation, axis)
        expected = _turn(fit.expected, "onij") if axis == "nij" else fit.expected
        order = _reversed(fit.tap_order)
        fit = replace(fit, activation=activation, expected=expected, tap_order=order)
        if axis == "kij":
            return replace(self, fit=fit)
        others = tuple(
            replace(
                e,
                place=_turn(e.place, "onij"),
                tap_order=_reversed(e.tap_order) if e.sized.sizes.kind != "psum" else "",
            )
            for e in self.expected
        )
        return replace(self, fit=fit, expected=others)

    def pixels_turned(self) -> Reading:
        """The same with the windows, and what each of them gives, in the reverse order."""
        fit = self.fit
        activation = _turn(_turn(fit.activation, "p0"), "p1")
        fit = replace(fit, activation=activation, expected=_turn(fit.expected, "onij"))
        others = tuple(replace(e, place=_turn(e.place, "onij")) for e in self.expected)
        return replace(self, fit=fit, expected=others)

    @property
    def places(self) -> tuple[Placement, ...]:
        """Every placement."""
        return (self.fit.activation, self.fit.weight, *(e.place for e in self.expected))

    def can_turn(self, axis: str) -> bool:
        """Whether an axis can be turned: nowhere in a file name, and the same in all files."""
        alike = all(
            len(e.sized.oc_parts) == len(self.sized.oc_parts) for e in self.expected
        ) or axis.startswith("i")
        if axis.startswith("o") and self.constants:
            return False
        return alike and not any(place.in_file(axis) for place in self.places)

    @property
    def oddity(self) -> tuple[int, int, int]:
        """How far this is from what is usual: flips that names cannot have, zeros first, flips."""
        impossible = (
            sum(place.in_file(axis) for place in self.places for axis in place.flipped)
            + self._reversed_in_names()
        )
        flips = 0
        families = (*self.fit.families[:2], *(e.family for e in self.expected))
        for place, family in zip(self.places, families, strict=True):
            for axis, block in zip(place.axes, place.blocks, strict=True):
                is_channel = axis[0] in "io" and axis != "onij"
                wanted = is_channel and block == WORD and not family.separator
                flips += (axis in place.flipped) != wanted
        flips += 2 * self._reversals()
        return impossible, -_idle(self.fit), flips

    def _reversed_in_names(self) -> int:
        orders = [(self.fit.weight, self.fit.tap_order)]
        orders += [(e.place, e.tap_order) for e in self.expected]
        return sum("reversed" in order and place.in_file("kij") for place, order in orders)

    def _reversals(self) -> int:
        orders = (self.fit.tap_order, *(e.tap_order for e in self.expected))
        return sum("reversed" in order for order in orders)


def canonical(reading: Reading) -> Reading:
    """The most usual of the equal statements."""
    best = reading
    ways = [reading]
    if _may_be_turned(reading):
        ways.append(reading.half_turned())
    for axis in (*reading.sized.ic, *reading.sized.oc):
        if reading.can_turn(axis):
            ways += [way.turned(axis) for way in ways]
    for way in ways:
        if way.oddity < best.oddity:
            best = way
    return best


def can_turn_pixels(reading: Reading) -> bool:
    """Whether all files have as many pixels, of windows, in an order that names do not say."""
    sizes = reading.sized.sizes
    is_whole = sizes.plane is None and sizes.pixels == sizes.onij
    is_whole &= not any(e.sized.sizes.first for e in reading.expected)
    named = any(place.in_file(axis) for place in reading.places for axis in ("p0", "p1", "onij"))
    return is_whole and not named


def _may_be_turned(reading: Reading) -> bool:
    """Whether half a turn changes nothing: no rest of the plane is left over, all pixels are there."""
    sizes = reading.sized.sizes
    if sizes.tile is not None:
        return False
    if any(e.sized.sizes.first or e.sized.sizes.kind == "streamed" for e in reading.expected):
        return False
    if sizes.plane is None:
        return not reading.fit.activation.in_file("kij")
    spare = [
        p + 2 * q - k for p, q, k in zip(sizes.plane, sizes.padding, sizes.kernel, strict=True)
    ]
    return all(s % step == 0 for s, step in zip(spare, sizes.stride, strict=True))


def _turn(place: Placement, axis: str) -> Placement:
    if axis not in place.axes:
        return place
    return replace(place, flipped=place.flipped ^ {axis})


def _reversed(order: str) -> str:
    words = order.split()
    words = [w for w in words if w != "reversed"] if "reversed" in words else [*words, "reversed"]
    return " ".join(words)


def used_channels(fit: Fit) -> tuple[int, int]:
    """Input and output channels without those at the end that hold nothing but zeros everywhere."""
    kernel, codes = fit.kernel, fit.codes.tensor
    ic = np.flatnonzero(kernel.any(axis=(0, 2)) | codes.reshape(len(codes), -1).any(axis=1))
    oc = np.flatnonzero(kernel.any(axis=(1, 2)))
    return int(ic.max(initial=0)) + 1, int(oc.max(initial=0)) + 1


def _idle(fit: Fit) -> int:
    """Lanes at the end without a channel."""
    ic, oc = used_channels(fit)
    return fit.sized.sizes.ic - ic + fit.sized.sizes.oc - oc


def plainest(readings: Sequence[Reading]) -> Reading:
    """Of equal readings the one in which outer parts of channels stand before inner ones."""
    return min(readings, key=lambda reading: (_disorder(reading), reading.oddity))


def _disorder(reading: Reading) -> int:
    count = 0
    for place in reading.places:
        for letter in "io":
            order = [a for a in place.axes if a[0] == letter and a != "onij"]
            count += order != sorted(order)
    return count
