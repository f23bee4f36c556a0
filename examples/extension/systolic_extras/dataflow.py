"""Weight stationary with taps and channels packed together: no row is idle where a layer has few channels.

Element ``ic_idx * taps + kij`` of the window is lane ``element % rows`` of fold ``element // rows``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec import Ints, Schedule
from tilewright.tile.dataflow import (
    Activations,
    Addition,
    Code,
    Dataflow,
    FoldSums,
    Weights,
    expect_axes,
)
from tilewright.tile.layer_on_array import LayerOnArray
from tilewright.tile.windows import window_pixels


@dataclass(frozen=True)
class Flattened(Dataflow):
    """Our core cannot run so (`wiring` is None): what the model of its registers asks is left out."""

    name = "flattened"
    title = "weight stationary, flattened"
    layout = "flattened"
    channels_per_pe = 1
    wiring = None
    is_skipping = True
    weight_axes = "otile fold col row"
    act_axes = "fold onij row"

    def for_codes(self, _act_bits: int) -> Dataflow:
        return self

    # -- sizes ------------------------------------------------------------------------------------

    def folds(self, on: LayerOnArray) -> int:
        """Folds of an output tile."""
        return -(-on.shape.ic * on.shape.taps // on.array.rows)

    def grid(self, on: LayerOnArray) -> tuple[int, int, int]:
        return on.otiles, self.folds(on), 1

    def lanes(self, on: LayerOnArray) -> int:
        return on.array.rows

    def weight_lanes(self, on: LayerOnArray) -> int:
        return on.array.rows

    def sample_words(self, on: LayerOnArray) -> int:
        return self.folds(on) * on.shape.onij

    def otile_words(self, on: LayerOnArray) -> int:
        return self.folds(on) * on.array.cols

    def fold_words(self, on: LayerOnArray) -> int:
        return on.array.cols

    def psum_words(self, on: LayerOnArray) -> int:
        return on.otiles * self.folds(on) * on.shape.onij

    # -- words ------------------------------------------------------------------------------------

    def weight_shape(self, on: LayerOnArray) -> tuple[int, ...]:
        return on.otiles, self.folds(on), on.array.cols, on.array.rows

    def act_shape(self, on: LayerOnArray) -> tuple[int, ...]:
        return self.folds(on), on.shape.onij, on.array.rows

    def tile_weights(self, weight: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        otiles, folds, cols, rows = self.weight_shape(on)
        lanes = np.zeros((otiles * cols, folds * rows), weight.dtype)
        lanes[: on.shape.oc, : on.shape.ic * on.shape.taps] = weight.reshape(on.shape.oc, -1)
        return lanes.reshape(otiles, cols, folds, rows).transpose(0, 2, 1, 3).copy()

    def untile_weights(self, tiles: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        expect_axes(tiles, self.weight_shape(on), self.weight_axes)
        shape = on.shape
        lanes = tiles.transpose(0, 2, 1, 3).reshape(on.otiles * on.array.cols, -1)
        real = lanes[: shape.oc, : shape.ic * shape.taps]
        return real.reshape(shape.oc, shape.ic, shape.kh, shape.kw)

    def tile_activations(self, codes: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        shape, (folds, onij, rows) = on.shape, self.act_shape(on)
        plane = np.pad(codes, ((0, 0), *shape.edges)).reshape(shape.ic, shape.nij)
        lanes = np.zeros((folds * rows, onij), codes.dtype)
        seen = plane[:, window_pixels(shape)]  # ic kij onij
        lanes[: shape.ic * shape.taps] = seen.reshape(-1, onij)
        return lanes.reshape(folds, rows, onij).transpose(0, 2, 1).copy()

    def untile_activations(self, tiles: npt.NDArray[Code], on: LayerOnArray) -> npt.NDArray[Code]:
        expect_axes(tiles, self.act_shape(on), self.act_axes)
        shape, (pad_h, pad_w) = on.shape, on.shape.padding
        lanes = tiles.transpose(0, 2, 1).reshape(-1, shape.onij)[: shape.ic * shape.taps]
        plane = np.zeros((shape.ic, shape.nij), tiles.dtype)
        plane[:, window_pixels(shape)] = lanes.reshape(shape.ic, shape.taps, shape.onij)
        padded = plane.reshape(shape.ic, shape.padded_h, shape.padded_w)
        return padded[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw].copy()

    # -- cycles -----------------------------------------------------------------------------------

    def words_streamed(self, on: LayerOnArray, _schedule: Schedule) -> int:
        return on.shape.onij

    def first_fold_cycles(self, on: LayerOnArray, _schedule: Schedule) -> int:
        return on.shape.onij + on.array.rows + 2 * on.array.cols + 3

    def next_fold_cycles(self, on: LayerOnArray, _schedule: Schedule) -> int:
        return max(on.shape.onij, 2 * on.array.cols)

    def load_cycles(self, on: LayerOnArray, _schedule: Schedule) -> int:
        return on.otiles * self.folds(on) * on.array.cols

    # -- values -----------------------------------------------------------------------------------

    def products(
        self, weights: Weights, activations: Activations, _on: LayerOnArray, kind: type
    ) -> Ints:
        acts, kernel = activations.astype(kind), weights.astype(kind)
        return np.einsum("fpr,tfcr->tpc", acts, kernel).astype(np.int64)

    def sums(
        self,
        weights: Weights,
        activations: Activations,
        on: LayerOnArray,
        _schedule: Schedule,
        begins: Ints,
    ) -> Iterator[FoldSums]:
        """A fold after the other: in each, a psum goes down the rows and is then added in PMEM."""
        acts, kernel = activations.astype(np.int64), weights.astype(np.int64)
        onij = np.arange(on.shape.onij)
        for fold in range(self.folds(on)):
            cycles = begins[:, fold, None, None] + onij[None, :, None]
            additions = (
                Addition(
                    acts[fold, None, :, row, None] * kernel[:, fold, None, :, row],
                    cycles + row,
                    np.full_like(onij, row),
                )
                for row in range(on.array.rows)
            )
            place = np.broadcast_to([fold, 0], (len(onij), 2))
            yield FoldSums(additions, written=cycles + on.array.rows, place=place)


FLATTENED = Flattened()
