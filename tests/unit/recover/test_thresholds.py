"""Thresholds of step functions written out by hand."""

import pytest
import torch

from tilewright.errors import RecoveryError
from tilewright.recover.thresholds import find_thresholds
from tilewright.spec import NEVER


def test_rising_falling_and_constant_channels():
    def codes_of(psums):
        rising = torch.clamp(torch.floor(psums[:, 0] / 10), 0, 3)  # 10, 20, 30
        falling = torch.clamp(torch.floor((5 - psums[:, 1]) / 4), 0, 3)  # 1, -3, -7
        return torch.stack([rising, falling, torch.full_like(rising, 2)], dim=1)

    thresholds, direction = find_thresholds(
        codes_of, oc=3, levels=3, bound=25, dtype=torch.float32, layer="conv"
    )
    assert direction.tolist() == [1, -1, 1]
    assert thresholds.tolist() == [[10, 20, NEVER], [-1, 3, 7], [-25, -25, NEVER]]


def test_a_function_that_turns_back_is_refused_and_the_place_named():
    def codes_of(psums):
        return (psums.abs() >= 5).float()

    with pytest.raises(
        RecoveryError, match=r"^layer conv: the code must be a step function .*psum=-10 "
    ):
        find_thresholds(codes_of, oc=1, levels=1, bound=10, dtype=torch.float32, layer="conv")


def test_a_step_at_the_last_psum_is_one():
    """Reached by the largest psum alone, at either end; one beyond it is never reached."""

    def codes_of(psums):
        return torch.stack(
            [psums[:, 0] >= 10, psums[:, 1] <= -10, psums[:, 2] >= 11], dim=1
        ).float()

    thresholds, direction = find_thresholds(
        codes_of, oc=3, levels=1, bound=10, dtype=torch.float32, layer="conv"
    )
    assert thresholds.tolist() == [[10], [10], [NEVER]]
    assert direction.tolist() == [1, -1, 1]
