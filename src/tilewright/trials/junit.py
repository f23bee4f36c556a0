"""Trials as JUnit XML, one test case each, for continuous integration."""

from __future__ import annotations

from tilewright.store.junit import Case, Suite, junit_text
from tilewright.trials.several import Trials

_KINDS = {"pass": "", "fail": "failure", "error": "error"}


def trials_junit(trials: Trials, causes: dict[str, str]) -> str:
    """JUnit XML; a trial that came to no judgement is an error, not a failure.

    causes: by the bundle's folder, what is known of why it failed.
    """
    cases = [
        Case(
            group=trial.bundle.layer_name,
            name=str(trial.bundle.folder),
            kind=_KINDS[trial.status],
            evidence=trial.evidence,
            more=causes.get(str(trial.bundle.folder), ""),
            seconds=trial.seconds,
        )
        for trial in trials.trials
    ]
    return junit_text([Suite(trials.command, cases, trials.seconds)])
