"""What moves in the array while it computes: zero operands, and toggles of every register bit.

With stalls or without, in every schedule, a register takes the same values one after the other: only the
cycles between them differ. So nothing is stepped: each register's history is written down (docs/cycles.md),
and its changes are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.sim.cycles import SERIAL
from tilewright.sim.job import streamed_words
from tilewright.spec import PsumRule, Schedule
from tilewright.tile import TilePlan

Counts = npt.NDArray[np.int64]
Words = npt.NDArray[np.int64]

REGISTERS = ("act", "shadow", "weight", "psum")
"""Registers of a PE: see `Activity`."""


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Counts of one layer and one sample; all jobs, one after the other, from registers that hold 0.

    operations: multiplications, one for each PE, channel in it and valid activation, those of padding and
    of unused lanes included. zero_acts, zero_weights: those whose activation, whose weight is 0; zero_both:
    both.

    ..._toggles: changes of each bit of the PEs' registers, int64 ``row col bit``, bit 0 lowest. act: the
    activation, two where a PE holds two channels, the low one first. shadow: the weight on its way (weight
    stationary). weight: the weight in use. psum: the psum. Of two weight registers that always hold the
    same, one is counted.
    """

    operations: int
    zero_acts: int
    zero_weights: int
    zero_both: int
    act_toggles: Counts
    shadow_toggles: Counts
    weight_toggles: Counts
    psum_toggles: Counts

    @property
    def zero_operands(self) -> int:
        """Operations of which an operand is 0: their product is, and the psum passes unchanged."""
        return self.zero_acts + self.zero_weights - self.zero_both

    @property
    def toggles(self) -> int:
        """Changes of all bits of all registers."""
        return sum(int(self.of(register).sum()) for register in REGISTERS)

    def of(self, register: str) -> Counts:
        """Toggles of one of `REGISTERS`."""
        counts: Counts = getattr(self, f"{register}_toggles")
        return counts


def count_activity(
    plan: TilePlan,
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    *,
    act_bits: int,
    weight_bits: int,
    schedule: Schedule = SERIAL,
    rule: PsumRule | None = None,
) -> Activity:
    """Count one sample of a layer, weights and activations as `tilewright.tile.plan_words` makes them.

    rule: bits of the psum registers in the PEs, and what becomes of a sum that does not fit; None: the
    array's bits, and sums wrap. Raises `ShapeError` or `FormatError` if the words are not those of the plan,
    if a code does not fit its bits, or if a sum would have to saturate, which is not counted.
    """
    _check_shapes(plan, weights, activations)
    _check_bits(weights, activations, act_bits, weight_bits)
    count = _output_stationary if plan.dataflow == "os" else _weight_stationary
    return count(_Layer(plan, weights, activations, act_bits, weight_bits, schedule, rule))


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    plan: TilePlan
    weights: npt.NDArray[np.int8]
    activations: npt.NDArray[np.uint8]
    act_bits: int
    weight_bits: int
    schedule: Schedule
    rule: PsumRule | None

    @property
    def column_bits(self) -> int:
        bits = self.rule.column_bits if self.rule is not None else None
        return bits or self.plan.array.psum_bits

    def over_cols(self, per_row: Counts) -> Counts:
        """``row bit`` to ``row col bit``: every column sees the same."""
        return np.repeat(per_row[:, None], self.plan.array.cols, axis=1)

    def sum_toggles(self, sums: Words, held: Words | int) -> Counts:
        """Changes, ``row col bit``, of psum registers that hold `held` and then take ``n row col``."""
        bits = self.column_bits
        if self.rule is not None and self.rule.overflow == "saturate":
            low, high = int(sums.min()), int(sums.max())
            if low < -(1 << (bits - 1)) or high >= 1 << (bits - 1):
                raise FormatError(
                    f"psums must fit {bits} bits where toggles are counted, but they are {low}..{high} and "
                    "would saturate: give them more bits, or let them wrap"
                )
        return _count_bits(_changes(sums, held), bits)


