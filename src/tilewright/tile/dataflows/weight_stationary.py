"""Weight stationary: a tile of weights stays in the PEs while a plane streams past; psums add up in PMEM.

Taps are the inner folds: input channel ``itile * lanes + lane`` is lane `lane` of input tile `itile`, and
``lane = row * channels_per_pe + half``. There are ``taps * ceil(ic / lanes)`` folds for each output tile
("taps outer"; packing taps and channels together, the flattened convention, would take
``ceil(taps * ic / lanes)``). Lanes beyond the last channel carry zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tilewright.spec import ConvShape, Ints, Schedule
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
from tilewright.tile.windows import tap_hits, window_pixels

BLOCK = 1 << 20
"""Values of the plane that are laid out for one product: a few MB."""


@dataclass(frozen=True)
class WeightStationary:
    """One input channel in each PE; `TwoChannels` has two."""

    name: ClassVar[str] = "ws"
    title: ClassVar[str] = "weight stationary"
    layout: ClassVar[str] = "ece284-ws"
    channels_per_pe: ClassVar[int] = 1
    wiring: ClassVar[Wiring | None] = Wiring(psums_stay=False)
    is_skipping: ClassVar[bool] = True
    weight_axes: ClassVar[str] = "otile itile kij col row"
    act_axes: ClassVar[str] = "itile nij row"

    def for_codes(self, _act_bits: int, /) -> Dataflow:
        """Itself."""
        return self

    def groups_at_once(self, on: LayerOnArray) -> int:
        """As many as have a row for each input channel and a column for each output channel."""
        rows = self.lanes(on) // on.shape.ic_per_group
        return min(rows, on.array.cols // on.shape.oc_per_group)

    def itiles(self, on: LayerOnArray) -> int:
        """Input-channel tiles."""
        return -(-on.shape.ic // self.lanes(on))

    def grid(self, on: LayerOnArray) -> tuple[int, int, int]:
        """Folds along ``otile itile kij``."""
        return on.otiles, self.itiles(on), on.shape.taps

    def lanes(self, on: LayerOnArray) -> int:
        """Input channels of an input tile."""
        return on.array.rows * self.channels_per_pe

    def weight_lanes(self, on: LayerOnArray) -> int:
        """One weight for each row."""
        return on.array.rows

    def sample_words(self, on: LayerOnArray) -> int:
        """A word for each input tile and pixel of the padded plane."""
        return self.itiles(on) * on.shape.nij

    def otile_words(self, on: LayerOnArray) -> int:
        """The weight words of all folds of an output tile."""
        return self.itiles(on) * on.shape.taps * self.fold_words(on)

    def fold_words(self, on: LayerOnArray) -> int:
        """A word for each column and channel of a PE."""
        return on.array.cols * self.channels_per_pe

    def psum_words(self, on: LayerOnArray) -> int:
        """One psum word for each fold and ofmap pixel."""
        return self.itiles(on) * on.shape.taps * on.otiles * on.shape.onij

    def weight_shape(self, on: LayerOnArray) -> tuple[int, ...]:
        """Sizes of ``otile itile kij col row``."""
        return (*self.grid(on), on.array.cols, self.lanes(on))

    def act_shape(self, on: LayerOnArray) -> tuple[int, ...]:
        """Sizes of ``itile nij row``, nij over the zero-padded plane."""
        return self.itiles(on), on.shape.nij, self.lanes(on)

    def tile_weights(self, weight: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """Weights ``oc ic kh kw`` to ``otile itile kij col row``; lanes without a channel are 0."""
        shape, cols = on.shape, on.array.cols
        expect_axes(weight, (shape.oc, shape.ic, shape.kh, shape.kw), "oc ic kh kw")
        itiles, lane_count = self.itiles(on), self.lanes(on)
        lanes = np.zeros((on.otiles * cols, itiles * lane_count, shape.taps), weight.dtype)
        lanes[: shape.oc, : shape.ic] = weight.reshape(shape.oc, shape.ic, shape.taps)  # oc ic kij
        split = lanes.reshape(on.otiles, cols, itiles, lane_count, shape.taps)
        return np.ascontiguousarray(split.transpose(0, 2, 4, 1, 3))  # otile itile kij col row

    def untile_weights(self, tiles: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """Inverse of `tile_weights`."""
        shape = on.shape
        expect_axes(tiles, self.weight_shape(on), self.weight_axes)
        lanes = tiles.transpose(0, 3, 1, 4, 2)  # otile col itile row kij
        lanes = lanes.reshape(on.otiles * on.array.cols, -1, shape.taps)
        return lanes[: shape.oc, : shape.ic].reshape(shape.oc, shape.ic, shape.kh, shape.kw)

    def tile_activations(self, codes: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """One sample's codes ``ic ih iw`` to ``itile nij row``, nij over the zero-padded plane."""
        shape, itiles = on.shape, self.itiles(on)
        expect_axes(codes, (shape.ic, shape.ih, shape.iw), "ic ih iw")
        (pad_h, pad_w) = shape.padding
        lanes = np.zeros((itiles * self.lanes(on), shape.padded_h, shape.padded_w), codes.dtype)
        lanes[: shape.ic, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes
        split = lanes.reshape(itiles, self.lanes(on), shape.nij)
        return np.ascontiguousarray(split.transpose(0, 2, 1))  # itile nij row

    def untile_activations(self, tiles: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        """Inverse of `tile_activations`."""
        shape = on.shape
        expect_axes(tiles, self.act_shape(on), self.act_axes)
        (pad_h, pad_w) = shape.padding
        lanes = tiles.transpose(0, 2, 1).reshape(-1, shape.padded_h, shape.padded_w)  # ic h w
        return lanes[: shape.ic, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw].copy()

    def words_streamed(self, on: LayerOnArray, schedule: Schedule) -> int:
        """T: the padded plane, or only the pixels that the tap uses."""
        return on.shape.onij if schedule.is_skipping else on.shape.nij

    def first_fold_cycles(self, on: LayerOnArray, schedule: Schedule) -> int:
        """``T + L + R + C + 3``, L the words of a fold's weights."""
        sides = on.array.rows + on.array.cols
        return self.words_streamed(on, schedule) + self.fold_words(on) + sides + 3

    def next_fold_cycles(self, on: LayerOnArray, schedule: Schedule) -> int:
        """``max(T, C + L)``."""
        return max(self.words_streamed(on, schedule), on.array.cols + self.fold_words(on))

    def load_cycles(self, on: LayerOnArray, schedule: Schedule) -> int:
        """Serial: all weight words; overlapped: those of a job's first fold, and what does not hide."""
        load, folds = self.fold_words(on), int(np.prod(self.grid(on)))
        if not schedule.is_overlapped:
            return folds * load
        jobs = 1 if schedule.is_whole_layer else on.otiles
        beyond = max(0, on.array.cols + load - self.words_streamed(on, schedule))
        return jobs * load + (folds - jobs) * min(load, beyond)

    def products(
        self, weights: Weights, activations: Activations, on: LayerOnArray, kind: type
    ) -> Ints:
        """What ofmap pixels take from the plane, times all weights, a block at a time."""
        shape, pixels = on.shape, window_pixels(on.shape)  # kij onij
        lanes = self.itiles(on) * self.lanes(on)
        plane: npt.NDArray[np.floating[Any]] = (
            activations.transpose(0, 2, 1).reshape(lanes, shape.nij).astype(kind)
        )  # lane nij
        kernel: npt.NDArray[np.floating[Any]] = (
            weights.transpose(1, 4, 2, 0, 3).reshape(lanes * shape.taps, -1).astype(kind)
        )  # lane*kij otile*col
        psums: Ints = np.empty((on.otiles, shape.onij, on.array.cols), np.int64)
        block = max(1, BLOCK // len(kernel))
        for first in range(0, shape.onij, block):
            some = slice(first, first + block)
            columns = plane.take(pixels[:, some], axis=1).reshape(len(kernel), -1)
            product = columns.T @ kernel  # onij otile*col
            psums[:, some] = product.reshape(-1, on.otiles, on.array.cols).transpose(1, 0, 2)
        return psums

    def sums(
        self,
        weights: Weights,
        activations: Activations,
        on: LayerOnArray,
        schedule: Schedule,
        begins: Ints,
    ) -> Iterator[FoldSums]:
        """Every fold adds the products of its rows from the top down, then what PMEM holds."""
        rows, cols, onij = on.array.rows, on.array.cols, on.shape.onij
        pixels = window_pixels(on.shape)  # kij onij
        for inner in range(begins.shape[1]):
            itile, kij = divmod(inner, on.shape.taps)
            at = np.arange(onij) if schedule.is_skipping else pixels[kij]
            arrives = begins[:, inner, None, None] + self.fold_words(on) + at[None, :, None]
            acts = activations[itile].astype(np.int64)[pixels[kij]]  # onij lane
            acts = acts.reshape(onij, rows, -1).transpose(1, 0, 2)  # row onij half
            factors = weights[:, itile, kij].astype(np.int64)  # otile col lane
            factors = factors.reshape(on.otiles, cols, rows, -1).transpose(2, 0, 3, 1)
            yield FoldSums(
                _down(acts, factors, arrives + 2 + np.arange(cols)),
                written=arrives + 3 + rows + cols,
                place=np.broadcast_to([itile, kij], (onij, 2)),
            )

    def streamed(self, on: LayerOnArray, schedule: Schedule) -> Ints:
        """``fold n``: the pixels of the padded plane that each tap is given, for every input tile."""
        first = np.arange(self.itiles(on))[:, None, None] * on.shape.nij
        return (first + self._plane_pixels(on.shape, schedule)).reshape(
            -1, self.words_streamed(on, schedule)
        )

    def pixels(self, on: LayerOnArray, schedule: Schedule) -> Ints:
        """``fold vector``: the ofmap pixel that a tap adds to, for every input tile."""
        hits = tap_hits(on.shape)
        if schedule.is_skipping:
            hits = np.broadcast_to(np.arange(on.shape.onij), (on.shape.taps, on.shape.onij))
        return np.tile(hits, (self.itiles(on), 1))

    def operands(
        self, weights: Weights, activations: Activations, on: LayerOnArray, schedule: Schedule
    ) -> Operands:
        """Each streamed word meets all weights of its fold's lanes."""
        streamed = activations[:, self._plane_pixels(on.shape, schedule)]  # itile tap n lane
        zero_a = (streamed == 0).sum(axis=2)  # itile tap lane
        zero_w = (weights == 0).sum(axis=3)  # otile itile tap lane
        words = streamed.shape[2]
        return Operands(
            operations=weights.size * words,
            zero_acts=int(zero_a.sum()) * on.otiles * on.array.cols,
            zero_weights=int(zero_w.sum()) * words,
            zero_both=int((zero_w * zero_a).sum()),
        )

    def histories(
        self, weights: Weights, activations: Activations, on: LayerOnArray, schedule: Schedule
    ) -> Histories:
        """A row's chain takes the word of its far end first; a PE's psum is the sum of the rows above."""
        rows, cols, channels = on.array.rows, on.array.cols, self.channels_per_pe
        streamed = activations[:, self._plane_pixels(on.shape, schedule)].astype(np.int64)
        streamed = streamed.reshape(-1, *streamed.shape[2:])  # inner n lane
        kernel = weights.reshape(-1, cols, rows, channels).astype(np.int64)  # fold col row half
        chain = kernel.transpose(0, 1, 3, 2).reshape(-1, cols * channels, rows)[:, ::-1]
        return Histories(
            acts=streamed.reshape(-1, rows, 1, channels),
            repeats=on.otiles,
            weights=kernel.transpose(0, 2, 1, 3),
            shadow=chain.reshape(-1, rows),
            psums=_passing_psums(streamed, kernel),
        )

    def _plane_pixels(self, shape: ConvShape, schedule: Schedule) -> Ints:
        """``tap n``: pixel of the padded plane of the activation streamed as number n."""
        if schedule.is_skipping:
            return window_pixels(shape)
        return np.broadcast_to(np.arange(shape.nij), (shape.taps, shape.nij))

    def counts(self, _on: LayerOnArray) -> Mapping[str, int]:
        """Steps and passes are those of psums that stay."""
        return {"steps": 1, "passes": 1}

    def act_files(self, on: LayerOnArray) -> tuple[dict[str, int], ...]:
        """One file for each input tile."""
        return tuple({"itile": itile} for itile in range(self.itiles(on)))

    def weight_files(self, on: LayerOnArray, otiles: range) -> Iterator[dict[str, int]]:
        """One file for each fold."""
        for otile in otiles:
            for itile in range(self.itiles(on)):
                for kij in range(on.shape.taps):
                    yield {"itile": itile, "otile": otile, "kij": kij}

    def weight_file_words(self, on: LayerOnArray) -> int:
        """The words of a fold."""
        return self.fold_words(on)


def _down(acts: Ints, factors: Ints, cycles: Ints) -> Iterator[Addition]:
    """acts: ``row onij half``; factors: ``row otile half col``; cycles: those of row 0."""
    onij = acts.shape[1]
    for row, (act, factor) in enumerate(zip(acts, factors, strict=True)):
        yield Addition(act @ factor, cycles + row, np.full(onij, row))


def _passing_psums(streamed: Ints, kernel: Ints) -> Iterator[Ints]:
    """streamed: ``inner n lane``; kernel: ``fold col row half``. A piece is one fold."""
    _, cols, rows, _ = kernel.shape
    for fold, factors in enumerate(kernel):
        words = streamed[fold % len(streamed)].reshape(
            -1, rows, 1, factors.shape[-1]
        )  # n row 1 half
        products = (words * factors.transpose(1, 0, 2)).sum(axis=-1)  # n row col
        yield np.cumsum(products, axis=1).reshape(-1, rows, cols)


WEIGHT_STATIONARY = WeightStationary()
