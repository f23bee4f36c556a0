"""A bundle gives back the tensors that were written, over random layers and every preset."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_vectors_codec import seen_pixels
from tests.strategies import plans
from tilewright.spec import ArrayShape, IntegerLayer, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import (
    decode_bundle,
    layout_names,
    load_layout,
    read_bundle,
    write_bundle,
)
from tilewright.verify import reference_outputs


@settings(max_examples=40, deadline=None)
@given(
    plan=plans(),
    layout=st.sampled_from(layout_names()),
    act=st.integers(1, 8),
    weight=st.integers(2, 8),
    seed=st.integers(0, 2**32 - 1),
)
def test_decode_bundle_is_the_inverse_of_write_bundle(plan, layout, act, weight, seed):
    rng, shape = np.random.default_rng(seed), plan.shape
    plan = TilePlan(shape, ArrayShape(plan.array.rows, plan.array.cols, psum_bits=24))
    layer = IntegerLayer(
        name="drawn",
        shape=shape,
        weight=rng.integers(
            1 - 2 ** (weight - 1),
            2 ** (weight - 1),
            (shape.oc, shape.ic, shape.kh, shape.kw),
            np.int8,
        ),
        weight_format=NumberFormat(weight, is_signed=True, is_narrow=True),
        act_format=NumberFormat(act, is_signed=False),
        weight_scale=rng.uniform(0.01, 1, shape.oc),
        act_scale=float(rng.uniform(0.01, 1)),
    )
    codes = rng.integers(0, 2**act, (shape.ic, shape.ih, shape.iw)).astype(np.uint8)
    taps = rng.integers(-1000, 1000, (shape.taps, shape.oc, shape.oh, shape.ow))
    with tempfile.TemporaryDirectory() as scratch:
        written = write_bundle(
            Path(scratch) / "bundle",
            layer=layer,
            plan=plan,
            layout=load_layout(layout),
            codes=codes,
            psums=taps.sum(axis=0),
            tap_psums=taps,
            outputs=reference_outputs(taps.sum(axis=0), load_layout(layout).output),
            sample=3,
        )
        bundle = read_bundle(Path(scratch) / "bundle")
        assert bundle == written
        tensors = decode_bundle(bundle)
    assert bundle.scales.weight == tuple(layer.weight_scale)
    np.testing.assert_array_equal(tensors.weight, layer.weight)
    if bundle.layout.kind("activation").plane == "windows":
        plane = seen_pixels(plan).reshape(shape.padded_h, shape.padded_w)
        codes *= plane[shape.padding[0] :, shape.padding[1] :][: shape.ih, : shape.iw]
    np.testing.assert_array_equal(tensors.codes, codes)
    np.testing.assert_array_equal(tensors.psums, taps.sum(axis=0))
    if tensors.tap_psums is not None:
        np.testing.assert_array_equal(tensors.tap_psums, taps)