def _weight_stationary(layer: _Layer) -> Activity:
    plan, array, shape = layer.plan, layer.plan.array, layer.plan.shape
    pair = plan.channels_per_pe
    streams = streamed_words(shape, is_skipping=layer.schedule.is_skipping)  # tap n
    streamed = layer.activations[:, streams]  # itile tap n lane
    zero_a = (streamed == 0).sum(axis=2)  # itile tap lane
    zero_w = (layer.weights == 0).sum(axis=3)  # otile itile tap lane
    kernel = layer.weights.reshape(-1, array.cols, array.rows, pair)  # fold col row half
    acts = _join(streamed.reshape(-1, array.rows, pair), layer.act_bits)  # word row
    held = _join(kernel, layer.weight_bits).transpose(0, 2, 1)  # fold row col
    return Activity(
        operations=len(kernel) * streams.shape[1] * plan.lanes * array.cols,
        zero_acts=int(zero_a.sum()) * plan.otiles * array.cols,
        zero_weights=int(zero_w.sum()) * streams.shape[1],
        zero_both=int((zero_w * zero_a).sum()),
        act_toggles=layer.over_cols(_repeated(acts, plan.otiles, pair * layer.act_bits)),
        shadow_toggles=_shadow_toggles(kernel, layer.weight_bits),
        weight_toggles=_count_bits(_changes(held, 0), pair * layer.weight_bits),
        psum_toggles=_passing_psums(layer, streamed.reshape(-1, *streamed.shape[2:])),
    )


def _shadow_toggles(kernel: npt.NDArray[np.int8], bits: int) -> Counts:
    """Words enter a row's chain from its far end's on, so place p of it sees all but the last p words.

    kernel: ``fold col row half``. The chain passes the low half of a PE first, then the high one.
    """
    _, cols, rows, pair = kernel.shape
    places = cols * pair
    stream = kernel.transpose(0, 1, 3, 2).reshape(-1, places, rows)[:, ::-1].reshape(-1, rows)
    changes = _changes(stream.astype(np.int64), 0)  # word row
    tail = _bits_of(changes[len(changes) - places :][::-1], bits)  # word row bit, the last first
    unseen = np.cumsum(np.concatenate([np.zeros_like(tail[:1]), tail[:-1]]), axis=0, dtype=np.int64)
    seen = _count_bits(changes, bits) - unseen  # place row bit
    return (
        seen.reshape(cols, pair, rows, bits).transpose(2, 0, 1, 3).reshape(rows, cols, pair * bits)
    )


def _passing_psums(layer: _Layer, streamed: npt.NDArray[np.uint8]) -> Counts:
    """A PE's psums, pixel by pixel and fold by fold, are the sums of the rows above it.

    streamed: ``inner n lane``, the activations of each fold of an output tile.
    """
    plan, array = layer.plan, layer.plan.array
    toggles = np.zeros((array.rows, array.cols, layer.column_bits), np.int64)
    held: Words | int = 0
    for fold in plan.folds():
        words = streamed[fold.itile * plan.shape.taps + fold.kij].astype(np.int64)  # n lane
        factors = layer.weights[fold.otile, fold.itile, fold.kij].T.astype(np.int64)  # lane col
        products = words[:, :, None] * factors  # n lane col
        if plan.channels_per_pe > 1:
            products = products.reshape(len(words), array.rows, -1, array.cols).sum(axis=2)
        psums = np.cumsum(products, axis=1)  # n row col
        toggles += layer.sum_toggles(psums, held)
        held = psums[-1]
    return toggles


def _output_stationary(layer: _Layer) -> Activity:
    plan, array = layer.plan, layer.plan.array
    zero_a = (layer.activations == 0).sum(axis=(0, 2))  # step
    zero_w = (layer.weights == 0).sum(axis=(0, 2))  # step
    acts = layer.activations.reshape(-1, array.rows).astype(np.int64)  # word row
    passed = np.repeat(layer.weights[:, None], plan.passes, axis=1).reshape(-1, array.cols)
    per_col = _count_bits(_changes(passed.astype(np.int64), 0), layer.weight_bits)  # col bit
    weight_toggles = np.repeat(per_col[None], array.rows, axis=0)
    return Activity(
        operations=plan.otiles * plan.passes * plan.steps * array.rows * array.cols,
        zero_acts=int(zero_a.sum()) * plan.otiles * array.cols,
        zero_weights=int(zero_w.sum()) * plan.passes * array.rows,
        zero_both=int((zero_a * zero_w).sum()),
        act_toggles=layer.over_cols(_repeated(acts, plan.otiles, layer.act_bits)),
        shadow_toggles=np.zeros_like(weight_toggles),
        weight_toggles=weight_toggles,
        psum_toggles=_resting_psums(layer),
    )


