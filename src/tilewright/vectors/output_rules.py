"""What a layout says of the numbers of outputs: which function of the psum, and of how many pixels."""

from __future__ import annotations

from typing import Protocol, cast

from tilewright.errors import ConfigError
from tilewright.spec import AnyOutput, ChannelOutput, OutputFunction
from tilewright.spec.array_mode import MAX_LEAK
from tilewright.spec.channel_output import CODE_FUNCTIONS, MAX_SHIFT, ChannelFunctionName
from tilewright.vectors.kinds import FUNCTIONS

MAX_FIELD_BITS = 64
MAX_NUMBER = 2**31 - 1


class Ruled(Protocol):
    """The part of a `KindLayout` that is judged here; the keys are told there."""

    @property
    def tensor(self) -> str:
        """What the files state."""

    @property
    def plane_axes(self) -> tuple[str, ...]:
        """Axes before the splits."""

    @property
    def function(self) -> str:
        """Of the psum."""

    @property
    def shift(self) -> int:
        """Of a leak, or of a requantization."""

    @property
    def multiplier(self) -> int:
        """Of a requantization; 0: that of the channel."""

    @property
    def rounding(self) -> str:
        """Of a requantization: "down" or "half_up"."""

    @property
    def low(self) -> int:
        """The least code."""

    @property
    def high(self) -> int:
        """The largest code."""

    @property
    def levels(self) -> int:
        """Thresholds of a channel."""

    @property
    def biased(self) -> bool:
        """Whether the channel's bias is added first."""

    @property
    def first(self) -> int:
        """How many ofmap pixels the file has, 0 for all."""

    @property
    def offset(self) -> int:
        """What is added to addresses."""


def output_of(form: Ruled) -> AnyOutput:
    """The function from psum to output; leaks by more than 31 equal one by 31 at 32 bits and less."""
    is_code = form.function in CODE_FUNCTIONS
    shift = form.shift if is_code else min(form.shift, MAX_LEAK)
    name = cast("ChannelFunctionName", "signed" if form.tensor == "psum" else form.function)
    if is_code or form.biased:
        is_rounded = form.rounding == "half_up"
        return ChannelOutput(
            name, shift, form.multiplier, is_rounded, form.low, form.high, is_biased=form.biased
        )
    return OutputFunction(name, shift)  # type: ignore[arg-type]


def check_rules(form: Ruled) -> None:
    """Raise `ConfigError` unless the keys of a table of outputs belong together."""
    _check_function(form)
    _check_codes(form)
    if form.first and "onij" not in form.plane_axes:
        raise ConfigError(
            f"first must be a number of ofmap pixels, not {form.first}: of kinds that have them "
            f"(psum, tap_psum, output, address, and activations of plane 'windows')"
        )
    if not 0 <= form.first <= MAX_NUMBER:
        raise ConfigError(f"first must be a number of ofmap pixels, not {form.first}")
    if form.offset and (form.tensor != "address" or not 0 < form.offset <= MAX_NUMBER):
        raise ConfigError(f"offset must be a number added to addresses, not {form.offset}")
    if (form.tensor == "threshold") != (1 <= form.levels <= MAX_NUMBER):
        raise ConfigError(
            f"levels is the number of thresholds of a channel, 1 or more, in the table of thresholds "
            f"and in no other, not {form.levels}"
        )


def _check_function(form: Ruled) -> None:
    if form.function not in FUNCTIONS:
        raise ConfigError(
            f"function must be {' or '.join(FUNCTIONS)}, not '{form.function}'; another one is "
            f"applied by the reader: write 'signed'"
        )
    if form.function != "relu" and form.tensor != "output":
        raise ConfigError("function is for outputs; other values are written as they are")
    if form.biased and form.tensor not in ("output", "psum"):
        raise ConfigError("biased is for outputs and psums: a bias is added once, to the whole sum")
    if form.function == "requantized":
        if not 0 <= form.shift <= MAX_SHIFT:
            raise ConfigError(f"shift must be 0..{MAX_SHIFT}, not {form.shift}")
    elif (form.function == "leaky") != (1 <= form.shift < MAX_FIELD_BITS):
        raise ConfigError(
            f"shift must be 1..{MAX_FIELD_BITS - 1} for function 'leaky' and absent for others, "
            f"not {form.shift}"
        )


def _check_codes(form: Ruled) -> None:
    """The keys of codes: multiplier, rounding, low and high."""
    is_requantized = form.function == "requantized"
    if form.rounding not in ("down", "half_up"):
        raise ConfigError(f"rounding must be down or half_up, not '{form.rounding}'")
    if not 0 <= form.multiplier <= MAX_NUMBER:
        raise ConfigError(
            f"multiplier must be a number from 1 on, or 0 for that of each channel in the table "
            f"[multiplier], not {form.multiplier}"
        )
    if not is_requantized and (form.multiplier != 1 or form.rounding != "down" or form.high):
        raise ConfigError("multiplier, rounding and high are for function 'requantized'")
    if is_requantized and not -MAX_NUMBER <= form.low < form.high <= MAX_NUMBER:
        raise ConfigError(
            f"function 'requantized' needs low (0 without) and high, the least and the largest code, not "
            f"{form.low} and {form.high}"
        )
    if form.function not in CODE_FUNCTIONS and form.low:
        raise ConfigError("low is for functions 'requantized' and 'thresholds'")
