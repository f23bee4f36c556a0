"""What others write as outputs: biases added, sums requantized to codes, by constants of each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.spec.array_mode import OutputFunction

ChannelFunctionName = Literal["relu", "leaky", "signed", "requantized", "thresholds"]
CODE_FUNCTIONS = ("requantized", "thresholds")
MAX_SHIFT = 62
"""Of a requantization: products of 64 bits are shifted."""


@dataclass(frozen=True, slots=True)
class ChannelOutput:
    """The output for a psum v, to which the channel's bias was added where `is_biased`.

    "relu", "leaky", "signed": as `OutputFunction`. "requantized": ``v * multiplier >> shift``, rounding
    down or, with `is_rounded`, to the nearest with halves up, cut to `low` .. `high`; multiplier 0 stands
    for that of the channel. "thresholds": `low` plus the number of the channel's thresholds that are <= v.
    """

    function: ChannelFunctionName
    shift: int = 0
    multiplier: int = 1
    is_rounded: bool = False
    low: int = 0
    high: int = 0
    is_biased: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.shift <= MAX_SHIFT:
            raise FormatError(f"a shift must be 0..{MAX_SHIFT}, not {self.shift}")
        if self.function == "requantized" and not self.low < self.high:
            raise FormatError(
                f"requantized outputs must be cut to low < high, not {self.low} .. {self.high}"
            )

    @property
    def plain(self) -> OutputFunction | None:
        """The function behind the bias, where it is one of `OutputFunction`; else None."""
        if self.function == "requantized" or self.function == "thresholds":
            return None
        return OutputFunction(self.function, self.shift)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the constants of each channel that it takes: "bias", "multiplier", "threshold"."""
        taken = {
            "bias": self.is_biased,
            "multiplier": self.function == "requantized" and self.multiplier == 0,
            "threshold": self.function == "thresholds",
        }
        return tuple(name for name, is_taken in taken.items() if is_taken)


AnyOutput = OutputFunction | ChannelOutput


@dataclass(frozen=True, slots=True, eq=False)
class ChannelConstants:
    """Constants of each output channel, int64, None where there are none.

    bias, multiplier: ``oc``. threshold: ``oc level``, in any order.
    """

    bias: npt.NDArray[np.int64] | None = None
    multiplier: npt.NDArray[np.int64] | None = None
    threshold: npt.NDArray[np.int64] | None = None

    def taken(self, name: str) -> npt.NDArray[np.int64]:
        """The constants called `name`; raises `FormatError` where there are none."""
        found: npt.NDArray[np.int64] | None = getattr(self, name)
        if found is None:
            raise FormatError(
                f"outputs are computed with the {name} of each channel: there is none"
            )
        return found
