"""Psums in a narrow register: equal to one addition after the other, and to the array's registers."""

from dataclasses import replace

import numpy as np
import pytest

from tests.naive import wrap as naive_wrap
from tests.networks import chain, images, layer
from tilewright.engine import Engine, observe_registers
from tilewright.engine.narrow import NarrowLayer, wrap
from tilewright.errors import ConfigError
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerNetwork,
    NumberFormat,
    PsumRegister,
    PsumRule,
    signed_bits_needed,
)
from tilewright.tile import Execution
from tilewright.verify import reference_psums, reference_register_psums

RNG = np.random.default_rng(4)
CODES = NumberFormat(4, is_signed=False)
SHAPE = ConvShape(5, 4, 6, 3, 3, 2, (1, 2), (1, 0))
LAYER = layer(RNG, "conv", SHAPE, act_format=CODES)
PIXELS = RNG.integers(0, 16, (2, 5, 4, 6)).astype(np.uint8)


def clip(value, register):
    return min(max(value, register.lowest), register.highest)


def one_by_one(register):
    """Every psum by one addition after the other."""
    padded = np.pad(PIXELS, ((0, 0), (0, 0), (1, 1), (0, 0))).astype(int)
    psums = np.zeros((2, SHAPE.oc, SHAPE.oh, SHAPE.ow), np.int64)
    for n, oc, oh, ow in np.ndindex(*psums.shape):
        total = 0
        for first in range(0, SHAPE.ic, register.rows):
            tile = 0
            for tap in range(SHAPE.taps):
                row, column = divmod(tap, SHAPE.kw)
                inner = 0
                for ic in range(first, min(first + register.rows, SHAPE.ic)):
                    product = int(LAYER.weight[oc, ic, row, column]) * int(
                        padded[n, ic, oh + row, 2 * ow + column]
                    )
                    inner += product
                    if register.place == "column":
                        inner = clip(inner, register)
                tile += inner
                if register.place != "tile":
                    total = clip(total + clip(inner, register), register)
            if register.place == "tile":
                total = clip(total + clip(tile, register), register)
        psums[n, oc, oh, ow] = total
    return psums


@pytest.mark.parametrize("place", ["column", "tap", "tile"])
@pytest.mark.parametrize("bits", [5, 7, 9])
@pytest.mark.parametrize("rows", [2, 3, 8])
def test_saturation_is_one_addition_after_the_other(place, bits, rows):
    register = PsumRegister(bits, "saturate", place, rows)
    expected = one_by_one(register)
    found = NarrowLayer(LAYER, register, place=place, rows=rows)(PIXELS.transpose(0, 2, 3, 1))
    assert found.transpose(0, 3, 1, 2).tolist() == expected.tolist()
    assert reference_register_psums(PIXELS, LAYER, register).tolist() == expected.tolist()
    if bits == 5:
        assert (expected != reference_psums(PIXELS, LAYER)).any()


@pytest.mark.parametrize("bits", [4, 6, 9])
def test_wrapping_is_what_the_arrays_registers_do(bits):
    """The cycle-level model wraps in the column and in the psum memory."""
    from tilewright.sim import simulate
    from tilewright.tile import TilePlan, tile_activations, tile_weights, untile_psums

    plan = TilePlan(SHAPE, ArrayShape(2, 3, psum_bits=bits))
    tiles = tile_weights(LAYER.weight, plan), tile_activations(PIXELS[0], plan)
    model = simulate(Execution(plan, rule=PsumRule("wrap")), *tiles)
    exact = reference_psums(PIXELS[:1], LAYER)
    expected = naive_wrap(exact, bits)
    assert (expected != exact).any()
    assert wrap(exact, bits).tolist() == expected.tolist()
    assert untile_psums(model.psums, plan).tolist() == expected[0].tolist()


def test_without_a_register_the_extremes_are_seen():
    """At the column's place: after every product of a tile, and in the accumulator."""
    plain = NarrowLayer(LAYER, None, place="tile", rows=8)
    plain(PIXELS.transpose(0, 2, 3, 1))
    exact = reference_psums(PIXELS, LAYER)
    assert plain.extremes.tolist() == [min(0, exact.min()), max(0, exact.max())]
    inner = NarrowLayer(LAYER, None, place="column", rows=8)
    inner(PIXELS.transpose(0, 2, 3, 1))
    low, high = LAYER.psum_range()
    assert low <= inner.extremes[0] <= plain.extremes[0]
    assert plain.extremes[1] <= inner.extremes[1] <= high


@pytest.mark.parametrize("sign", [1, -1])
def test_registers_begin_at_0_and_the_extremes_are_of_all_batches(sign, monkeypatch):
    """Sums of one sign alone; the largest come in the second of three batches."""
    monkeypatch.setattr("tilewright.engine.engine.BATCH", 1)
    one = replace(LAYER, weight=sign * np.abs(LAYER.weight))
    pixels = np.stack([PIXELS[0] // 2, PIXELS[0], 0 * PIXELS[0]])
    exact = reference_psums(pixels, one)
    network = IntegerNetwork((one,), ("conv",))
    found = observe_registers(network, pixels, place="tile", rows=8)
    assert found == {"conv": (min(0, exact.min()), max(0, exact.max()))}
    assert 0 in found["conv"]


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
def test_a_wide_register_changes_nothing_and_a_narrow_one_does(overflow):
    network = chain(np.random.default_rng(3))
    pixels = images(np.random.default_rng(4), network, 5)
    needed = max(signed_bits_needed(*one.psum_range()) for one in network.layers)
    exact = Engine(network, kind="blas").sums(pixels)
    wide = Engine(network, kind="blas", register=PsumRegister(needed, overflow))
    assert set(wide.arithmetic.values()) == {"float32"}
    assert wide.sums(pixels).tolist() == exact.tolist()
    narrow = Engine(network, kind="blas", register=PsumRegister(7, overflow))
    assert narrow.sums(pixels).tolist() != exact.tolist()


def test_the_register_of_a_layer_reaches_the_next_codes():
    """Psums -7..7 in 3 bits: 5 wraps to -3 and saturates to 3; the threshold 3 tells them apart."""
    first = layer(np.random.default_rng(0), "first", ConvShape(1, 1, 1, 1, 1, 1))
    first = replace(first, weight=np.ones((1, 1, 1, 1), np.int8))
    network = IntegerNetwork((first,))
    pixels = np.array([2, 5, 7], np.uint8).reshape(3, 1, 1, 1)
    found = {
        overflow: Engine(network, kind="blas", register=PsumRegister(3, overflow))
        .sums(pixels)
        .reshape(-1)
        .tolist()
        for overflow in ("wrap", "saturate")
    }
    assert found == {"wrap": [2, -3, -1], "saturate": [2, 3, 3]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1, "wrap"), r"^a psum register has 2..32 bits, not 1$"),
        ((8, "error"), r"^an overflow rule must be wrap or saturate, not 'error'$"),
        ((8, "wrap", "array"), r"^psums are limited per column, tap, tile, not 'array'$"),
        ((8, "wrap", "tap", 0), r"^a tile has 1..4096 rows, not 0$"),
    ],
)
def test_other_registers_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        PsumRegister(*values)
