"""Inputs that put chosen psums into every channel of a convolution at once, to see which codes leave it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.engine.kernels import Array
from tilewright.errors import ToolError
from tilewright.spec import ConvShape, IntegerLayer, Requantization

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """Weights int8 ``oc ic kh kw`` and codes uint8 ``n ih iw ic`` whose psums at `place` are known.

    Probes of one kind that follow one another share one array of weights.

    place: indices of n, oh and ow. expected: uint8 ``place oc``, the codes that the thresholds give there.
    """

    weight: Array
    codes: Array
    place: tuple[Integers, Integers, Integers]
    expected: Array


def threshold_probes(layer: IntegerLayer, link: Requantization, *, samples: int) -> Iterator[Probe]:
    """Probes of batches of `samples` that reach every threshold of the link, and one sum below each.

    Sums beyond the layer's psum range occur for no input and are left out. Raises `ToolError` if a sum
    cannot be made from the formats' codes.
    """
    low, high = layer.psum_range()
    sums = (link.direction[:, None, None] * (link.thresholds[:, :, None] - np.arange(2))).ravel()
    wanted = np.unique(sums[(sums >= low) & (sums <= high)])
    expected = _codes_of(link, wanted)
    for sign in (1, -1):
        rest = np.abs(wanted[wanted * sign >= 0])
        for windows in (_Windows.one_tap(layer), _Windows.all_taps(layer)):
            made, rest = rest[rest <= windows.most], rest[rest > windows.most]
            weight = windows.weight(sign) if len(made) else np.zeros(0, np.int8)
            for start in range(0, len(made), windows.count * samples):
                sums = sign * made[start : start + windows.count * samples]
                codes = expected[np.searchsorted(wanted, sums)]
                yield windows.probe(sums, weight, codes, samples)
        if len(rest):
            raise ToolError(f"{layer.name}: no probe reaches the psum {sign * int(rest[-1])}")


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Outputs of a sample whose windows share no input: `places` ``count 2`` and the taps ``tap 2`` in use.

    The first weight of a window is 1 and the others are `factor`, so that codes are digits of the psum.
    """

    layer: IntegerLayer
    places: Integers
    taps: Integers

    @classmethod
    def one_tap(cls, layer: IntegerLayer) -> _Windows:
        """Every output whose middle tap lies in the plane; the other taps weigh nothing."""
        shape = layer.shape
        tap = np.array([[shape.kh // 2, shape.kw // 2]])
        places = np.argwhere(np.ones((shape.oh, shape.ow), bool))
        return cls(layer, places[_is_inside(shape, _inputs(shape, places, tap))[:, 0]], tap)

    @classmethod
    def all_taps(cls, layer: IntegerLayer) -> _Windows:
        """The output in the middle, with each of its taps that lies in the plane."""
        shape = layer.shape
        places = np.array([[shape.oh // 2, shape.ow // 2]])
        taps = np.argwhere(np.ones((shape.kh, shape.kw), bool))
        return cls(layer, places, taps[_is_inside(shape, _inputs(shape, places, taps))[0]])

    @property
    def count(self) -> int:
        """Psums that a sample holds, at least 1."""
        return max(1, len(self.places))

    @property
    def factor(self) -> int:
        """The digit's weight: no larger than a weight can be, and than the first code can fill up."""
        return min(self.layer.weight_format.max_code, self.layer.act_format.max_code + 1)

    @property
    def most(self) -> int:
        """The largest psum that can be made, or -1."""
        digits = len(self.taps) * self.layer.shape.ic - 1
        return (
            self.layer.act_format.max_code * (1 + self.factor * digits) if len(self.places) else -1
        )

    def weight(self, sign: int) -> Array:
        """The digits' weights, times sign, in every channel: int8 ``oc ic kh kw``."""
        shape = self.layer.shape
        weight = np.zeros((shape.kh, shape.kw, shape.ic), np.int8)
        weight[self.taps[:, 0], self.taps[:, 1]] = self.factor
        weight[self.taps[0, 0], self.taps[0, 1], 0] = 1
        return np.tile(sign * weight.transpose(2, 0, 1), (shape.oc, 1, 1, 1))

    def probe(self, sums: Integers, weight: Array, expected: Array, samples: int) -> Probe:
        """A probe whose psums are `sums`, all of the sign of `weight`: ``place``; expected: ``place oc``."""
        shape = self.layer.shape
        codes = np.zeros((samples, shape.ih, shape.iw, shape.ic), np.uint8)
        sample, which = np.divmod(np.arange(len(sums)), self.count)
        inputs = _inputs(shape, self.places, self.taps)[which]  # place tap 2
        digits = self._digits(np.abs(sums)).reshape(len(sums), len(self.taps), shape.ic)
        codes[sample[:, None], inputs[..., 0], inputs[..., 1]] = digits
        place = (sample, self.places[which, 0], self.places[which, 1])
        return Probe(weight, codes, place, expected)

    def _digits(self, sums: Integers) -> Integers:
        """Codes ``place (tap ic)``: the first counts 1, each other one `factor`."""
        most = self.layer.act_format.max_code
        others = len(self.taps) * self.layer.shape.ic - 1
        tens = np.minimum(sums // self.factor, most * others)
        rest = np.clip(tens[:, None] - most * np.arange(others), 0, most)
        return np.concatenate([(sums - self.factor * tens)[:, None], rest], axis=1)


def _inputs(shape: ConvShape, places: Integers, taps: Integers) -> Integers:
    """Row and column of the unpadded plane that a tap of an output reads: ``place tap 2``."""
    inputs: Integers = places[:, None] * np.array(shape.stride) + taps - np.array(shape.padding)
    return inputs


def _is_inside(shape: ConvShape, inputs: Integers) -> npt.NDArray[np.bool_]:
    inside = (inputs >= 0) & (inputs < np.array([shape.ih, shape.iw]))
    return inside[..., 0] & inside[..., 1]


def _codes_of(link: Requantization, sums: Integers) -> Array:
    """What the definition of a `Requantization` gives to sums ``place`` in each channel: ``place oc``."""
    channels = zip(link.thresholds, link.direction, strict=True)
    reached = [np.searchsorted(row, turn * sums, side="right") for row, turn in channels]
    codes: Array = (link.min_code + np.stack(reached, axis=1)).astype(link.dtype)
    return codes
