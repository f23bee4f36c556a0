"""The verdict on one layer: are the training forward's integers those of the reference?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import IntArray, IntegerLayer, signed_bits_needed
from tilewright.verify.compare import Comparison, compare
from tilewright.verify.reference import reference_next_codes, reference_psums


@dataclass(frozen=True, slots=True)
class WidthClaim:
    """How wide the psums of a layer are, and whether the array's psum register holds them.

    `bits_needed` is exact for the layer's weights over *all* inputs of its number format
    (`IntegerLayer.psum_range`), so it also covers every partial sum; `observed` is the range seen on
    the samples; `bits_by_type` is what any weights of the format would need.
    """

    bits: int
    bits_needed: int
    bits_by_type: int
    reachable: tuple[int, int]
    observed: tuple[int, int]

    @property
    def passed(self) -> bool:
        """Whether the register is wide enough and nothing outside the reachable range was seen."""
        low, high = self.reachable
        return (
            self.bits_needed <= self.bits and low <= self.observed[0] and self.observed[1] <= high
        )

    def __str__(self) -> str:
        return (
            f"psums need {self.bits_needed} bits (reachable {self.reachable[0]}..{self.reachable[1]}, "
            f"observed {self.observed[0]}..{self.observed[1]}), the array provides {self.bits}"
        )


@dataclass(frozen=True, slots=True)
class LayerVerdict:
    """The judgement on one layer. `next_codes` is None where `unlinked` says why."""

    layer: str
    psums: Comparison
    next_codes: Comparison | None
    width: WidthClaim
    unlinked: str

    @property
    def passed(self) -> bool:
        """Whether every check of the layer holds."""
        return (
            self.psums.passed
            and self.width.passed
            and (self.next_codes is None or self.next_codes.passed)
        )


def check_layer(
    layer: IntegerLayer,
    codes: IntArray,
    claimed_psums: IntArray,
    claimed_next_codes: IntArray | None,
    *,
    psum_bits: int,
) -> LayerVerdict:
    """Judge one layer.

    codes ``n ic ih iw``; claimed_psums ``n oc oh ow`` and claimed_next_codes (the consumer's input
    ``n ic ih iw``, or None) as the training forward computed them; psum_bits of the array.
    """
    layer.act_format.check(codes, what=f"layer {layer.name}: input code", axes="n ic ih iw")
    expected = reference_psums(codes, layer)
    next_codes = None
    if layer.requantization is not None and claimed_next_codes is not None:
        next_codes = compare(
            reference_next_codes(expected, layer.requantization),
            claimed_next_codes,
            what=f"input codes of {layer.requantization.consumer}",
            layer=layer.name,
        )
    return LayerVerdict(
        layer.name,
        compare(expected, claimed_psums, what="psums of the training forward", layer=layer.name),
        next_codes,
        claim_width(layer, expected, psum_bits=psum_bits),
        layer.unlinked,
    )


def claim_width(layer: IntegerLayer, psums: npt.NDArray[np.int64], *, psum_bits: int) -> WidthClaim:
    """The psum-width claim of a layer; psums ``n oc oh ow`` are the observed ones."""
    reachable, bound = layer.psum_range(), layer.psum_bound()
    return WidthClaim(
        bits=psum_bits,
        bits_needed=signed_bits_needed(*reachable),
        bits_by_type=signed_bits_needed(-bound, bound),
        reachable=reachable,
        observed=(int(psums.min()), int(psums.max())),
    )
