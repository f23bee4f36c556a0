"""Runs of the array for which every fault shows that can show: each the same at any size of the array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.cores import Setup
from tilewright.corners.mode_sets import WHOLE, Vectors, write_layer
from tilewright.corners.vector_set import VectorSet
from tilewright.errors import ConfigError
from tilewright.spec import ArrayShape, ConvShape, PsumRule
from tilewright.tile import CORE_DATAFLOWS, Dataflow, TilePlan
from tilewright.tile.dataflow import core_wiring

FOLDS, STEPS, LANES, WORDS = 2, 3, 3, 4
"""Folds of a run, activations of a lane in each, and after how many lanes or words numbers repeat."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Numbers for an array of any size, 4 bits each; they repeat from lane to lane.

    acts: step, lane: 0..15. weights: fold, lane (output stationary: step), word: -8..7.
    """

    acts: tuple[tuple[int, ...], ...]
    weights: tuple[tuple[tuple[int, ...], ...], ...]

    def __post_init__(self) -> None:
        sizes = {len(self.acts) == STEPS, len(self.weights) == FOLDS}
        sizes |= {len(one) == LANES for one in (*self.acts, *self.weights)}
        sizes |= {len(one) == WORDS for fold in self.weights for one in fold}
        numbers = [number for step in self.acts for number in step]
        signed = [number for fold in self.weights for lane in fold for number in lane]
        if sizes != {True} or {*numbers} - {*range(16)} or {*signed} - {*range(-8, 8)}:
            raise ConfigError(
                f"a pattern must have {STEPS} x {LANES} activations in 0..15 and {FOLDS} x {LANES} x {WORDS} "
                f"weights in -8..7, but is {self}"
            )

    def act(self, step: int, lane: int) -> int:
        """The activation of a step in a lane, in both folds."""
        return self.acts[step][lane % LANES]

    def weight(self, fold: int, lane: int, word: int, *, words: int) -> int:
        """A weight of a fold. words: after how many they repeat."""
        return self.weights[fold][lane % LANES][word % words]


@dataclass(frozen=True, slots=True)
class CoveringRun:
    """A pattern in a dataflow of our core, by name.

    is_saturating: sums in the PEs have 8 bits and saturate, and the stream stands still every third cycle;
    else they have 16 bits, and it does not. Rows from the fourth on have no weights where sums of rows
    saturate, so that sums are the same at any size.
    """

    flow: str
    is_saturating: bool
    pattern: Pattern

    def __post_init__(self) -> None:
        names = [one.name for one in CORE_DATAFLOWS]
        if self.flow not in names:
            raise ConfigError(f"a dataflow must be one of {', '.join(names)}, but is {self.flow!r}")

    @property
    def dataflow(self) -> Dataflow:
        """The dataflow."""
        return next(one for one in CORE_DATAFLOWS if one.name == self.flow)

    @property
    def psums_stay(self) -> bool:
        """Whether sums grow in the PEs."""
        return core_wiring(self.dataflow).psums_stay

    def act(self, step: int, channel: int) -> int:
        """The code of an input channel, several of which share the word of a lane, the low one first."""
        per_pe = self.dataflow.channels_per_pe
        bits = 4 // per_pe
        word = self.pattern.act(step, channel // per_pe)
        return word >> bits * (channel % per_pe) & ((1 << bits) - 1)

    def weight(self, fold: int, lane: int, word: int) -> int:
        """The weight of a lane (output stationary: the step) and a word (then: the column)."""
        is_idle = self.is_saturating and not self.psums_stay and lane >= LANES
        words = WORDS // 2 * self.dataflow.channels_per_pe
        return 0 if is_idle else self.pattern.weight(fold, lane, word, words=words)


_DRAWN = Pattern(
    acts=((12, 13, 1), (8, 15, 12), (9, 15, 11)),
    weights=(
        ((-2, -4, 1, -4), (-5, 0, -4, 1), (-5, -6, 2, 7)),
        ((-5, 3, 5, 2), (-2, 7, 6, 0), (-7, -8, -6, 4)),
    ),
)
COVERING = tuple(
    CoveringRun(flow.name, flow.channels_per_pe == 1, _DRAWN) for flow in CORE_DATAFLOWS
)
"""The fewest that ``benchmarks/covering.py`` finds: they kill all that any of its candidates kills."""


# -- as bundles -----------------------------------------------------------------------------------------

_PLAIN = Vectors("covering", 16)
_TIGHT = Vectors("covering-saturated", 9, PsumRule("saturate", 8))


def write_covering(folder: Path, rows: int, cols: int) -> list[VectorSet]:
    """Write the runs for an array as layers of one tap and two output tiles: bundles in two sets.

    Expected psums are the naive reference's, those of the second set as the array's order saturates them.
    """
    made: dict[bool, list[Path]] = {False: [], True: []}
    for number, run in enumerate(COVERING):
        place = folder / f"{number}-{run.flow}{'-saturated' * run.is_saturating}"
        made[run.is_saturating].append(_write(run, place, rows, cols))
    plain, tight = Setup(WHOLE), Setup(WHOLE, _TIGHT.rule, stall_level=90)
    how = f"export --covering {rows}x{cols}"
    return [
        VectorSet("covering", how, tuple(made[False]), plain, needs_modes=True),
        VectorSet("covering, saturated", how, tuple(made[True]), tight, needs_modes=True),
    ]


def _write(run: CoveringRun, folder: Path, rows: int, cols: int) -> Path:
    """One fold for each output tile; a step for each pixel (output stationary: each input channel)."""
    dataflow, per_pe = run.dataflow, run.dataflow.channels_per_pe
    if run.psums_stay:
        shape = ConvShape(ic=STEPS, ih=rows, iw=1, oc=FOLDS * cols, kh=1, kw=1)
        codes = [[run.pattern.act(step, lane) for lane in range(rows)] for step in range(STEPS)]
    else:
        shape = ConvShape(ic=rows * per_pe, ih=STEPS, iw=1, oc=FOLDS * cols, kh=1, kw=1)
        codes = [[run.act(step, ic) for step in range(STEPS)] for ic in range(shape.ic)]
    weight = [
        [
            run.weight(oc // cols, ic // per_pe, oc % cols * per_pe + ic % per_pe)
            for ic in range(shape.ic)
        ]
        for oc in range(shape.oc)
    ]
    vectors = _TIGHT if run.is_saturating else _PLAIN
    return write_layer(
        vectors,
        TilePlan(shape, ArrayShape(rows, cols, vectors.psum_bits), dataflow),
        folder,
        weight=np.array(weight, np.int8)[:, :, None, None],
        codes=np.array(codes, np.uint8)[:, :, None],
    )
