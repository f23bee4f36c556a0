"""A layer with its input as numbers that can be cut smaller: what `reduce` tries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.spec import Codes, ConvShape, IntegerLayer
from tilewright.trials.fresh import write_answered
from tilewright.vectors import Bundle, decode_bundle

CHANNELS = ("ic", "oc")
SPATIAL = ("ih", "iw", "kh", "kw")


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """weight: ``oc ic kh kw``. codes: ``ic ih iw``. stride, padding, padding_after: vertical, horizontal."""

    weight: npt.NDArray[np.int8]
    codes: Codes
    stride: tuple[int, int]
    padding: tuple[int, int]
    padding_after: tuple[int, int] | None = None

    @classmethod
    def of(cls, bundle: Bundle) -> Candidate:
        """The layer that a bundle holds; raises what `decode_bundle` raises."""
        tensors = decode_bundle(bundle)
        shape = bundle.shape
        edges = (shape.padding, shape.padding_after)
        return cls(tensors.weight, tensors.codes, shape.stride, *edges)

    @property
    def shape(self) -> ConvShape:
        """The sizes; raises `ShapeError` if there is no such convolution."""
        oc, ic, kh, kw = self.weight.shape
        _, ih, iw = self.codes.shape
        before, after = self.padding, self.padding_after
        return ConvShape(ic, ih, iw, oc, kh, kw, self.stride, before, padding_after=after)

    @property
    def key(self) -> str:
        """Names the candidate: equal for equal ones."""
        sizes = (self.weight.shape, self.codes.shape, self.stride, self._after, self.padding)
        parts = [repr(sizes).encode()]
        parts += [self.weight.tobytes(), self.codes.tobytes()]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    @property
    def _after(self) -> tuple[int, int]:
        return self.padding_after or self.padding

    @property
    def sizes(self) -> tuple[int, ...]:
        """What a bench could have its sizes fixed to."""
        edges = (*self.padding, *self._after)
        return (*self.weight.shape, *self.codes.shape[1:], *self.stride, *edges)

    @property
    def cost(self) -> tuple[int, int, int]:
        """What is to become small: numbers in the layer, those that are not 0, and their magnitude."""
        weight, codes = self.weight.astype(int), self.codes.astype(int)
        values = int(np.count_nonzero(weight) + np.count_nonzero(codes))
        edges = sum(self.padding) + sum(self._after)
        extent = weight.size + codes.size + 2 * edges + 4 * sum(self.stride)
        return extent, values, int(np.abs(weight).sum() + np.abs(codes).sum())

    def keep(self, axis: str, places: Sequence[int]) -> Candidate:
        """Cut everything but `places` of an axis: ic, oc, ih, iw, kh or kw."""
        index, weight, codes = np.array(places, int), self.weight, self.codes
        if axis in ("oc", "kh", "kw"):
            weight = np.take(weight, index, axis={"oc": 0, "kh": 2, "kw": 3}[axis])
        elif axis == "ic":
            weight, codes = weight[:, index], codes[index]
        else:
            taken: Any = np.take(codes, index, axis={"ih": 1, "iw": 2}[axis])
            codes = taken
        return replace(self, weight=weight, codes=codes)

    def blank(self, axis: str, places: Sequence[int]) -> Candidate:
        """As `keep`, but what is not kept becomes 0 and stays."""
        away = np.setdiff1d(np.arange(self.size(axis)), np.array(places, int))
        weight, codes = self.weight.copy(), self.codes.copy()
        if axis in ("oc", "ic", "kh", "kw"):
            np.moveaxis(weight, {"oc": 0, "ic": 1, "kh": 2, "kw": 3}[axis], 0)[away] = 0
        if axis in ("ic", "ih", "iw"):
            np.moveaxis(codes, {"ic": 0, "ih": 1, "iw": 2}[axis], 0)[away] = 0
        return replace(self, weight=weight, codes=codes)

    def size(self, axis: str) -> int:
        """The size of an axis."""
        named = dict(zip(("oc", "ic", "kh", "kw"), self.weight.shape, strict=True))
        named |= dict(zip(("ih", "iw"), self.codes.shape[1:], strict=True))
        return int(named[axis])

    def support(self, axis: str) -> list[int]:
        """The places of an axis at which something is not 0."""
        if axis in ("ih", "iw"):
            other = {"ih": (0, 2), "iw": (0, 1)}[axis]
            return np.flatnonzero(self.codes.any(axis=other)).tolist()
        number = {"oc": 0, "ic": 1, "kh": 2, "kw": 3}[axis]
        found = self.weight.any(axis=tuple(i for i in range(4) if i != number))
        if axis == "ic":
            found = found | self.codes.any(axis=(1, 2))
        return np.flatnonzero(found).tolist()

    def unpadded(self, side: int, *, before: bool, after: bool) -> Candidate:
        """No padding on a side (0: vertical, 1: horizontal), but zeros in the codes before or after them."""
        padding, behind = list(self.padding), list(self._after)
        edges = [(0, 0), (0, 0), (0, 0)]
        edges[1 + side] = (padding[side] * before, behind[side] * after)
        padding[side] = behind[side] = 0
        codes: Any = np.pad(self.codes, edges)
        kept, after_it = (padding[0], padding[1]), (behind[0], behind[1])
        return replace(self, codes=codes, padding=kept, padding_after=after_it)

    def having(self, name: str, value: Any) -> Candidate:
        """The candidate with another weight, codes, stride or padding."""
        return replace(self, **{name: value})

    def with_values(self, name: str, places: Sequence[int], values: Sequence[int]) -> Candidate:
        """weight or codes with these values at these flat places, 0 elsewhere."""
        old = getattr(self, name)
        new = np.zeros(old.size, old.dtype)
        new[np.array(places, int)] = values
        return self.having(name, new.reshape(old.shape))

    def write(self, source: Bundle, folder: Path) -> Bundle:
        """Write as a bundle like `source`, with the naive reference's answers; raises what writing raises."""
        layer = IntegerLayer(
            name=source.layer_name,
            shape=self.shape,
            weight=self.weight,
            weight_format=source.weight_format,
            act_format=source.act_format,
            weight_scale=np.array(source.scales.weight[:1]),
            act_scale=source.scales.act,
        )
        array, layout = source.array, source.layout
        return write_answered(
            folder, layer, self.codes, array=array, layout=layout, sample=source.sample
        )
