"""A fault between sums and codes is found and named; margins are counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tilewright.spec import NEVER, MaxPool, NumberFormat, Requantization
from tilewright.verify import (
    LIMITS,
    NO_MARGINS,
    Margins,
    explain_codes,
    find_margins,
    reference_next_codes,
)
from tilewright.verify.reference import max_pool

RNG = np.random.default_rng(5)
SUMS = RNG.integers(-200, 200, (6, 4, 8, 6))
CODES = NumberFormat(3, is_signed=False)
DIRECTION = np.array([1, -1, 1, -1])
THRESHOLDS = np.sort(RNG.choice(np.arange(-150, 150, 3), (4, 7), replace=False), axis=1)


@pytest.fixture(params=["plain", "pooled", "flattened", "signed"])
def link(request):
    plain = Requantization(THRESHOLDS, DIRECTION, "next")
    pooled = replace(plain, pools=(MaxPool((2, 3), (2, 1), (1, 0)),))
    return {
        "plain": plain,
        "pooled": pooled,
        "flattened": replace(pooled, is_flattened=True),
        "signed": replace(pooled, min_code=-3),
    }[request.param]


def test_agreement_needs_no_explanation(link):
    assert explain_codes(SUMS, link, reference_next_codes(SUMS, link)) == ()


def test_a_threshold_off_by_one_is_named_with_its_channel_and_code(link):
    """A sum lies on the threshold, so that one step makes a difference."""
    sums = SUMS.copy()
    sums[0, 1] = -(THRESHOLDS[1, 4] - 1)  # direction -1: one below the threshold, in a whole plane
    thresholds = THRESHOLDS.copy()
    thresholds[1, 4] -= 1
    codes = reference_next_codes(sums, link)
    (found,) = explain_codes(sums, replace(link, thresholds=thresholds), codes)
    code = link.min_code + 5
    assert found.startswith(
        f"oc=1: the threshold of code {code} is {thresholds[1, 4]:,}, but the codes ask for "
        f"{thresholds[1, 4] + 1:,}.."
    )


def test_a_flipped_direction_is_named(link):
    flipped = replace(link, direction=np.array([1, -1, -1, -1]))
    (found,) = explain_codes(SUMS, flipped, reference_next_codes(SUMS, link))
    assert found == "oc=2: the direction is -1, but the codes follow 1"


def test_a_pool_before_the_thresholds_is_named():
    link = Requantization(THRESHOLDS, DIRECTION, "next", (MaxPool((2, 2), (2, 2)),))
    early = reference_next_codes(max_pool(SUMS, link.pools[0], lowest=0), replace(link, pools=()))
    (found,) = explain_codes(SUMS, link, early)
    assert found == (
        "the codes are those of max-pooling before the thresholds, not after them: "
        "2 of 4 channels differ, of those with direction -1"
    )


def test_codes_that_follow_no_threshold_and_other_shapes_are_said_to_be_so(link):
    codes = reference_next_codes(SUMS, link)
    noise = codes.copy().reshape(6, 4, -1)
    noise[:, 3] = RNG.permutation(noise[:, 3].reshape(-1)).reshape(6, -1)
    (found,) = explain_codes(SUMS, link, noise.reshape(codes.shape))
    assert found == "oc=3: the codes are no step function of the sum, in either direction"
    assert explain_codes(SUMS, link, codes[:, :1])[0].startswith("the codes have the shape (6, 1,")


def test_many_faults_are_counted():
    link = Requantization(np.arange(9)[:, None], np.ones(9, np.int64), "next")
    sums = np.arange(-20, 20).reshape(1, 1, 8, 5).repeat(9, axis=1)
    found = explain_codes(
        sums, replace(link, direction=-link.direction), reference_next_codes(sums, link)
    )
    assert len(found) == 6
    assert found[-1] == "4 more channels differ"


def test_a_threshold_that_is_never_reached_is_called_so():
    link = Requantization(np.array([[NEVER]]), np.array([1]), "next")
    sums = np.array([3, 4]).reshape(1, 1, 1, 2)
    (found,) = explain_codes(sums, link, sums - 3)
    assert found == "oc=0: the threshold of code 1 is never, but the codes ask for 4..4"


def test_margins_by_hand():
    """Thresholds 0 and 10, direction -1: a sum of 3 is -3 below 0, so it may rise... by 2."""
    link = Requantization(np.array([[0, 10]]), np.array([-1]), "next")
    sums = np.array([3, 0, -5, -9, -10, -90]).reshape(1, 1, 2, 3)
    # oriented: -3 (2 below the edge), 0 (0), 5 (4: up to 9), 9 (0), 10 (0), 90 (80)
    margins = find_margins(sums, link)
    assert (margins.sums, margins.nearest) == (6, 0)
    assert dict(zip((*LIMITS, "more"), margins.counts, strict=True)) == {
        0: 3,
        1: 0,
        3: 1,
        7: 1,
        15: 0,
        31: 0,
        63: 0,
        "more": 1,
    }
    assert margins.plus(margins).counts[0] == 6
    assert NO_MARGINS.plus(margins) == margins


def test_sums_without_a_threshold_have_no_nearest_one():
    link = Requantization(np.array([[NEVER]]), np.array([1]), "next")
    margins = find_margins(np.zeros((1, 1, 1, 2), np.int64), link)
    assert margins == Margins(2, None, (*(0,) * len(LIMITS), 2))
