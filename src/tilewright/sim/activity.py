"""Activity of the array: zero operands, and toggles of every register bit.

With stalls or without, in every schedule, a register takes the same values one after the other: only the
cycles between them differ. So nothing is stepped: each register's history is written down (docs/cycles.md),
and its changes are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import Codes, Ints
from tilewright.tile import Execution, TilePlan
from tilewright.tile.dataflow import core_wiring

REGISTERS = ("act", "shadow", "weight", "psum")
"""Registers of a PE: see `Activity`."""


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Ints of one layer and one sample; all jobs, one after the other, from registers that hold 0.

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
    act_toggles: Ints
    shadow_toggles: Ints
    weight_toggles: Ints
    psum_toggles: Ints

    @property
    def zero_operands(self) -> int:
        """Operations of which an operand is 0: their product is, and the psum passes unchanged."""
        return self.zero_acts + self.zero_weights - self.zero_both

    @property
    def toggles(self) -> int:
        """Changes of all bits of all registers."""
        return sum(int(self.of(register).sum()) for register in REGISTERS)

    def of(self, register: str) -> Ints:
        """Toggles of one of `REGISTERS`."""
        counts: Ints = getattr(self, f"{register}_toggles")
        return counts


def count_activity(
    execution: Execution,
    weights: npt.NDArray[np.int8],
    activations: Codes,
    *,
    act_bits: int,
    weight_bits: int,
) -> Activity:
    """Count one sample of a layer, weights and activations as `tilewright.tile.plan_words` makes them.

    Raises `ShapeError` or `FormatError` if the words are not those of the plan, if a code does not fit its
    bits, or if a sum would have to saturate, which is not counted; `UnknownNameError` for a dataflow whose
    registers are not modelled.
    """
    plan, schedule, dataflow = execution.plan, execution.schedule, execution.plan.dataflow
    core_wiring(dataflow)
    _check_shapes(plan, weights, activations)
    _check_bits(weights, activations, act_bits, weight_bits)
    counts = dataflow.operands(weights, activations, plan, schedule)
    taken = dataflow.histories(weights, activations, plan, schedule)
    channels, plane = dataflow.channels_per_pe, (plan.array.rows, plan.array.cols)
    acts, held = _join(taken.acts, act_bits), _join(taken.weights, weight_bits)  # n row col
    return Activity(
        operations=counts.operations,
        zero_acts=counts.zero_acts,
        zero_weights=counts.zero_weights,
        zero_both=counts.zero_both,
        act_toggles=_everywhere(_repeated(acts, taken.repeats, channels * act_bits), plane),
        shadow_toggles=_shadow_toggles(taken.shadow, plane, channels, weight_bits),
        weight_toggles=_everywhere(_count_bits(_changes(held, 0), channels * weight_bits), plane),
        psum_toggles=_psum_toggles(execution, taken.psums),
    )


def _everywhere(counts: Ints, plane: tuple[int, int]) -> Ints:
    """``row|1 col|1 bit`` to ``row col bit``: where there is one, all see the same."""
    return np.broadcast_to(counts, (*plane, counts.shape[-1])).copy()


def _shadow_toggles(stream: Ints | None, plane: tuple[int, int], channels: int, bits: int) -> Ints:
    """Ints enter a row's chain from its far end's on, so place p of it sees all but the last p words.

    stream: ``word row``. The chain passes the low half of a PE first, then the high one.
    """
    rows, cols = plane
    if stream is None:
        return np.zeros((rows, cols, bits), np.int64)
    places = cols * channels
    changes = _changes(stream, 0)  # word row
    tail = _bits_of(changes[len(changes) - places :][::-1], bits)  # word row bit, the last first
    unseen = np.cumsum(np.concatenate([np.zeros_like(tail[:1]), tail[:-1]]), axis=0, dtype=np.int64)
    seen = _count_bits(changes, bits) - unseen  # place row bit
    return (
        seen.reshape(cols, channels, rows, bits)
        .transpose(2, 0, 1, 3)
        .reshape(rows, cols, channels * bits)
    )


def _psum_toggles(execution: Execution, pieces: Iterator[Ints]) -> Ints:
    """Changes, ``row col bit``, of psum registers that take pieces ``n row col``, one after the other."""
    array, bits = execution.plan.array, execution.column_bits
    toggles = np.zeros((array.rows, array.cols, bits), np.int64)
    held: Ints | int = 0
    for sums in pieces:
        if execution.rule.overflow == "saturate":
            _refuse_saturation(sums, bits)
        toggles += _count_bits(_changes(sums, held), bits)
        held = sums[-1]
    return toggles


def _refuse_saturation(sums: Ints, bits: int) -> None:
    low, high = int(sums.min()), int(sums.max())
    if low < -(1 << (bits - 1)) or high >= 1 << (bits - 1):
        raise FormatError(
            f"psums must fit {bits} bits where toggles are counted, but they are {low}..{high} and "
            "would saturate: give them more bits, or let them wrap"
        )


# -- bits ---------------------------------------------------------------------------------------------


def _join(halves: npt.NDArray[Any], bits: int) -> Ints:
    """``... half`` codes to the words of registers that hold the low half in their lowest bits."""
    fields = halves.astype(np.int64) & ((1 << bits) - 1)
    words: Ints = (fields << (bits * np.arange(halves.shape[-1]))).sum(axis=-1)
    return words


def _changes(values: Ints, held: Ints | int) -> Ints:
    """What flips as registers that hold `held` take `values`, along the first axis."""
    before = np.empty_like(values)
    before[0], before[1:] = held, values[:-1]
    return values ^ before


def _repeated(stream: Ints, times: int, bits: int) -> Ints:
    """Changes, ``row col bit``, of registers that hold 0 and take a stream ``n row col`` so many times."""
    first, again = _changes(stream, 0), stream[:1] ^ stream[-1:]
    return times * _count_bits(first[1:], bits) + _count_bits(
        np.concatenate([first[:1], np.repeat(again, times - 1, axis=0)]), bits
    )


def _count_bits(changes: Ints, bits: int) -> Ints:
    """How often each bit flips: ``n ...`` to ``... bit``."""
    counts: Ints = _bits_of(changes, bits).sum(axis=0, dtype=np.int64)
    return counts


def _bits_of(words: Ints, bits: int) -> npt.NDArray[np.uint8]:
    """``...`` to ``... bit``, bit 0 first."""
    octets = np.ascontiguousarray(words, "<i8")[..., None].view(np.uint8)[..., : (bits + 7) // 8]
    return np.unpackbits(octets, axis=-1, count=bits, bitorder="little")


# -- bad input ----------------------------------------------------------------------------------------


def _check_shapes(plan: TilePlan, weights: npt.NDArray[np.int8], activations: Codes) -> None:
    dataflow = plan.dataflow
    wanted = dataflow.weight_shape(plan), dataflow.act_shape(plan)
    names = (", ".join(axes.split()) for axes in (dataflow.weight_axes, dataflow.act_axes))
    axes = " and ".join(f"({name}) = {{}}" for name in names)
    if (weights.shape, activations.shape) != wanted:
        raise ShapeError(
            f"tiles must be {axes.format(*wanted)}, not {weights.shape} and {activations.shape}"
        )


def _check_bits(
    weights: npt.NDArray[np.int8],
    activations: Codes,
    act_bits: int,
    weight_bits: int,
) -> None:
    half = 1 << (weight_bits - 1)
    is_signed = activations.dtype.kind == "i"
    low = -(1 << act_bits - 1) if is_signed else 0
    if int(activations.min()) < low or int(activations.max()) >= low + (1 << act_bits):
        furthest = activations.max() if activations.max() >= -low else activations.min()
        raise FormatError(f"activations must have {act_bits} bits, but one is {furthest}")
    if int(weights.min()) < -half or int(weights.max()) >= half:
        found = f"{weights.min()}..{weights.max()}"
        raise FormatError(f"weights must have {weight_bits} bits, but they are {found}")
