"""Layers in groups on the array: the parts hold every weight once, and what they sum is the reference's."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import layer
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.tile import (
    DATAFLOWS,
    TWO_CHANNELS,
    WEIGHT_STATIONARY,
    Execution,
    TilePlan,
    find_parts,
    plan_words,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)
from tilewright.verify import reference_psums

CODES = NumberFormat(4, is_signed=False)


@st.composite
def grouped(draw):
    groups = draw(st.integers(1, 9))
    ic, oc = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    edge = draw(st.integers(2, 4))
    kernel = draw(st.integers(1, 2))
    shape = ConvShape(ic, edge, edge, oc, kernel, kernel, padding=(1, 0), groups=groups)
    return shape, ArrayShape(draw(st.integers(1, 6)), draw(st.integers(1, 6)), 24)


@pytest.mark.parametrize("mode", ["ws", "simd", "os"])
@given(case=grouped(), seed=st.integers(0, 9))
def test_the_parts_of_a_layer_sum_what_the_layer_does_and_nothing_is_lost(mode, case, seed):
    shape, array = case
    rng = np.random.default_rng(seed)
    made = layer(rng, "deep", shape, act_format=CODES)
    codes = rng.integers(0, 16, (shape.ic, shape.ih, shape.iw)).astype(np.uint8)
    psums, back, seen = [], [], []
    for part in find_parts(shape, array, DATAFLOWS.get(mode)):
        plan = TilePlan(part.shape, array, DATAFLOWS.get(mode))
        dense = part.layer(made)
        words = plan_words(plan, dense.weight, codes[part.ic])
        result = simulate(Execution(plan), *words)
        psums.append(untile_psums(result.psums, plan))
        seen.append(untile_activations(words[1], plan))
        wide = untile_weights(words[0], plan)
        icg, ocg = shape.ic_per_group, shape.oc_per_group
        back += [wide[g * ocg : (g + 1) * ocg, g * icg : (g + 1) * icg] for g in range(part.groups)]
        assert np.abs(wide).sum() == sum(np.abs(one).sum() for one in back[-part.groups :])
    assert (np.concatenate(psums) == reference_psums(codes[None], made)[0]).all()
    assert (np.concatenate(back) == made.weight).all()
    if mode != "os":  # there, pixels that no window sees are in no word
        assert (np.concatenate(seen) == codes).all()


def test_a_part_that_takes_other_channels_is_noticed():
    """The comparison with the reference of the whole layer fails where a cut is shifted by a group."""
    rng = np.random.default_rng(1)
    shape, array = ConvShape(4, 3, 3, 4, 1, 1, groups=4), ArrayShape(2, 2, 20)
    made = layer(rng, "deep", shape, act_format=CODES)
    made = replace(made, weight=np.ones_like(made.weight))
    codes = rng.integers(1, 16, (4, 3, 3)).astype(np.uint8)
    first, second = find_parts(shape, array, WEIGHT_STATIONARY)
    plan = TilePlan(first.shape, array)
    found = simulate(Execution(plan), *plan_words(plan, first.layer(made).weight, codes[second.ic]))
    expected = reference_psums(codes[None], made)[0][first.oc]
    assert (untile_psums(found.psums, plan) != expected).any()


def test_tiles_hold_the_groups_along_the_diagonal():
    """Three channels of a depthwise layer on 4 rows and 3 columns: written by hand."""
    shape, array = ConvShape(5, 1, 1, 5, 1, 1, groups=5), ArrayShape(4, 3, 16)
    made = layer(np.random.default_rng(0), "deep", shape, act_format=CODES)
    first, last = find_parts(shape, array, WEIGHT_STATIONARY)
    assert [part.name("deep") for part in (first, last)] == ["deep.groups0", "deep.groups3"]
    w = made.weight[:, 0, 0, 0].tolist()
    tile = tile_weights(first.layer(made).weight, TilePlan(first.shape, array))
    assert tile[0, 0, 0].tolist() == [[w[0], 0, 0, 0], [0, w[1], 0, 0], [0, 0, w[2], 0]]  # col row
    tile = tile_weights(last.layer(made).weight, TilePlan(last.shape, array))
    assert tile[0, 0, 0].tolist() == [[w[3], 0, 0, 0], [0, w[4], 0, 0], [0, 0, 0, 0]]


def test_how_many_groups_fit():
    array = ArrayShape(4, 8, 16)

    def groups(ic, oc, groups, dataflow=WEIGHT_STATIONARY):
        shape = ConvShape(ic * groups, 3, 3, oc * groups, 1, 1, groups=groups)
        return [part.groups for part in find_parts(shape, array, dataflow)]

    assert groups(1, 1, 9) == [4, 4, 1]  # rows are what is scarce
    assert groups(1, 1, 9, TWO_CHANNELS) == [8, 1]
    assert groups(1, 1, 9, DATAFLOWS.get("os")) == [8, 1]  # rows are pixels
    assert groups(1, 3, 3) == [2, 1]  # columns are
    assert groups(5, 1, 2) == [1, 1]  # a group takes several tiles
    assert groups(3, 9, 2) == [1, 1]
    assert groups(3, 9, 1) == [1]


def test_a_layer_without_groups_is_its_own_part():
    shape = ConvShape(5, 2, 2, 9, 1, 1)
    made = layer(np.random.default_rng(0), "plain", shape, act_format=CODES)
    (part,) = find_parts(shape, ArrayShape(2, 2, 16), WEIGHT_STATIONARY)
    assert part.layer(made) is made
    assert (part.shape, part.name("plain")) == (shape, "plain")
