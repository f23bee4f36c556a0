"""One layer on integers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import Plane, Requantization


@dataclass(frozen=True, slots=True, eq=False)
class IntegerLayer:
    """A convolution (or linear layer) of codes, and what happens to its psums.

    weight: int8 codes ``oc ic kh kw``; in groups, ``ic`` are the input channels of the channel's own group.
    weight_scale: float64, ``(1,)`` or ``(oc,)``. The real value of a psum is
    ``psum * act_scale * weight_scale``. requantizations: one for each node that reads the layer's
    output. `unlinked` says why there are fewer, or why there is none: for the last layer, that it is
    the output.
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

    def __post_init__(self) -> None:
        expected = self.shape.weight_sizes
        if self.weight.shape != expected:
            raise ShapeError(
                f"layer {self.name}: weight must be (oc, ic, kh, kw) = {expected}, not {self.weight.shape}"
            )
        if self.act_format.is_signed:
            raise FormatError(
                f"layer {self.name}: activations must be unsigned, but the format is {self.act_format}"
            )
        self.weight_format.check(
            self.weight, what=f"layer {self.name}: weight code", axes="oc ic kh kw"
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
        return replace(self, shape=replace(shape, groups=1), weight=dense)

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

    def psum_bound(self) -> int:
        """Largest |psum| that any weights of this format reach: ``K * max|x| * max|w|``."""
        widest = max(-self.weight_format.min_code, self.weight_format.max_code)
        return self.shape.ic_per_group * self.shape.taps * self.act_format.max_code * widest

    def psum_range(self) -> tuple[int, int]:
        """Lowest and highest psum that *these* weights reach over all inputs of the format.

        Every partial sum, in any order of summation, lies in it too: activations are never negative, so
        the extremes are the sums of the negative and of the positive weights alone.
        """
        weight = self.weight.reshape(self.shape.oc, -1).astype(np.int64)  # oc (ic kh kw)
        low = np.minimum(weight, 0).sum(axis=1).min() * self.act_format.max_code
        high = np.maximum(weight, 0).sum(axis=1).max() * self.act_format.max_code
        return int(low), int(high)
