"""The kinds of vector files: which tiled tensor each one holds, and how wide its fields are."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.spec import NumberFormat
from tilewright.spec.channel_output import CODE_FUNCTIONS
from tilewright.tile import TilePlan

AXES = {
    "activation": ("itile", "nij", "row"),
    "weight": ("otile", "itile", "kij", "col", "row"),
    "tap_psum": ("kij", "otile", "onij", "col"),
    "psum": ("otile", "onij", "col"),
    "output": ("otile", "onij", "col"),
    "address": ("onij", "kij"),
    "bias": ("otile", "col"),
    "multiplier": ("otile", "col"),
    "threshold": ("otile", "col", "level"),
}
"""Axes of the tiled tensor of each kind, in the order in which `tilewright.tile` has them."""

STREAMED_AXES = ("kij", "otile", "nij", "col")
"""Axes of tap psums that are stated at every streamed pixel of the padded plane."""

KIND_NAMES = (*AXES, *(f"{tensor}_{again}" for tensor in AXES for again in range(2, 10)))
"""What tables of a layout can be called: ``activation_2`` states the activations once more."""


def tensor_of(kind: str) -> str:
    """The tensor that a kind of file states, whichever of its tables it is.

    >>> tensor_of("tap_psum_2")
    'tap_psum'
    """
    return kind if kind in AXES else kind.rpartition("_")[0]


FILE_AXES = ("itile", "otile", "kij")
"""Axes that a file name can carry, besides those that a split makes."""

CONSTANTS = ("bias", "multiplier", "threshold")
"""Kinds that hold numbers of each output channel, of which outputs are made."""

FUNCTIONS = ("relu", "signed", "leaky", *CODE_FUNCTIONS)
"""What an output is of its psum v: max(0, v); v; v where v >= 0, else v >> shift, rounding down; or a code
(`tilewright.spec.ChannelOutput`)."""


@dataclass(frozen=True, slots=True)
class FieldWidths:
    """Bits of an activation, a weight and a psum: what a layout means by the names.

    has_signed_acts: activations are two's complement.
    """

    act: int
    weight: int
    psum: int
    has_signed_acts: bool = False

    def bits(self, field: int | str) -> int:
        """Width of a field that a layout gives as a number or as "act", "weight" or "psum"."""
        return field if isinstance(field, int) else int(getattr(self, field))

    def is_signed(self, kind: str) -> bool:
        """Whether a field of `kind` is two's complement, of which outputs may use one half only."""
        tensor = tensor_of(kind)
        return self.has_signed_acts if tensor == "activation" else tensor != "address"

    def number_format(
        self, kind: str, bits: int, *, function: str = "relu", low: int = 0
    ) -> NumberFormat:
        """Range of the values of `kind` in a field of `bits` bits.

        Addresses are unsigned, weights and psums two's complement, activations as stated here. An output
        is a function of a psum in a field of the psum's width; after ReLU it is never negative, so the
        top bit of its field stays 0. Codes are two's complement if `low`, the least one, is negative.
        """
        if tensor_of(kind) == "output" and function in CODE_FUNCTIONS:
            return NumberFormat(bits, is_signed=low < 0)
        if tensor_of(kind) == "output" and function == "relu":
            return NumberFormat(bits - 1, is_signed=False)
        return NumberFormat(bits, is_signed=self.is_signed(kind))


def axis_sizes(plan: TilePlan) -> dict[str, int]:
    """Size of every axis; nij runs over the padded plane."""
    return {
        "itile": -(-plan.shape.ic // plan.array.rows),  # a layout splits it further
        "otile": plan.otiles,
        "kij": plan.shape.taps,
        "nij": plan.shape.nij,
        "onij": plan.shape.onij,
        "row": plan.array.rows,
        "col": plan.array.cols,
    }
