"""Sizes of a convolution; a linear layer is the 1x1 convolution of a 1x1 plane."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tilewright.errors import ShapeError

MAX_SIZE = 65_535
"""Largest size along one axis, what a 16-bit counter of the array's controller reaches."""


@dataclass(frozen=True, slots=True)
class ConvShape:
    """Sizes of one convolution, for one sample. Pairs are (vertical, horizontal).

    Axes: ifmap ``ic ih iw``, weight ``oc ic kh kw``, ofmap ``oc oh ow``. groups: the channels are cut into so
    many equal parts, and an output channel sees those input channels alone that are of its own part; the
    weight's axis ``ic`` has these only (`ic_per_group`). padding: zeros above and left of the plane, and as
    many below and right of it, unless padding_after says how many are there; that is None where it would say
    the same.
    """

    ic: int
    ih: int
    iw: int
    oc: int
    kh: int
    kw: int
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    padding_after: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.padding_after == self.padding:
            object.__setattr__(self, "padding_after", None)
        pairs = (self.stride, self.padding, self.padding_after or self.padding)
        if any(len(pair) != 2 for pair in pairs):
            raise ShapeError(f"strides and padding must be pairs (vertical, horizontal): {self}")
        edges = pairs[1] + pairs[2]
        sizes = (self.ic, self.ih, self.iw, self.oc, self.kh, self.kw, *self.stride, self.groups)
        if any(not isinstance(size, int | np.integer) for size in (*sizes, *edges)):
            raise ShapeError(f"sizes, strides and padding must be integers: {self}")
        if min(sizes) < 1 or min(edges) < 0:
            raise ShapeError(f"sizes and strides must be at least 1 and padding at least 0: {self}")
        if max(*sizes, self.padded_h, self.padded_w) > MAX_SIZE:
            raise ShapeError(f"sizes, padded ones too, must be at most {MAX_SIZE}: {self}")
        if self.ic % self.groups or self.oc % self.groups:
            raise ShapeError(
                f"{self.groups} groups must divide the channels, but there are {self.ic} input and "
                f"{self.oc} output channels"
            )
        if self.kh > self.padded_h or self.kw > self.padded_w:
            raise ShapeError(
                f"the kernel {self.kh}x{self.kw} must fit the padded plane "
                f"{self.padded_h}x{self.padded_w}: use a smaller kernel or more padding"
            )

    def to_facts(self) -> dict[str, Any]:
        """The sizes as JSON facts; `groups` and `padding_after` stand there only where they say something."""
        plain = {"groups": 1, "padding_after": None}
        facts = asdict(self)
        return {k: v for k, v in facts.items() if k not in plain or v != plain[k]}

    @property
    def edges(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zeros before and behind the rows, and before and behind the columns, as `numpy.pad` takes them.

        >>> ConvShape(ic=1, ih=4, iw=4, oc=1, kh=3, kw=3, padding_after=(1, 1)).edges
        ((0, 1), (0, 1))
        """
        (top, left), (bottom, right) = self.padding, self.padding_after or self.padding
        return (top, bottom), (left, right)

    @property
    def padded_h(self) -> int:
        """Rows of the padded plane."""
        return self.ih + sum(self.edges[0])

    @property
    def padded_w(self) -> int:
        """Columns of the padded plane."""
        return self.iw + sum(self.edges[1])

    @property
    def oh(self) -> int:
        """Rows of the ofmap."""
        return (self.padded_h - self.kh) // self.stride[0] + 1

    @property
    def ow(self) -> int:
        """Columns of the ofmap."""
        return (self.padded_w - self.kw) // self.stride[1] + 1

    @property
    def ic_per_group(self) -> int:
        """Input channels that an output channel sees."""
        return self.ic // self.groups

    @property
    def oc_per_group(self) -> int:
        """Output channels that see the same input channels."""
        return self.oc // self.groups

    @property
    def weight_sizes(self) -> tuple[int, int, int, int]:
        """Sizes of the weight, ``oc ic kh kw``."""
        return self.oc, self.ic_per_group, self.kh, self.kw

    @property
    def taps(self) -> int:
        """Kernel taps, ``kh * kw``."""
        return self.kh * self.kw

    @property
    def nij(self) -> int:
        """Pixels of the padded plane."""
        return self.padded_h * self.padded_w

    @property
    def onij(self) -> int:
        """Pixels of the ofmap."""
        return self.oh * self.ow

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample."""
        return self.onij * self.oc * self.ic_per_group * self.taps
