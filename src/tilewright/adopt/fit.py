"""Three families read in one way, and how many numbers are then as computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.operands import Codes, read_weight, tap_order
from tilewright.adopt.placement import Placement
from tilewright.adopt.rules import Rule
from tilewright.adopt.sized import Sized
from tilewright.spec import OutputFunction


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Families read in one way: `wrong` of `compared` numbers differ from what is computed.

    tap_order: of the weights. psum_taps: of psums of streamed pixels. function: of the outputs. telling:
    how many numbers are not 0 in the file or as computed. rule: of outputs that no plain function gives.
    """

    families: tuple[Family, Family, Family]
    sized: Sized
    activation: Placement
    activation_axes: dict[str, int]
    weight: Placement
    expected: Placement
    tap_order: str
    psum_taps: str
    function: OutputFunction
    wrong: int
    compared: int
    telling: int = 0
    rule: Rule | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every number is what the operands give."""
        return self.wrong == 0

    @property
    def codes(self) -> Codes:
        """The activations."""
        return Codes(self.families[0], self.sized, self.activation, self.activation_axes)

    @property
    def kernel(self) -> npt.NDArray[np.int64]:
        """Weights ``oc ic kij``."""
        weight = read_weight(self.families[1], self.sized, self.weight)
        return weight[:, :, tap_order(self.sized.sizes.kernel, self.tap_order)].astype(np.int64)
