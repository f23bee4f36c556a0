"""One layer on integers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.number_format import Ints, NumberFormat
from tilewright.spec.requantization import Plane, Requantization


@dataclass(frozen=True, slots=True, eq=False)
class IntegerLayer:
    """A convolution (or linear layer) of codes, and what happens to its psums.

    weight: int8 codes ``oc ic kh kw``; in groups, ``ic`` are the input channels of the channel's own group.
    weight_scale: float64, ``(1,)`` or ``(oc,)``. The real value of a psum is
    ``psum * act_scale * weight_scale``. requantizations: one for each node that reads the layer's
    output. `unlinked` says why there are fewer, or why there is none: for the last layer, that it is
    the output.

    Codes are signed or not. zero_point: the code of the real value 0, which the padding holds. bias:
    int64 ``oc``, in steps of the psum; None is 0. A psum is ``bias + sum(weight * (code - zero_point))``;
    an array makes the sum of plain products, ``weight * code``, and the rest is its `start` value.
    """

    name: str
    shape: ConvShape
    weight: npt.NDArray[np.int8]
    weight_format: NumberFormat
    act_format: NumberFormat
    weight_scale: npt.NDArray[np.float64]
    act_scale: float
    requantizations: tuple[Requantization, ...] = ()
    unlinked: str = ""
    zero_point: int = 0
    bias: Ints | None = None

    def __post_init__(self) -> None:
        expected = self.shape.weight_sizes
        if self.weight.shape != expected:
            raise ShapeError(
                f"layer {self.name}: weight must be (oc, ic, kh, kw) = {expected}, not {self.weight.shape}"
            )
        self.weight_format.check(
            self.weight, what=f"layer {self.name}: weight code", axes="oc ic kh kw"
        )
        self._check_start()

    def _check_start(self) -> None:
        if self.zero_point:
            zero = np.array([self.zero_point])
            self.act_format.check(zero, what=f"layer {self.name}: zero-point", axes="tensor")
        if self.bias is not None and not (
            self.bias.shape == (self.shape.oc,) and self.bias.dtype == np.int64
        ):
            raise ShapeError(
                f"layer {self.name}: bias must be int64 (oc,) = ({self.shape.oc},), "
                f"not {self.bias.dtype} {self.bias.shape}"
            )

    @property
    def operands(self) -> int:
        """Number of inputs."""
        return 1

    @property
    def input_shape(self) -> Plane:
        """Channels, rows and columns of the input."""
        return self.shape.ic, self.shape.ih, self.shape.iw

    @property
    def output_shape(self) -> Plane:
        """Channels, rows and columns of the psums."""
        return self.shape.oc, self.shape.oh, self.shape.ow

    def of_groups(self, first: int, count: int) -> IntegerLayer:
        """Groups ``first .. first + count - 1`` alone, as a layer that feeds no other node."""
        shape = self.shape
        oc = slice(first * shape.oc_per_group, (first + count) * shape.oc_per_group)
        scale = self.weight_scale
        return replace(
            self,
            shape=replace(
                shape, ic=count * shape.ic_per_group, oc=count * shape.oc_per_group, groups=count
            ),
            weight=self.weight[oc],
            weight_scale=scale if len(scale) == 1 else scale[oc],
            requantizations=(),
            unlinked="it is a part of a layer",
            bias=None if self.bias is None else self.bias[oc],
        )

    def as_dense(self) -> IntegerLayer:
        """The same psums without groups: weights of 0 for input channels of other groups."""
        shape = self.shape
        if shape.groups == 1:
            return self
        dense = np.zeros((shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
        for group in range(shape.groups):
            oc, ic = (
                slice(group * size, (group + 1) * size)
                for size in (shape.oc_per_group, shape.ic_per_group)
            )
            dense[oc, ic] = self.weight[oc]
        codes = self.weight_format
        if not codes.allowed(
            np.zeros(1, np.int8)
        ).all():  # then those between the groups fit no more
            codes = NumberFormat(codes.bits, codes.is_signed, codes.is_narrow)
        return replace(self, shape=replace(shape, groups=1), weight=dense, weight_format=codes)

    @property
    def sum_scale(self) -> npt.NDArray[np.float64]:
        """Real size of a step of the psum, in steps of the codes: the weight's scale."""
        return self.weight_scale

    @property
    def is_on_array(self) -> bool:
        """An array makes the psums."""
        return True

    def sum_range(self) -> tuple[int, int]:
        """Lowest and highest psum, as `psum_range` says."""
        return self.psum_range()

    def sum_bound(self) -> int:
        """Largest |psum|, as `psum_bound` says."""
        return self.psum_bound()

    @property
    def has_start(self) -> bool:
        """Whether psums begin with something else than 0, or the padding holds something else."""
        return self.zero_point != 0 or self.bias is not None

    def start(self) -> Ints:
        """What each psum begins with, int64 ``oc``, before plain products are added.

        The bias, and ``-zero_point * (sum of the channel's weights)``: for every tap, those on the
        padding too, because that holds the zero-point.
        """
        weights = self.weight.reshape(self.shape.oc, -1).sum(axis=1, dtype=np.int64)
        bias = np.zeros_like(weights) if self.bias is None else self.bias
        start: Ints = bias - self.zero_point * weights
        return start

    def plain(self) -> IntegerLayer:
        """The layer of plain products, whose psums plus `start` are those of this one.

        It reads `plain_codes`: a padding of zero-points is written out, as part of its plane. Layers
        without start values are plain already.
        """
        if not self.has_start:
            return self
        shape = self.shape
        if self.zero_point:
            h, w = shape.padded_h, shape.padded_w
            shape = replace(shape, ih=h, iw=w, padding=(0, 0), padding_after=None)
        return replace(self, shape=shape, zero_point=0, bias=None, requantizations=())

    def plain_codes(self, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Codes ``... ih iw`` as `plain` reads them."""
        if not self.zero_point:
            return codes
        edges = ((0, 0),) * (codes.ndim - 2) + self.shape.edges
        return np.pad(codes, edges, constant_values=self.zero_point)

    def psum_bound(self) -> int:
        """Largest |psum| that any weights of this format reach: ``K * max|x| * max|w|``, and the bias."""
        widest = max(-self.weight_format.min_code, self.weight_format.max_code)
        low, high = self.act_format.min_code, self.act_format.max_code
        ends = (low, high, low - self.zero_point, high - self.zero_point)
        bias = 0 if self.bias is None else int(np.abs(self.bias).max())
        return self.shape.ic_per_group * self.shape.taps * max(map(abs, ends)) * widest + bias

    def psum_range(self) -> tuple[int, int]:
        """Lowest and highest psum that *these* weights reach over all inputs of the format.

        Every partial sum, in any order of summation, lies in it too, because 0 lies among the codes: no
        term is above 0 at its lowest, and none below it at its highest. Where psums have start values,
        it holds for sums with and without them.
        """
        weight = self.weight.reshape(self.shape.oc, -1)  # oc (ic kh kw)
        least, most = self.act_format.min_code, self.act_format.max_code
        above = np.maximum(weight, 0).sum(axis=1, dtype=np.int64)  # oc, of weights above 0
        below = weight.sum(axis=1, dtype=np.int64) - above
        low, high = least * above + most * below, most * above + least * below  # oc
        if self.has_start:
            start = self.start()
            low, high = np.minimum(low, low + start), np.maximum(high, high + start)
        return int(low.min()), int(high.max())
