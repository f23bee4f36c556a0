"""The judge: naive reference arithmetic and exact comparison."""

from tilewright.verify.certificate import Certificate, Obligation, Oracle
from tilewright.verify.compare import Comparison, Mismatch, compare, compare_traces
from tilewright.verify.explain_codes import explain_codes
from tilewright.verify.extremes import (
    Extreme,
    ExtremePlane,
    extreme_plane_count,
    extreme_planes,
    extreme_weights,
)
from tilewright.verify.judge import NodeVerdict, WidthClaim, check_node, claim_width
from tilewright.verify.limited import (
    column_order,
    reference_limited_psums,
    reference_register_psums,
    step_order,
)
from tilewright.verify.margins import LIMITS, NO_MARGINS, Margins, find_margins
from tilewright.verify.obligations import find_obligations
from tilewright.verify.outputs import reference_outputs
from tilewright.verify.reference import (
    REFERENCES,
    Reference,
    reference_next_codes,
    reference_psums,
    reference_sums,
    reference_tap_psums,
    reference_trace,
)

__all__ = [
    "LIMITS",
    "NO_MARGINS",
    "REFERENCES",
    "Certificate",
    "Comparison",
    "Extreme",
    "ExtremePlane",
    "Margins",
    "Mismatch",
    "NodeVerdict",
    "Obligation",
    "Oracle",
    "Reference",
    "WidthClaim",
    "check_node",
    "claim_width",
    "column_order",
    "compare",
    "compare_traces",
    "explain_codes",
    "extreme_plane_count",
    "extreme_planes",
    "extreme_weights",
    "find_margins",
    "find_obligations",
    "reference_limited_psums",
    "reference_next_codes",
    "reference_outputs",
    "reference_psums",
    "reference_register_psums",
    "reference_sums",
    "reference_tap_psums",
    "reference_trace",
    "step_order",
]
