"""Outline of a layer: the sizes and formats from which its cost follows."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.spec import ConvShape, NumberFormat


@dataclass(frozen=True, slots=True, eq=False)
class LayerOutline:
    """A layer's sizes and formats and, where it is trained, its weights.

    weight: int8 codes ``oc ic kh kw``, or None. observed: lowest and highest psum that samples gave,
    or None. times, is_of_activations: see `tilewright.spec.LayerSizes`; weight_format is then that of the
    second operand. Raises `ShapeError` if the weights have other sizes than `shape`.
    """

    name: str
    shape: ConvShape
    act_format: NumberFormat
    weight_format: NumberFormat
    weight: npt.NDArray[np.int8] | None = None
    observed: tuple[int, int] | None = None
    times: int = 1
    is_of_activations: bool = False

    @property
    def stored_weights(self) -> int:
        """Weights that the network stores for it: none for a product of two activations."""
        return 0 if self.is_of_activations else self.times * prod(self.shape.weight_sizes)

    def __post_init__(self) -> None:
        expected = self.shape.weight_sizes
        if self.weight is not None and self.weight.shape != expected:
            raise ShapeError(
                f"layer {self.name}: weight must be (oc, ic, kh, kw) = {expected}, "
                f"not {self.weight.shape}"
            )
