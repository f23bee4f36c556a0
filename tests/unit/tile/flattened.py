"""A dataflow that a package beside ours could bring: weight stationary, taps and channels packed together.

Element ``ic_idx * taps + kij`` of the window is lane ``element % rows`` of fold ``element // rows``. Its
registers are not modelled, so it says nothing of them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.tile.dataflow import Addition, Dataflow, FoldSums, expect_axes


@dataclass(frozen=True)
class Flattened(Dataflow):
    name = "flattened"
    title = "weight stationary, flattened"
    layout = str(Path(__file__).with_suffix(".toml"))
    channels_per_pe = 1
    wiring = None
    is_skipping = True
    weight_axes = "otile fold col row"
    act_axes = "fold onij row"

    def for_codes(self, _act_bits):
        return self

    def inner(self, on):
        return -(-on.shape.ic * on.shape.taps // on.array.rows)

    def grid(self, on):
        return on.otiles, self.inner(on), 1

    def lanes(self, on):
        return on.array.rows

    def weight_lanes(self, on):
        return on.array.rows

    def sample_words(self, on):
        return self.inner(on) * on.shape.onij

    def otile_words(self, on):
        return self.inner(on) * on.array.cols

    def fold_words(self, on):
        return on.array.cols

    def psum_words(self, on):
        return on.otiles * self.inner(on) * on.shape.onij

    def weight_shape(self, on):
        return on.otiles, self.inner(on), on.array.cols, on.array.rows

    def act_shape(self, on):
        return self.inner(on), on.shape.onij, on.array.rows

    def tile_weights(self, weight, on):
        otiles, inner, cols, rows = self.weight_shape(on)
        lanes = np.zeros((otiles * cols, inner * rows), weight.dtype)
        lanes[: on.shape.oc, : on.shape.ic * on.shape.taps] = weight.reshape(on.shape.oc, -1)
        return lanes.reshape(otiles, cols, inner, rows).transpose(0, 2, 1, 3).copy()

    def untile_weights(self, tiles, on):
        expect_axes(tiles, self.weight_shape(on), self.weight_axes)
        shape = on.shape
        lanes = tiles.transpose(0, 2, 1, 3).reshape(on.otiles * on.array.cols, -1)
        real = lanes[: shape.oc, : shape.ic * shape.taps]
        return real.reshape(shape.oc, shape.ic, shape.kh, shape.kw)

    def tile_activations(self, codes, on):
        inner, onij, rows = self.act_shape(on)
        lanes = np.zeros((inner * rows, onij), codes.dtype)
        for element, (ic, kh, kw) in enumerate(self._window(on.shape)):
            for pixel, (ih, iw) in enumerate(self._seen(on.shape, kh, kw)):
                if 0 <= ih < on.shape.ih and 0 <= iw < on.shape.iw:
                    lanes[element, pixel] = codes[ic, ih, iw]
        return lanes.reshape(inner, rows, onij).transpose(0, 2, 1).copy()

    def untile_activations(self, tiles, on):
        lanes = tiles.transpose(0, 2, 1).reshape(-1, on.shape.onij)
        codes = np.zeros((on.shape.ic, on.shape.ih, on.shape.iw), tiles.dtype)
        for element, (ic, kh, kw) in enumerate(self._window(on.shape)):
            for pixel, (ih, iw) in enumerate(self._seen(on.shape, kh, kw)):
                if 0 <= ih < on.shape.ih and 0 <= iw < on.shape.iw:
                    codes[ic, ih, iw] = lanes[element, pixel]
        return codes

    def _window(self, shape):
        return np.ndindex(shape.ic, shape.kh, shape.kw)

    def _seen(self, shape, kh, kw):
        for oh, ow in np.ndindex(shape.oh, shape.ow):
            yield (
                oh * shape.stride[0] + kh - shape.padding[0],
                ow * shape.stride[1] + kw - shape.padding[1],
            )

    def words_streamed(self, on, _schedule):
        return on.shape.onij

    def first_fold_cycles(self, on, _schedule):
        return on.shape.onij + on.array.rows + 2 * on.array.cols + 3

    def next_fold_cycles(self, on, _schedule):
        return max(on.shape.onij, 2 * on.array.cols)

    def load_cycles(self, on, _schedule):
        return on.otiles * self.inner(on) * on.array.cols

    def products(self, weights, activations, _on, kind):
        acts, kernel = activations.astype(kind), weights.astype(kind)
        return np.einsum("fpr,tfcr->tpc", acts, kernel).astype(np.int64)

    def sums(self, weights, activations, on, _schedule, begins):
        acts, kernel = activations.astype(np.int64), weights.astype(np.int64)
        onij = np.arange(on.shape.onij)
        for fold in range(self.inner(on)):
            cycles = begins[:, fold, None, None] + onij[None, :, None]
            rows = range(on.array.rows)
            additions = (
                Addition(
                    acts[fold, None, :, row, None] * kernel[:, fold, None, :, row],
                    cycles + row,
                    np.full_like(onij, row),
                )
                for row in rows
            )
            place = np.broadcast_to([fold, 0], (len(onij), 2))
            yield FoldSums(additions, written=cycles + on.array.rows, place=place)
