"""Tiling has an exact inverse, and what the array would accumulate from the tiles is the convolution."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import convolve
from tests.strategies import plans
from tilewright.tile import (
    psum_addresses,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)


def _layer(plan, seed):
    rng, shape = np.random.default_rng(seed), plan.shape
    weight = rng.integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    return weight, rng.integers(0, 16, (shape.ic, shape.ih, shape.iw), np.uint8)


@settings(max_examples=60, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_untile_is_the_inverse_of_tile(plan, seed):
    weight, codes = _layer(plan, seed)
    psums = np.random.default_rng(seed).integers(
        -(2**15), 2**15, (plan.shape.oc, plan.shape.oh, plan.shape.ow)
    )
    np.testing.assert_array_equal(untile_weights(tile_weights(weight, plan), plan), weight)
    np.testing.assert_array_equal(untile_activations(tile_activations(codes, plan), plan), codes)
    np.testing.assert_array_equal(untile_psums(tile_psums(psums, plan), plan), psums)


@settings(max_examples=40, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_folds_accumulated_at_their_addresses_give_the_convolution(plan, seed):
    weight, codes = _layer(plan, seed)
    weights = tile_weights(weight, plan).astype(np.int64)
    stream = tile_activations(codes, plan).astype(np.int64)
    addresses = psum_addresses(plan)
    psums = np.zeros((plan.otiles, plan.shape.onij, plan.array.cols), np.int64)
    folds = list(plan.folds())
    for fold in folds:
        vectors = stream[fold.itile] @ weights[fold.otile, fold.itile, fold.kij].T  # nij col
        hits = addresses[fold.kij]
        psums[fold.otile, hits[hits >= 0]] += vectors[hits >= 0]
    assert len(folds) == plan.otiles * plan.folds_per_otile == len(set(folds))
    np.testing.assert_array_equal(untile_psums(psums, plan), convolve(weight, codes, plan.shape))
