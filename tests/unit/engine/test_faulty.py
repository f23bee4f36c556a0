"""Psums with a faulty bit, against additions one by one, in whole numbers of Python."""

from __future__ import annotations

import numpy as np
import pytest

from tests.naive import convolve
from tests.networks import layer as random_layer
from tilewright.engine.faulty import FaultyLayer, Flips, faults_of
from tilewright.errors import ConfigError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat, PsumFault

SHAPE = ConvShape(5, 4, 3, 7, 3, 2, padding=(1, 0), stride=(2, 1))
ARRAY = ArrayShape(3, 2, psum_bits=9)


def _case(*, is_signed=False):
    rng, form = np.random.default_rng(3), NumberFormat(4, is_signed=is_signed)
    layer = random_layer(rng, "conv", SHAPE, act_format=form)
    return layer, rng.integers(form.min_code, form.max_code + 1, (3, 5, 4, 3), form.dtype)


@pytest.fixture(scope="module")
def case():
    return _case()


def _stored(value, bits, is_saturating):
    half = 2 ** (bits - 1)
    if is_saturating:
        return max(-half, min(half - 1, value))
    return (value + half) % (2 * half) - half


def _faulty(value, fault, bits):
    digits = list(f"{value % 2**bits:0{bits}b}")
    place = bits - 1 - fault.bit
    forced = {"stuck0": "0", "stuck1": "1", "flip": "10"[int(digits[place])]}
    digits[place] = forced[fault.kind]
    raw = int("".join(digits), 2)
    return raw - 2**bits if digits[0] == "1" else raw


def _one_by_one(layer, codes, array, fault, *, is_saturating, moment=None):
    """Psum ``oc oh ow`` of one sample, as docs/dataflows.md says: itile, tap, then down the rows."""
    shape, bits = layer.shape, array.psum_bits
    plane = np.pad(codes, ((0, 0), *[(pad, pad) for pad in shape.padding])).tolist()
    found = np.zeros((shape.oc, shape.oh, shape.ow), np.int64)
    for oc, oh, ow in np.ndindex(found.shape):
        total, fold = 0, oc // array.cols * -(-shape.ic // array.rows) * shape.taps
        for first in range(0, shape.ic, array.rows):
            for kh, kw in np.ndindex(shape.kh, shape.kw):
                psum = 0
                for row in range(array.rows):
                    if first + row < shape.ic:
                        at = oh * shape.stride[0] + kh, ow * shape.stride[1] + kw
                        code = plane[first + row][at[0]][at[1]]
                        psum += code * int(layer.weight[oc, first + row, kh, kw])
                        psum = _stored(psum, bits, is_saturating)
                    is_here = (row, oc % array.cols) == (fault.row, fault.col)
                    if is_here and moment in (None, (fold, oh * shape.ow + ow)):
                        psum = _faulty(psum, fault, bits)
                total = _stored(total + psum, bits, is_saturating)
                fold += 1
        found[oc, oh, ow] = total
    return found


@pytest.mark.parametrize(
    ("is_saturating", "is_signed"), [(False, False), (True, False), (True, True)]
)
def test_every_fault_is_what_adding_one_by_one_gives(is_saturating, is_signed):
    layer, codes = _case(is_signed=is_signed)
    faulty = FaultyLayer(layer, codes, ARRAY, is_saturating=is_saturating)
    flips = Flips.draw(layer, ARRAY, samples=3, seed=1)
    for fault in faults_of(ARRAY, ("stuck0", "stuck1", "flip"), (0, 5, 8)):
        is_flip = fault.kind == "flip"
        found = faulty.psums(fault, flips if is_flip else None)
        for n, sample in enumerate(codes):
            moment = (int(flips.fold[n]), int(flips.pixel[n])) if is_flip else None
            expected = _one_by_one(
                layer, sample, ARRAY, fault, is_saturating=is_saturating, moment=moment
            )
            assert found[n].tolist() == expected[fault.col :: 2].tolist(), fault


def test_a_bit_that_the_psums_have_anyway_changes_nothing(case):
    layer, codes = case
    dark = FaultyLayer(layer, np.zeros_like(codes), ArrayShape(3, 2, 20))
    assert not dark.psums(PsumFault(1, 0, 4, "stuck0")).any()
    bright = dark.psums(PsumFault(2, 0, 4, "stuck1"))
    assert set(bright.reshape(-1).tolist()) == {2 * 6 * 16}  # in 2 input tiles and 6 taps


def test_wide_registers_have_the_psums_of_the_convolution(case):
    layer, codes = case
    flips = Flips(np.full(3, 10**6), np.zeros(3, np.int64))  # never
    found = FaultyLayer(layer, codes, ArrayShape(3, 2, 20)).psums(PsumFault(0, 1, 3, "flip"), flips)
    expected = np.stack([convolve(layer.weight, sample, SHAPE) for sample in codes])
    assert found.tolist() == expected[:, 1::2].tolist()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            (3, 0, 0, "stuck0"),
            r"a fault must lie in the array, 3x2 with 9-bit psums, but is PE\(3,0\)",
        ),
        ((0, 2, 0, "stuck0"), r"but is PE\(0,2\) bit 0 stuck0"),
        ((0, 0, 9, "stuck1"), r"but is PE\(0,0\) bit 9 stuck1"),
        ((0, 0, 0, "flip"), "a flip needs its moments"),
        ((0, 0, 0, "open"), "a fault is stuck0, stuck1, flip, not 'open'"),
        ((0, -1, 0, "stuck0"), "row, col and bit 0 or more"),
    ],
)
def test_faults_that_are_none(case, fault, message):
    with pytest.raises(ConfigError, match=message):
        FaultyLayer(*case, ARRAY).psums(PsumFault(*fault))
