"""Psums in the order in which the array forms them, for sums that may not fit: without its registers.

All sums of one PE row, over every ofmap pixel and output channel, are formed at once; when each one happens
follows from the closed form of the cycles, so that the first sum that does not fit is the array's first.
Axes of sums: ``otile onij col``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.sim.cycles import fold_cycles, next_fold_cycles
from tilewright.sim.psum_width import fit
from tilewright.sim.result import Overflow
from tilewright.spec import PsumRule, Schedule
from tilewright.tile import TilePlan, psum_addresses

Sums = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]
Key = tuple[int, int, int, int]
"""Cycle of the layer, 0 for PMEM and 1 for a PE, row, col: the order in which sums are formed."""


@dataclass(slots=True)
class Ordered:
    """Psums ``otile onij col`` of a layer, and the sums that did not fit."""

    psums: Sums
    overflows: int = 0
    overflow_vectors: int = 0
    first_key: Key | None = None
    first_overflow: Overflow | None = None

    def log(
        self, sums: Sums, misfits: Bits, cycles: Sums, *, row: int | None, fold: tuple[int, int]
    ) -> None:
        """Count the `misfits` among sums that are formed at `cycles` in one row, or at PMEM (None)."""
        self.overflows += int(misfits.sum())
        when = np.where(misfits, cycles, np.iinfo(np.int64).max)
        at = np.argwhere(when == when.min())
        otile, onij, col = (int(index) for index in at[at[:, 2].argmin()])
        key = (int(when.min()), int(row is not None), -1 if row is None else row, col)
        if self.first_key is None or key < self.first_key:
            where, value = "pmem" if row is None else "pe", int(sums[otile, onij, col])
            self.first_key = key
            self.first_overflow = Overflow(where, otile, *fold, onij, row, col, value)  # type: ignore[arg-type]


def ordered_psums(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    schedule: Schedule,
    rule: PsumRule,
) -> Ordered:
    """Psums of a layer under a rule; tiles as `tilewright.sim.simulate` takes them."""
    found = Ordered(np.zeros((plan.otiles, plan.shape.onij, plan.array.cols), np.int64))
    if plan.dataflow == "os":
        _output_stationary(found, plan, weights, activations, schedule, rule)
    else:
        _weight_stationary(found, plan, weights, activations, schedule, rule)
    return found


def _weight_stationary(
    found: Ordered,
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    schedule: Schedule,
    rule: PsumRule,
) -> None:
    array, bits = plan.array, plan.array.psum_bits
    load = array.cols * plan.channels_per_pe
    begins = _fold_begins(plan, schedule) + load
    columns = np.arange(array.cols)
    for inner, (tap, a, w) in enumerate(_folds(plan, weights, activations)):
        place = divmod(inner, plan.shape.taps)
        at = np.arange(plan.shape.onij) if schedule.is_skipping else tap
        arrives = begins[:, inner, None, None] + at[None, :, None]  # otile onij 1
        psums, was_misfit = np.zeros_like(found.psums), np.zeros(found.psums.shape, bool)
        for row in range(array.rows):
            sums = psums + a[row] @ w[row]
            psums, misfits = fit(sums, rule.column_bits or bits, rule.overflow)
            if misfits.any():
                found.log(sums, misfits, arrives + 2 + row + columns, row=row, fold=place)
                was_misfit |= misfits
        stored = found.psums + psums
        written = np.broadcast_to(arrives + 3 + array.rows + array.cols, stored.shape)
        misfits = _store(found, stored, was_misfit, plan, rule)
        if misfits.any():
            found.log(stored, misfits, written, row=None, fold=place)


def _folds(
    plan: TilePlan, weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8]
) -> Iterator[tuple[npt.NDArray[np.int64], Sums, Sums]]:
    """Of each fold of an output tile: the word of each ofmap pixel, ``onij``; activations, ``row onij half``;
    weights, ``row otile half col``."""
    rows, pair = plan.array.rows, plan.channels_per_pe
    hits = [np.flatnonzero(addresses >= 0) for addresses in psum_addresses(plan)]
    for itile in range(plan.itiles):
        plane = activations[itile].astype(np.int64)  # nij lane
        for kij, hit in enumerate(hits):
            a = plane[hit].reshape(-1, rows, pair).transpose(1, 0, 2)
            lanes = weights[:, itile, kij].astype(np.int64)  # otile col lane
            w = lanes.reshape(plan.otiles, -1, rows, pair).transpose(2, 0, 3, 1)
            yield hit, a[:, None], w


def _output_stationary(
    found: Ordered,
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    schedule: Schedule,
    rule: PsumRule,
) -> None:
    array, onij = plan.array, plan.shape.onij
    opass, row = np.divmod(np.arange(onij), array.rows)
    begins = _fold_begins(plan, schedule)[:, opass, None]  # otile onij 1
    arrives = begins + 2 + row[None, :, None] + np.arange(array.cols)
    west = activations.transpose(1, 0, 2).reshape(plan.steps, -1)[:, :onij].astype(np.int64)
    psums, was_misfit = found.psums, np.zeros(found.psums.shape, bool)
    for step in range(plan.steps):
        sums = psums + west[step][None, :, None] * weights[:, step, None].astype(np.int64)
        psums, misfits = fit(sums, rule.column_bits or array.psum_bits, rule.overflow)
        if misfits.any():
            _log_pixels(found, sums, misfits, arrives + step, rows=row, opass=opass)
            was_misfit |= misfits
    last = plan.steps + 2 * array.rows + array.cols + 1
    written = np.broadcast_to(begins + last - row[None, :, None], psums.shape)
    misfits = _store(found, psums, was_misfit, plan, rule)
    if misfits.any():
        _log_pixels(found, psums, misfits, written, rows=None, opass=opass)


def _log_pixels(
    found: Ordered, sums: Sums, misfits: Bits, cycles: Sums, *, rows: Sums | None, opass: Sums
) -> None:
    """Log pixel by pixel, each with its pass and its row, or at PMEM (None)."""
    for pixel in np.flatnonzero(misfits.any(axis=(0, 2))):
        only = np.zeros_like(misfits)
        only[:, pixel] = misfits[:, pixel]
        row = None if rows is None else int(rows[pixel])
        found.log(sums, only, cycles, row=row, fold=(int(opass[pixel]), 0))


def _store(found: Ordered, sums: Sums, was_misfit: Bits, plan: TilePlan, rule: PsumRule) -> Bits:
    """The additions at PMEM; returns which of them do not fit."""
    found.psums, misfits = fit(sums, plan.array.psum_bits, rule.overflow)
    found.overflow_vectors += int((was_misfit | misfits).any(axis=2).sum())
    return misfits


def _fold_begins(plan: TilePlan, schedule: Schedule) -> Sums:
    """``otile fold``: cycle of the layer in which a fold's first word is read, if it were the job's first.

    Later folds of an overlapped job are given as if nothing had been read ahead, so that in every fold the
    same number of cycles passes from there to its activations.
    """
    folds = plan.folds_per_otile
    first, later = fold_cycles(plan, schedule), next_fold_cycles(plan, schedule)
    if schedule.is_whole_layer:
        return np.arange(plan.otiles * folds).reshape(plan.otiles, folds) * later
    job = first + (folds - 1) * later
    return np.arange(plan.otiles)[:, None] * job + np.arange(folds) * later
