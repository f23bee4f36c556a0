"""When a trial is given up for another."""

import pytest

from tilewright.studies.sweep import training
from tilewright.studies.sweep.training import Hopeless, Rival, _Watch


class _Told:
    def say(self, line):
        self.line = line

    def progress(self, line):
        self.line = line


@pytest.mark.parametrize(
    ("accuracies", "margin", "is_given_up"),
    [
        ((0.1, 0.5, 0.80), 0.05, False),  # before a third of 9 epochs is over nothing counts
        ((0.1, 0.5, 0.74), 0.05, True),
        ((0.1, 0.5, 0.74), 0.10, False),
        ((0.1, 0.5, 0.80, 0.8, 0.8, 0.1), 0.05, False),  # the rival had no sixth epoch
    ],
)
def test_a_trial_is_given_up_for_one_that_was_better_in_that_epoch(
    monkeypatch, accuracies, margin, is_given_up
):
    rival = Rival(3, (0.9, 0.9, 0.8, 0.8, 0.8))
    watch = _Watch(None, _Told(), (rival,), margin, 9)
    given_up = ""
    for count in range(1, len(accuracies) + 1):
        monkeypatch.setattr(training, "_holdout", lambda _, n=count: list(accuracies[:n]))
        try:
            watch.progress("epoch, hold-out")
        except Hopeless as error:
            given_up = str(error)
    told = "74.00 % of the hold-out in epoch 3, where trial 3, which costs no more, had 80.00 %"
    assert given_up == (told if is_given_up else "")
