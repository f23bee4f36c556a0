"""Sums of more products than anybody keeps: they have names, which change no verdict."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tilewright.prove import our_rtl
from tilewright.prove.algebra import MOST_TERMS, Algebra
from tilewright.prove.array import ArrayClaim, ArrayJob
from tilewright.prove.our_rtl import prove_array
from tilewright.prove.words import Words

STEPS = 3 * MOST_TERMS
PASS = ArrayJob(rows=2, cols=2, mode="os", vectors=STEPS, column_bits=20)
UNNAMED = replace(PASS, vectors=MOST_TERMS)


def grown(names_sums, terms):
    """A sum as a register gets it, one product after the other, with the inputs of each."""
    algebra = Algebra(names_sums=names_sums)
    total, most = algebra.zero, 0
    for n in range(terms):
        act, weight = algebra.variable(f"a{n}", 0, 15), algebra.variable(f"w{n}", -8, 7)
        total = algebra.named(algebra.add(total, algebra.multiply(act, weight)))
        most = max(most, len(total.terms))
    return algebra, total, most


def test_a_named_sum_is_the_sum():
    algebra, total, most = grown(True, STEPS)
    plain, whole, all_terms = grown(False, STEPS)
    assert (most, all_terms) == (MOST_TERMS, STEPS)
    assert (total.low, total.high) == (whole.low, whole.high)
    assert len(algebra.spread(total).terms) == len(whole.terms) == STEPS
    assert plain.spread(whole) is whole
    rng, inputs = random.Random(2), {}
    for index, one in enumerate(algebra.variables):
        if one.meaning is None:
            inputs[index] = rng.randint(one.low, one.high)
    in_order = dict(enumerate(inputs.values()))
    assert algebra.evaluate(total, inputs) == plain.evaluate(whole, in_order)
    assert algebra.evaluate(algebra.spread(total), inputs) == plain.evaluate(whole, in_order)


def test_twice_the_same_sum_is_the_same_name():
    algebra, total, _ = grown(True, STEPS)
    assert algebra.named(total) is total
    more = [algebra.add(total, algebra.variable(f"x{n}", 0, 1)) for n in range(2)]
    assert more[0] is not more[1]
    spread = algebra.spread(algebra.subtract(*more))
    assert len(spread.terms) == 2


@pytest.mark.parametrize(
    "job",
    [PASS, replace(PASS, column_bits=9, is_saturating=True, vectors=MOST_TERMS + 3), UNNAMED],
    ids=str,
)
def test_a_long_pass_is_proved(sources, job, monkeypatch):
    lengths = []
    keep = ArrayClaim._expect

    def watch(self, what, cycle, col, products):
        keep(self, what, cycle, col, products)
        lengths.append(len(self._due[cycle, col][1].terms))

    monkeypatch.setattr(ArrayClaim, "_expect", watch)
    verdict = prove_array(sources, job, confirms=False)
    assert verdict.answer == "proved", verdict
    assert verdict.compared == 2 * 2 * 2 * 2
    assert max(lengths) <= MOST_TERMS


LATE = """
  logic [7:0] seen_q;
  always_ff @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) seen_q <= '0;
    else if (valid_i) seen_q <= first_i ? 8'd1 : seen_q + 1;
  assign sum   = base + SumBits'(product) CHANGE;"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (f"- (seen_q == {STEPS - 9} ? SumBits'(product) : '0)", "never arrives"),
        (f"+ (seen_q == {STEPS // 2} ? SumBits'(1) : '0)", "found minus expected is 1"),
    ],
)
def test_a_fault_late_in_a_pass_is_refuted_and_a_simulator_agrees(changed, change, told):
    text = changed(
        "tw_pe.sv", "\n  assign sum   = base + SumBits'(product);", LATE.replace("CHANGE", change)
    )
    verdict = prove_array(text, PASS)
    assert verdict.answer == "refuted", verdict
    assert verdict.killing.is_confirmed, verdict
    assert told in str(verdict)


def inverted(sources):
    """Our array, whose PEs keep all bits of their sums inverted: other sums get names."""
    text = sources["tw_pe.sv"]
    for before, after in (
        ("SumBits'($signed(psum_q))", "SumBits'($signed(~psum_q))"),
        ("assign psum_o     = psum_q", "assign psum_o     = ~psum_q"),
        ("psum_q     <= psum_i", "psum_q     <= ~psum_i"),
        (
            "psum_q     <= (fits || !saturate_i) ? sum[ColumnBits-1:0] : bound",
            "psum_q     <= ~((fits || !saturate_i) ? sum[ColumnBits-1:0] : bound)",
        ),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return {**sources, "tw_pe.sv": text}


def test_an_array_whose_sums_have_other_names_is_proved_by_what_they_mean(sources, monkeypatch):
    text, job = inverted(sources), replace(PASS, rows=1, cols=1, vectors=MOST_TERMS + 4, folds=1)
    assert prove_array(text, job).answer == "proved"
    monkeypatch.setattr(Algebra, "spread", lambda _, p: p)
    assert prove_array(text, job, confirms=False).answer != "proved"


def test_a_name_that_means_something_else_is_caught(sources, monkeypatch):
    """Sabotage: a register whose name is that of one more is not the sum that is expected."""
    named = Words.named

    def wrong(self, value):
        found = named(self, value)
        if found is value:
            return found
        one_more = self.algebra.add(value.simple, self.algebra.one)
        return self.of(self.algebra.named(one_more), value.width)

    monkeypatch.setattr(Words, "named", wrong)
    assert our_rtl.prove_array(sources, PASS, confirms=False).answer == "refuted"
