"""A grouped convolution as the list of dense ones that an array runs, one for each weight tile of groups.

As many groups as fit lie along the diagonal of a tile: a depthwise layer fills the diagonal of the array, one
channel a row and column, and no tile is run that holds no weight of the layer. Each part is a dense layer
of its own, so that whoever runs dense layers runs grouped ones; what lies beside the diagonal is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tilewright.spec import ArrayShape, ConvShape, IntegerLayer
from tilewright.tile.dataflow import Dataflow
from tilewright.tile.layer_on_array import LayerOnArray


@dataclass(frozen=True, slots=True)
class Part:
    """Groups ``first .. first + groups - 1`` of the convolution `whole`, run as a dense one.

    A convolution without groups is its own only part.
    """

    whole: ConvShape
    first: int
    groups: int

    @property
    def shape(self) -> ConvShape:
        """Sizes of the dense convolution."""
        ic, oc = self.groups * self.whole.ic_per_group, self.groups * self.whole.oc_per_group
        return replace(self.whole, ic=ic, oc=oc, groups=1)

    @property
    def ic(self) -> slice:
        """Its channels of the ifmap."""
        return self._channels(self.whole.ic_per_group)

    @property
    def oc(self) -> slice:
        """Its channels of the ofmap."""
        return self._channels(self.whole.oc_per_group)

    def name(self, layer: str) -> str:
        """Name of the part of a layer: the layer's own where there are no groups."""
        return layer if self.whole.groups == 1 else f"{layer}.groups{self.first}"

    def layer(self, layer: IntegerLayer) -> IntegerLayer:
        """The dense layer of the part; see `IntegerLayer.of_groups`."""
        if self.whole.groups == 1:
            return layer
        return replace(
            layer.of_groups(self.first, self.groups).as_dense(), name=self.name(layer.name)
        )

    def _channels(self, per_group: int) -> slice:
        return slice(self.first * per_group, (self.first + self.groups) * per_group)


def find_parts(shape: ConvShape, array: ArrayShape, dataflow: Dataflow) -> tuple[Part, ...]:
    """The parts of a convolution in the order in which they run.

    >>> from tilewright.tile.dataflows import WEIGHT_STATIONARY
    >>> depthwise = ConvShape(ic=20, ih=4, iw=4, oc=20, kh=3, kw=3, groups=20)
    >>> [part.groups for part in find_parts(depthwise, ArrayShape(16, 8, 16), WEIGHT_STATIONARY)]
    [8, 8, 4]
    """
    at_once = 1
    if shape.groups > 1:
        at_once = max(1, dataflow.groups_at_once(LayerOnArray(shape, array)))
    starts = range(0, shape.groups, at_once)
    return tuple(Part(shape, first, min(at_once, shape.groups - first)) for first in starts)
