"""Cycle counts in closed form; the model counts its own, and the tests demand that they agree."""

from __future__ import annotations

from tilewright.tile import TilePlan


def fold_cycles(plan: TilePlan) -> int:
    """Busy cycles of one fold, ``nij + 2 * cols + rows + 3`` (docs/dataflows.md, serial schedule).

    >>> from tilewright.spec import ArrayShape, ConvShape
    >>> choke = ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1))
    >>> fold_cycles(TilePlan(choke, ArrayShape(8, 8, psum_bits=16)))
    63
    """
    return plan.shape.nij + 2 * plan.array.cols + plan.array.rows + 3


def layer_cycles(plan: TilePlan) -> int:
    """Busy cycles of a layer for one sample: those of all its folds."""
    return plan.otiles * plan.folds_per_otile * fold_cycles(plan)
