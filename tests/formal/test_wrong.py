"""Wrong designs are wrong: some of them here, all by `benchmarks/wrong_designs.py`."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.formal import arrays, wrong

WRONG = wrong.read_wrong()
EQUAL = wrong.read_equal()


def can_run(one):
    if arrays.needs(arrays.load(one.design)):
        pytest.skip(f"{arrays.needs(arrays.load(one.design))} is not installed")


def test_there_are_many_and_random_inputs_miss_a_third():
    assert len(WRONG) >= 40
    assert len({(one.design, one.name) for one in WRONG}) == len(WRONG)
    counts = Counter(one.seen_by for one in WRONG)
    assert counts.keys() == {"random", "extremes", "nothing"}
    assert 3 * (counts["extremes"] + counts["nothing"]) > len(WRONG)
    assert {one.design for one in WRONG} == set(arrays.NAMES)


@pytest.mark.parametrize("one", WRONG + EQUAL, ids=lambda one: f"{one.design}: {one.name}")
def test_a_change_is_one_of_the_sources(one):
    assert one.sources() != arrays.load(one.design).texts()


@pytest.mark.parametrize("one", WRONG[5::13], ids=lambda one: f"{one.design}: {one.name}")
def test_the_killing_input_kills(one, tmp_path):
    can_run(one)
    assert wrong.is_killed(one, tmp_path)
    assert wrong.weakest(one, tmp_path) == one.seen_by


@pytest.mark.parametrize("one", EQUAL[::4], ids=lambda one: f"{one.design}: {one.name}")
def test_a_change_that_changes_nothing(one, tmp_path):
    can_run(one)
    assert wrong.weakest(one, tmp_path) == "nothing"