def _resting_psums(layer: _Layer) -> Counts:
    """A PE's psum grows from 0 step by step; then those of the rows above pass through it, and a 0."""
    array = layer.plan.array
    toggles = np.zeros((array.rows, array.cols, layer.column_bits), np.int64)
    for factors in layer.weights.astype(np.int64):  # step col
        for words in layer.activations.astype(np.int64):  # step row
            sums = np.cumsum(words[:, :, None] * factors[:, None, :], axis=0)  # step row col
            toggles += layer.sum_toggles(sums, 0)
            flushed = _bits_of(_changes(sums[-1], 0), layer.column_bits)  # row col bit
            toggles += np.cumsum(flushed, axis=0, dtype=np.int64)
    return toggles


# -- bits ---------------------------------------------------------------------------------------------


def _join(halves: npt.NDArray[Any], bits: int) -> Words:
    """``... half`` codes to the words of registers that hold the low half in their lowest bits."""
    fields = halves.astype(np.int64) & ((1 << bits) - 1)
    words: Words = (fields << (bits * np.arange(halves.shape[-1]))).sum(axis=-1)
    return words


def _changes(values: Words, held: Words | int) -> Words:
    """What flips as registers that hold `held` take `values`, along the first axis."""
    before = np.empty_like(values)
    before[0], before[1:] = held, values[:-1]
    return values ^ before


def _repeated(stream: Words, times: int, bits: int) -> Counts:
    """Changes, ``row bit``, of registers that hold 0 and take a stream ``word row`` so many times."""
    first, again = _changes(stream, 0), stream[:1] ^ stream[-1:]
    return times * _count_bits(first[1:], bits) + _count_bits(
        np.concatenate([first[:1], np.repeat(again, times - 1, axis=0)]), bits
    )


def _count_bits(changes: Words, bits: int) -> Counts:
    """How often each bit flips: ``n ...`` to ``... bit``."""
    counts: Counts = _bits_of(changes, bits).sum(axis=0, dtype=np.int64)
    return counts


def _bits_of(words: Words, bits: int) -> npt.NDArray[np.uint8]:
    """``...`` to ``... bit``, bit 0 first."""
    octets = np.ascontiguousarray(words, "<i8")[..., None].view(np.uint8)[..., : (bits + 7) // 8]
    return np.unpackbits(octets, axis=-1, count=bits, bitorder="little")


# -- bad input ----------------------------------------------------------------------------------------


def _check_shapes(
    plan: TilePlan, weights: npt.NDArray[np.int8], activations: npt.NDArray[np.uint8]
) -> None:
    array, shape = plan.array, plan.shape
    if plan.dataflow == "os":
        axes = "(otile, step, col) = {} and (opass, step, row) = {}"
        wanted: tuple[tuple[int, ...], ...] = (
            (plan.otiles, plan.steps, array.cols),
            (plan.passes, plan.steps, array.rows),
        )
    else:
        axes = "(otile, itile, kij, col, row) = {} and (itile, nij, row) = {}"
        wanted = (
            (plan.otiles, plan.itiles, shape.taps, array.cols, plan.lanes),
            (plan.itiles, shape.nij, plan.lanes),
        )
    if (weights.shape, activations.shape) != wanted:
        raise ShapeError(
            f"tiles must be {axes.format(*wanted)}, not {weights.shape} and {activations.shape}"
        )


def _check_bits(
    weights: npt.NDArray[np.int8],
    activations: npt.NDArray[np.uint8],
    act_bits: int,
    weight_bits: int,
) -> None:
    half = 1 << (weight_bits - 1)
    if int(activations.max()) >= 1 << act_bits:
        raise FormatError(f"activations must have {act_bits} bits, but one is {activations.max()}")
    if int(weights.min()) < -half or int(weights.max()) >= half:
        found = f"{weights.min()}..{weights.max()}"
        raise FormatError(f"weights must have {weight_bits} bits, but they are {found}")
