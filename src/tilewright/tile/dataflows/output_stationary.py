"""Output stationary: psums stay in the PEs; activations come from the west, weights from the north.

Ofmap pixel ``opass * rows + row`` is lane `row` of pass `opass`, which has a step for each input channel and
tap, ``step = ic_idx * taps + kij``. A pass is a fold. Lanes beyond the last channel or pixel carry zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tilewright.spec import Ints, Schedule
from tilewright.tile.dataflow import (
    Activations,
    Addition,
    Code,
    Dataflow,
    FoldSums,
    Histories,
    Operands,
    Weights,
    Wiring,
    expect_axes,
)
from tilewright.tile.layer_on_array import LayerOnArray
from tilewright.tile.windows import window_pixels


@dataclass(frozen=True)
class OutputStationary:
    """One ofmap pixel in each row, one output channel in each column."""

    name: ClassVar[str] = "os"
    title: ClassVar[str] = "output stationary"
    layout: ClassVar[str] = "ece284-os"
    channels_per_pe: ClassVar[int] = 1
    wiring: ClassVar[Wiring | None] = Wiring(psums_stay=True)
    is_skipping: ClassVar[bool] = False
    weight_axes: ClassVar[str] = "otile step col"
    act_axes: ClassVar[str] = "opass step row"

    def for_codes(self, _act_bits: int) -> Dataflow:
        """Itself."""
        return self

    def groups_at_once(self, on: LayerOnArray) -> int:
        """As many as have a column for each output channel: rows are pixels."""
        return on.array.cols // on.shape.oc_per_group

    def passes(self, on: LayerOnArray) -> int:
        """Passes of an output tile."""
        return -(-on.shape.onij // on.array.rows)

    def steps(self, on: LayerOnArray) -> int:
        """Steps of a pass."""
        return on.shape.ic * on.shape.taps

    def grid(self, on: LayerOnArray) -> tuple[int, int, int]:
        """Folds along ``otile opass`` and 1."""
        return on.otiles, self.passes(on), 1

    def lanes(self, on: LayerOnArray) -> int:
        """One pixel for each row."""
        return on.array.rows

    def weight_lanes(self, on: LayerOnArray) -> int:
        """One output channel for each column."""
        return on.array.cols

    def sample_words(self, on: LayerOnArray) -> int:
        """A word for each step of each pass."""
        return self.passes(on) * self.steps(on)

    def otile_words(self, on: LayerOnArray) -> int:
        """A word for each step: every pass reads the same."""
        return self.steps(on)

    def fold_words(self, on: LayerOnArray) -> int:
        """A word for each step."""
        return self.steps(on)

    def psum_words(self, on: LayerOnArray) -> int:
        """One psum word for each output tile and ofmap pixel."""
        return on.otiles * on.shape.onij

    def weight_shape(self, on: LayerOnArray) -> tuple[int, ...]:
        """Sizes of ``otile step col``."""
        return on.otiles, self.steps(on), on.array.cols

    def act_shape(self, on: LayerOnArray) -> tuple[int, ...]:
        """Sizes of ``opass step row``."""
        return self.passes(on), self.steps(on), on.array.rows

    def tile_weights(self, weight: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """Weights ``oc ic kh kw`` to ``otile step col``; lanes without a channel are 0."""
        shape, cols, steps = on.shape, on.array.cols, self.steps(on)
        expect_axes(weight, (shape.oc, shape.ic, shape.kh, shape.kw), "oc ic kh kw")
        lanes = np.zeros((on.otiles * cols, steps), weight.dtype)
        lanes[: shape.oc] = weight.reshape(shape.oc, steps)  # oc step
        split = lanes.reshape(on.otiles, cols, steps)
        return np.ascontiguousarray(split.transpose(0, 2, 1))  # otile step col

    def untile_weights(self, tiles: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """Inverse of `tile_weights`."""
        shape = on.shape
        expect_axes(tiles, self.weight_shape(on), self.weight_axes)
        lanes = tiles.transpose(0, 2, 1).reshape(-1, self.steps(on))  # oc step
        return lanes[: shape.oc].reshape(shape.oc, shape.ic, shape.kh, shape.kw)

    def tile_activations(self, codes: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """One sample's codes ``ic ih iw`` to ``opass step row``: what each tap of each ofmap pixel sees."""
        shape, rows, passes, steps = on.shape, on.array.rows, self.passes(on), self.steps(on)
        expect_axes(codes, (shape.ic, shape.ih, shape.iw), "ic ih iw")
        plane = np.pad(codes, ((0, 0), *shape.edges)).reshape(shape.ic, shape.nij)
        seen = plane[:, window_pixels(shape)]  # ic kij onij
        lanes = np.zeros((steps, passes * rows), codes.dtype)
        lanes[:, : shape.onij] = seen.reshape(steps, shape.onij)
        split = lanes.reshape(steps, passes, rows)
        return np.ascontiguousarray(split.transpose(1, 0, 2))  # opass step row

    def untile_activations(self, tiles: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """Inverse of `tile_activations`; a pixel that no window sees is 0."""
        shape = on.shape
        expect_axes(tiles, self.act_shape(on), self.act_axes)
        lanes = tiles.transpose(1, 0, 2).reshape(self.steps(on), -1)[:, : shape.onij]
        plane = np.zeros((shape.ic, shape.nij), tiles.dtype)
        plane[:, window_pixels(shape)] = lanes.reshape(shape.ic, shape.taps, shape.onij)
        (pad_h, pad_w) = shape.padding
        padded = plane.reshape(shape.ic, shape.padded_h, shape.padded_w)
        return padded[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw].copy()

    def words_streamed(self, on: LayerOnArray, _schedule: Schedule) -> int:
        """S: the steps of a pass."""
        return self.steps(on)

    def first_fold_cycles(self, on: LayerOnArray, _schedule: Schedule) -> int:
        """``S + 2R + C + 2``."""
        return self.steps(on) + 2 * on.array.rows + on.array.cols + 2

    def next_fold_cycles(self, on: LayerOnArray, _schedule: Schedule) -> int:
        """``S + R + C + 1``."""
        return self.steps(on) + on.array.rows + on.array.cols + 1

    def load_cycles(self, _on: LayerOnArray, _schedule: Schedule) -> int:
        """0: a weight word is read beside each activation word."""
        return 0

    def products(
        self, weights: Weights, activations: Activations, on: LayerOnArray, kind: type
    ) -> Ints:
        """One product for each pass and output tile."""
        west: npt.NDArray[np.floating[Any]] = (
            activations.astype(kind).transpose(0, 2, 1).reshape(-1, self.steps(on))
        )  # opass*row step
        psums = west[: on.shape.onij] @ weights.astype(kind)  # otile onij col
        return psums.astype(np.int64)

    def sums(
        self,
        weights: Weights,
        activations: Activations,
        on: LayerOnArray,
        _schedule: Schedule,
        begins: Ints,
    ) -> Iterator[FoldSums]:
        """All passes at once: a pixel's psum grows step by step, then moves down the rows below it."""
        rows, cols, onij, steps = on.array.rows, on.array.cols, on.shape.onij, self.steps(on)
        opass, row = np.divmod(np.arange(onij), rows)
        first = begins[:, opass, None]  # otile onij 1
        arrives = first + 2 + row[None, :, None] + np.arange(cols)
        west = activations.transpose(1, 0, 2).reshape(steps, -1)[:, :onij].astype(np.int64)
        additions = (
            Addition(
                west[step][None, :, None] * weights[:, step, None].astype(np.int64),
                arrives + step,
                row,
            )
            for step in range(steps)
        )
        yield FoldSums(
            additions,
            written=first + steps + 2 * rows + cols + 1 - row[None, :, None],
            place=np.stack([opass, np.zeros_like(opass)], axis=1),
        )

    def streamed(self, on: LayerOnArray, _schedule: Schedule) -> Ints:
        """``fold n``: the words of a pass, one after the other."""
        return np.arange(self.sample_words(on)).reshape(self.passes(on), self.steps(on))

    def pixels(self, on: LayerOnArray, _schedule: Schedule) -> Ints:
        """``fold vector``: ofmap pixel, the bottom row first, or -1 beyond the last."""
        rows, passes = on.array.rows, self.passes(on)
        pixels = np.arange(passes * rows).reshape(passes, rows)[:, ::-1]
        return np.where(pixels < on.shape.onij, pixels, -1)

    def operands(
        self, weights: Weights, activations: Activations, on: LayerOnArray, _schedule: Schedule
    ) -> Operands:
        """In each step, every row's activation meets every column's weight."""
        passes, (rows, cols) = self.passes(on), (on.array.rows, on.array.cols)
        zero_a = (activations == 0).sum(axis=(0, 2))  # step
        zero_w = (weights == 0).sum(axis=(0, 2))  # step
        return Operands(
            operations=on.otiles * passes * self.steps(on) * rows * cols,
            zero_acts=int(zero_a.sum()) * on.otiles * cols,
            zero_weights=int(zero_w.sum()) * passes * rows,
            zero_both=int((zero_a * zero_w).sum()),
        )

    def histories(
        self, weights: Weights, activations: Activations, on: LayerOnArray, _schedule: Schedule
    ) -> Histories:
        """Every column sees the activations of its row, every row the weights of its column."""
        rows, cols = on.array.rows, on.array.cols
        acts, factors = activations.astype(np.int64), weights.astype(np.int64)
        passed = np.repeat(factors[:, None], self.passes(on), axis=1)  # otile opass step col
        return Histories(
            acts=acts.reshape(-1, rows, 1, 1),
            repeats=on.otiles,
            weights=passed.reshape(-1, 1, cols, 1),
            shadow=None,
            psums=_resting_psums(acts, factors),
        )

    def counts(self, on: LayerOnArray) -> Mapping[str, int]:
        """Steps of a pass, and passes of an output tile."""
        return {"steps": self.steps(on), "passes": self.passes(on)}

    def act_files(self, _on: LayerOnArray) -> tuple[dict[str, int], ...]:
        """One file with all passes."""
        return ({},)

    def weight_files(self, _on: LayerOnArray, _otiles: range) -> Iterator[dict[str, int]]:
        """One file with all output tiles."""
        yield {}

    def weight_file_words(self, on: LayerOnArray) -> int:
        """The words of all output tiles."""
        return on.otiles * self.steps(on)


def _resting_psums(acts: Ints, weights: Ints) -> Iterator[Ints]:
    """A PE's psum grows from 0 step by step; then those of the rows above pass through it, and a 0."""
    rows = acts.shape[-1]
    for factors in weights:  # step col
        for words in acts:  # step row
            sums = np.cumsum(words[:, :, None] * factors[:, None, :], axis=0)  # step row col
            yield sums
            flushed = np.zeros((rows, *sums.shape[1:]), np.int64)
            for moves in range(1, rows):
                flushed[moves - 1, moves:] = sums[-1, :-moves]
            yield flushed


OUTPUT_STATIONARY = OutputStationary()
