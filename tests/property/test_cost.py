"""Words and widths equal what is counted one by one, over random shapes."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tests.unit.cost.outlines import outline
from tilewright.cost import layer_traffic, psum_widths
from tilewright.sim import simulate
from tilewright.spec import ArrayShape, ConvShape, Schedule, signed_bits_needed
from tilewright.tile import (
    CORE_DATAFLOWS,
    OUTPUT_STATIONARY,
    Execution,
    TilePlan,
    plan_words,
    psum_addresses,
)


@settings(max_examples=100, deadline=None)
@given(plan=plans())
def test_words_are_those_of_a_walk_through_the_folds(plan):
    """The event table of docs/dataflows.md, fold by fold and pixel by pixel."""
    counts = dict.fromkeys(("wmem", "xmem", "pmem reads", "pmem writes"), 0)
    addresses = psum_addresses(plan)
    for fold in plan.folds():
        counts["wmem"] += plan.array.cols
        for onij in addresses[fold.kij]:
            counts["xmem"] += 1
            counts["pmem writes"] += onij >= 0
            counts["pmem reads"] += onij >= 0 and (fold.itile, fold.kij) != (0, 0)
    traffic = layer_traffic(outline(plan.shape), Execution(plan))
    assert (traffic.wmem.reads, traffic.wmem.writes) == (counts["wmem"], 0)
    assert (traffic.xmem.reads, traffic.xmem.writes) == (counts["xmem"], 0)
    assert traffic.pmem.reads == counts["pmem reads"]
    assert traffic.pmem.writes == counts["pmem writes"]
    assert traffic.pmem.bits == traffic.pmem.words * plan.array.cols * plan.array.psum_bits
    assert traffic.xmem.host_words == plan.itiles * plan.shape.nij
    assert traffic.pmem.host_words == plan.otiles * plan.shape.onij


@settings(max_examples=60, deadline=None)
@given(
    plan=plans().filter(lambda plan: plan.shape.macs < 600),
    mode=st.sampled_from(CORE_DATAFLOWS),
    schedule=st.builds(Schedule, st.booleans(), st.booleans(), st.booleans()),
)
def test_words_read_are_those_of_the_model_that_steps(plan, mode, schedule):
    plan = TilePlan(plan.shape, plan.array, mode)
    shape = plan.shape
    weight = np.ones((shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    codes = np.zeros((shape.ic, shape.ih, shape.iw), np.uint8)
    words = plan_words(plan, weight, codes)
    model = simulate(Execution(plan, schedule=schedule), *words, engine="registers")
    traffic = layer_traffic(outline(shape), Execution(plan, schedule))
    assert traffic.xmem.reads == model.stream_cycles
    if plan.dataflow == OUTPUT_STATIONARY:
        assert traffic.wmem.reads == model.stream_cycles  # both in every step
        assert (traffic.pmem.reads, traffic.pmem.writes) == (0, traffic.pmem.host_words)
    elif not schedule.is_overlapped:
        assert traffic.wmem.reads == model.load_cycles
    else:
        assert traffic.wmem.reads >= model.load_cycles  # most are read beside activations
    assert traffic.wmem.host_words == words[0].size // (traffic.wmem.word_bits // 4)
    assert traffic.xmem.host_words == words[1].size // (traffic.xmem.word_bits // 4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 4), weight_bits=st.integers(2, 4))
def test_the_weight_aware_width_is_that_of_all_inputs(seed, rows, weight_bits):
    """Every input of a window of 4 two-bit codes, and every partial sum of every fold."""
    shape = ConvShape(ic=2, ih=1, iw=2, oc=3, kh=1, kw=2)
    half = 1 << (weight_bits - 1)
    weight = np.random.default_rng(seed).integers(-half, half, (3, 2, 1, 2), np.int8)
    plan = TilePlan(shape, ArrayShape(rows, 2, psum_bits=16))
    total, column = [0], [0]
    for oc, codes in product(range(3), product(range(4), repeat=4)):
        products = weight[oc].reshape(2, 2).astype(int) * np.reshape(codes, (2, 2))  # ic kw
        total.append(int(products.sum()))
        for kw, itile in product(range(2), range(plan.itiles)):
            column.append(int(products[itile * rows : (itile + 1) * rows, kw].sum()))
    found = psum_widths(
        outline(shape, act_bits=2, weight_bits=weight_bits, is_narrow=False, weight=weight), plan
    )
    assert found.by_weights == signed_bits_needed(min(total), max(total))
    assert found.column_by_weights == signed_bits_needed(min(column), max(column))


@settings(max_examples=60, deadline=None)
@given(plan=plans(), weight_bits=st.integers(2, 5), is_narrow=st.booleans())
def test_the_type_bound_is_the_weight_aware_one_of_the_widest_weights(plan, weight_bits, is_narrow):
    empty = outline(plan.shape, weight_bits=weight_bits, is_narrow=is_narrow)
    sizes = (plan.shape.oc, plan.shape.ic, plan.shape.kh, plan.shape.kw)
    bits = []
    for code in (empty.weight_format.min_code, empty.weight_format.max_code):
        weight = np.full(sizes, code, np.int8)
        widths = psum_widths(
            outline(plan.shape, weight_bits=weight_bits, is_narrow=is_narrow, weight=weight), plan
        )
        bits.append((widths.by_weights, widths.column_by_weights))
    found = psum_widths(empty, plan)
    assert (found.by_type, found.column_by_type) == tuple(map(max, zip(*bits, strict=True)))
