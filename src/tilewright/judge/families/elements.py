"""One PE, column or row that reads activations as other numbers, or holds psums in a faulty register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause, Signal, signal
from tilewright.judge.dump import Known
from tilewright.judge.families.number_maps import (
    bit_maps,
    low_bits,
    saturated,
    wrapped,
)
from tilewright.judge.families.weight_masks import FEW, PE
from tilewright.judge.problem import Problem
from tilewright.spec import Ints
from tilewright.spec.number_format import signed_bits_needed

REGISTER = "look at the psum register of this PE: its width, its sign, its reset"
Change = Callable[[Ints], Ints]
Map = tuple[str, str, Change]


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family: of the columns that differ, and of rows from the first of these on."""
    shape, array = problem.shape, problem.array
    col = np.arange(shape.oc) % array.cols
    row = np.arange(shape.ic) % array.lanes // array.per_pe
    maps = list(_activation_maps(problem))
    concerned = problem.wrong_columns
    for c in concerned:
        yield from _activations(maps, f"col={c}", f"PE column {c}", col == c, row >= 0)
    if len(concerned) > 1:
        east = col >= concerned[0]
        for r in range(array.rows):
            who = f"PE row {r} from column {concerned[0]} on"
            yield from _activations(maps, f"row={r} from={concerned[0]}", who, east, row == r)
    if len(concerned) > FEW or problem.groups > 1:
        return
    registers = list(_register_maps(problem))
    for c in concerned:
        for r in range(array.rows):
            at, who = f"row={r} col={c}", f"PE ({r}, {c})"
            yield from _activations(maps, at, who, col == c, row == r)
            above = row <= r
            for key, words, change in registers:
                apply = partial(_held, oc=np.flatnonzero(col == c), above=above, change=change)
                text = f"the psum in {who} {words}"
                yield _cause(f"pe-psum-{key} {at}", text, apply, REGISTER)


def _cause(key: str, text: str, apply: Callable[[Problem, Signal], Ints], hint: str) -> Cause:
    return Cause(key, text, "sum", apply, hint, form="part")


def _activation_maps(problem: Problem) -> Iterator[Map]:
    array = problem.array
    bits, is_signed = array.act_bits, array.has_signed_acts
    sign, as_other = ("unsigned", low_bits) if is_signed else ("signed", wrapped)
    yield sign, f"as {sign}", partial(as_other, bits=bits)
    for n in range(1, bits):
        yield (
            f"low-bits n={n}",
            f"with their low {counted(n, 'bit')} alone",
            partial(low_bits, bits=n),
        )
    yield from bit_maps(bits, is_signed=is_signed)


def _activations(maps: list[Map], at: str, who: str, oc: Known, ic: Known) -> Iterator[Cause]:
    """oc, ic: masks of the channels of that part of the array."""
    channels, lanes = np.flatnonzero(oc), np.flatnonzero(ic)
    for key, words, change in maps:
        apply = partial(_read, oc=channels, ic=lanes, change=change)
        yield _cause(f"part-codes-{key} {at}", f"{who} reads activations {words}", apply, PE)


def _read(problem: Problem, changed: Signal, *, oc: Ints, ic: Ints, change: Change) -> Ints:
    """The numbers with the products of these channels made of changed codes."""
    plane = np.zeros_like(changed.plane)
    plane[ic] = change(changed.plane[ic]) - changed.plane[ic]
    numbers = changed.numbers(problem).copy()
    numbers[:, oc] += Signal(changed.weight[oc], plane, changed.window).numbers(problem)
    return numbers


def _register_maps(problem: Problem) -> Iterator[Map]:
    taps = signal(problem).taps
    most, register = signed_bits_needed(int(taps.min()), int(taps.max())), problem.array.psum_bits
    for n in range(3, most):
        yield f"wrap n={n}", f"wraps at {n} bits", partial(wrapped, bits=n)
        yield f"saturate n={n}", f"saturates at {n} bits", partial(saturated, bits=n)
        yield f"zero-extended n={n}", f"of {n} bits is extended by zeros", partial(low_bits, bits=n)
    yield "relu", "goes through ReLU", partial(np.maximum, 0)
    for key, words, change in bit_maps(register, is_signed=True):
        yield key, f"is held {words}", change


def _held(problem: Problem, changed: Signal, *, oc: Ints, above: Known, change: Change) -> Ints:
    """The numbers with the psums of the rows `above` changed, in every fold, before other rows add theirs."""
    key = f"psums of {oc.tolist()} above {above.tolist()}"
    if key not in changed.kept:
        weight = np.where(above[:, None, None], changed.weight[oc], 0)
        changed.kept[key] = Signal(weight, changed.plane, changed.window).tiles(problem.array.lanes)
    psums = changed.kept[key]  # itile kij oc pixel
    numbers: Ints = changed.numbers(problem).copy()
    numbers[0, oc] += (change(psums) - psums).sum(axis=(0, 1))
    return numbers
