"""Psums in narrow registers: by hand, and equal to the model in every mode and rule."""

from dataclasses import replace

import numpy as np
import pytest

from tests.naive import convolve
from tests.networks import layer
from tilewright.errors import ShapeError
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, ConvShape, NumberFormat, PsumRule
from tilewright.tile import Execution, plan_mode, plan_words
from tilewright.verify import column_order, reference_limited_psums, step_order

RNG = np.random.default_rng(11)
SHAPE = ConvShape(6, 4, 5, 5, 3, 2, padding=(1, 1))
LAYER = layer(RNG, "conv", SHAPE, act_format=NumberFormat(2, is_signed=False))
CODES = RNG.integers(0, 4, (1, 6, 4, 5)).astype(np.uint8)
ORDERS = {
    "ws": column_order(SHAPE, lanes=2),
    "simd": column_order(SHAPE, lanes=4, channels_per_pe=2),
    "os": step_order(SHAPE),
}


def line(weights):
    """One output channel of a 1x1 convolution with these weights."""
    shape = ConvShape(len(weights), 1, 1, 1, 1, 1)
    made = layer(RNG, "line", shape, act_format=NumberFormat(8, is_signed=False))
    return replace(made, weight=np.array(weights, np.int8).reshape(1, -1, 1, 1))


def one(weights, codes, **limits):
    made = line(weights)
    codes = np.array(codes, np.uint8).reshape(1, -1, 1, 1)
    folds = column_order(made.shape, lanes=limits.pop("lanes", 8))
    return reference_limited_psums(codes, made, folds, **limits).item()


def test_every_addition_is_limited_in_its_turn():
    """7 + 7 saturates at 7, then 7 - 7 is 0; the exact sum is 7."""
    saturate = {"overflow": "saturate", "psum_bits": 4}
    assert one([7, 7, -7], [1, 1, 1], pe_bits=4, **saturate) == 0
    assert one([7, 7, -7], [1, 1, 1], pe_bits=None, **saturate) == 7
    assert one([7, 7, -7], [1, 1, 1], pe_bits=5, lanes=1, **saturate) == 0
    assert one([7, -7, 7], [1, 1, 1], pe_bits=4, **saturate) == 7
    assert one([7, 7], [2, 2], pe_bits=None, fold_bits=5, overflow="saturate", psum_bits=8) == 15


def test_wrapping_is_modular_in_any_order():
    wrap = {"overflow": "wrap", "psum_bits": 4}
    assert one([7, 7, 7], [1, 1, 1], pe_bits=4, **wrap) == 5
    assert one([7, 7, 7], [1, 1, 1], pe_bits=9, lanes=1, **wrap) == 5
    assert one([-7, -7], [1, 1], pe_bits=None, **wrap) == 2


@pytest.mark.parametrize("mode", ORDERS)
@pytest.mark.parametrize(
    "rule", [PsumRule("wrap", 5), PsumRule("saturate", 5), PsumRule("saturate")]
)
def test_the_model_limits_psums_as_the_reference_does(mode, rule):
    array = ArrayShape(2, 3, psum_bits=6)
    plan = plan_mode(SHAPE, array, mode, 2)
    words = plan_words(plan, LAYER.weight, CODES[0])
    found = simulate(Execution(plan, rule=rule), *words)
    lanes = found.psums.transpose(0, 2, 1).reshape(-1, SHAPE.onij)[: SHAPE.oc]
    expected = reference_limited_psums(
        CODES,
        LAYER,
        ORDERS[mode],
        overflow=rule.overflow,
        pe_bits=rule.column_bits or 6,
        psum_bits=6,
    )
    assert lanes.reshape(expected.shape[1:]).tolist() == expected[0].tolist()
    assert (expected[0] != convolve(LAYER.weight, CODES[0], SHAPE)).any()


def test_the_order_decides_where_sums_saturate():
    found = {
        mode: reference_limited_psums(
            CODES, LAYER, folds, overflow="saturate", pe_bits=5, psum_bits=5
        ).tobytes()
        for mode, folds in ORDERS.items()
    }
    assert len(set(found.values())) == len(ORDERS)


def test_without_limits_any_order_is_the_convolution():
    for folds in ORDERS.values():
        found = reference_limited_psums(
            CODES, LAYER, folds, overflow="saturate", pe_bits=None, psum_bits=None
        )
        assert found[0].tolist() == convolve(LAYER.weight, CODES[0], SHAPE).tolist()


def test_an_order_must_take_every_product_once():
    folds = column_order(SHAPE, lanes=2)[1:]
    with pytest.raises(ShapeError, match=r"each of the 36 products of a psum once, but takes 34"):
        reference_limited_psums(CODES, LAYER, folds, overflow="wrap", pe_bits=4, psum_bits=4)
