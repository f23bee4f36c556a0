"""The fewest sets that have all members of all: held against trying every choice."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from tilewright.corners.covering import COVERING, CoveringRun, Pattern
from tilewright.errors import ConfigError
from tilewright.mutation import covering


def _fewest(sets):
    """By trying all choices, the small ones first."""
    wanted = set().union(*sets.values())
    for count in range(len(sets) + 1):
        for keys in combinations(sets, count):
            if set().union(*(sets[key] for key in keys)) == wanted:
                return count
    raise AssertionError


def families():
    rng = random.Random(3)
    for _ in range(60):
        sets = {n: frozenset(rng.sample(range(9), rng.randrange(1, 5))) for n in range(8)}
        yield sets


def test_a_smallest_cover_is_one():
    for sets in families():
        found = covering.smallest_cover(sets)
        assert set().union(*(sets[key] for key in found.chosen)) == set().union(*sets.values())
        assert found.is_smallest
        assert len(found.chosen) == _fewest(sets)


def test_a_bound_that_is_too_high_is_caught(monkeypatch):
    monkeypatch.setattr(covering, "_bound", lambda _, wanted: len(wanted))
    with pytest.raises(AssertionError):
        test_a_smallest_cover_is_one()


def test_a_search_that_is_too_long_gives_a_bound(monkeypatch):
    monkeypatch.setattr(covering, "_MOST_NODES", 0)
    bounds = []
    for sets in families():
        found = covering.smallest_cover(sets)
        assert found.at_least <= _fewest(sets) <= len(found.chosen)
        bounds.append(found.is_smallest)
    assert len(set(bounds)) == 2


@pytest.mark.parametrize(
    ("acts", "weights"),
    [
        (((16, 0, 0),) * 3, (((0,) * 4,) * 3,) * 2),
        (((0, 0, 0),) * 3, (((8,) * 4,) * 3,) * 2),
        (((0, 0),) * 3, (((0,) * 4,) * 3,) * 2),
        (((0, 0, 0),) * 3, (((0,) * 3,) * 3,) * 2),
    ],
)
def test_a_pattern_holds_numbers_of_four_bits(acts, weights):
    with pytest.raises(ConfigError, match="a pattern must have"):
        Pattern(acts, weights)


def test_numbers_repeat_and_rows_that_saturate_stay_three():
    one = COVERING[0].pattern
    plain, tight = CoveringRun("ws", False, one), CoveringRun("ws", True, one)
    assert plain.weight(1, 5, 3) == one.weights[1][2][1] == plain.weight(1, 2, 1)
    assert tight.weight(1, 2, 1) == plain.weight(1, 2, 1)
    assert {tight.weight(0, lane, 0) for lane in range(3, 9)} == {0}
    assert covering.number_of(plain, "act[1][2][4]") == one.acts[2][1]
    assert covering.number_of(plain, "act[1][2][4].high") == one.acts[2][1] >> 2
    assert (
        covering.number_of(CoveringRun("os", True, one), "north[1][3][2]") == one.weights[1][2][1]
    )
    with pytest.raises(ConfigError, match="a dataflow must be one of"):
        CoveringRun("is", False, one)
