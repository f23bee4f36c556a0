"""The model equals a naive convolution in every value, and the closed form in every cycle count."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import convolve, wrap
from tests.strategies import plans
from tilewright.sim import fold_cycles, layer_cycles, simulate
from tilewright.tile import tile_activations, tile_weights, untile_psums


def _layer(plan, seed):
    """Any int8 weights ``oc ic kh kw`` and uint8 activations ``ic ih iw``."""
    rng, shape = np.random.default_rng(seed), plan.shape
    widest = int(rng.integers(1, 128))
    weight = rng.integers(
        -widest - 1, widest + 1, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8
    )
    return weight, rng.integers(0, 2 * widest + 1, (shape.ic, shape.ih, shape.iw), np.uint8)


def _simulate(plan, weight, codes, **options):
    return simulate(plan, tile_weights(weight, plan), tile_activations(codes, plan), **options)


def _pixel(codes, plan, ic, oh, ow, kh, kw):
    shape = plan.shape
    ih = oh * shape.stride[0] + kh - shape.padding[0]
    iw = ow * shape.stride[1] + kw - shape.padding[1]
    is_inside = ic < shape.ic and 0 <= ih < shape.ih and 0 <= iw < shape.iw
    return int(codes[ic, ih, iw]) if is_inside else 0


def _count_overflows(plan, weight, codes, *, wraps):
    """Sums that do not fit, formed in the order of the array by plain integers."""
    shape, rows, bits = plan.shape, plan.array.rows, plan.array.psum_bits
    overflows = 0
    for oc, oh, ow in np.ndindex(shape.oc, shape.oh, shape.ow):
        stored = 0
        for itile, kh, kw in np.ndindex(plan.itiles, shape.kh, shape.kw):
            psum = 0
            for ic in range(itile * rows, (itile + 1) * rows):
                factor = int(weight[oc, ic, kh, kw]) if ic < shape.ic else 0
                psum += factor * _pixel(codes, plan, ic, oh, ow, kh, kw)
                overflows += wrap(psum, bits) != psum
                psum = wrap(psum, bits) if wraps else psum
            stored += psum
            overflows += wrap(stored, bits) != stored
            stored = wrap(stored, bits) if wraps else stored
    return overflows


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_psums_and_outputs_are_those_of_a_naive_convolution(plan, seed):
    weight, codes = _layer(plan, seed)
    expected = convolve(weight, codes, plan.shape)
    result = _simulate(plan, weight, codes)
    np.testing.assert_array_equal(untile_psums(result.psums, plan), expected)
    np.testing.assert_array_equal(untile_psums(result.outputs, plan), np.maximum(expected, 0))


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_every_fold_takes_the_cycles_of_the_closed_form(plan, seed):
    result = _simulate(plan, *_layer(plan, seed))
    assert result.fold_cycles.shape == (plan.otiles, plan.itiles, plan.shape.taps)
    assert (result.fold_cycles == fold_cycles(plan)).all()
    assert result.cycles == result.fold_cycles.sum() == layer_cycles(plan)
    folds, array = result.fold_cycles.size, plan.array
    assert result.load_cycles == folds * array.cols
    assert result.stream_cycles == folds * plan.shape.nij
    assert result.pe_cycles_busy == folds * plan.shape.nij * array.rows * array.cols


@settings(max_examples=150, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_wrapped_psums_are_the_true_ones_modulo_the_width(plan, seed):
    weight, codes = _layer(plan, seed)
    expected = wrap(convolve(weight, codes, plan.shape), plan.array.psum_bits)
    result = _simulate(plan, weight, codes, overflow="wrap")
    np.testing.assert_array_equal(untile_psums(result.psums, plan), expected)
    np.testing.assert_array_equal(untile_psums(result.outputs, plan), np.maximum(expected, 0))


@settings(max_examples=60, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_every_sum_that_does_not_fit_is_counted(plan, seed):
    weight, codes = _layer(plan, seed)
    for rule in ("error", "wrap"):
        result = _simulate(plan, weight, codes, overflow=rule)
        expected = _count_overflows(plan, weight, codes, wraps=rule == "wrap")
        assert result.overflows == expected
        assert (result.first_overflow is None) == (expected == 0)
