"""Trials as JUnit XML, one test case each, for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.store.junit import Case, Suite, junit_text
from tilewright.trials.trial import Trial
from tilewright.vectors import Bundle

_KINDS = {"pass": "", "fail": "failure", "error": "error"}


def trials_junit(
    command: str, trials: Sequence[Trial], causes: dict[str, str], *, left: Sequence[Bundle] = ()
) -> str:
    """JUnit XML; a trial that came to no judgement is an error, not a failure.

    causes: by the bundle's folder, what is known of why it failed. left: bundles that were not come to.
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
        for trial in trials
    ]
    evidence = "must be judged, but was not: the command ended before; give it again"
    cases += [
        Case(group=one.layer_name, name=str(one.folder), kind="error", evidence=evidence)
        for one in left
    ]
    return junit_text([Suite(command, cases, sum(trial.seconds for trial in trials))])
