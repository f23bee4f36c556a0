"""The judge: naive reference arithmetic and exact comparison."""

from tilewright.verify.compare import Comparison, Mismatch, compare
from tilewright.verify.judge import LayerVerdict, WidthClaim, check_layer, claim_width
from tilewright.verify.reference import (
    reference_next_codes,
    reference_psums,
    reference_tap_psums,
)

__all__ = [
    "Comparison",
    "LayerVerdict",
    "Mismatch",
    "WidthClaim",
    "check_layer",
    "claim_width",
    "compare",
    "reference_next_codes",
    "reference_psums",
    "reference_tap_psums",
]
