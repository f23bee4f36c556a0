"""The pace of work: what is done, how fast, and how long the rest takes."""

import pytest

from tilewright.programs.pace import Pace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("seconds", "done", "line"),
    [
        (8.0, 100, "100 of 1,000 things, 12 a second, 1 min 12 s left"),
        (8.0, 20, "20 of 1,000 things, 2.5 a second, 6 min 32 s left"),
        (8.0, 2, "2 of 1,000 things, 4.0 s each, 1 h 6 min left"),
        (8.0, 999, "999 of 1,000 things, 125 a second, 0 s left"),
        (8.0, 0, "0 of 1,000 things"),
        (8.0, 1000, "1,000 of 1,000 things"),
        (0.0, 3, "3 of 1,000 things"),
    ],
)
def test_a_line_says_rate_and_time_left_where_both_are_known(seconds, done, line):
    clock = Clock()
    pace = Pace(1000, "things", clock=clock)
    clock.now += seconds
    assert pace.line(done) == line


def test_a_slow_start_tells_nothing_about_the_rest():
    """A build that all share would else make an estimate of minutes out of seconds."""
    clock = Clock()
    pace = Pace(5, "bundles", has_slow_start=True, clock=clock)
    clock.now += 100
    assert pace.line(1) == "1 of 5 bundles"
    clock.now += 2
    assert pace.line(2) == "2 of 5 bundles, 2.0 s each, 6 s left"
    clock.now += 2
    assert pace.line(3) == "3 of 5 bundles, 2.0 s each, 4 s left"
    assert pace.line(5) == "5 of 5 bundles"
