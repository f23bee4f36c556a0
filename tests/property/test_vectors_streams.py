"""SIMD words and output-stationary streams agree with plain loops over the tensors."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tilewright.tile import tile_activations, tile_weights
from tilewright.vectors import FieldWidths, encode, load_layout

WIDTHS = FieldWidths(act=4, weight=4, psum=20)


def _tensors(plan, seed):
    """Codes ``ic ih iw`` and weight ``oc ic kh kw``."""
    rng, shape = np.random.default_rng(seed), plan.shape
    codes = rng.integers(0, 16, (shape.ic, shape.ih, shape.iw))
    return codes, rng.integers(-8, 8, (shape.oc, shape.ic, shape.kh, shape.kw))


def _words(layout, kind, tiles, plan):
    """Words of each file, without the three header lines."""
    files = encode(load_layout(layout), kind, tiles, plan=plan, widths=WIDTHS)
    return {name: content.decode().split("\n")[3:-1] for name, content in files.items()}


def _word(values):
    """Fields of 4 bits, the last value leftmost."""
    return "".join(format(int(value) % 16, "04b") for value in reversed(values))


def _at(tensor, *place):
    """A value, or 0 where there is none."""
    inside = all(0 <= i < size for i, size in zip(place, tensor.shape, strict=True))
    return tensor[place] if inside else 0


@settings(max_examples=40, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_output_stationary_streams_are_step_by_step_what_each_pe_multiplies(plan, seed):
    shape, (rows, cols) = plan.shape, (plan.array.rows, plan.array.cols)
    codes, weight = _tensors(plan, seed)
    west = []
    steps = list(np.ndindex(shape.ic, shape.kh, shape.kw))
    for opass in range(-(-shape.onij // rows)):
        for ic, kh, kw in steps:
            lanes = []
            for onij in range(opass * rows, (opass + 1) * rows):
                oh, ow = divmod(onij, shape.ow)
                ih = oh * shape.stride[0] + kh - shape.padding[0]
                iw = ow * shape.stride[1] + kw - shape.padding[1]
                lanes.append(_at(codes, ic, ih, iw) if onij < shape.onij else 0)
            west.append(_word(lanes))
    north = [
        _word([_at(weight, otile * cols + c, *step) for c in range(cols)])
        for otile in range(plan.otiles)
        for step in steps
    ]
    tiles = tile_activations(codes, plan)
    assert _words("ece284-os", "activation", tiles, plan) == {"activation.txt": west}
    tiles = tile_weights(weight, plan)
    assert _words("ece284-os", "weight", tiles, plan) == {"weight.txt": north}


@settings(max_examples=40, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_simd_words_pair_channels_2r_and_2r_plus_1(plan, seed):
    shape, (rows, cols) = plan.shape, (plan.array.rows, plan.array.cols)
    codes, weight = _tensors(plan, seed)
    acts, weights = {}, {}
    for itile in range(-(-shape.ic // (2 * rows))):
        channels = range(itile * 2 * rows, (itile + 1) * 2 * rows)
        acts[f"activation_tile{itile}.txt"] = [
            _word([_at(codes, ic, h - shape.padding[0], w - shape.padding[1]) for ic in channels])
            for h, w in np.ndindex(shape.padded_h, shape.padded_w)
        ]
        for otile, kh, kw in np.ndindex(plan.otiles, shape.kh, shape.kw):
            name = f"weight_itile{itile}_otile{otile}_kij{kh * shape.kw + kw}.txt"
            weights[name] = [
                _word([_at(weight, otile * cols + c, ic, kh, kw) for ic in channels[pair::2]])
                for c in range(cols)
                for pair in (0, 1)
            ]
    assert _words("ece284-2b", "activation", tile_activations(codes, plan), plan) == acts
    assert _words("ece284-2b", "weight", tile_weights(weight, plan), plan) == weights
