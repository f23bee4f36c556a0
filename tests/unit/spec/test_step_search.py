"""Steps of a real function on whole sums, and the ones that rounding may move."""

import numpy as np
import pytest

from tilewright.errors import RecoveryError
from tilewright.spec import NEVER
from tilewright.spec.step_search import find_steps


def find(function, channels=1, levels=3, bound=100):
    return find_steps(
        lambda sums: function(sums).astype(np.int64),
        channels=channels,
        levels=levels,
        bound=bound,
        name="layer",
    )


def test_steps_of_both_directions():
    gain = np.array([0.1, -0.1, 0.001])

    def codes(sums):
        return np.clip(np.rint(sums * gain), 0, 3)

    steps = find(codes, channels=3)
    assert steps.direction.tolist() == [1, -1, 1]
    assert steps.thresholds[0].tolist() == [6, 15, 26]  # 5 and 25 are ties, to the even 0 and 2
    assert steps.thresholds[1].tolist() == [6, 15, 26]
    assert (steps.thresholds[2] == NEVER).all()
    assert steps.is_doubtful[0].tolist() == [True, True, True]
    assert not steps.is_doubtful[2].any()


def test_only_steps_near_a_whole_sum_are_doubtful():
    places = np.array([2.5, 3.0005, 7.9995, 11.01])
    steps = find(lambda sums: (sums[..., None] >= places).sum(axis=-1), levels=4)
    assert steps.thresholds[0].tolist() == [3, 4, 8, 12]
    assert steps.is_doubtful[0].tolist() == [False, True, True, False]
    sums = np.array([2, 3, 4, 5, 7, 8, 11, 12])[None, None, None, :]  # n c h w
    assert steps.count_doubtful(sums) == 4  # 3 and 4 beside the second step, 7 and 8 the third


def test_the_margin_grows_with_the_sum():
    steps = find(lambda sums: (sums >= 60_000.02) * 1, levels=1, bound=100_000)
    assert steps.is_doubtful.tolist() == [[True]]
    steps = find(lambda sums: (sums >= 60.02) * 1, levels=1, bound=100_000)
    assert steps.is_doubtful.tolist() == [[False]]


def test_a_function_that_turns_back_is_refused():
    with pytest.raises(
        RecoveryError, match=r"^layer: the code must be a step function .* channel 0"
    ):
        find(lambda sums: np.abs(sums) // 40, levels=2)
