"""The judge: naive reference arithmetic and exact comparison."""

from tilewright.verify.compare import Comparison, Mismatch, compare, compare_traces
from tilewright.verify.extremes import (
    Extreme,
    ExtremePlane,
    extreme_plane_count,
    extreme_planes,
    extreme_weights,
)
from tilewright.verify.judge import NodeVerdict, WidthClaim, check_node, claim_width
from tilewright.verify.reference import (
    reference_next_codes,
    reference_psums,
    reference_sums,
    reference_tap_psums,
    reference_trace,
)

__all__ = [
    "Comparison",
    "Extreme",
    "ExtremePlane",
    "Mismatch",
    "NodeVerdict",
    "WidthClaim",
    "check_node",
    "claim_width",
    "compare",
    "compare_traces",
    "extreme_plane_count",
    "extreme_planes",
    "extreme_weights",
    "reference_next_codes",
    "reference_psums",
    "reference_sums",
    "reference_tap_psums",
    "reference_trace",
]
