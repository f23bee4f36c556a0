"""How many bits a psum needs: for any weights of the format, for these weights, and as observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.cost.outline import LayerOutline
from tilewright.spec import NumberFormat, signed_bits_needed
from tilewright.tile import TilePlan


@dataclass(frozen=True, slots=True)
class PsumWidths:
    """Bits of a two's complement psum that never overflows.

    by_type: of the psum memory, for all weights and inputs of the formats. by_weights: for these
    weights and all inputs; exact, and it covers every partial sum. observed: for the psums that samples
    gave. column_by_type, column_by_weights: of the psum register in the PEs, which hold the sums of at
    most `rows` products of one fold. None where nothing is known.
    """

    by_type: int
    by_weights: int | None
    observed: int | None
    column_by_type: int
    column_by_weights: int | None

    @property
    def needed(self) -> int:
        """Bits that are surely enough, with all that is known."""
        return self.by_type if self.by_weights is None else self.by_weights


def psum_widths(outline: LayerOutline, plan: TilePlan) -> PsumWidths:
    """The widths of a layer cut into tiles as `plan`, or that of its first part, says.

    >>> from tilewright.spec import ArrayShape, ConvShape, NumberFormat
    >>> choke = ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1))
    >>> codes = NumberFormat(4, is_signed=False), NumberFormat(4, is_signed=True, is_narrow=True)
    >>> outline = LayerOutline("choke", choke, *codes)
    >>> psum_widths(outline, TilePlan(choke, ArrayShape(8, 8, psum_bits=16))).by_type  # 7,560
    14
    """
    shape, array = outline.shape, plan.array
    window = shape.ic_per_group * shape.taps
    by_weights = column_by_weights = None
    if outline.weight is not None:
        acts = outline.act_format
        by_weights = _reach(outline.weight.reshape(shape.oc, window), acts)  # oc (ic kij)
        column_by_weights = _reach(_columns(outline.weight, array.rows), acts)
    return PsumWidths(
        by_type=_bound_bits(outline, window),
        by_weights=by_weights,
        observed=None if outline.observed is None else signed_bits_needed(*outline.observed),
        column_by_type=_bound_bits(outline, min(array.rows, shape.ic_per_group)),
        column_by_weights=column_by_weights,
    )


def _columns(weight: npt.NDArray[np.int8], rows: int) -> npt.NDArray[np.int8]:
    """``oc ic kh kw`` to ``oc itile kij row``: what a column holds in each fold, besides zeros."""
    oc, ic = weight.shape[:2]
    lanes = np.pad(weight.reshape(oc, ic, -1), ((0, 0), (0, -ic % rows), (0, 0)))
    return lanes.reshape(oc, -1, rows, lanes.shape[-1]).transpose(0, 1, 3, 2)


def _bound_bits(outline: LayerOutline, products: int) -> int:
    """Bits of a sum of so many products of any codes of the formats."""
    acts, weights = outline.act_format, outline.weight_format
    ends = [
        a * w for a in (acts.min_code, acts.max_code) for w in (weights.min_code, weights.max_code)
    ]
    return signed_bits_needed(products * min(0, *ends), products * max(0, *ends))


def _reach(weights: npt.NDArray[np.int8], acts: NumberFormat) -> int:
    """Bits of the sums over the last axis, with every code free in its format's range."""
    wide = weights.astype(np.int64)
    ends = wide * acts.min_code, wide * acts.max_code
    low, high = np.minimum(*ends).sum(axis=-1).min(), np.maximum(*ends).sum(axis=-1).max()
    return signed_bits_needed(int(low), int(high))
